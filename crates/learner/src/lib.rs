//! Learners of every kind behind one form: samples with labels in, answers out, bytes to keep.
//!
//! A [`Learner`] is made from a [`Spec`]: micro-columns, a recurrent network that learns by e-prop,
//! the competing network of Diehl and Cook, or liquids with a read-out that learns row by row. It
//! learns [`Sample`]s one after the other and tells what it had taken each for beforehand, so that
//! its accuracy while it learns is known ([`Learned::right`]). The same samples in the same order
//! make the same learner, bit by bit: whoever keeps them can make it again.
//!
//! The rules themselves are in `plasticity` and `reservoir`. The crate is pure: no files, clock, log
//! or globals; chance comes from the seed of the [`Spec`].
//!
//! ```
//! use learner::{Input, Learner, Sample, Spec};
//! use plasticity::MicroColumnsConfig;
//!
//! let mut learner = Learner::new(&Spec::Columns(MicroColumnsConfig::new(3)))?;
//! let sample = |values: [f32; 3], label: &str| Sample {
//!     input: Input::Values(values.to_vec()),
//!     label: Some(label.to_owned()),
//! };
//! learner.learn(&[sample([1.0, 0.1, 0.0], "left"), sample([0.0, 0.2, 1.0], "right")])?;
//! let answers = learner.predict(&[Input::Values(vec![0.9, 0.0, 0.1])])?;
//! assert_eq!(answers[0].label.as_deref(), Some("left"));
//! # Ok::<(), learner::LearnerError>(())
//! ```

pub mod defaults;
mod error;
mod kind;
mod learner;
mod names;
mod sample;
mod spec;

pub use error::LearnerError;
pub use learner::{Learned, Learner, MAX_SAMPLES, MAX_WORK, Prediction, Standing};
pub use names::MAX_LABEL_BYTES;
pub use sample::{Input, MAX_STEPS, MAX_VALUE, Sample};
pub use spec::{
    LiquidSpec, MAX_CLASSES, MAX_COMPETING, MAX_LIQUID_NEURONS, MAX_SENSES, MAX_STATE_BYTES, Spec,
};
