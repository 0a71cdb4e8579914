//! Correlations between neurons.

use crate::counts::counts;
use crate::trains::Trains;

/// Neurons between which correlations are told at most: their number grows with the square.
pub const MAX_CORRELATED: usize = 4096;

/// Pearson's correlation of the counts of every pair of neurons in bins of `width` ms, pairs in the
/// order (0, 1), (0, 2), ... (1, 2), ...; at most the first [`MAX_CORRELATED`] of `neurons` are
/// taken, and pairs with a neuron whose counts do not vary are left out.
///
/// Source: Perkel, Gerstein, Moore 1967; Cohen and Kohn 2011, "Measuring and interpreting neuronal
/// correlations", box 1.
pub fn correlations(trains: &Trains, neurons: &[usize], width: f64) -> Vec<f64> {
    // Counts that are not zero, by bin, with what makes them standard scores.
    struct Scores {
        counts: Vec<(u32, f64)>,
        mean: f64,
        norm: f64,
    }
    let chosen = neurons.iter().filter(|&&k| k < trains.size()).take(MAX_CORRELATED);
    let mut bins = 0.0;
    let scores: Vec<Scores> = chosen
        .filter_map(|&neuron| {
            let counts = counts(trains, trains.of(neuron), width);
            bins = counts.len() as f64;
            let some = counts.iter().enumerate().filter(|(_, n)| **n > 0);
            let counts: Vec<(u32, f64)> = some.map(|(b, &n)| (b as u32, f64::from(n))).collect();
            let mean = counts.iter().map(|(_, n)| n).sum::<f64>() / bins;
            let squares = counts.iter().map(|(_, n)| n * n).sum::<f64>();
            let norm = (squares - bins * mean * mean).max(0.0).sqrt();
            (norm > 0.0).then_some(Scores { counts, mean, norm })
        })
        .collect();
    let product = |a: &Scores, b: &Scores| {
        let (mut i, mut j, mut sum) = (0, 0, 0.0);
        while i < a.counts.len() && j < b.counts.len() {
            let ((at, n), (other, m)) = (a.counts[i], b.counts[j]);
            if at == other {
                sum += n * m;
            }
            i += usize::from(at <= other);
            j += usize::from(other <= at);
        }
        (sum - bins * a.mean * b.mean) / (a.norm * b.norm)
    };
    let mut all = Vec::new();
    for (k, a) in scores.iter().enumerate() {
        all.extend(scores[k + 1..].iter().map(|b| product(a, b)));
    }
    all
}

/// How often a spike of `b` falls each time lag after one of `a`: counts for lags from
/// `-lags width` to `lags width` in bins of `width` ms, the middle one around zero.
///
/// With a train and itself it is the autocorrelogram, whose middle counts every spike once.
/// Source: Perkel, Gerstein, Moore 1967, "Neuronal spike trains and stochastic point processes II".
pub fn cross_correlogram(a: &[f64], b: &[f64], width: f64, lags: usize) -> Vec<u64> {
    let mut counts = vec![0; 2 * lags + 1];
    let reach = (lags as f64 + 0.5) * width;
    let mut first = 0;
    for &time in a {
        while first < b.len() && b[first] < time - reach {
            first += 1;
        }
        for &other in b[first..].iter().take_while(|&&other| other <= time + reach) {
            let at = ((other - time) / width + lags as f64 + 0.5).floor();
            if let Some(count) = counts.get_mut(at.max(0.0) as usize) {
                *count += 1;
            }
        }
    }
    counts
}

/// Correlation of two signals of the same length, as rates of two populations, for lags from `-lags`
/// to `lags` samples; at a positive lag `b` follows `a`.
///
/// ```text
/// c(l) = 1 / (n sd_a sd_b) sum_t (a_t - mean a) (b_{t + l} - mean b)
/// ```
///
/// 1 at lag 0 for a signal and itself; samples outside count nothing, so it falls with the lag.
/// None where the signals differ in length or one does not vary.
/// Source: Box and Jenkins 1976, "Time series analysis", chapter 11.
pub fn cross_correlation(a: &[f64], b: &[f64], lags: usize) -> Option<Vec<f64>> {
    let n = a.len();
    if n != b.len() {
        return None;
    }
    let centred = |x: &[f64]| -> (Vec<f64>, f64) {
        let mean = x.iter().sum::<f64>() / n.max(1) as f64;
        let x: Vec<f64> = x.iter().map(|v| v - mean).collect();
        let norm = x.iter().map(|v| v * v).sum::<f64>().sqrt();
        (x, norm)
    };
    let ((a, norm_a), (b, norm_b)) = (centred(a), centred(b));
    let norm = norm_a * norm_b;
    if !(norm > 0.0 && norm.is_finite()) {
        return None;
    }
    let at = |lag: isize| {
        let (a, b) = match usize::try_from(lag) {
            Ok(lag) => (&a[..], b.get(lag..).unwrap_or_default()),
            Err(_) => (a.get(lag.unsigned_abs()..).unwrap_or_default(), &b[..]),
        };
        a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / norm
    };
    let lags = lags.min(n) as isize;
    Some((-lags..=lags).map(at).collect())
}
