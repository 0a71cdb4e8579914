//! Inner hair cells: how strongly a band moves becomes when a nerve fibre spikes.

/// A hair cell with its fibre: a leaky integrate-and-fire neuron whose threshold adapts.
///
/// ```text
/// i = (level)^exponent                       compression; level 1 is full scale
/// v := v + (1 - exp(-dt / tau_mem)) (i / threshold - v)
/// spike where v >= 1 + a;  then v := 0, a := a + adaptation
/// a := a exp(-dt / tau_adaptation)
/// ```
///
/// so that a constant level spikes fast at first and slower later, and onsets stand out.
///
/// - **Parameters**: below. **State**: v and a, no unit.
/// - **Source**: compression, Oxenham, Moore (1994), Hearing Research 80; adaptation, Meddis (1986),
///   JASA 79, in the form of an adaptive threshold (Fuortes, Mantegazzini 1962).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HairCell {
    /// Of the compression, above 0 and at most 1.
    pub exponent: f64,
    /// The compressed level that just spikes, above 0.
    pub threshold: f64,
    /// Time constant of v, in seconds.
    pub tau_mem_seconds: f64,
    /// What each spike adds to the threshold, in thresholds.
    pub adaptation: f64,
    /// Time constant of the adaptation, in seconds.
    pub tau_adaptation_seconds: f64,
}

impl Default for HairCell {
    fn default() -> HairCell {
        HairCell {
            exponent: 1.0 / 3.0,
            threshold: 0.1,
            tau_mem_seconds: 0.005,
            adaptation: 0.3,
            tau_adaptation_seconds: 0.05,
        }
    }
}

/// The constants of a step, and the state of each band.
#[derive(Clone, Debug)]
pub(super) struct Fibres {
    exponent: f64,
    gain: f64,
    approach: f64,
    adaptation: f64,
    adaptation_kept: f64,
    v: Vec<f64>,
    a: Vec<f64>,
}

impl Fibres {
    pub(super) fn new(cell: HairCell, n: usize, dt_seconds: f64) -> Fibres {
        Fibres {
            exponent: cell.exponent,
            gain: 1.0 / cell.threshold,
            approach: 1.0 - (-dt_seconds / cell.tau_mem_seconds).exp(),
            adaptation: cell.adaptation,
            adaptation_kept: (-dt_seconds / cell.tau_adaptation_seconds).exp(),
            v: vec![0.0; n],
            a: vec![0.0; n],
        }
    }

    /// One step; adds each band's spike to `spikes`.
    pub(super) fn step(&mut self, levels: &[f64], spikes: &mut [f32]) {
        let state = self.v.iter_mut().zip(&mut self.a);
        for ((level, spikes), (v, a)) in levels.iter().zip(spikes).zip(state) {
            *v += self.approach * (level.powf(self.exponent) * self.gain - *v);
            *a *= self.adaptation_kept;
            if *v >= 1.0 + *a {
                (*v, *a) = (0.0, *a + self.adaptation);
                *spikes += 1.0;
            }
        }
    }

    pub(super) fn reset(&mut self) {
        self.v.fill(0.0);
        self.a.fill(0.0);
    }
}
