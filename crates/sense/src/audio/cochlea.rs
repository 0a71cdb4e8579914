//! Sound to spikes, band by band.

use super::gammatone::{Gammatone, erb_spaced_hz};
use super::hair::{Fibres, HairCell};
use super::mel::Mel;
use super::sound::check_finite;
use crate::limits::{MAX_ARRAY_VALUES, MAX_BANDS};
use crate::{Array, SenseError};

/// What splits sound into bands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Filter {
    /// [`Gammatone`] filters, half-wave rectified: good in time.
    Gammatone,
    /// [`Mel`] bands of frames of this length: cheap where bands are many.
    Mel {
        /// Seconds of a frame; 0.025 is usual.
        frame_seconds: f64,
    },
}

/// What a [`Cochlea`] is built from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CochleaConfig {
    /// Bands, and channels of the raster.
    pub bands: usize,
    /// The lowest band, in Hz.
    pub f_min_hz: f64,
    /// The highest band, in Hz, below half the sample rate.
    pub f_max_hz: f64,
    /// Milliseconds of one step of the raster.
    pub step_ms: f64,
    /// What splits sound into bands.
    pub filter: Filter,
    /// What makes spikes of a band.
    pub hair_cell: HairCell,
    /// The root mean square that [`Cochlea::encode`] scales a whole sound to; `None` leaves it.
    /// A stream is never scaled.
    pub level: Option<f64>,
    /// [`Cochlea::encode`] leaves out what is before and after the sound: frames of 10 ms whose power
    /// is this far below the loudest's. `None` keeps all; a stream is never trimmed.
    pub trim_db: Option<f64>,
}

impl Default for CochleaConfig {
    /// For speech at 8 kHz: 32 gammatone bands from 100 to 3,600 Hz, steps of 5 ms, level 0.1.
    fn default() -> CochleaConfig {
        CochleaConfig {
            bands: 32,
            f_min_hz: 100.0,
            f_max_hz: 3600.0,
            step_ms: 5.0,
            filter: Filter::Gammatone,
            hair_cell: HairCell::default(),
            level: Some(0.1),
            trim_db: None,
        }
    }
}

impl CochleaConfig {
    /// For single words, each a sound of its own: the silence around them is left out at 30 dB, and
    /// hair cells tire less, so that how loud a band is shows throughout.
    pub fn for_words() -> CochleaConfig {
        CochleaConfig {
            trim_db: Some(30.0),
            hair_cell: HairCell { adaptation: 0.1, ..HairCell::default() },
            ..CochleaConfig::default()
        }
    }
}

/// Sound to a raster of shape (steps, bands): how many spikes each band's fibre had in each step.
///
/// ```text
/// samples -> bands -> half-wave rectified, mean over 1 ms -> hair cells -> spikes in steps
/// ```
///
/// - **Input**: samples with full scale at 1, at the sample rate given.
/// - **Output**: counts, shape (steps, bands), band 0 the lowest; at most one spike for each
///   millisecond. A step that is not whole is left out.
/// - **Errors**: NaN and infinite samples are refused, and then nothing was taken.
///
/// ```
/// use sense::audio::{Cochlea, CochleaConfig};
///
/// # fn main() -> Result<(), sense::SenseError> {
/// let mut cochlea = Cochlea::new(CochleaConfig::default(), 8000)?;
/// let tone: Vec<f32> = (0..8000).map(|t| (t as f32 * 0.785).sin() * 0.2).collect(); // 1 kHz
/// let raster = cochlea.encode(&tone)?;
/// assert_eq!(raster.shape(), [200, 32]);
/// let counts = sense::decode::counts(&raster)?;
/// let loudest = (0..32).max_by_key(|band| counts[*band]).unwrap();
/// assert!((cochlea.frequencies_hz()[loudest] - 1000.0).abs() < 150.0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Cochlea {
    config: CochleaConfig,
    bank: Bank,
    fibres: Fibres,
    rate_hz: f64,
    /// Samples of one tick of the hair cells, which need not be whole.
    tick_samples: f64,
    ticks_per_step: usize,
    /// Samples and ticks since the beginning.
    n_samples: u64,
    n_ticks: u64,
    /// What the bands sum to since the last tick, and over how many samples.
    levels: Vec<f64>,
    n_summed: u32,
    /// The step that is not yet whole.
    step: Vec<f32>,
}

#[derive(Debug)]
enum Bank {
    Gammatone(Box<Gammatone>),
    Mel { mel: Box<Mel>, powers: Vec<f64>, scale: f64 },
}

impl Cochlea {
    /// A cochlea at rest for sound of a sample rate.
    ///
    /// # Errors
    ///
    /// [`SenseError::Value`] for a parameter that makes no sense, [`SenseError::TooLarge`] above
    /// [`MAX_BANDS`].
    pub fn new(config: CochleaConfig, sample_rate_hz: u32) -> Result<Cochlea, SenseError> {
        let rate = f64::from(sample_rate_hz);
        check(&config, rate)?;
        let CochleaConfig { bands, f_min_hz, f_max_hz, step_ms, .. } = config;
        // Ticks of about a millisecond, a whole number of them in a step.
        let ticks_per_step = step_ms.round().max(1.0) as usize;
        let dt_seconds = step_ms * 1e-3 / ticks_per_step as f64;
        let bank = match config.filter {
            Filter::Gammatone => {
                let frequencies = erb_spaced_hz(f_min_hz, f_max_hz, bands);
                Bank::Gammatone(Box::new(Gammatone::new(frequencies, rate)))
            }
            Filter::Mel { frame_seconds } => {
                let n_frame = ((frame_seconds * rate).round() as usize).max(8);
                let mel = Box::new(Mel::new(bands, f_min_hz, f_max_hz, n_frame, rate));
                // A sine of amplitude 1 in the middle of a band of 100 Hz has about level 1.
                let scale = 4.0 * 100.0 / (n_frame as f64 * rate);
                Bank::Mel { mel, powers: Vec::new(), scale }
            }
        };
        Ok(Cochlea {
            config,
            bank,
            fibres: Fibres::new(config.hair_cell, bands, dt_seconds),
            rate_hz: rate,
            tick_samples: rate * dt_seconds,
            ticks_per_step,
            n_samples: 0,
            n_ticks: 0,
            levels: vec![0.0; bands],
            n_summed: 0,
            step: vec![0.0; bands],
        })
    }

    /// The frequency of each channel of the raster, in Hz.
    pub fn frequencies_hz(&self) -> &[f64] {
        match &self.bank {
            Bank::Gammatone(bank) => bank.frequencies_hz(),
            Bank::Mel { mel, .. } => mel.frequencies_hz(),
        }
    }

    /// Channels of the raster.
    pub fn n_channels(&self) -> usize {
        self.config.bands
    }

    /// A whole sound from silence, trimmed and scaled as configured: shape (steps, bands).
    ///
    /// # Errors
    ///
    /// [`SenseError::Value`] for a sample that is not finite, [`SenseError::TooLarge`] if the raster
    /// had more than [`MAX_ARRAY_VALUES`] values.
    pub fn encode(&mut self, samples: &[f32]) -> Result<Array, SenseError> {
        check_finite(samples, "sound")?;
        self.reset();
        let samples = match self.config.trim_db {
            Some(db) => trimmed(samples, (self.rate_hz / 100.0) as usize + 1, db),
            None => samples,
        };
        let scale = self.config.level.map_or(1.0, |level| level / rms(samples).max(1e-6)) as f32;
        let scaled: Vec<f32> = samples.iter().map(|sample| sample * scale).collect();
        let mut steps = Vec::new();
        self.push(&scaled, &mut steps)?;
        self.reset();
        Array::new(vec![steps.len() / self.config.bands, self.config.bands], steps)
    }

    /// Appends the steps that the samples complete, `bands` counts for each; how many steps.
    ///
    /// # Errors
    ///
    /// As [`Cochlea::encode`]; nothing is taken then.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) -> Result<usize, SenseError> {
        check_finite(samples, "sound")?;
        let step_samples = self.tick_samples * self.ticks_per_step as f64;
        let n_steps = (samples.len() as f64 / step_samples) as usize + 1;
        let found = out.len().saturating_add(n_steps.saturating_mul(self.config.bands));
        if found > MAX_ARRAY_VALUES {
            let (limit, found) = (MAX_ARRAY_VALUES as u64, found as u64);
            return Err(SenseError::TooLarge {
                what: "raster".into(),
                unit: "values",
                limit,
                found,
            });
        }
        let n_before = out.len();
        for sample in samples {
            self.take(*sample);
            if self.n_samples as f64 >= (self.n_ticks + 1) as f64 * self.tick_samples {
                self.tick(out);
            }
        }
        Ok((out.len() - n_before) / self.config.bands)
    }

    /// Forgets what was heard.
    pub fn reset(&mut self) {
        match &mut self.bank {
            Bank::Gammatone(bank) => bank.reset(),
            Bank::Mel { mel, .. } => mel.reset(),
        }
        self.fibres.reset();
        self.levels.fill(0.0);
        self.step.fill(0.0);
        (self.n_samples, self.n_ticks, self.n_summed) = (0, 0, 0);
    }

    fn take(&mut self, sample: f32) {
        self.n_samples += 1;
        self.n_summed += 1;
        match &mut self.bank {
            Bank::Gammatone(bank) => {
                let bands = self.levels.iter_mut().zip(bank.step(sample));
                bands.for_each(|(level, band)| *level += band.max(0.0));
            }
            Bank::Mel { mel, .. } => mel.push(sample),
        }
    }

    /// The hair cells' share; every so many of these a step is whole.
    fn tick(&mut self, out: &mut Vec<f32>) {
        match &mut self.bank {
            Bank::Gammatone(_) => {
                let scale = 1.0 / f64::from(self.n_summed.max(1));
                self.levels.iter_mut().for_each(|level| *level *= scale);
            }
            // A frame is long against a tick: one for each step is enough.
            Bank::Mel { mel, powers, scale } => {
                if self.n_ticks.is_multiple_of(self.ticks_per_step as u64) {
                    mel.powers(powers);
                }
                let levels = self.levels.iter_mut().zip(&*powers);
                levels.for_each(|(level, power)| *level = (power * *scale).sqrt());
            }
        }
        self.fibres.step(&self.levels, &mut self.step);
        self.levels.fill(0.0);
        self.n_summed = 0;
        self.n_ticks += 1;
        if self.n_ticks.is_multiple_of(self.ticks_per_step as u64) {
            out.extend_from_slice(&self.step);
            self.step.fill(0.0);
        }
    }
}

/// From the first frame that is not too quiet to the last.
fn trimmed(samples: &[f32], n_frame: usize, db: f64) -> &[f32] {
    let powers: Vec<f64> = samples.chunks(n_frame).map(|frame| rms(frame).powi(2)).collect();
    let loudest = powers.iter().fold(0.0_f64, |loudest, power| loudest.max(*power));
    let is_loud = |power: &f64| *power > loudest * 10.0_f64.powf(-db / 10.0);
    let first = powers.iter().position(is_loud).unwrap_or(0);
    let last = powers.iter().rposition(is_loud).map_or(powers.len(), |last| last + 1);
    &samples[first * n_frame..(last * n_frame).min(samples.len())]
}

fn rms(samples: &[f32]) -> f64 {
    let sum: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (sum / samples.len().max(1) as f64).sqrt()
}

fn check(config: &CochleaConfig, rate: f64) -> Result<(), SenseError> {
    let CochleaConfig { bands, f_min_hz, f_max_hz, step_ms, hair_cell: cell, .. } = *config;
    if bands > MAX_BANDS {
        let (limit, found) = (MAX_BANDS as u64, bands as u64);
        return Err(SenseError::TooLarge { what: "cochlea".into(), unit: "bands", limit, found });
    }
    let frame_seconds = match config.filter {
        Filter::Gammatone => 0.025,
        Filter::Mel { frame_seconds } => frame_seconds,
    };
    let level = config.level.unwrap_or(1.0);
    let above_zero = |value: f64| value > 0.0 && value.is_finite();
    let rules = [
        ("sample rate", rate > 0.0, "above zero", rate),
        ("bands", bands > 0, "at least one", bands as f64),
        ("f_min_hz", f_min_hz > 0.0 && f_min_hz < f_max_hz, "above 0, below f_max_hz", f_min_hz),
        ("f_max_hz", f_max_hz < rate / 2.0, "below half the sample rate", f_max_hz),
        ("step_ms", (0.1..=1000.0).contains(&step_ms), "0.1 to 1000", step_ms),
        ("frame_seconds", (0.001..=1.0).contains(&frame_seconds), "0.001 to 1", frame_seconds),
        (
            "trim_db",
            above_zero(config.trim_db.unwrap_or(1.0)),
            "above zero and finite",
            config.trim_db.unwrap_or(1.0),
        ),
        ("level", above_zero(level), "above zero and finite", level),
        (
            "exponent",
            cell.exponent > 0.0 && cell.exponent <= 1.0,
            "above 0, at most 1",
            cell.exponent,
        ),
        ("threshold", above_zero(cell.threshold), "above zero and finite", cell.threshold),
        ("tau_mem_seconds", above_zero(cell.tau_mem_seconds), "above zero", cell.tau_mem_seconds),
        (
            "tau_adaptation_seconds",
            above_zero(cell.tau_adaptation_seconds),
            "above zero",
            cell.tau_adaptation_seconds,
        ),
        (
            "adaptation",
            cell.adaptation >= 0.0 && cell.adaptation.is_finite(),
            "from 0",
            cell.adaptation,
        ),
    ];
    match rules.into_iter().find(|(_, holds, ..)| !holds) {
        None => Ok(()),
        Some((name, _, expected, found)) => {
            let what = format!("cochlea: {name}");
            Err(SenseError::Value { what, idx: 0, expected, found })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(n: usize) -> Vec<f32> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 16_777_216.0 - 0.5
        };
        (0..n).map(|_| next()).collect()
    }

    #[test]
    fn pieces_are_as_good_as_the_whole() {
        for filter in [Filter::Gammatone, Filter::Mel { frame_seconds: 0.025 }] {
            let config =
                CochleaConfig { filter, level: None, trim_db: None, ..CochleaConfig::default() };
            // A rate that no millisecond divides.
            let mut cochlea = Cochlea::new(config, 11_025).unwrap();
            let sound = noise(11_025);
            let whole = cochlea.encode(&sound).unwrap();
            assert_eq!(whole.shape(), [200, 32]);
            assert!(whole.data().iter().sum::<f32>() > 100.0);
            let mut steps = Vec::new();
            for piece in sound.chunks(77) {
                cochlea.push(piece, &mut steps).unwrap();
            }
            assert_eq!(steps, whole.data());
        }
    }

    #[test]
    fn silence_is_silent_and_onsets_stand_out() {
        let mut cochlea = Cochlea::new(CochleaConfig::default(), 8000).unwrap();
        let silence = cochlea.encode(&[0.0; 8000]).unwrap();
        assert!(silence.data().iter().all(|value| *value == 0.0));
        let raster = cochlea.encode(&noise(8000)).unwrap();
        let per_step: Vec<f32> = raster.steps().map(|step| step.iter().sum()).collect();
        let sum = |range: std::ops::Range<usize>| per_step[range].iter().sum::<f32>();
        assert!(sum(0..10) > 1.25 * sum(100..110), "{per_step:?}");
    }

    #[test]
    fn silence_before_and_after_is_left_out() {
        let mut cochlea = Cochlea::new(CochleaConfig::for_words(), 8000).unwrap();
        let sound = [vec![0.0; 4000], noise(8000), vec![1e-4; 2000]].concat();
        let n_steps = cochlea.encode(&sound).unwrap().n_steps();
        assert!((200..=204).contains(&n_steps), "{n_steps}");
        assert_eq!(cochlea.encode(&[]).unwrap().shape(), [0, 32]);
    }

    #[test]
    fn what_makes_no_sense_is_one_clear_error() {
        let told = |config| Cochlea::new(config, 8000).unwrap_err().to_string();
        let config = CochleaConfig::default();
        assert_eq!(
            told(CochleaConfig { f_max_hz: 4000.0, ..config }),
            "cochlea: f_max_hz[0]: expected below half the sample rate, found 4000"
        );
        assert!(told(CochleaConfig { f_min_hz: f64::NAN, ..config }).contains("f_min_hz"));
        assert!(told(CochleaConfig { bands: 0, ..config }).contains("at least one"));
        let mut cochlea = Cochlea::new(config, 8000).unwrap();
        let error = cochlea.encode(&[0.0, f32::NAN]).unwrap_err().to_string();
        assert_eq!(error, "sound[1]: expected a finite sample, found NaN");
    }
}
