//! Columns inhibit each other until one is left: a MAXNET (Lippmann 1987), whose order never changes,
//! so that the strongest at the start wins and the lead decides how long it takes.

/// How a competition ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// Position of the winner among the competitors.
    pub(crate) winner: usize,
    /// Whether only the winner was left.
    pub(crate) settled: bool,
    pub(crate) iterations: u32,
    /// What the winner had more than the next, at the start.
    pub(crate) lead: f32,
}

/// Lets the competitors inhibit each other.
///
/// In an iteration each activation loses `inhibition / (n - 1)` times the sum of the others, and none
/// falls below zero. Activations begin at their distance from the weakest, over that of the
/// strongest, and a tenth, so that all take part.
pub(crate) fn compete(overlaps: &[f32], inhibition: f32, max_iterations: u32) -> Outcome {
    let mut winner = 0;
    for (i, x) in overlaps.iter().enumerate() {
        if *x > overlaps[winner] {
            winner = i;
        }
    }
    let others = overlaps.iter().enumerate().filter(|(i, _)| *i != winner);
    let second = others.map(|(_, x)| *x).fold(f32::NEG_INFINITY, f32::max);
    if overlaps.len() < 2 {
        return Outcome {
            winner,
            settled: true,
            iterations: 0,
            lead: overlaps.first().map_or(0.0, |x| *x),
        };
    }
    let lead = overlaps[winner] - second;
    let weakest = overlaps.iter().copied().fold(f32::INFINITY, f32::min);
    let range = (overlaps[winner] - weakest).max(f32::MIN_POSITIVE);
    let mut active: Vec<f32> = overlaps.iter().map(|x| 0.1 + 0.9 * (x - weakest) / range).collect();
    let strength = inhibition / (active.len() - 1) as f32;
    let mut iterations = 0;
    while active.iter().filter(|x| **x > 0.0).count() > 1 && iterations < max_iterations {
        let sum: f32 = active.iter().sum();
        for x in &mut active {
            *x = (*x - strength * (sum - *x)).max(0.0);
        }
        iterations += 1;
    }
    let left = active.iter().filter(|x| **x > 0.0).count();
    Outcome { winner, settled: left == 1 && active[winner] > 0.0, iterations, lead }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_wins_and_a_small_lead_takes_longer() {
        let clear = compete(&[0.1, 0.9, 0.3], 0.8, 64);
        let close = compete(&[0.1, 0.9, 0.8999], 0.8, 64);
        assert_eq!((clear.winner, clear.settled), (1, true));
        assert_eq!((close.winner, close.settled), (1, true));
        assert!(clear.iterations < close.iterations, "{clear:?} {close:?}");
    }

    #[test]
    fn a_tie_does_not_settle_and_the_first_is_taken() {
        let tie = compete(&[0.5, 0.5, 0.1], 0.8, 64);
        assert_eq!((tie.winner, tie.settled, tie.iterations), (0, false, 64));
    }

    #[test]
    fn one_alone_wins_at_once() {
        assert_eq!(compete(&[0.4], 0.8, 64).iterations, 0);
    }
}
