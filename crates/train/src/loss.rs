//! Losses of one sample: what the outputs over all steps cost, and the derivative.
//! Which class the network says is decided here as well, by what each loss reads.

use crate::config::{LossConfig, Over};

/// What one sample cost, and which class was said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Judged {
    pub(crate) loss: f64,
    pub(crate) class: u32,
}

/// Rows of one sample's outputs: step `t` lies at `t * stride`.
pub(crate) struct Outputs<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) stride: usize,
    pub(crate) steps: usize,
    pub(crate) classes: usize,
}

impl Outputs<'_> {
    fn at(&self, t: usize, c: usize) -> f32 {
        self.values[t * self.stride + c]
    }
}

/// Scratch of a loss.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    scores: Vec<f64>,
    traces: Vec<f64>,
}

impl LossConfig {
    /// The loss of one sample; `g`, laid out as the outputs, becomes its derivative times `weight`.
    /// Without `g` only the loss and the class are computed.
    pub(crate) fn judge(
        &self,
        outputs: &Outputs<'_>,
        label: usize,
        weight: f32,
        g: Option<&mut [f32]>,
        scratch: &mut Scratch,
    ) -> Judged {
        match self {
            Self::Rate { scale } => rate(outputs, label, weight, f64::from(*scale), g, scratch),
            Self::FirstSpike { scale } => {
                first_spike(outputs, label, weight, f64::from(*scale), g, scratch)
            }
            Self::Membrane { over: Over::Max } => highest(outputs, label, weight, g, scratch),
            Self::Membrane { over: Over::Mean } => {
                rate(outputs, label, weight, 1.0 / outputs.steps as f64, g, scratch)
            }
            Self::VanRossum { tau_steps, period_steps } => {
                van_rossum(outputs, label, weight, *tau_steps, *period_steps, g, scratch)
            }
        }
    }
}

/// `-log softmax(scores)[label]`; the scores become the derivative. The first of the highest scores
/// is the class that was said.
fn cross_entropy(scores: &mut [f64], label: usize) -> Judged {
    let mut class = 0;
    for (c, score) in scores.iter().enumerate() {
        if *score > scores[class] {
            class = c;
        }
    }
    let highest = scores[class];
    let of_label = scores[label] - highest;
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - highest).exp();
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
    scores[label] -= 1.0;
    Judged { loss: sum.ln() - of_label, class: class as u32 }
}

/// Scores are sums over the steps.
fn rate(
    o: &Outputs<'_>,
    label: usize,
    weight: f32,
    scale: f64,
    g: Option<&mut [f32]>,
    scratch: &mut Scratch,
) -> Judged {
    let scores = &mut scratch.scores;
    scores.clear();
    scores.resize(o.classes, 0.0);
    for t in 0..o.steps {
        for (c, score) in scores.iter_mut().enumerate() {
            *score += scale * f64::from(o.at(t, c));
        }
    }
    let judged = cross_entropy(scores, label);
    if let Some(g) = g {
        for t in 0..o.steps {
            for (c, d) in scores.iter().enumerate() {
                g[t * o.stride + c] = (d * scale) as f32 * weight;
            }
        }
    }
    judged
}

/// Scores are the highest potentials over the steps, the first of several.
fn highest(
    o: &Outputs<'_>,
    label: usize,
    weight: f32,
    g: Option<&mut [f32]>,
    scratch: &mut Scratch,
) -> Judged {
    let first_highest = |c: usize| {
        (0..o.steps).fold(0, |best, t| if o.at(t, c) > o.at(best, c) { t } else { best })
    };
    let scores = &mut scratch.scores;
    scores.clear();
    scores.extend((0..o.classes).map(|c| f64::from(o.at(first_highest(c), c))));
    let judged = cross_entropy(scores, label);
    if let Some(g) = g {
        for (c, d) in scores.iter().enumerate() {
            (0..o.steps).for_each(|t| g[t * o.stride + c] = 0.0);
            g[first_highest(c) * o.stride + c] = *d as f32 * weight;
        }
    }
    judged
}

/// Scores are how many steps are left at the first spike, with `z` the spikes:
///
/// ```text
/// R(t) = z(t) (T - t) + (1 - z(t)) R(t + 1),    score = scale R(0)
/// ```
///
/// which is linear in each spike, so its derivative is exact: a spike before the first one would
/// bring the answer forward, the first one gone would leave it to the next.
fn first_spike(
    o: &Outputs<'_>,
    label: usize,
    weight: f32,
    scale: f64,
    g: Option<&mut [f32]>,
    scratch: &mut Scratch,
) -> Judged {
    let Scratch { scores, traces } = scratch;
    scores.clear();
    traces.clear();
    traces.resize(o.classes * (o.steps + 1), 0.0);
    for c in 0..o.classes {
        let left = &mut traces[c * (o.steps + 1)..][..=o.steps];
        for t in (0..o.steps).rev() {
            let z = f64::from(o.at(t, c));
            left[t] = z * (o.steps - t) as f64 + (1.0 - z) * left[t + 1];
        }
        scores.push(scale * left[0]);
    }
    let judged = cross_entropy(scores, label);
    if let Some(g) = g {
        for (c, d) in scores.iter().enumerate() {
            let left = &traces[c * (o.steps + 1)..][..=o.steps];
            let mut silent = 1.0;
            for t in 0..o.steps {
                let sooner = (o.steps - t) as f64 - left[t + 1];
                g[t * o.stride + c] = (d * scale * silent * sooner) as f32 * weight;
                silent *= 1.0 - f64::from(o.at(t, c));
            }
        }
    }
    judged
}

/// With `f(t) = decay f(t - 1) + z(t)` of the spikes and of the wanted ones, half the sum of squared
/// differences over `tau`.
fn van_rossum(
    o: &Outputs<'_>,
    label: usize,
    weight: f32,
    tau_steps: f32,
    period: usize,
    g: Option<&mut [f32]>,
    scratch: &mut Scratch,
) -> Judged {
    let tau = f64::from(tau_steps);
    let decay = (-1.0 / tau).exp();
    let Scratch { scores, traces } = scratch;
    scores.clear();
    traces.clear();
    traces.resize(o.classes * o.steps, 0.0);
    let mut loss = 0.0;
    for c in 0..o.classes {
        let (mut difference, mut count) = (0.0, 0.0);
        for t in 0..o.steps {
            let wanted = c == label && t % period == period - 1;
            count += f64::from(o.at(t, c));
            difference = decay * difference + f64::from(o.at(t, c)) - f64::from(u8::from(wanted));
            traces[c * o.steps + t] = difference;
            loss += 0.5 * difference * difference / tau;
        }
        scores.push(count);
    }
    if let Some(g) = g {
        for c in 0..o.classes {
            let mut back = 0.0;
            for t in (0..o.steps).rev() {
                back = decay * back + traces[c * o.steps + t] / tau;
                g[t * o.stride + c] = back as f32 * weight;
            }
        }
    }
    let class = cross_entropy(scores, label).class;
    Judged { loss, class }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(values: &[f32], classes: usize) -> Outputs<'_> {
        Outputs { values, stride: classes, steps: values.len() / classes, classes }
    }

    /// Every loss: the derivative is the quotient of central differences, at values off the grid.
    #[test]
    fn derivatives_are_central_differences() {
        let values: Vec<f32> = (0..15).map(|k| 0.3 + 0.4 * ((k * 7 % 11) as f32 / 11.0)).collect();
        for loss in [
            LossConfig::Rate { scale: 0.7 },
            LossConfig::FirstSpike { scale: 0.4 },
            LossConfig::Membrane { over: Over::Max },
            LossConfig::Membrane { over: Over::Mean },
            LossConfig::VanRossum { tau_steps: 3.0, period_steps: 2 },
        ] {
            let mut g = vec![f32::NAN; values.len()];
            let mut scratch = Scratch::default();
            let o = outputs(&values, 3);
            loss.judge(&o, 1, 1.0, Some(&mut g), &mut scratch);
            for k in 0..values.len() {
                let mut at = |h: f32| {
                    let mut moved = values.clone();
                    moved[k] += h;
                    loss.judge(&outputs(&moved, 3), 1, 1.0, None, &mut scratch).loss
                };
                let slope = (at(1e-3) - at(-1e-3)) / 2e-3;
                assert!((slope - f64::from(g[k])).abs() < 2e-3, "{loss:?} {k}: {slope} {}", g[k]);
            }
        }
    }

    #[test]
    fn the_class_is_the_first_of_the_best() {
        let mut scratch = Scratch::default();
        // Class 2 spikes twice but late, class 1 once and first.
        let spikes = [0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0];
        let mut class =
            |loss: LossConfig| loss.judge(&outputs(&spikes, 3), 0, 1.0, None, &mut scratch).class;
        assert_eq!(class(LossConfig::Rate { scale: 1.0 }), 2);
        assert_eq!(class(LossConfig::FirstSpike { scale: 1.0 }), 1);
        let silent = [0.0; 6];
        let judged =
            LossConfig::Rate { scale: 1.0 }.judge(&outputs(&silent, 3), 2, 1.0, None, &mut scratch);
        assert_eq!(judged.class, 0);
        assert!((judged.loss - 3f64.ln()).abs() < 1e-12);
    }
}
