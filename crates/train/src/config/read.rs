//! From TOML to a description; every table that cannot be read is named, and every unknown key.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{Config, ScheduleConfig, TABLES};
use crate::error::{Problems, TrainError};
use crate::limits::MAX_LAYERS;
use crate::surrogate::Surrogate;

impl Config {
    /// Reads a description.
    ///
    /// # Errors
    /// [`TrainError::Problems`] with every unknown key, every table that cannot be read and every
    /// value that is out of its range.
    pub fn from_toml(text: &str) -> Result<Self, TrainError> {
        let mut problems = Problems::default();
        let mut root: Table = match text.parse() {
            Ok(root) => root,
            Err(error) => {
                problems.push("file", "TOML", error.to_string().trim());
                return Err(TrainError::Problems(problems));
            }
        };
        for key in root.keys().filter(|key| !TABLES.contains(&key.as_str())) {
            problems.push(key.as_str(), format!("one of {}", TABLES.join(", ")), "unknown key");
        }
        let layers = layers(root.remove("layers"), &mut problems);
        let mut part = |name: &str| root.remove(name);
        let found = (
            needed(part("data"), "data", &mut problems),
            needed(part("encoder"), "encoder", &mut problems),
            needed(part("training"), "training", &mut problems),
            needed(part("loss"), "loss", &mut problems),
            needed(part("optimiser"), "optimiser", &mut problems),
        );
        let profile = optional(part("profile"), "profile", &mut problems).unwrap_or_default();
        let surrogate: Option<Surrogate> = optional(part("surrogate"), "surrogate", &mut problems);
        let schedule: Option<ScheduleConfig> =
            optional(part("schedule"), "schedule", &mut problems);
        let augmentation = optional(part("augmentation"), "augmentation", &mut problems);
        let regularisation = optional(part("regularisation"), "regularisation", &mut problems);
        let early_stop = optional(part("early_stop"), "early_stop", &mut problems);
        let (Some(data), Some(encoder), Some(training), Some(loss), Some(optimiser)) = found else {
            return Err(TrainError::Problems(problems));
        };
        let config = Self {
            data,
            encoder,
            profile,
            layers,
            training,
            surrogate: surrogate.unwrap_or_default(),
            loss,
            optimiser,
            schedule: schedule.unwrap_or_default(),
            augmentation,
            regularisation,
            early_stop,
        };
        config.problems(&mut problems);
        problems.check()?;
        Ok(config)
    }
}

fn needed<T: DeserializeOwned>(
    value: Option<Value>,
    place: &str,
    problems: &mut Problems,
) -> Option<T> {
    if value.is_none() {
        problems.push(place, "a table", "nothing");
    }
    optional(value, place, problems)
}

fn layers<T: DeserializeOwned>(value: Option<Value>, problems: &mut Problems) -> Vec<T> {
    let list = match value {
        Some(Value::Array(list)) if list.len() <= MAX_LAYERS => list,
        Some(Value::Array(list)) => {
            problems.push("layers", format!("at most {MAX_LAYERS}"), list.len());
            return Vec::new();
        }
        Some(other) => {
            problems.push("layers", "a list of tables", other.type_str());
            return Vec::new();
        }
        None => {
            problems.push("layers", "a list of tables", "nothing");
            return Vec::new();
        }
    };
    let read = |(at, value)| optional(Some(value), &format!("layers[{at}]"), problems);
    list.into_iter().enumerate().filter_map(read).collect()
}

/// Reads one table; an unknown key is named and taken out, so that the next is found too.
fn optional<T: DeserializeOwned>(
    value: Option<Value>,
    place: &str,
    problems: &mut Problems,
) -> Option<T> {
    let mut value = value?;
    loop {
        let error = match T::deserialize(value.clone()) {
            Ok(read) => return Some(read),
            Err(error) => error.message().trim().to_owned(),
        };
        let unknown = error.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
        let table = value.as_table_mut();
        match (unknown, table) {
            (Some((key, rest)), Some(table)) if table.contains_key(key) => {
                let expected = rest.trim_start_matches(", expected ").to_owned();
                problems.push(format!("{place}.{key}"), expected, "unknown key");
                table.remove(key);
            }
            _ => {
                problems.push(place, "a table that can be read", error);
                return None;
            }
        }
    }
}
