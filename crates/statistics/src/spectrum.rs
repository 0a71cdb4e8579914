//! The power spectrum of a signal over time.

use realfft::RealFftPlanner;

/// Samples of a segment at most.
pub const MAX_SEGMENT: usize = 1 << 22;

/// Power by frequency.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spectrum {
    /// Frequencies (Hz).
    pub frequencies: Vec<f64>,
    /// Power density: the signal's unit squared by Hz.
    pub power: Vec<f64>,
}

/// The power density of a signal sampled every `width` ms, by averaging over segments of `segment`
/// samples that overlap by half, under a Hann window, each without its mean; one-sided.
///
/// Empty where the signal is shorter than a segment, or a segment than two samples.
/// Source: Welch 1967, "The use of fast Fourier transform for the estimation of power spectra".
pub fn power_spectrum(signal: &[f64], width: f64, segment: usize) -> Spectrum {
    if !(2..=MAX_SEGMENT).contains(&segment) || signal.len() < segment {
        return Spectrum::default();
    }
    let rate = 1e3 / width;
    let turn = 2.0 * std::f64::consts::PI / segment as f64;
    let window: Vec<f64> = (0..segment).map(|k| 0.5 - 0.5 * (turn * k as f64).cos()).collect();
    let norm = rate * window.iter().map(|w| w * w).sum::<f64>();
    let transform = RealFftPlanner::<f64>::new().plan_fft_forward(segment);
    let (mut input, mut output) = (transform.make_input_vec(), transform.make_output_vec());
    let mut power = vec![0.0; output.len()];
    let starts = (0..=signal.len() - segment).step_by((segment - segment / 2).max(1));
    let n = starts.clone().count() as f64;
    for start in starts {
        let part = &signal[start..start + segment];
        let mean = part.iter().sum::<f64>() / segment as f64;
        let windowed = part.iter().zip(&window).map(|(x, w)| (x - mean) * w);
        input.iter_mut().zip(windowed).for_each(|(slot, x)| *slot = x);
        if transform.process(&mut input, &mut output).is_err() {
            return Spectrum::default();
        }
        for (k, (sum, value)) in power.iter_mut().zip(&output).enumerate() {
            let once = k == 0 || (segment.is_multiple_of(2) && k == segment / 2);
            *sum += if once { 1.0 } else { 2.0 } * value.norm_sqr() / (norm * n);
        }
    }
    let frequencies = (0..power.len()).map(|k| k as f64 * rate / segment as f64).collect();
    Spectrum { frequencies, power }
}
