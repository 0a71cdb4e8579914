//! Gammatone filters: what one place of the basilar membrane passes.

use std::f64::consts::PI;

/// Equivalent rectangular bandwidth of the ear at a frequency, in Hz.
///
/// `ERB = f / 9.26449 + 24.7` (Glasberg, Moore 1990, in the form of Slaney 1993).
pub fn erb_hz(frequency_hz: f64) -> f64 {
    frequency_hz / EAR_Q + MIN_BANDWIDTH_HZ
}

const EAR_Q: f64 = 9.26449;
const MIN_BANDWIDTH_HZ: f64 = 24.7;

/// So many frequencies from the lower to the higher, at even distances in ERB, ascending.
pub fn erb_spaced_hz(f_min_hz: f64, f_max_hz: f64, n: usize) -> Vec<f64> {
    let shift = EAR_Q * MIN_BANDWIDTH_HZ;
    let (low, high) = ((f_min_hz + shift).ln(), (f_max_hz + shift).ln());
    let place = |i: usize| if n > 1 { i as f64 / (n - 1) as f64 } else { 0.5 };
    (0..n).map(|i| (low + (high - low) * place(i)).exp() - shift).collect()
}

/// A bank of gammatone filters of 4th order.
///
/// The impulse response of each is
///
/// ```text
/// g(t) = t^3 exp(-2 pi 1.019 ERB(f) t) cos(2 pi f t)
/// ```
///
/// with gain 1 at its frequency f, as a cascade of four sections of 2nd order, each
///
/// ```text
/// H_i(z) = (T + b_i z^-1) / (1 + a_1 z^-1 + a_2 z^-2)
/// a_1 = -2 cos(2 pi f T) exp(-B T),  a_2 = exp(-2 B T),  B = 2 pi 1.019 ERB(f)
/// b_i = -T exp(-B T) (cos(2 pi f T) +- sqrt(3 +- 2^1.5) sin(2 pi f T))
/// ```
///
/// - **Parameters**: frequencies below half the sample rate, in Hz.
/// - **Input**: samples, no unit. **Output**: the same unit, shape (samples, bands).
/// - **State**: eight numbers for each band; binary64.
/// - **Source**: Slaney (1993), "An Efficient Implementation of the Patterson-Holdsworth Auditory
///   Filter Bank", Apple Computer Technical Report 35; the same as `scipy.signal.gammatone`, `iir`.
#[derive(Clone, Debug)]
pub struct Gammatone {
    frequencies_hz: Vec<f64>,
    gain: Vec<f64>,
    b0: f64,
    b1: [Vec<f64>; 4],
    a1: Vec<f64>,
    a2: Vec<f64>,
    /// The two delays of each section.
    delays: [[Vec<f64>; 2]; 4],
    bands: Vec<f64>,
}

impl Gammatone {
    /// Filters at these frequencies, at rest.
    pub fn new(frequencies_hz: Vec<f64>, sample_rate_hz: f64) -> Gammatone {
        let n = frequencies_hz.len();
        let t = 1.0 / sample_rate_hz;
        let signs = [(1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)];
        let mut bank = Gammatone {
            gain: Vec::with_capacity(n),
            b0: t,
            b1: Default::default(),
            a1: Vec::with_capacity(n),
            a2: Vec::with_capacity(n),
            delays: std::array::from_fn(|_| [vec![0.0; n], vec![0.0; n]]),
            bands: vec![0.0; n],
            frequencies_hz,
        };
        for frequency in &bank.frequencies_hz {
            let angle = 2.0 * PI * frequency * t;
            let decay = (-2.0 * PI * 1.019 * erb_hz(*frequency) * t).exp();
            let (a1, a2) = (-2.0 * angle.cos() * decay, decay * decay);
            let mut gain = 1.0;
            for ((outer, inner), b1) in signs.into_iter().zip(&mut bank.b1) {
                let root = outer * (3.0 + inner * 2.0_f64.powf(1.5)).sqrt();
                let b = -t * decay * (angle.cos() + root * angle.sin());
                gain *= magnitude(&[t, b, 0.0], angle) / magnitude(&[1.0, a1, a2], angle);
                b1.push(b);
            }
            bank.a1.push(a1);
            bank.a2.push(a2);
            bank.gain.push(1.0 / gain);
        }
        bank
    }

    /// The frequency of each band, in Hz.
    pub fn frequencies_hz(&self) -> &[f64] {
        &self.frequencies_hz
    }

    /// What each band makes of one more sample.
    pub fn step(&mut self, sample: f32) -> &[f64] {
        let n = self.bands.len();
        let Gammatone { bands, gain, b0, b1, a1, a2, delays, .. } = self;
        for (band, gain) in bands.iter_mut().zip(&*gain) {
            *band = f64::from(sample) * gain;
        }
        let (a1, a2) = (&a1[..n], &a2[..n]);
        for (b1, [d1, d2]) in b1.iter().zip(delays) {
            let (b1, d1, d2, bands) = (&b1[..n], &mut d1[..n], &mut d2[..n], &mut bands[..n]);
            for i in 0..n {
                let input = bands[i];
                let output = *b0 * input + d1[i];
                d1[i] = b1[i] * input - a1[i] * output + d2[i];
                d2[i] = -a2[i] * output;
                bands[i] = output;
            }
        }
        &self.bands
    }

    /// Forgets what was heard.
    pub fn reset(&mut self) {
        self.delays.iter_mut().flatten().for_each(|delays| delays.fill(0.0));
    }
}

/// |c_0 + c_1 z^-1 + c_2 z^-2| on the unit circle.
fn magnitude(coefficients: &[f64; 3], angle: f64) -> f64 {
    let part = |f: fn(f64) -> f64| -> f64 {
        coefficients.iter().enumerate().map(|(k, c)| c * f(-(k as f64) * angle)).sum()
    };
    part(f64::cos).hypot(part(f64::sin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_passes_its_own_frequency() {
        let rate = 16_000.0;
        let frequencies = erb_spaced_hz(100.0, 6000.0, 9);
        assert!((frequencies[0] - 100.0).abs() < 1e-9 && (frequencies[8] - 6000.0).abs() < 1e-6);
        let mut bank = Gammatone::new(frequencies.clone(), rate);
        let mut peak = vec![0.0_f64; 9];
        for t in 0..8000 {
            let sample = (2.0 * PI * frequencies[4] * f64::from(t) / rate).sin() as f32;
            let bands = bank.step(sample);
            if t > 4000 {
                peak.iter_mut().zip(bands).for_each(|(peak, band)| *peak = peak.max(band.abs()));
            }
        }
        assert!((peak[4] - 1.0).abs() < 0.01, "{peak:?}");
        assert!(peak.iter().enumerate().all(|(i, p)| i == 4 || *p < 0.5), "{peak:?}");
    }
}
