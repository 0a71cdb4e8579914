//! Two ears: how much sooner and louder one hears.

use realfft::RealFftPlanner;

use super::sound::check_finite;
use crate::SenseError;
use crate::limits::MAX_SOUND_SAMPLES;

/// The differences between the ears.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Binaural {
    /// How much later the right ear hears, in seconds; above 0 the sound is on the left.
    pub itd_seconds: f64,
    /// How much louder the left ear hears, in decibels; 0 where an ear hears nothing.
    pub ild_db: f64,
}

/// Compares two ears over one stretch of sound.
///
/// ```text
/// ITD = argmax over |d| <= longest of  sum_t left(t) right(t + d)
/// ILD = 10 log10 (sum left^2 / sum right^2)
/// ```
///
/// The sum is at its peak between samples where a parabola through the three highest has its own.
///
/// - **Input**: samples of one length. **Parameters**: sample rate in Hz; the longest delay in
///   seconds, 0.001 for a human head.
/// - **Errors**: [`SenseError::Shape`] for lengths that differ or no sample, [`SenseError::Value`]
///   for what is not finite.
/// - **Source**: Jeffress (1948), J. Comp. Physiol. Psychol. 41 (the coincidence of delayed spikes);
///   Knapp, Carter (1976), IEEE Trans. ASSP 24, plain cross-correlation.
pub fn binaural(
    left: &[f32],
    right: &[f32],
    sample_rate_hz: f64,
    longest_seconds: f64,
) -> Result<Binaural, SenseError> {
    if left.len() != right.len() || left.is_empty() || left.len() > MAX_SOUND_SAMPLES / 4 {
        let (expected, found) = (format!("{} samples", left.len().max(1)), vec![right.len()]);
        return Err(SenseError::Shape { what: "right ear".into(), expected, found });
    }
    check_finite(left, "left ear")?;
    check_finite(right, "right ear")?;
    let most = left.len() as f64 - 1.0;
    let delay = (longest_seconds * sample_rate_hz).clamp(0.0, most);
    if delay.is_nan() || sample_rate_hz <= 0.0 {
        let (what, expected) = ("longest delay".to_owned(), "seconds and a rate above zero");
        return Err(SenseError::Value { what, idx: 0, expected, found: longest_seconds });
    }
    let correlation = correlation(left, right, delay as usize);
    let power = |ear: &[f32]| ear.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
    let (left, right) = (power(left), power(right));
    let ild_db = if left > 0.0 && right > 0.0 { 10.0 * (left / right).log10() } else { 0.0 };
    let itd_seconds = (peak(&correlation) - delay.floor()) / sample_rate_hz;
    Ok(Binaural { itd_seconds, ild_db })
}

/// sum_t left(t) right(t + d) for d from -`delay` to `delay`.
fn correlation(left: &[f32], right: &[f32], delay: usize) -> Vec<f64> {
    let n = (left.len() + delay + 1).next_power_of_two();
    let mut planner = RealFftPlanner::<f64>::new();
    let (forward, backward) = (planner.plan_fft_forward(n), planner.plan_fft_inverse(n));
    let spectrum = |ear: &[f32]| {
        let mut samples = forward.make_input_vec();
        samples.iter_mut().zip(ear).for_each(|(to, from)| *to = f64::from(*from));
        let mut spectrum = forward.make_output_vec();
        // The lengths are those that the plan asked for.
        let _ = forward.process(&mut samples, &mut spectrum);
        spectrum
    };
    let (left, mut product) = (spectrum(left), spectrum(right));
    product.iter_mut().zip(&left).for_each(|(right, left)| *right *= left.conj());
    // The inverse refuses ends that are not real, which they are but for rounding.
    product[0].im = 0.0;
    product[n / 2].im = 0.0;
    let mut lags = backward.make_output_vec();
    let _ = backward.process(&mut product, &mut lags);
    let lag = |d: usize| lags[(d + n - delay) % n] / n as f64;
    (0..=2 * delay).map(lag).collect()
}

/// Where the highest value is, between the samples.
fn peak(values: &[f64]) -> f64 {
    let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let at = values.iter().position(|value| *value == highest).unwrap_or(0);
    let (Some(before), Some(after)) = (at.checked_sub(1).map(|i| values[i]), values.get(at + 1))
    else {
        return at as f64;
    };
    let bend = before - 2.0 * highest + after;
    at as f64 + if bend < 0.0 { 0.5 * (before - after) / bend } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ear_that_is_nearer_hears_sooner_and_louder() {
        let sound: Vec<f32> = (0..2000).map(|t| ((t * t) as f32 * 0.001).sin()).collect();
        let right: Vec<f32> = [vec![0.0; 6], sound[..1994].to_vec()].concat();
        let right: Vec<f32> = right.iter().map(|sample| sample * 0.5).collect();
        let found = binaural(&sound, &right, 16_000.0, 0.001).unwrap();
        assert!((found.itd_seconds - 6.0 / 16_000.0).abs() < 2e-6, "{found:?}");
        assert!((found.ild_db - 6.02).abs() < 0.05, "{found:?}");
        let mirrored = binaural(&right, &sound, 16_000.0, 0.001).unwrap();
        assert!((mirrored.itd_seconds + found.itd_seconds).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_pair_of_ears_is_an_error() {
        assert!(binaural(&[0.0], &[0.0, 1.0], 8000.0, 0.001).is_err());
        assert!(binaural(&[], &[], 8000.0, 0.001).is_err());
        assert!(binaural(&[f32::NAN], &[0.0], 8000.0, 0.001).is_err());
        assert!(binaural(&[0.0], &[0.0], 8000.0, f64::NAN).is_err());
        let silent = binaural(&[0.0; 9], &[0.0; 9], 8000.0, 0.001).unwrap();
        assert_eq!(silent.ild_db, 0.0);
    }
}
