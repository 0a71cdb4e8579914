//! How much spikes could say: entropies in bits.

use std::collections::HashMap;

use crate::counts::counts;
use crate::intervals::intervals;
use crate::trains::Trains;

/// Bins of a word.
pub const MAX_WORD: usize = 64;

/// Entropy (bits) of a train's intervals in bins of `width` ms.
///
/// 0 for a regular train. `width` must be above 0; None without intervals.
/// Source: Shannon 1948, "A mathematical theory of communication"; for intervals Reich
/// et al. 2000, "Interspike intervals, receptive fields, and information encoding in primary visual
/// cortex", Journal of Neuroscience 20.
pub fn interval_entropy(train: &[f64], width: f64) -> Option<f64> {
    entropy(intervals(train).into_iter().map(|interval| (interval / width + 1e-8).floor() as u64))
}

/// Entropy (bits) of the words of a neuron: `length` bins of `width` ms, one after the other, each
/// with or without a spike; a broken last word is left out.
///
/// It is the direct estimate, below the true one by about `(words that occur - 1) / (2 n ln 2)`
/// where there are few words `n` (Miller 1955).
/// None for no whole word, or a `length` of 0 or above [`MAX_WORD`].
/// Source: Strong et al. 1998, "Entropy and information in neural spike trains", Physical Review
/// Letters 80, equation 1 times the length of a word.
pub fn word_entropy(trains: &Trains, neuron: usize, width: f64, length: usize) -> Option<f64> {
    if length == 0 || length > MAX_WORD || neuron >= trains.size() {
        return None;
    }
    let bins = counts(trains, trains.of(neuron), width);
    let word = |bins: &[u32]| bins.iter().fold(0u64, |word, n| word << 1 | u64::from(*n > 0));
    entropy(bins.chunks_exact(length).map(word))
}

/// Entropy of the shares of what occurs; none where nothing does.
fn entropy(symbols: impl Iterator<Item = u64>) -> Option<f64> {
    let mut counts: HashMap<u64, u32> = HashMap::new();
    symbols.for_each(|symbol| *counts.entry(symbol).or_default() += 1);
    // In a fixed order, so that the sum has the same bits each time.
    let mut counts: Vec<u32> = counts.into_values().collect();
    counts.sort_unstable();
    let n: f64 = counts.iter().map(|n| f64::from(*n)).sum();
    let term = |count: &u32| {
        let share = f64::from(*count) / n;
        -share * share.log2()
    };
    // Not minus zero where there is one symbol.
    (n > 0.0).then(|| counts.iter().map(term).sum::<f64>() + 0.0)
}
