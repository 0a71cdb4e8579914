//! What can be wrong with a described circuit.

use std::fmt;

/// Where in a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// The circuit as a whole.
    Circuit,
    /// A population, by position.
    Population(usize),
    /// A projection, by position.
    Projection(usize),
    /// A stimulus, by position.
    Stimulus(usize),
    /// A probe, by position.
    Probe(usize),
}

/// One thing wrong with a described circuit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{place}: {field} is {found}, expected {expected}")]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// Which field.
    pub field: &'static str,
    /// What would be right.
    pub expected: String,
    /// What was found.
    pub found: String,
}

/// Everything wrong with a described circuit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Circuit => write!(f, "circuit"),
            Self::Population(k) => write!(f, "population {k}"),
            Self::Projection(k) => write!(f, "projection {k}"),
            Self::Stimulus(k) => write!(f, "stimulus {k}"),
            Self::Probe(k) => write!(f, "probe {k}"),
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (k, fault) in self.0.iter().enumerate() {
            write!(f, "{}{fault}", if k == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}
