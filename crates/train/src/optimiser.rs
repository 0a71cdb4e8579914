//! Optimisers: how a gradient becomes a step. One loop over flat arrays, cut into parts that know
//! nothing of each other.

use crate::config::OptimiserConfig;
use crate::kernel::widest;

/// What an optimiser remembers of each weight: its first and, where there is one, second moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Memory {
    pub(crate) first: Vec<f32>,
    pub(crate) second: Vec<f32>,
    /// Steps taken.
    pub(crate) steps: u64,
}

impl OptimiserConfig {
    /// How many moments of each weight are remembered.
    pub(crate) fn moments(&self) -> usize {
        match self {
            Self::Adam { .. } | Self::Adamw { .. } => 2,
            Self::Sgd { .. } => 1,
        }
    }

    /// One step of some weights: step number `step`, from 1, at learning rate `rate`, with the
    /// gradient times `scale`. `second` is empty where it is not remembered.
    pub(crate) fn step(&self, part: Part<'_>, step: u64, rate: f32, scale: f32) {
        let Part { weights, gradient, first, second } = part;
        let corrected = |beta: f32| (1.0 - f64::from(beta).powf(step as f64)) as f32;
        match self {
            Self::Adam { betas, epsilon, .. } => {
                let corrections = betas.map(corrected);
                adam(
                    weights,
                    gradient,
                    first,
                    second,
                    *betas,
                    corrections,
                    rate,
                    *epsilon,
                    0.0,
                    scale,
                );
            }
            Self::Adamw { betas, epsilon, weight_decay, .. } => {
                let corrections = betas.map(corrected);
                let decay = rate * weight_decay;
                adam(
                    weights,
                    gradient,
                    first,
                    second,
                    *betas,
                    corrections,
                    rate,
                    *epsilon,
                    decay,
                    scale,
                );
            }
            Self::Sgd { momentum, weight_decay, .. } => {
                sgd(weights, gradient, first, *momentum, rate, *weight_decay, scale);
            }
        }
    }
}

/// Some weights, their gradient and what is remembered of them.
pub(crate) struct Part<'a> {
    pub(crate) weights: &'a mut [f32],
    pub(crate) gradient: &'a [f32],
    pub(crate) first: &'a mut [f32],
    pub(crate) second: &'a mut [f32],
}

widest! {
    fn adam(
        w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32],
        betas: [f32; 2], corrections: [f32; 2], rate: f32, epsilon: f32, decay: f32, scale: f32,
    ) {
        let n = w.len();
        let (g, m, v) = (&g[..n], &mut m[..n], &mut v[..n]);
        let [b1, b2] = betas;
        let step = rate / corrections[0];
        let root = 1.0 / corrections[1].sqrt();
        for j in 0..n {
            let g = g[j] * scale;
            m[j] = b1 * m[j] + (1.0 - b1) * g;
            v[j] = b2 * v[j] + (1.0 - b2) * (g * g);
            w[j] = (w[j] - decay * w[j]) - step * m[j] / (v[j].sqrt() * root + epsilon);
        }
    }
}

widest! {
    fn sgd(
        w: &mut [f32], g: &[f32], m: &mut [f32], momentum: f32, rate: f32, decay: f32, scale: f32
    ) {
        let n = w.len();
        let (g, m) = (&g[..n], &mut m[..n]);
        for j in 0..n {
            let g = g[j] * scale + decay * w[j];
            m[j] = momentum * m[j] + g;
            w[j] -= rate * m[j];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three steps on f(w) = w^2 / 2 from w = 1; the numbers are torch 2.15's (`torch.optim`).
    #[test]
    fn three_steps_are_torchs() {
        let betas = [0.9, 0.999];
        let run = |config: OptimiserConfig| {
            let (mut w, mut m, mut v) = ([1.0f32], [0.0], [0.0]);
            for step in 1..=3 {
                let gradient = w;
                let part =
                    Part { weights: &mut w, gradient: &gradient, first: &mut m, second: &mut v };
                config.step(part, step, config.rate(), 1.0);
            }
            w[0]
        };
        let close = |found: f32, expected: f32| assert!((found - expected).abs() < 2e-6, "{found}");
        close(run(OptimiserConfig::Adam { rate: 0.1, betas, epsilon: 1e-8 }), TORCH[0]);
        let adamw = OptimiserConfig::Adamw { rate: 0.1, betas, epsilon: 1e-8, weight_decay: 0.1 };
        close(run(adamw), TORCH[1]);
        close(run(OptimiserConfig::Sgd { rate: 0.1, momentum: 0.9, weight_decay: 0.01 }), TORCH[2]);
    }

    const TORCH: [f32; 3] = [0.701_586_3, 0.675_101_3, 0.481_324_5];
}
