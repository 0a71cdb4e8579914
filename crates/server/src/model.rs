//! A model: a network with its conventions, how input becomes spikes, how output is read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nir::{Profile, ProfileOptions};
use sense::Encoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use spike::Compiled;

/// What `model.toml` says; everything may be left out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelSpec {
    /// The framework's conventions; guessed from the file where it names none.
    pub profile: ProfileOptions,
    /// How input becomes spikes.
    pub input: InputSpec,
    /// How output is read.
    pub output: OutputSpec,
    /// What its callers may ask for.
    pub limits: LimitsSpec,
    /// Whether sessions learn, where the profile has a rule of learning.
    pub learning: LearningSpec,
    /// SHA-256 that the network file must have, in hexadecimal digits.
    pub sha256: Option<String>,
}

/// Whether the sessions of a model learn; a request without a session never does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LearningSpec {
    /// No session learns.
    Off,
    /// Every session learns, unless it asks not to.
    #[default]
    On,
    /// A session learns if it asks to.
    Session,
}

impl LearningSpec {
    /// Whether a session learns that asked for it, or asked not to, or said nothing.
    ///
    /// # Errors
    /// What is wrong with asking for it.
    pub(crate) fn decide(self, asked: Option<bool>) -> Result<bool, &'static str> {
        match (self, asked) {
            (Self::Off, Some(true)) => Err("learning: this model's learning is off"),
            (Self::Off, _) => Ok(false),
            (Self::On, asked) => Ok(asked.unwrap_or(true)),
            (Self::Session, asked) => Ok(asked.unwrap_or(false)),
        }
    }
}

/// What a model's callers may ask for, where it is less than the server allows.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSpec {
    /// Requests let in at once.
    pub max_in_flight: Option<usize>,
    /// Sequences of one request.
    pub max_batch: Option<usize>,
    /// Steps of one sequence.
    pub max_steps: Option<usize>,
    /// Sessions at once.
    pub max_sessions: Option<usize>,
}

/// How input becomes spikes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InputSpec {
    /// The code.
    pub encoding: Encoding,
    /// Steps of an encoded input.
    pub steps: usize,
    /// What values are multiplied by to lie in 0 to 1.
    pub scale: f64,
}

impl Default for InputSpec {
    fn default() -> Self {
        Self { encoding: Encoding::None, steps: 100, scale: 1.0 }
    }
}

/// A code of input values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// The input is spikes, or values per step, already.
    #[default]
    None,
    /// Evenly spaced spikes ([`sense::Rate`]).
    Rate,
    /// Random spikes of a fixed seed ([`sense::Bernoulli`]).
    Bernoulli,
    /// One spike, the earlier the higher the value ([`sense::Latency`]).
    Latency,
    /// The value itself in each step ([`sense::Direct`]).
    Direct,
}

/// How output is read.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputSpec {
    /// What is made of the output.
    pub decoding: Decoding,
    /// The name of each output neuron.
    pub labels: Vec<String>,
}

/// What is made of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decoding {
    /// Nothing.
    #[default]
    None,
    /// The class is the neuron with the most spikes, the first of several.
    Counts,
}

/// A network that can be served.
#[derive(Debug)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// The compiled network.
    pub network: Arc<Compiled>,
    /// How input becomes spikes.
    pub input: InputSpec,
    /// How output is read.
    pub output: OutputSpec,
    /// The profile that the network runs under.
    pub profile: ProfileOptions,
    /// What was mended, guessed and assumed, a sentence each.
    pub notes: Vec<String>,
    /// What its callers may ask for.
    pub limits: LimitsSpec,
    /// Whether its sessions learn.
    pub learning: LearningSpec,
    /// SHA-256 of the network file, in hexadecimal digits.
    pub sha256: String,
    /// The text of `model.toml`.
    pub(crate) spec: String,
}

/// Why a model cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The network file.
    #[error("{}: {source}", path.display())]
    Network {
        /// The file.
        path: PathBuf,
        /// Why.
        source: nir::ReadError,
    },
    /// The network under its profile.
    #[error("{}: {source}", path.display())]
    Compile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: nir::CompileError,
    },
    /// The network file is not the one that `model.toml` names.
    #[error("{}: expected SHA-256 {expected}, found {found}", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// The checksum in `model.toml`.
        expected: String,
        /// The file's.
        found: String,
    },
    /// `model.toml` cannot be read.
    #[error("{}: {source}", path.display())]
    Spec {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// `model.toml` is wrong.
    #[error("{}: {problem}", path.display())]
    SpecProblem {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

impl ModelSpec {
    /// Reads `model.toml`; a file that is not there says nothing.
    ///
    /// # Errors
    /// [`ModelError::Spec`] and [`ModelError::SpecProblem`].
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        Self::parse(path, &Self::text(path)?)
    }

    fn text(path: &Path) -> Result<String, ModelError> {
        match std::fs::read_to_string(path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            read => read.map_err(|source| ModelError::Spec { path: path.to_owned(), source }),
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ModelError> {
        toml::from_str(text)
            .map_err(|e| ModelError::SpecProblem { path: path.to_owned(), problem: e.to_string() })
    }

    fn problems(&self, outputs: &[spike::Port]) -> Vec<String> {
        let mut problems = Vec::new();
        if self.input.steps == 0 {
            problems.push("input.steps: expected at least 1, found 0".into());
        }
        if !self.input.scale.is_finite() || self.input.scale <= 0.0 {
            let found = self.input.scale;
            problems.push(format!("input.scale: expected more than 0, found {found}"));
        }
        let limits = &self.limits;
        for (key, n) in [
            ("max_in_flight", limits.max_in_flight),
            ("max_batch", limits.max_batch),
            ("max_steps", limits.max_steps),
        ] {
            if n == Some(0) {
                problems.push(format!("limits.{key}: expected at least 1, found 0"));
            }
        }
        let (labels, size) = (self.output.labels.len(), outputs.first().map_or(0, |o| o.size));
        if labels != 0 && labels != size {
            problems.push(format!("output.labels: expected {size} as the output, found {labels}"));
        }
        problems
    }
}

impl Model {
    /// Loads `folder/model.nir` and `folder/model.toml`.
    ///
    /// # Errors
    /// [`ModelError`] with everything that is wrong with the file at fault.
    pub fn load(name: &str, version: u32, folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join("model.nir");
        let spec_path = folder.join("model.toml");
        let text = ModelSpec::text(&spec_path)?;
        let spec = ModelSpec::parse(&spec_path, &text)?;
        let network = |source| ModelError::Network { path: path.clone(), source };
        let bytes = nir::bytes_of(&path).map_err(network)?;
        let sha256 = hex(&Sha256::digest(&bytes));
        let other = spec.sha256.clone().filter(|expected| !expected.eq_ignore_ascii_case(&sha256));
        if let Some(expected) = other {
            return Err(ModelError::Checksum { path, expected, found: sha256 });
        }
        let loaded = nir::from_bytes(&bytes).map_err(network)?;
        let mut notes: Vec<String> = loaded.repairs.iter().map(ToString::to_string).collect();
        let mut profile = spec.profile.clone();
        if profile.name.is_none() {
            let guess = nir::guess(&loaded.graph);
            let named = guess.options.name.map_or("plain", nir::Framework::name);
            notes.push(format!("profile guessed: {named}, because {}", guess.reason));
            profile.name = guess.options.name;
            profile.stored_tau = profile.stored_tau.or(guess.options.stored_tau);
        }
        let (network, assumed) = loaded
            .graph
            .compile(&Profile::with(&profile))
            .map_err(|source| ModelError::Compile { path, source })?;
        notes.extend(assumed);
        let problems = spec.problems(&network.outputs());
        if !problems.is_empty() {
            return Err(ModelError::SpecProblem { path: spec_path, problem: problems.join("; ") });
        }
        Ok(Self {
            name: name.to_owned(),
            version,
            network: Arc::new(network),
            input: spec.input,
            output: spec.output,
            profile,
            notes,
            limits: spec.limits,
            learning: spec.learning,
            sha256,
            spec: text,
        })
    }

    /// Whether its outputs are classified.
    pub(crate) fn decides(&self) -> bool {
        self.output.decoding != Decoding::None
    }

    /// Whether another was loaded from the very same files.
    pub(crate) fn same_files(&self, other: &Self) -> bool {
        self.sha256 == other.sha256 && self.spec == other.spec
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

impl Encoding {
    /// The encoder, with the seed of one that draws at random; none where input is not encoded.
    pub fn encoder(self, seed: u64) -> Option<Box<dyn Encoder>> {
        match self {
            Self::None => None,
            Self::Rate => Some(Box::new(sense::Rate)),
            Self::Bernoulli => Some(Box::new(sense::Bernoulli { seed })),
            Self::Latency => Some(Box::new(sense::Latency)),
            Self::Direct => Some(Box::new(sense::Direct)),
        }
    }
}
