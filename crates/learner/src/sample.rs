//! What a learner is taught and asked: values, or what each sense heard over time.

use spike::Raster;

use crate::error::LearnerError;

/// Steps of an input.
pub const MAX_STEPS: usize = 10_000;

/// The largest magnitude of a value over time.
pub const MAX_VALUE: f32 = 1e6;

/// An input of a learner.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Values; for a learner in time, shape `[steps][channels]` in row-major order.
    Values(Vec<f32>),
    /// Spikes or values of each step, a raster for each sense; `None` where one is missing.
    Senses(Vec<Option<Raster>>),
}

/// An input with what it is called.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The input.
    pub input: Input,
    /// Its class by name.
    pub label: Option<String>,
}

impl Input {
    /// The values of a learner that knows no time.
    pub(crate) fn values(&self, n_inputs: usize) -> Result<&[f32], LearnerError> {
        match self {
            Self::Values(values) => {
                finite(values)?;
                if values.len() == n_inputs {
                    return Ok(values);
                }
                let (expected, found) = (n_inputs.to_string(), values.len().to_string());
                Err(LearnerError::Form { what: "number of values", expected, found })
            }
            Self::Senses(_) => Err(LearnerError::Form {
                what: "input",
                expected: "values".to_owned(),
                found: "spikes".to_owned(),
            }),
        }
    }

    /// What each sense heard, for a learner in time.
    pub(crate) fn senses(&self, channels: &[usize]) -> Result<Vec<Option<Raster>>, LearnerError> {
        match self {
            Self::Values(values) => Ok(vec![Some(in_time(values, channels)?)]),
            Self::Senses(senses) => {
                fit(senses, channels)?;
                Ok(senses.clone())
            }
        }
    }
}

fn finite(values: &[f32]) -> Result<(), LearnerError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(idx) => Err(plasticity::PlasticityError::Value { idx, found: values[idx] }.into()),
        None => Ok(()),
    }
}

/// Values by step and channel of the only sense.
fn in_time(values: &[f32], channels: &[usize]) -> Result<Raster, LearnerError> {
    let &[size] = channels else {
        let expected = format!("one input for each of {} senses", channels.len());
        let found = "values of one".to_owned();
        return Err(LearnerError::Form { what: "input", expected, found });
    };
    finite(values)?;
    if let Some(value) = values.iter().find(|value| value.abs() > MAX_VALUE) {
        let (expected, found) = (format!("at most {MAX_VALUE} either way"), value.to_string());
        return Err(LearnerError::Form { what: "value", expected, found });
    }
    if values.is_empty() || !values.len().is_multiple_of(size) {
        let expected = format!("steps times {size} channels");
        let found = values.len().to_string();
        return Err(LearnerError::Form { what: "number of values", expected, found });
    }
    steps(values.len() / size)?;
    Ok(Raster::from_dense(values, size))
}

fn fit(senses: &[Option<Raster>], channels: &[usize]) -> Result<(), LearnerError> {
    if senses.len() != channels.len() || senses.iter().all(Option::is_none) {
        let expected = format!("{}, at least one of them not missing", channels.len());
        let given = senses.iter().flatten().count();
        let found = format!("{}, {given} of them not missing", senses.len());
        return Err(LearnerError::Form { what: "number of senses", expected, found });
    }
    for (raster, size) in senses.iter().zip(channels) {
        let Some(raster) = raster else { continue };
        if raster.size() != *size {
            let (expected, found) = (size.to_string(), raster.size().to_string());
            return Err(LearnerError::Form { what: "number of channels", expected, found });
        }
        steps(raster.steps())?;
        check_events(raster)?;
    }
    Ok(())
}

fn check_events(raster: &Raster) -> Result<(), LearnerError> {
    for step in 0..raster.steps() {
        if let Some((channel, value)) = raster.events(step).find(|(channel, value)| {
            let small = value.is_finite() && value.abs() <= MAX_VALUE;
            *channel as usize >= raster.size() || !small
        }) {
            let size = raster.size();
            let expected = format!("at most {MAX_VALUE} either way, of a channel below {size}");
            let found = format!("{value} of channel {channel} in step {step}");
            return Err(LearnerError::Form { what: "event", expected, found });
        }
    }
    Ok(())
}

fn steps(found: usize) -> Result<(), LearnerError> {
    if (1..=MAX_STEPS).contains(&found) {
        return Ok(());
    }
    let (expected, found) = (format!("1 to {MAX_STEPS}"), found.to_string());
    Err(LearnerError::Form { what: "number of steps", expected, found })
}
