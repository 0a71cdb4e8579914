//! Profiles: the conventions of a framework, which a NIR file leaves open.
//! A profile is a value: a framework's defaults, changed by options. `compile` applies it to a
//! graph, `matching` finds the one that reproduces a recording.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use spike::{
    Arrival, Comparison, Conventions, Form, Gain, Integration, Refractory, Reset, ResetTiming,
    SpikesPerStep, Start, SynapseOrder,
};

/// A framework whose conventions are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Framework {
    /// NIR's equations in forward Euler steps, read plainly.
    Plain,
    /// snnTorch 1.0.
    SnnTorch,
    /// Norse 1.1.
    Norse,
    /// SpikingJelly 2.0.
    SpikingJelly,
    /// Sinabs 2.0 and 3.1.
    Sinabs,
    /// Rockpool 3.1.
    Rockpool,
    /// Nengo 4.1.
    Nengo,
    /// Lava 0.10, floating point.
    Lava,
    /// BindsNET 0.3.
    BindsNet,
    /// Brian2 2.9.
    Brian2,
}

impl Framework {
    /// Every framework.
    pub const ALL: [Self; 10] = [
        Self::SnnTorch,
        Self::Norse,
        Self::SpikingJelly,
        Self::Sinabs,
        Self::Rockpool,
        Self::Nengo,
        Self::Lava,
        Self::BindsNet,
        Self::Brian2,
        Self::Plain,
    ];

    /// The name as it is written in options.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::SnnTorch => "snntorch",
            Self::Norse => "norse",
            Self::SpikingJelly => "spikingjelly",
            Self::Sinabs => "sinabs",
            Self::Rockpool => "rockpool",
            Self::Nengo => "nengo",
            Self::Lava => "lava",
            Self::BindsNet => "bindsnet",
            Self::Brian2 => "brian2",
        }
    }
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no framework's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("profile {found:?} is unknown, expected one of {}", Framework::ALL.map(Framework::name).join(", "))]
pub struct UnknownFramework {
    /// The name found.
    pub found: String,
}

impl FromStr for Framework {
    type Err = UnknownFramework;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let lower = name.to_ascii_lowercase();
        let known = Self::ALL.into_iter().find(|framework| framework.name() == lower);
        known.ok_or_else(|| UnknownFramework { found: name.to_owned() })
    }
}

/// What the stored time constants mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoredTau {
    /// Seconds, or steps where a step is 1.
    Seconds,
    /// Seconds times the length of a step: what Norse's exporter writes unless told `dt=1`.
    TimesStep,
}

/// The conventions of a framework as they apply to a whole graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The framework.
    pub framework: Framework,
    /// Conventions of its neurons.
    pub neurons: Conventions,
    /// The order of operations of the neurons that have a synaptic current.
    pub synaptic_form: Form,
    /// What the stored time constants mean.
    pub stored_tau: StoredTau,
    /// A reset to zero in the next step takes the whole update with it in neurons that are
    /// recurrent or have a synaptic current (snnTorch).
    pub late_zero_discards: bool,
    /// Steps from an input to the first layer.
    pub input_delay_steps: u32,
    /// Steps from a layer to the next.
    pub layer_delay_steps: u32,
    /// Steps from a layer back to itself or to an earlier one.
    pub recurrent_delay_steps: u32,
    /// Steps from a spike to the step under which the framework records it.
    pub output_delay_steps: u32,
    /// The first step in which the bias of a recurrent connection acts.
    pub recurrent_bias_from_step: u32,
    /// How the weights of dense connections change while the network runs.
    pub learning: Option<spike::Learning>,
    /// Potential after a spike by node, whatever the file says.
    pub v_reset: BTreeMap<String, f64>,
}

/// Changes to a framework's profile; each that is absent leaves the framework's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProfileOptions {
    /// The framework.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Framework>,
    /// Length of a step, in the unit of the file's time constants (seconds).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dt: Option<f64>,
    /// What a spike does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset: Option<ResetOption>,
    /// Whether the reset waits for the next step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_delay: Option<bool>,
    /// Whether a potential at the threshold fires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold_fires: Option<bool>,
    /// Whether one step may bring several spikes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub many_spikes: Option<bool>,
    /// Potential after a spike by node, where the exporter drops it (Norse).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub v_reset: BTreeMap<String, f64>,
    /// Lower bound of the potential, as a multiple of the threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lower_bound: Option<f32>,
    /// Steps after a spike in which a neuron is refractory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refractory_steps: Option<u32>,
    /// What a refractory neuron does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refractory: Option<RefractoryOption>,
    /// Whether the input of a leaky neuron is scaled by `1 - decay` (Sinabs' `norm_input`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub norm_input: Option<bool>,
    /// Steps from an input to the first layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_delay_steps: Option<u32>,
    /// Steps from a layer to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer_delay_steps: Option<u32>,
    /// How decays are integrated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration: Option<IntegrationOption>,
    /// What the stored time constants mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored_tau: Option<StoredTau>,
    /// The first step in which the bias of a recurrent connection acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recurrent_bias_from_step: Option<u32>,
    /// How the weights of dense connections change while the network runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning: Option<PostPreOption>,
    /// They change by pairs or triplets of spikes instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdp: Option<StdpOption>,
    /// They change by pairs of spikes that wait for a reward instead of either.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reward_stdp: Option<RewardStdpOption>,
}

/// [`spike::Stdp`] as an option; times in the unit of the step (seconds).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StdpOption {
    /// Growth by a pair, and by a triplet of two target spikes.
    pub a_plus: [f32; 2],
    /// Decline by a pair, and by a triplet of two source spikes.
    pub a_minus: [f32; 2],
    /// Time constants of a source's traces.
    pub tau_plus: [f64; 2],
    /// Time constants of a target's traces.
    pub tau_minus: [f64; 2],
    /// Changes shrink as a weight nears its bound.
    #[serde(default)]
    pub multiplicative: bool,
    /// Lower bound of a weight.
    pub weight_min: f32,
    /// Upper bound of a weight.
    pub weight_max: f32,
}

/// [`spike::RewardStdp`] as an option; times in the unit of the step (seconds).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewardStdpOption {
    /// A pair's mark where the source fires first.
    pub a_plus: f32,
    /// A pair's mark where the target fires first, taken off.
    pub a_minus: f32,
    /// Time constant of a source's trace.
    pub tau_plus: f64,
    /// Time constant of a target's trace.
    pub tau_minus: f64,
    /// Time constant of a mark.
    pub tau_eligibility: f64,
    /// Learning rate.
    pub rate: f32,
    /// Lower bound of a weight.
    pub weight_min: f32,
    /// Upper bound of a weight.
    pub weight_max: f32,
}

/// BindsNET's `PostPre` rule, as an option.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostPreOption {
    /// Rates of depression and of potentiation.
    pub nu: [f32; 2],
    /// Time constant of the traces, in the unit of the step (seconds).
    pub tau_trace: f64,
    /// Lower bound of a weight.
    pub weight_min: f32,
    /// Upper bound of a weight.
    pub weight_max: f32,
}

/// What a spike does, as an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetOption {
    /// The potential becomes zero.
    Zero,
    /// The potential loses the threshold.
    Subtract,
    /// The potential becomes `v_reset`.
    Value,
    /// Nothing.
    None,
}

/// What a refractory neuron does, as an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefractoryOption {
    /// Keeps its potential.
    Hold,
    /// Decays without input.
    Decay,
    /// Integrates, but cannot fire.
    Silent,
}

/// How decays are integrated, as an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntegrationOption {
    /// By `1 - dt / tau`.
    ForwardEuler,
    /// By `exp(-dt / tau)`.
    Exact,
}

impl Profile {
    /// A framework's conventions with its defaults.
    pub fn of(framework: Framework) -> Self {
        let plain = Conventions::plain(1e-4);
        let base = Self {
            framework,
            neurons: plain,
            synaptic_form: Form::Increment,
            stored_tau: StoredTau::Seconds,
            late_zero_discards: false,
            input_delay_steps: 0,
            layer_delay_steps: 0,
            recurrent_delay_steps: 1,
            output_delay_steps: 0,
            recurrent_bias_from_step: 0,
            learning: None,
            v_reset: BTreeMap::new(),
        };
        match framework {
            Framework::Plain => Self { recurrent_bias_from_step: 1, ..base },
            Framework::SnnTorch => Self {
                neurons: Conventions {
                    form: Form::Product,
                    reset: Reset::Subtract,
                    reset_timing: ResetTiming::NextStep,
                    ..plain
                },
                synaptic_form: Form::Product,
                late_zero_discards: true,
                ..base
            },
            Framework::Norse => Self {
                neurons: Conventions {
                    dt: 1e-3,
                    gain: Gain::UnitResistance,
                    synapse: SynapseOrder::JumpUseDecay,
                    start: Start::Leak,
                    ..plain
                },
                stored_tau: StoredTau::TimesStep,
                recurrent_bias_from_step: 1,
                ..base
            },
            Framework::SpikingJelly => Self {
                neurons: Conventions {
                    form: Form::Quotient,
                    comparison: Comparison::GreaterOrEqual,
                    start: Start::Reset,
                    ..plain
                },
                synaptic_form: Form::Product,
                ..base
            },
            Framework::Sinabs => Self {
                neurons: Conventions {
                    dt: 1.0,
                    integration: Integration::Exact,
                    form: Form::Product,
                    comparison: Comparison::GreaterOrEqual,
                    spikes: SpikesPerStep::Many,
                    reset: Reset::Subtract,
                    ..plain
                },
                synaptic_form: Form::Product,
                ..base
            },
            Framework::Rockpool => Self {
                neurons: Conventions {
                    dt: 1e-3,
                    integration: Integration::Exact,
                    form: Form::Product,
                    gain: Gain::Unit,
                    synapse: SynapseOrder::JumpDecayUse,
                    comparison: Comparison::GreaterOrEqual,
                    spikes: SpikesPerStep::Many,
                    reset: Reset::Subtract,
                    ..plain
                },
                synaptic_form: Form::Product,
                ..base
            },
            Framework::Nengo => Self {
                neurons: Conventions {
                    dt: 1e-3,
                    integration: Integration::ExactWithinStep,
                    ..plain
                },
                ..base
            },
            Framework::Lava => Self {
                neurons: Conventions {
                    dt: 1.0,
                    form: Form::Product,
                    gain: Gain::Unit,
                    synapse: SynapseOrder::DecayThenUse,
                    reset: Reset::Zero,
                    ..plain
                },
                synaptic_form: Form::Product,
                input_delay_steps: 1,
                layer_delay_steps: 1,
                ..base
            },
            Framework::BindsNet => Self {
                neurons: Conventions {
                    dt: 1e-3,
                    integration: Integration::Exact,
                    form: Form::Product,
                    gain: Gain::Unit,
                    comparison: Comparison::GreaterOrEqual,
                    refractory: Refractory::Decay,
                    start: Start::Leak,
                    ..plain
                },
                input_delay_steps: 1,
                layer_delay_steps: 1,
                ..base
            },
            Framework::Brian2 => Self {
                neurons: Conventions {
                    dt: 1e-3,
                    integration: Integration::Exact,
                    form: Form::Product,
                    gain: Gain::Unit,
                    arrival: Arrival::AfterThreshold,
                    start: Start::Leak,
                    ..plain
                },
                recurrent_delay_steps: 0,
                ..base
            },
        }
    }

    /// The framework's profile with the options applied; plain where they name none.
    pub fn with(options: &ProfileOptions) -> Self {
        let framework = options.name.unwrap_or(Framework::Plain);
        let mut profile = Self::of(framework);
        let neurons = &mut profile.neurons;
        if let Some(dt) = options.dt {
            neurons.dt = dt;
        }
        if let Some(reset) = options.reset {
            neurons.reset = match reset {
                ResetOption::Zero => Reset::Zero,
                ResetOption::Subtract => Reset::Subtract,
                ResetOption::Value => Reset::Value,
                ResetOption::None => Reset::None,
            };
        }
        if let Some(delayed) = options.reset_delay {
            // snnTorch charges a rest that is still above the threshold one more threshold.
            let twice = framework == Framework::SnnTorch && neurons.reset == Reset::Subtract;
            neurons.reset_timing = match (delayed, twice) {
                (true, _) => ResetTiming::NextStep,
                (false, true) => ResetTiming::SameStepChargedAhead,
                (false, false) => ResetTiming::SameStep,
            };
        }
        if let Some(fires) = options.threshold_fires {
            neurons.comparison =
                if fires { Comparison::GreaterOrEqual } else { Comparison::Greater };
        }
        if let Some(many) = options.many_spikes {
            neurons.spikes = if many { SpikesPerStep::Many } else { SpikesPerStep::One };
        }
        if !options.v_reset.is_empty() {
            neurons.reset = Reset::Value;
            profile.v_reset = options.v_reset.clone();
        }
        if let Some(bound) = options.lower_bound {
            neurons.lower_bound = Some(bound);
        }
        if let Some(steps) = options.refractory_steps {
            neurons.refractory_steps = steps;
        }
        if let Some(refractory) = options.refractory {
            neurons.refractory = match refractory {
                RefractoryOption::Hold => Refractory::Hold,
                RefractoryOption::Decay => Refractory::Decay,
                RefractoryOption::Silent => Refractory::Silent,
            };
        }
        if let Some(norm_input) = options.norm_input {
            neurons.gain = if norm_input { Gain::UnitResistance } else { Gain::Unit };
        }
        if let Some(integration) = options.integration {
            neurons.integration = match integration {
                IntegrationOption::ForwardEuler => Integration::ForwardEuler,
                IntegrationOption::Exact => Integration::Exact,
            };
        }
        if let Some(steps) = options.input_delay_steps {
            profile.input_delay_steps = steps;
        }
        if let Some(steps) = options.layer_delay_steps {
            profile.layer_delay_steps = steps;
        }
        if let Some(stored) = options.stored_tau {
            profile.stored_tau = stored;
        }
        if let Some(step) = options.recurrent_bias_from_step {
            profile.recurrent_bias_from_step = step;
        }
        if let Some(rule) = options.learning {
            profile.learning = Some(spike::Learning::PostPre(spike::PostPre {
                nu: rule.nu,
                trace_decay: (-profile.neurons.dt / rule.tau_trace).exp() as f32,
                weight_min: rule.weight_min,
                weight_max: rule.weight_max,
            }));
        }
        let decay = |tau: f64| (-profile.neurons.dt / tau).exp() as f32;
        if let Some(rule) = options.stdp {
            profile.learning = Some(spike::Learning::Stdp(spike::Stdp {
                a_plus: rule.a_plus,
                a_minus: rule.a_minus,
                pre_decay: rule.tau_plus.map(decay),
                post_decay: rule.tau_minus.map(decay),
                dependence: match rule.multiplicative {
                    true => spike::Dependence::Multiplicative,
                    false => spike::Dependence::Additive,
                },
                weight_min: rule.weight_min,
                weight_max: rule.weight_max,
            }));
        }
        if let Some(rule) = options.reward_stdp {
            profile.learning = Some(spike::Learning::Reward(spike::RewardStdp {
                a_plus: rule.a_plus,
                a_minus: rule.a_minus,
                pre_decay: decay(rule.tau_plus),
                post_decay: decay(rule.tau_minus),
                eligibility_decay: decay(rule.tau_eligibility),
                rate: rule.rate,
                weight_min: rule.weight_min,
                weight_max: rule.weight_max,
            }));
        }
        profile
    }

    /// Every convention in words: what it is about, and what holds.
    pub fn describe(&self) -> Vec<(&'static str, String)> {
        let n = &self.neurons;
        let text = |s: &str| s.to_owned();
        let mut all = vec![
            ("step", format!("{} (unit of the time constants)", n.dt)),
            (
                "integration",
                text(match n.integration {
                    Integration::ForwardEuler => "forward Euler: decay by 1 - dt / tau",
                    Integration::Exact => "exact: decay by exp(-dt / tau)",
                    Integration::ExactWithinStep => "exact, with spike times inside the step",
                }),
            ),
            (
                "input gain",
                text(match n.gain {
                    Gain::Equation => "as the equation says: r dt / tau",
                    Gain::Unit => "one, whatever r and tau",
                    Gain::UnitResistance => "as the equation says with r = 1",
                }),
            ),
            (
                "threshold",
                text(match n.comparison {
                    Comparison::Greater => "fires above it",
                    Comparison::GreaterOrEqual => "fires at and above it",
                }),
            ),
            (
                "spikes per step",
                text(match n.spikes {
                    SpikesPerStep::One => "one",
                    SpikesPerStep::Many => "as many thresholds as the potential holds",
                }),
            ),
            (
                "reset",
                text(match n.reset {
                    Reset::Zero => "to zero",
                    Reset::Subtract => "by subtracting the threshold",
                    Reset::Value => "to v_reset",
                    Reset::None => "none",
                }),
            ),
            (
                "reset happens",
                text(match n.reset_timing {
                    ResetTiming::SameStep => "in the step of the spike",
                    ResetTiming::NextStep | ResetTiming::NextStepDiscardsUpdate => {
                        "in the next step"
                    }
                    ResetTiming::SameStepChargedAhead => {
                        "in the step of the spike; the rest is charged ahead while above the threshold"
                    }
                }),
            ),
            (
                "input arrives",
                text(match n.arrival {
                    Arrival::BeforeThreshold => "before the threshold is tested",
                    Arrival::AfterThreshold => "after the threshold, before the reset",
                }),
            ),
            (
                "delays",
                format!(
                    "input {}, layer {}, recurrent {} steps",
                    self.input_delay_steps, self.layer_delay_steps, self.recurrent_delay_steps
                ),
            ),
        ];
        if !self.v_reset.is_empty() {
            all.push(("v_reset", format!("{:?}, whatever the file says", self.v_reset)));
        }
        if let Some(bound) = n.lower_bound {
            all.push(("lower bound", format!("{bound} times the threshold")));
        }
        if n.refractory_steps > 0 {
            all.push(("refractory", format!("{} steps ({:?})", n.refractory_steps, n.refractory)));
        }
        if let Some(spike::Learning::PostPre(rule)) = &self.learning {
            all.push(("learning", format!("PostPre with nu {:?}", rule.nu)));
        }
        if let Some(spike::Learning::Stdp(rule)) = &self.learning {
            let (plus, minus) = (rule.a_plus, rule.a_minus);
            all.push(("learning", format!("STDP with a_plus {plus:?}, a_minus {minus:?}")));
        }
        if let Some(spike::Learning::Reward(rule)) = &self.learning {
            all.push(("learning", format!("STDP that waits for a reward, rate {}", rule.rate)));
        }
        if self.stored_tau == StoredTau::TimesStep {
            all.push(("time constants", "stored as tau times dt; divided by dt here".into()));
        }
        if self.output_delay_steps > 0 {
            all.push(("outputs", format!("read {} steps late", self.output_delay_steps)));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::Framework;

    #[test]
    fn names_are_read_back_and_unknown_ones_listed() {
        for framework in Framework::ALL {
            assert_eq!(framework.name().parse(), Ok(framework));
        }
        let error = "spyx".parse::<Framework>().unwrap_err().to_string();
        assert!(error.starts_with("profile \"spyx\" is unknown, expected one of snntorch, norse"));
    }
}
