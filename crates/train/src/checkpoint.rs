//! A training as bytes, and back: all that decides what comes next, so that a training that is
//! resumed ends in the same bits. Bytes from outside are hostile until they fit the description.

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::data::Dataset;
use crate::error::TrainError;
use crate::limits::MAX_CHECKPOINT_BYTES;
use crate::optimiser::Memory;
use crate::report::EpochReport;
use crate::schedule::Plateau;
use crate::trainer::{Best, State, Trainer};

/// How a checkpoint begins: its name and the version of what follows.
const MAGIC: &[u8; 12] = b"striatum-tr1";

#[derive(Serialize, Deserialize)]
struct Stored {
    /// Of the description, without the number of epochs, and of the data.
    fingerprint: u64,
    parameters: Vec<f32>,
    moments: Vec<f32>,
    average: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    steps: u64,
    plateau: (f64, u64, f32),
    best: Option<(u64, Vec<f32>, Vec<f32>)>,
    /// As JSON.
    epochs: String,
}

impl Trainer {
    /// The training as bytes, at the end of the last epoch.
    pub fn checkpoint(&self) -> Vec<u8> {
        let state = &self.state;
        let best = state.best.clone();
        let stored = Stored {
            fingerprint: fingerprint(&self.config, self.data()),
            parameters: state.parameters.clone(),
            moments: state.moments.clone(),
            average: state.average.clone(),
            first: state.memory.first.clone(),
            second: state.memory.second.clone(),
            steps: state.memory.steps,
            plateau: state.plateau.as_parts(),
            best: best.map(|best| (best.epoch as u64, best.parameters, best.moments)),
            // Reports are plain numbers, which JSON always holds.
            epochs: serde_json::to_string(&state.epochs).unwrap_or_default(),
        };
        let body = postcard::to_allocvec(&stored).unwrap_or_default();
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&hash(&body).to_le_bytes());
        bytes.extend_from_slice(&body);
        bytes
    }

    /// The training that [`Trainer::checkpoint`] stored, to go on; only the number of epochs may
    /// have changed in the description.
    ///
    /// # Errors
    /// As [`Trainer::new`]; [`TrainError::Checkpoint`] where the bytes are damaged, or of another
    /// description or other data.
    pub fn resume(
        config: Config,
        data: Dataset,
        threads: usize,
        bytes: &[u8],
    ) -> Result<Self, TrainError> {
        let mut trainer = Self::new(config, data, threads)?;
        let stored = read(bytes)?;
        let expected = fingerprint(&trainer.config, trainer.data());
        if stored.fingerprint != expected {
            return Err(wrong("the description and the data that it was made of", "another"));
        }
        let epochs: Vec<EpochReport> = serde_json::from_str(&stored.epochs)
            .map_err(|error| wrong("reports of epochs", &error.to_string()))?;
        let state = &trainer.state;
        let fits = |found: &[f32], like: &[f32]| found.len() == like.len();
        let best_fits = stored.best.as_ref().is_none_or(|(epoch, parameters, moments)| {
            (1..=epochs.len() as u64).contains(epoch)
                && fits(parameters, &state.parameters)
                && fits(moments, &state.moments)
        });
        let whole = fits(&stored.parameters, &state.parameters)
            && fits(&stored.moments, &state.moments)
            && fits(&stored.average, &state.average)
            && fits(&stored.first, &state.memory.first)
            && fits(&stored.second, &state.memory.second)
            && best_fits;
        if !whole {
            return Err(wrong("as many weights as the network has", "others"));
        }
        trainer.state = State {
            parameters: stored.parameters,
            moments: stored.moments,
            average: stored.average,
            memory: Memory { first: stored.first, second: stored.second, steps: stored.steps },
            plateau: Plateau::from_parts(stored.plateau),
            best: stored.best.map(|(epoch, parameters, moments)| Best {
                epoch: epoch as usize,
                parameters,
                moments,
            }),
            epochs,
        };
        Ok(trainer)
    }
}

fn read(bytes: &[u8]) -> Result<Stored, TrainError> {
    if bytes.len() > MAX_CHECKPOINT_BYTES {
        let found = format!("{} bytes", bytes.len());
        return Err(wrong(&format!("at most {MAX_CHECKPOINT_BYTES} bytes"), &found));
    }
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| wrong("a checkpoint", "another file"))?;
    let Some((sum, body)) = rest.split_at_checked(8) else {
        return Err(wrong("a whole file", "its beginning"));
    };
    if sum != hash(body).to_le_bytes() {
        return Err(wrong("its checksum", "another: it is damaged or cut short"));
    }
    postcard::from_bytes(body).map_err(|error| wrong("a checkpoint", &error.to_string()))
}

fn wrong(expected: &str, found: &str) -> TrainError {
    TrainError::Checkpoint { expected: expected.to_owned(), found: found.to_owned() }
}

/// FNV-1a over words.
fn hash(bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(0xcbf2_9ce4_8422_2325 ^ bytes.len() as u64, |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0100_0000_01b3).rotate_left(23)
    })
}

fn fingerprint(config: &Config, data: &Dataset) -> u64 {
    let mut config = config.clone();
    config.training.epochs = 0;
    config.early_stop = None;
    let text = serde_json::to_string(&config).unwrap_or_default();
    hash(text.as_bytes()) ^ data.fingerprint()
}
