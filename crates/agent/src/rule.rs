//! The three-factor rule: a stochastic actor and a critic that read sparse features. It knows
//! nothing of where features come from; columns and spiking networks both end here.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// Traces below this are dropped.
pub const LEAST_TRACE: f64 = 1e-4;
/// Cells that one set of weights may have; features beyond them weigh nothing and learn nothing.
pub const MAX_CELLS: usize = 1 << 16;
/// Weights of one actor: cells times outputs.
pub const MAX_ACTOR_WEIGHTS: usize = 1 << 17;
/// The largest magnitude of a feature.
pub const MAX_ACTIVITY: f64 = 1e9;
/// The largest sum that an actor's neuron takes.
const MAX_DRIVE: f64 = 30.0;

/// What a feature is called: the cell that it belongs to.
pub type Cell = u64;

/// A feature that is active: its cell and how active it is.
pub type Active = (Cell, f64);

/// Parameters of the rule.
///
/// ```text
/// delta  = r + gamma * V(s') - V(s)                    dopamine; V(s') = 0 at a terminal state
/// e_v(i) = max(gamma * lambda * e_v(i), x(i))          eligibility of the critic, replacing
/// e_a(i) = gamma * lambda * e_a(i) + (a - p) * x(i)    eligibility of the actor
/// w_v   += critic_step * delta * e_v                   third factor times eligibility
/// w_a   += actor_step  * delta * e_a
/// ```
///
/// `x` is the activity of a feature, `a` whether the actor's neuron fired and `p` its probability.
/// Two actions are one neuron that fires or does not, `p = 1 / (1 + exp(-w x))`; more are a neuron
/// each, of which one fires by softmax. The rule is reward-modulated Hebbian learning: local at the
/// synapse but for `delta`.
/// Source: Barto, Sutton and Anderson 1983, "Neuronlike adaptive elements", equations 1 to 5;
/// Frémaux, Sprekeler and Gerstner 2013, "Reinforcement learning using a continuous time
/// actor-critic framework with spiking neurons".
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Discount of what comes later, 0 to 1.
    pub gamma: f64,
    /// Decay of traces beside it, 0 to 1.
    pub lambda: f64,
    /// Step of the actor for one unit of activity.
    pub actor_step: f64,
    /// Step of the critic for one unit of activity.
    pub critic_step: f64,
    /// Value of a cell that nothing was learned of, above zero to explore.
    pub initial_value: f64,
    /// The largest magnitude of a weight.
    pub weight_limit: f64,
}

/// What changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// Weights that changed.
    pub weights: u64,
    /// Those of them that the limit held.
    pub clamped: u64,
    /// Features that found no cell because all are taken.
    pub without_cell: u64,
}

/// Weights of an actor and a critic over cells; a cell is allocated when it first learns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// Neurons of the actor.
    outputs: u32,
    cells: Vec<Cell>,
    critic: Vec<f64>,
    /// By cell, then output.
    actor: Vec<f64>,
    #[serde(skip)]
    slots: FxHashMap<Cell, u32>,
}

impl Weights {
    pub(crate) fn new(outputs: u32) -> Self {
        Self { outputs, ..Self::default() }
    }

    /// Cells that have weights.
    pub fn n_cells(&self) -> usize {
        self.cells.len()
    }

    /// Every weight: the critic's, then the actor's.
    pub fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.critic.iter().chain(&self.actor).copied()
    }

    fn width(&self) -> usize {
        self.outputs as usize
    }

    fn slot(&self, cell: Cell) -> Option<usize> {
        self.slots.get(&cell).map(|slot| *slot as usize)
    }

    fn allocated(&mut self, cell: Cell, initial: f64) -> Option<usize> {
        if let Some(slot) = self.slot(cell) {
            return Some(slot);
        }
        let slot = self.cells.len();
        if slot >= MAX_CELLS || (slot + 1) * self.width() > MAX_ACTOR_WEIGHTS {
            return None;
        }
        self.cells.push(cell);
        self.critic.push(initial);
        self.actor.resize((slot + 1) * self.width(), 0.0);
        self.slots.insert(cell, slot as u32);
        Some(slot)
    }

    /// The critic: what is to be expected from here on.
    pub(crate) fn value(&self, active: &[Active], initial: f64) -> f64 {
        let weight = |cell| self.slot(cell).map_or(initial, |slot| self.critic[slot]);
        active.iter().map(|&(cell, x)| weight(cell) * x).sum()
    }

    /// The actor: the drive of each of its neurons.
    pub(crate) fn drives(&self, active: &[Active]) -> Vec<f64> {
        let width = self.width();
        let mut drives = vec![0.0; width];
        for &(cell, x) in active {
            if let Some(slot) = self.slot(cell) {
                let weights = &self.actor[slot * width..(slot + 1) * width];
                drives.iter_mut().zip(weights).for_each(|(drive, w)| *drive += w * x);
            }
        }
        drives
    }

    /// What was read must hold; cells find their slots again.
    pub(crate) fn check(&mut self, outputs: u32, limit: f64) -> Result<(), String> {
        let n = self.cells.len();
        let fits = self.outputs == outputs
            && n <= MAX_CELLS
            && self.critic.len() == n
            && n.checked_mul(self.width()) == Some(self.actor.len())
            && self.actor.len() <= MAX_ACTOR_WEIGHTS;
        if !fits {
            return Err(format!("{n} cells do not fit their weights"));
        }
        if let Some(w) = self.values().find(|w| w.is_nan() || w.abs() > limit) {
            return Err(format!("a weight is {w}, expected within ±{limit}"));
        }
        self.slots = self.cells.iter().enumerate().map(|(k, &cell)| (cell, k as u32)).collect();
        match self.slots.len() == n {
            true => Ok(()),
            false => Err("a cell is there twice".into()),
        }
    }
}

/// Probabilities of the actions from the drives of the actor's neurons; with one neuron the second
/// action is its spike.
pub(crate) fn probabilities(drives: &[f64]) -> Vec<f64> {
    if let [drive] = drives {
        let p = 1.0 / (1.0 + (-drive.clamp(-MAX_DRIVE, MAX_DRIVE)).exp());
        return vec![1.0 - p, p];
    }
    let clamped = drives.iter().map(|drive| drive.clamp(-MAX_DRIVE, MAX_DRIVE));
    let shares: Vec<f64> = clamped.map(f64::exp).collect();
    let sum: f64 = shares.iter().sum();
    shares.into_iter().map(|share| share / sum).collect()
}

/// Which action a uniform number picks.
pub(crate) fn pick(probabilities: &[f64], uniform: f64) -> u32 {
    if let [_, p] = probabilities {
        return u32::from(uniform < *p);
    }
    let mut left = uniform;
    for (k, p) in probabilities.iter().enumerate() {
        left -= p;
        if left < 0.0 {
            return k as u32;
        }
    }
    probabilities.len() as u32 - 1
}

/// Eligibility of the synapses that were active lately.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Traces {
    slots: Vec<u32>,
    critic: Vec<f64>,
    /// By trace, then output.
    actor: Vec<f64>,
    #[serde(skip)]
    places: FxHashMap<u32, u32>,
}

impl Traces {
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    fn decay(&mut self, by: f64, width: usize) {
        let faded = |trace: &mut f64| {
            *trace *= by;
            if trace.abs() < LEAST_TRACE {
                *trace = 0.0;
            }
        };
        self.critic.iter_mut().chain(&mut self.actor).for_each(faded);
        let mut k = 0;
        while k < self.slots.len() {
            let gone = self.critic[k] == 0.0
                && self.actor[k * width..(k + 1) * width].iter().all(|e| *e == 0.0);
            if gone { self.remove(k, width) } else { k += 1 }
        }
    }

    /// The last trace takes the place of this one.
    fn remove(&mut self, k: usize, width: usize) {
        let last = self.slots.len() - 1;
        self.places.remove(&self.slots[k]);
        self.slots.swap_remove(k);
        self.critic.swap_remove(k);
        let (from, to) = (last * width, k * width);
        self.actor.copy_within(from..from + width, to);
        self.actor.truncate(from);
        if k < self.slots.len() {
            self.places.insert(self.slots[k], k as u32);
        }
    }

    fn place(&mut self, slot: usize, width: usize) -> usize {
        let next = self.slots.len();
        let place = *self.places.entry(slot as u32).or_insert(next as u32) as usize;
        if place == next {
            self.slots.push(slot as u32);
            self.critic.push(0.0);
            self.actor.resize((next + 1) * width, 0.0);
        }
        place
    }

    pub(crate) fn check(&mut self, weights: &Weights) -> Result<(), String> {
        let (n, width) = (self.slots.len(), weights.width());
        let fits = self.critic.len() == n && n.checked_mul(width) == Some(self.actor.len());
        let within = self.slots.iter().all(|slot| (*slot as usize) < weights.n_cells());
        let finite = self.critic.iter().chain(&self.actor).all(|e| e.is_finite());
        self.places = self.slots.iter().enumerate().map(|(k, &slot)| (slot, k as u32)).collect();
        match fits && within && finite && self.places.len() == n {
            true => Ok(()),
            false => Err(format!("{n} traces do not fit {} cells", weights.n_cells())),
        }
    }
}

/// Makes the synapses of an action eligible.
pub(crate) fn mark(
    (weights, traces): (&mut Weights, &mut Traces),
    rule: &Rule,
    active: &[Active],
    (action, probabilities): (u32, &[f64]),
) -> u64 {
    let width = weights.width();
    traces.decay(rule.gamma * rule.lambda, width);
    let mut without_cell = 0;
    for &(cell, x) in active.iter().filter(|(_, x)| *x != 0.0) {
        let Some(slot) = weights.allocated(cell, rule.initial_value) else {
            without_cell += 1;
            continue;
        };
        let place = traces.place(slot, width);
        traces.critic[place] = traces.critic[place].max(x);
        for output in 0..width {
            // One neuron fires for the second action; of several each fires for its own.
            let of = if width == 1 { 1 } else { output };
            let fired = f64::from(u8::from(action as usize == of));
            traces.actor[place * width + output] += (fired - probabilities[of]) * x;
        }
    }
    without_cell
}

/// Gives dopamine to what is eligible.
pub(crate) fn reinforce(
    (weights, traces): (&mut Weights, &Traces),
    rule: &Rule,
    delta: f64,
) -> Changes {
    let mut changes = Changes::default();
    let width = weights.width();
    let mut change = |weight: &mut f64, by: f64| {
        let wanted = *weight + by;
        let bounded = wanted.clamp(-rule.weight_limit, rule.weight_limit);
        changes.weights += u64::from(bounded != *weight);
        changes.clamped += u64::from(bounded != wanted);
        *weight = bounded;
    };
    for (k, &slot) in traces.slots.iter().enumerate() {
        let slot = slot as usize;
        change(&mut weights.critic[slot], rule.critic_step * delta * traces.critic[k]);
        for output in 0..width {
            let by = rule.actor_step * delta * traces.actor[k * width + output];
            change(&mut weights.actor[slot * width + output], by);
        }
    }
    changes
}
