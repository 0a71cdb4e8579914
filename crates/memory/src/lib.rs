//! A memory for one tenant: it stores what it is told, finds it by words, by meaning and by what
//! belongs together, fades and consolidates, and forgets nothing that it promised to keep.
//!
//! A [`Memory`] is opened on a tenant's handle of the store and never sees another. Every write is
//! planned and applied under one lock and acknowledged when it is on disk. No language model takes
//! part: what is stored is what was said.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`Item`], [`New`], [`Patch`] | a memory, one to store, one to change |
//! | [`Memory::store`] ... [`Memory::erase`] | what can be done with it, each durable |
//! | [`Query`], [`Found`] | words, vectors and activation, fused |
//! | [`Memory::recall`], [`Memory::learn`] | a conversation's side of it |
//! | [`recognise`], [`Memory::asked`] | what a question asks for, and what is known of that |
//! | [`Memory::turn`] | both around a turn, in one call |
//! | [`Memory::intend`], [`Memory::claim`] | what is meant, what is held to be true, and how that ends |
//! | [`Memory::mark`], [`Memory::compare_marks`] | times that are marked, and what changed between two |
//! | [`Memory::thinking`], [`Memory::insights`], [`Memory::connections`] | what changed, what may be missing |
//! | [`Memory::record_pattern`], [`Memory::detect`], [`Memory::portrait`] | how somebody thinks again and again |
//! | [`Memory::know`] | entities, relations, facts with two times, branches |
//! | [`Memory::tend`] | what time does |
//! | [`Memory::export`], [`Memory::import`] | carrying it elsewhere |
//!
//! The truth is the store's records (`record.rs`); columns, postings and bitmaps are made of them.
//! `docs/concepts/memory.md` is the page about it.

mod activation;
mod aspects;
mod attention;
mod attitude;
mod beside;
mod calibration;
mod claim;
mod compound;
mod config;
mod connect;
mod durable;
mod embed;
mod error;
pub mod evaluate;
mod export;
mod filter;
mod fusion;
mod gate;
mod head;
mod insight;
mod intend;
mod item;
mod know;
mod layout;
mod learn;
mod load;
mod mark;
mod memory;
pub mod moment;
mod pattern;
mod plan;
mod portrait;
mod question;
mod quota;
mod recall;
mod record;
mod search;
mod selection;
mod sequence;
mod state;
mod stats;
mod tend;
mod thinking;
mod tier;
mod turn;
mod when;

pub use attention::{MAX_ATTENDED, MAX_CONVERSATIONS};
pub use attitude::{
    Attitude, Claim, ClaimState, End, Ended, Instance, Intention, IntentionState,
    MAX_INSTANCE_BYTES, MAX_INSTANCES, MAX_NOTE_BYTES, Mark, Pattern, Verified,
};
pub use calibration::{BINS, Bin, Calibration, Judged, MAX_BINS};
pub use claim::{Judge, Judgement, MAX_SUBJECTS};
pub use compound::{Compound, MAX_COMPOUNDS, MAX_COUNTED, MAX_FORMED, MIN_NPMI, MIN_TOGETHER};
pub use config::{
    Attacks, ColumnSettings, Config, DEFAULT_COLLECTION, MAX_COLLECTIONS, MAX_DIMENSION, Repeats,
    Strictness,
};
pub use connect::{Connect, Connection, MAX_ALIKE, MAX_CONNECTIONS, MIN_ALIKE};
pub use durable::{MAX_READS, MAX_WAITING_WRITES, Memory, Random};
pub use embed::{Embedding, Encoders, Endpoint, EndpointError};
pub use error::{MemoryError, TooLarge};
pub use export::{Existing, FORMAT, Imported, MAX_FILE_BYTES, MAX_LINE_BYTES};
pub use filter::{Field, Filter, MAX_CONDITIONS, MAX_DEPTH, Order, Test};
pub use gate::{MIN_CONFIDENCE, MIN_TRUST, Verdict, judge};
pub use insight::{Insights, MAX_INSIGHTS, Opened, STALE_DAYS, Stale, Window};
pub use intend::{MATCH_THRESHOLD, MAX_OPEN_INTENTIONS, Resume, Touched};
pub use item::{
    Class, Id, Item, MAX_ACTORS, MAX_METADATA_BYTES, MAX_METADATA_ENTRIES, MAX_NAME_BYTES,
    MAX_TAGS, MAX_TEXT_BYTES, MAX_VERSIONS, New, Patch, Scope, Status, Tier, Time, Use,
};
pub use learn::{Learned, MAX_MESSAGES, Message};
pub use mark::{ChangedAttitude, Marks, Moved};
pub use memory::{Listed, Stored};
pub use pattern::{DEED, Detect, Detected, MAX_DEEDS, MAX_DETECTED, PAUSE};
pub use plan::{By, Feedback, Outcome};
pub use portrait::{Kind, MAX_PERIODS, Period, Portrait, Portray};
pub use question::intent::{Intent, Recognised, recognise};
pub use question::{Asked, Because, Finding, MAX_FINDINGS, Minded, Role};
pub use quota::Quota;
pub use recall::{MAX_CONTEXT_BYTES, Recall, Recalled};
pub use record::{Changed, Encoding, Event, Happened, Space};
pub use search::{
    Found, Hit, MAX_HITS, MAX_OFFSET, MAX_QUERY_BYTES, Query, Votes, Weights, Why, ids,
};
pub use sequence::{MAX_SEQUENCE, Sequence};
pub use stats::{Stats, stored};
pub use tend::{MAX_TOGETHER, MAX_TOUCHED, Tended};
pub use thinking::{ChangedFact, ChangedRelation, MAX_CHANGED, Thinking, Thought};
pub use tier::{Decay, Fate, Profile, Promotion, score, strength};
pub use turn::{Turn, Turned};
