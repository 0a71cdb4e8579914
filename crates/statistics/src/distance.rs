//! Distances between spike trains.

/// The distance of van Rossum: trains as sums of exponentials with `tau` (ms), the root of the
/// integral of their squared difference by `tau / 2`.
///
/// 0 between equal trains; a lone spike is at distance 1 from silence. In time proportional to the
/// number of spikes.
/// Source: van Rossum 2001, "A novel spike distance"; computed as Houghton and Kreuz 2012, "On the
/// efficient calculation of van Rossum distances", section 2.2.
pub fn van_rossum(a: &[f64], b: &[f64], tau: f64) -> f64 {
    let square = own(a, tau) + own(b, tau) - 2.0 * between(a, b, tau);
    // Rounding may leave a little below zero.
    square.max(0.0).sqrt()
}

/// The sum of `exp(-|s - t| / tau)` over all ordered pairs of a train's spikes.
fn own(train: &[f64], tau: f64) -> f64 {
    let (mut before, mut sum) = (0.0, 0.0);
    for (k, &time) in train.iter().enumerate() {
        if k > 0 {
            before = (before + 1.0) * (-(time - train[k - 1]) / tau).exp();
        }
        sum += 1.0 + 2.0 * before;
    }
    sum
}

/// The sum of `exp(-|s - t| / tau)` over all pairs of a spike of one train and one of the other.
fn between(a: &[f64], b: &[f64], tau: f64) -> f64 {
    later(a, b, tau, true) + later(b, a, tau, false)
}

/// The part of [`between`] with the first train's spike later, or at once where `at_once` is set.
fn later(a: &[f64], b: &[f64], tau: f64, at_once: bool) -> f64 {
    let (mut trace, mut last, mut next, mut sum) = (0.0, f64::NEG_INFINITY, 0, 0.0);
    for &time in a {
        while next < b.len() && (b[next] < time || (at_once && b[next] == time)) {
            let decay = if last.is_finite() { (-(b[next] - last) / tau).exp() } else { 0.0 };
            trace = trace * decay + 1.0;
            last = b[next];
            next += 1;
        }
        if last.is_finite() {
            sum += trace * (-(time - last) / tau).exp();
        }
    }
    sum
}

/// The distance of Victor and Purpura: the least cost of making one train of the other, where a
/// spike costs 1 to add or to remove, and `cost` (per ms) times its way to move.
///
/// With cost 0 the difference of the counts; with a large one every spike that is not shared.
/// Source: Victor and Purpura 1996, "Nature and precision of temporal coding in visual cortex",
/// the metric D_spike and its algorithm.
pub fn victor_purpura(a: &[f64], b: &[f64], cost: f64) -> f64 {
    let mut row: Vec<f64> = (0..=b.len()).map(|n| n as f64).collect();
    for (i, s) in a.iter().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i as f64 + 1.0);
        for (j, t) in b.iter().enumerate() {
            let moved = corner + cost * (s - t).abs();
            corner = row[j + 1];
            row[j + 1] = moved.min(row[j + 1] + 1.0).min(row[j] + 1.0);
        }
    }
    row.last().copied().unwrap_or(0.0)
}
