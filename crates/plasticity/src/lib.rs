//! Learning by local rules, one sample at a time: what a synapse needs is at its two ends.
//!
//! [`MicroColumns`] learn classes in any order, allocate units for what is new and forget almost
//! nothing; [`DeltaRule`] stands beside them as the control that forgets. [`Competition`] is the
//! network of Diehl and Cook, which learns without labels by spike timing; [`EProp`] trains a
//! recurrent network online. [`protocol`] measures
//! any [`Learner`] task by task: accuracy, forgetting, backward transfer.
//!
//! The rules that change the synapses of a running network are in `spike`
//! ([`spike::Learning`]); here are the learners that are built of such rules and the measures of
//! what they learned. The crate is pure: no files, clock, log or globals; chance comes from a seed.
//!
//! ```
//! use plasticity::{Learner, MicroColumns, MicroColumnsConfig};
//!
//! let mut columns = MicroColumns::new(MicroColumnsConfig::new(3))?;
//! columns.learn(&[1.0, 0.1, 0.0], 7)?;
//! columns.learn(&[0.0, 0.2, 1.0], 9)?;
//! assert_eq!(columns.predict(&[0.9, 0.0, 0.1])?, Some(7));
//! # Ok::<(), plasticity::PlasticityError>(())
//! ```

mod columns;
mod competition;
mod delta;
mod eprop;
mod error;
pub mod protocol;
mod random;
mod undo;

pub use columns::{
    MAX_CLASSES, MAX_UNDO, MAX_UNITS, MicroColumns, MicroColumnsConfig, Outcome, Recognised, Taught,
};
pub use competition::{
    Competition, CompetitionConfig, Labels, MAX_INPUTS, MAX_NEURONS, MAX_STEPS, Presented,
};
pub use delta::{DeltaRule, DeltaRuleConfig};
pub use eprop::{
    Adaptation, EProp, EPropConfig, EPropExtras, Lesson, MAX_EPROP_NEURONS, MAX_EPROP_SYNAPSES,
    MAX_EPROP_WEIGHT, Regulation, Weights,
};
pub use error::PlasticityError;
pub use protocol::Learner;
