//! Time to first spike with real time: milliseconds, a threshold that may adapt, dead time checked.

use crate::limits::{MAX_ARRAY_VALUES, MAX_RATE_HZ};
use crate::{Array, SenseError};

/// One spike for each value, at the time that a falling threshold meets it.
///
/// ```text
/// threshold(t) = exp(-t / tau);    t = -tau ln(x),    in step floor(t / dt)
/// ```
///
/// A value below the threshold at the end of the window has no spike.
///
/// - **Parameters**: tau and dt in seconds. **Input**: x in \[0, 1\], shape (n).
/// - **Output**: 0 or 1, shape (steps, n).
/// - **Errors**: [`SenseError::Value`] for other values and times not above zero.
/// - **Source**: Rueckauer, Liu (2018), "Conversion of analog to spiking neural networks using
///   sparse temporal coding", ISCAS; the exponential threshold of Park, Kim, Na, Yoon (2020), T2FSNN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ttfs {
    /// Time constant of the threshold.
    pub tau_seconds: f64,
    /// Length of a step.
    pub dt_seconds: f64,
}

impl Ttfs {
    /// The time of each value's spike in seconds, if it has one in the window.
    ///
    /// # Errors
    ///
    /// As the type says.
    pub fn times(
        &self,
        values: &[f32],
        window_seconds: f64,
    ) -> Result<Vec<Option<f64>>, SenseError> {
        let above_zero = |value: f64| value > 0.0 && value.is_finite();
        let rules = [
            (
                "tau_seconds",
                above_zero(self.tau_seconds),
                "above zero and finite",
                self.tau_seconds,
            ),
            ("dt_seconds", above_zero(self.dt_seconds), "above zero and finite", self.dt_seconds),
            ("window", above_zero(window_seconds), "above zero and finite", window_seconds),
        ];
        super::check_rules("ttfs", &rules)?;
        super::check_intensities(values)?;
        let time = |value: &f32| (self.tau_seconds * -f64::from(*value).ln()).max(0.0);
        Ok(values.iter().map(|value| Some(time(value)).filter(|t| *t < window_seconds)).collect())
    }

    /// The spikes as a raster of shape (`n_steps`, n).
    ///
    /// # Errors
    ///
    /// As the type says; [`SenseError::TooLarge`] above the limit on arrays.
    pub fn encode(&self, values: &[f32], n_steps: usize) -> Result<Array, SenseError> {
        let shape = vec![n_steps, values.len()];
        let mut data = vec![0.0; crate::array::n_values("raster", &shape)?];
        let times = self.times(values, n_steps as f64 * self.dt_seconds)?;
        for (channel_idx, time) in times.into_iter().enumerate() {
            let step = time.map_or(n_steps, |time| (time / self.dt_seconds) as usize);
            if step < n_steps {
                data[step * values.len() + channel_idx] = 1.0;
            }
        }
        Array::new(shape, data)
    }
}

/// Whether a raster keeps to what a neuron can do: after a spike `refractory_steps` without one, and
/// a mean rate within `rate_max_hz`.
///
/// # Errors
///
/// [`SenseError::Value`] with the flat index of the first spike that comes too soon, a value that is
/// not 0 or 1, or the first channel whose rate is too high.
pub fn validate(
    raster: &Array,
    refractory_steps: usize,
    rate_max_hz: f64,
    dt_seconds: f64,
) -> Result<(), SenseError> {
    let rules = [
        (
            "rate_max_hz",
            rate_max_hz > 0.0 && rate_max_hz <= MAX_RATE_HZ,
            "above 0, to 1e6",
            rate_max_hz,
        ),
        ("dt_seconds", dt_seconds > 0.0 && dt_seconds.is_finite(), "above zero", dt_seconds),
        ("steps", refractory_steps <= MAX_ARRAY_VALUES, "within arrays", refractory_steps as f64),
    ];
    super::check_rules("validate", &rules)?;
    let n_channels = raster.n_channels();
    let mut latest: Vec<Option<usize>> = vec![None; n_channels];
    let mut counts = vec![0_u32; n_channels];
    for (idx, value) in raster.data().iter().enumerate() {
        let told = |expected| {
            let (what, found) = ("raster".to_owned(), f64::from(*value));
            Err(SenseError::Value { what, idx, expected, found })
        };
        let (step, channel_idx) = (idx / n_channels, idx % n_channels);
        if *value == 0.0 {
            continue;
        } else if *value != 1.0 {
            return told("0 or 1");
        } else if latest[channel_idx].is_some_and(|latest| step - latest <= refractory_steps) {
            return told("no spike while refractory");
        }
        latest[channel_idx] = Some(step);
        counts[channel_idx] += 1;
    }
    let seconds = raster.n_steps() as f64 * dt_seconds;
    let rate = |count: &u32| f64::from(*count) / seconds;
    match counts.iter().position(|count| rate(count) > rate_max_hz) {
        None => Ok(()),
        Some(idx) => Err(SenseError::Value {
            what: "rate".into(),
            idx,
            expected: "at most the rate given",
            found: rate(&counts[idx]),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spikes_are_where_the_threshold_meets_the_value() {
        let ttfs = Ttfs { tau_seconds: 0.01, dt_seconds: 0.001 };
        let e = std::f32::consts::E;
        let times = ttfs.times(&[1.0, 1.0 / e, 0.0, 1e-9], 0.05).unwrap();
        assert_eq!((times[0], times[2], times[3]), (Some(0.0), None, None));
        assert!((times[1].unwrap() - 0.01).abs() < 1e-8);
        let raster = ttfs.encode(&[1.0, 0.5, 0.0], 20).unwrap();
        let step = |channel: usize| raster.steps().position(|step| step[channel] > 0.0);
        assert_eq!([step(0), step(1), step(2)], [Some(0), Some(6), None]);
        assert!(ttfs.encode(&[f32::NAN], 20).is_err());
    }

    #[test]
    fn what_no_neuron_does_is_told() {
        let raster = |data: &[f32]| Array::new(vec![data.len(), 1], data.to_vec()).unwrap();
        let spikes = raster(&[1.0, 0.0, 1.0, 0.0]);
        assert!(validate(&spikes, 1, 600.0, 0.001).is_ok());
        let told = |result: Result<(), SenseError>| result.unwrap_err().to_string();
        assert_eq!(
            told(validate(&spikes, 2, 600.0, 0.001)),
            "raster[2]: expected no spike while refractory, found 1"
        );
        assert_eq!(
            told(validate(&spikes, 1, 400.0, 0.001)),
            "rate[0]: expected at most the rate given, found 500"
        );
        assert!(validate(&raster(&[2.0]), 0, 1.0, 1.0).is_err());
    }
}
