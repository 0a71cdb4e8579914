//! Bands of equal pitch, from the spectrum of short frames.

use std::collections::VecDeque;
use std::f64::consts::PI;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// So many frequencies from the lower to the higher, at even distances in mel.
///
/// The scale is Slaney's: linear below 1,000 Hz (200/3 Hz each), logarithmic above (27 to 6.4).
pub fn mel_spaced_hz(f_min_hz: f64, f_max_hz: f64, n: usize) -> Vec<f64> {
    let (low, high) = (to_mel(f_min_hz), to_mel(f_max_hz));
    let place = |i: usize| if n > 1 { i as f64 / (n - 1) as f64 } else { 0.5 };
    (0..n).map(|i| to_hz(low + (high - low) * place(i))).collect()
}

const LINEAR_HZ: f64 = 200.0 / 3.0;
const LOG_FROM_HZ: f64 = 1000.0;
const LOG_FROM_MEL: f64 = LOG_FROM_HZ / LINEAR_HZ;

fn log_step() -> f64 {
    6.4_f64.ln() / 27.0
}

fn to_mel(hz: f64) -> f64 {
    if hz < LOG_FROM_HZ {
        hz / LINEAR_HZ
    } else {
        LOG_FROM_MEL + (hz / LOG_FROM_HZ).ln() / log_step()
    }
}

fn to_hz(mel: f64) -> f64 {
    if mel < LOG_FROM_MEL {
        mel * LINEAR_HZ
    } else {
        LOG_FROM_HZ * (log_step() * (mel - LOG_FROM_MEL)).exp()
    }
}

/// The power in each mel band of one frame after another.
///
/// ```text
/// power_m = sum_k w_mk |FFT(hann x)_k|^2
/// ```
///
/// w_m is a triangle from the frequency before to the one after, of area 1 (times 2 / its base).
///
/// - **Parameters**: bands, lowest and highest frequency in Hz, samples of a frame.
/// - **Input**: samples, no unit. **Output**: power, shape (bands), for the latest whole frame.
/// - **State**: the samples of one frame.
/// - **Source**: Davis, Mermelstein (1980), IEEE Trans. ASSP 28; scale and area of Slaney (1998),
///   "Auditory Toolbox", as in `librosa.feature.melspectrogram` with `center=False`.
pub struct Mel {
    frequencies_hz: Vec<f64>,
    window: Vec<f64>,
    /// For each band the first bin and the weights from there.
    weights: Vec<(usize, Vec<f64>)>,
    fft: Arc<dyn RealToComplex<f64>>,
    frame: VecDeque<f64>,
    windowed: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
}

impl std::fmt::Debug for Mel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mel({} bands, {} samples)", self.frequencies_hz.len(), self.window.len())
    }
}

impl Mel {
    /// Bands at rest: a frame of silence.
    pub fn new(
        n_bands: usize,
        f_min_hz: f64,
        f_max_hz: f64,
        n_frame: usize,
        sample_rate_hz: f64,
    ) -> Mel {
        let edges = mel_spaced_hz(f_min_hz, f_max_hz, n_bands + 2);
        let fft = RealFftPlanner::new().plan_fft_forward(n_frame);
        let hann = |i: usize| 0.5 - 0.5 * (2.0 * PI * i as f64 / n_frame as f64).cos();
        let bin_hz = sample_rate_hz / n_frame as f64;
        let triangle = |edges: &[f64]| triangle(edges, bin_hz, n_frame / 2 + 1);
        Mel {
            frequencies_hz: edges[1..=n_bands].to_vec(),
            window: (0..n_frame).map(hann).collect(),
            weights: edges.windows(3).map(triangle).collect(),
            frame: vec![0.0; n_frame].into(),
            windowed: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            fft,
        }
    }

    /// The middle frequency of each band, in Hz.
    pub fn frequencies_hz(&self) -> &[f64] {
        &self.frequencies_hz
    }

    /// Takes one more sample into the frame.
    pub fn push(&mut self, sample: f32) {
        self.frame.pop_front();
        self.frame.push_back(sample.into());
    }

    /// The power in each band of the latest frame.
    pub fn powers(&mut self, powers: &mut Vec<f64>) {
        let samples = self.frame.iter().zip(&self.window);
        self.windowed.iter_mut().zip(samples).for_each(|(to, (x, w))| *to = x * w);
        // The lengths are those that the plan asked for.
        let _ = self.fft.process(&mut self.windowed, &mut self.spectrum);
        powers.clear();
        powers.extend(self.weights.iter().map(|(first, weights)| {
            let bins = self.spectrum.iter().skip(*first);
            weights.iter().zip(bins).map(|(weight, bin)| weight * bin.norm_sqr()).sum::<f64>()
        }));
    }

    /// Forgets what was heard.
    pub fn reset(&mut self) {
        self.frame.iter_mut().for_each(|sample| *sample = 0.0);
    }
}

/// The bins that a triangle with these three corners covers.
fn triangle(corners: &[f64], bin_hz: f64, n_bins: usize) -> (usize, Vec<f64>) {
    let (left, middle, right) = (corners[0], corners[1], corners[2]);
    let weight = |bin: usize| {
        let frequency = bin as f64 * bin_hz;
        let (rise, fall) =
            ((frequency - left) / (middle - left), (right - frequency) / (right - middle));
        rise.min(fall).max(0.0) * 2.0 / (right - left)
    };
    let first = (left / bin_hz).floor() as usize;
    let last = ((right / bin_hz).ceil() as usize).min(n_bins - 1);
    (first, (first..=last.max(first)).map(weight).collect())
}
