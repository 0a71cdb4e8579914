//! Text for a memory, without a model service and without a network: which words a text has, which
//! remembered texts share them, where it lies among other texts, and whom and what it names.
//!
//! Pure: no files, no clock, no randomness; the same text gives the same words, scores and vectors
//! on every machine. It does not understand: what needs a language model is the caller's.
//!
//! | part | what it does |
//! | --- | --- |
//! | [`Words`] | a text becomes words: folded, lower-cased, stemmed, identifiers whole and in parts |
//! | [`Postings`] | documents found by words, best first (BM25), the moment that they are inserted |
//! | [`Operators`] | a query in which phrases, `+word` and `-word` hold whatever else finds |
//! | [`asked()`], [`near()`] | what a question asks for: its words, how much each counts, words of near meaning |
//! | [`Encoder`] | a text becomes a unit vector; texts that share words or spelling are near |
//! | [`mentions()`] | people, places, titles, addresses, identifiers, dates and amounts in a text |
//! | [`concepts()`], [`decisions()`], [`code()`] | what a conversation was about, decided and showed |

mod akin;
pub mod code;
mod common;
pub mod concept;
pub mod decision;
pub mod encoder;
mod error;
mod function;
mod irregular;
pub mod mention;
pub mod postings;
pub mod question;
pub mod words;

pub use code::{Code, MAX_CODE_BLOCKS, code};
pub use concept::{Concept, MAX_CONCEPTS, concepts};
pub use decision::{Decision, MAX_DECISIONS, decisions};
pub use encoder::Encoder;
pub use error::TextError;
pub use mention::{MAX_MENTIONS, Mention, MentionKind, mentions, mentions_up_to};
pub use postings::{Hit, Operators, Postings, TermScore};
pub use question::{Asked, MAX_NEAR, asked, near};
pub use words::{Language, Words};
