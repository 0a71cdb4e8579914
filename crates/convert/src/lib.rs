//! Trained networks become spiking ones: from ONNX to NIR, balanced by data, what was lost measured.
//!
//! [`onnx::read`] makes a chain of layers ([`Ann`]) of a file. [`balance`] finds how large the
//! activations of each layer become on calibration samples. [`convert`] scales the weights by them
//! and puts integrate-and-fire neurons in place of the rectifiers, so that the rate of each neuron
//! stands for its activation. [`measure`] runs both and says what was kept, layer by layer.
//!
//! The crate is pure: bytes and arrays in, graphs and reports out. It trains nothing, and it
//! converts chains only; a node that has no spiking counterpart is named, never approximated.
//!
//! Sources: Diehl et al. (2015), "Fast-classifying, high-accuracy spiking deep networks through
//! weight and threshold balancing"; Rueckauer et al. (2017), "Conversion of continuous-valued deep
//! networks to efficient event-driven networks for image classification", Frontiers in
//! Neuroscience 11:682.

mod ann;
mod balance;
mod error;
mod fidelity;
pub mod limits;
pub mod onnx;
mod spiking;

pub use ann::{Affine, Ann, AvgPool, Conv, Layer, Op};
pub use balance::{Balance, DEFAULT_PERCENTILE, balance};
pub use error::{ConvertError, Unconvertible};
pub use fidelity::{CHECKPOINTS, Checkpoint, Fidelity, LayerFidelity, measure};
pub use spiking::{Converted, Readout, Settings, SpikingLayer, convert};
