//! Surrogates: what stands for the derivative of a spike with respect to the potential.
//! Where a spike is decided is `neuron`; here is only how steep the decision is taken to be.

use serde::{Deserialize, Serialize};

/// The derivative used in place of that of the step function, with `u = v - v_threshold` and
/// slope `k`, times `scale`.
///
/// | kind | derivative | primitive | source |
/// | --- | --- | --- | --- |
/// | `fast_sigmoid` | `1 / (1 + k abs(u))^2` | `u / (1 + k abs(u))` | Zenke, Ganguli 2018, eq. 4 |
/// | `arctan` | `k/2 / (1 + (pi/2 k u)^2)` | `atan(pi/2 k u) / pi + 1/2` | Fang et al. 2021, sec. 4.4 |
/// | `triangular` | `max(0, 1 - k abs(u))` | its integral from 0 | Bellec et al. 2018, eq. 4 (with scale 0.3) |
///
/// `u` is in the unit of the threshold, `k` in its inverse.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Surrogate {
    /// The shape.
    pub kind: SurrogateKind,
    /// k, above zero.
    #[serde(default = "default_slope")]
    pub slope: f32,
    /// What the derivative is multiplied by, above zero.
    #[serde(default = "one")]
    pub scale: f32,
}

/// The shape of a surrogate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurrogateKind {
    /// Zenke and Ganguli 2018.
    FastSigmoid,
    /// Fang et al. 2021.
    Arctan,
    /// Bellec et al. 2018.
    Triangular,
}

fn default_slope() -> f32 {
    25.0
}

fn one() -> f32 {
    1.0
}

impl Default for Surrogate {
    fn default() -> Self {
        Self { kind: SurrogateKind::FastSigmoid, slope: default_slope(), scale: 1.0 }
    }
}

impl Surrogate {
    /// The derivative at `u`.
    pub fn derivative(&self, u: f32) -> f32 {
        let k = self.slope;
        self.scale
            * match self.kind {
                SurrogateKind::FastSigmoid => fast_sigmoid(u, k),
                SurrogateKind::Arctan => arctan(u, k),
                SurrogateKind::Triangular => triangular(u, k),
            }
    }

    /// The function that has this derivative: the smooth spike against which gradients are checked.
    pub fn primitive(&self, u: f32) -> f32 {
        let k = self.slope;
        self.scale
            * match self.kind {
                SurrogateKind::FastSigmoid => u / (1.0 + k * u.abs()),
                SurrogateKind::Arctan => {
                    (std::f32::consts::FRAC_PI_2 * k * u).atan() * std::f32::consts::FRAC_1_PI + 0.5
                }
                SurrogateKind::Triangular => {
                    let within = u.clamp(-1.0 / k, 1.0 / k);
                    within - 0.5 * k * within * within.abs()
                }
            }
    }
}

#[inline(always)]
pub(crate) fn fast_sigmoid(u: f32, k: f32) -> f32 {
    let root = 1.0 + k * u.abs();
    1.0 / (root * root)
}

#[inline(always)]
pub(crate) fn arctan(u: f32, k: f32) -> f32 {
    let x = std::f32::consts::FRAC_PI_2 * k * u;
    0.5 * k / (1.0 + x * x)
}

#[inline(always)]
pub(crate) fn triangular(u: f32, k: f32) -> f32 {
    (1.0 - k * u.abs()).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_derivative_is_the_primitives() {
        for kind in [SurrogateKind::FastSigmoid, SurrogateKind::Arctan, SurrogateKind::Triangular] {
            let surrogate = Surrogate { kind, slope: 2.0, scale: 0.3 };
            for u in [-0.9f32, -0.3, -0.01, 0.02, 0.2, 0.4, 1.5] {
                let h = 1e-2;
                let slope = (surrogate.primitive(u + h) - surrogate.primitive(u - h)) / (2.0 * h);
                let found = surrogate.derivative(u);
                assert!((slope - found).abs() < 5e-3, "{kind:?} at {u}: {slope} and {found}");
            }
        }
    }
}
