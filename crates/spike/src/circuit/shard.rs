//! A shard at work: the neurons and the incoming synapses that one thread steps.

use super::deliver::{Calendar, Sum, Sums, part};
use super::describe::{Circuit, Distribution, StimulusKind, Variable};
use super::draw::{CHUNK, Purpose, Stream};
use super::drive::Drive;
use super::learn::{Learner, Setting};
use super::neuron::Neuron;
use super::plan::{Format, MAX_RECEPTORS, Plan, Segment, spread};
use super::rows::{Rows, draw};
use super::update::{BLOCK, Cell, Cells, Kernel, Level, More, QUIET_EVERY, Under, Whole, quiet};

/// The state of a shard.
#[derive(Debug)]
pub(crate) struct Shard {
    parts: Vec<Part>,
    state: State,
    pub(crate) rows: Vec<Rows>,
    calendars: Vec<Calendar>,
    learners: Vec<Option<Learner>>,
    sums: Sums,
    /// Neurons of the shard that fired in this step, by position in the shard.
    fired: Vec<u32>,
    /// Steps and neurons of spikes that are kept.
    pub(crate) kept: Vec<(u64, u32)>,
    pub(crate) taps: Vec<Tap>,
    pub(crate) counts: Counts,
}

/// What a shard has done since it was last asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) spikes: Vec<u64>,
    pub(crate) synaptic_events: u64,
    pub(crate) weight_updates: u64,
}

/// The neurons of a population in the shard, and what moves them.
#[derive(Debug)]
struct Part {
    segment: Segment,
    /// The number of the first neuron among all.
    first: u32,
    recorded: bool,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Neurons(Driven),
    Poisson { end: u32, seed: u64 },
    SpikeList { spikes: Vec<(u64, u32)>, next: usize },
}

/// Neurons with their drive.
#[derive(Debug)]
struct Driven {
    kernel: Kernel,
    units: [f32; MAX_RECEPTORS],
    receptors: usize,
    drives: Vec<Drive>,
    currents: Vec<Current>,
    /// The current that all neurons have in this step, and the step in which it changes.
    current: f32,
    until: u64,
    level: Level,
}

/// A constant current.
#[derive(Debug)]
struct Current {
    from: u64,
    until: u64,
    /// One value for all, or one per neuron.
    values: Vec<f64>,
}

/// The variables of all neurons of the shard with padding, in blocks.
#[derive(Debug)]
struct State {
    cell: Vec<Cell>,
    more: Vec<More>,
}

/// A variable that is kept for neurons of the shard.
#[derive(Debug)]
pub(crate) struct Tap {
    /// The probe, and for each neuron its column in it and its position in the shard.
    pub(crate) probe: usize,
    pub(crate) columns: Vec<(usize, usize)>,
    variable: Variable,
    every: u64,
    pub(crate) values: Vec<f32>,
}

/// The spikes of a shard in a block of steps.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    neurons: Vec<u32>,
    ends: Vec<usize>,
}

impl Outbox {
    pub(crate) fn clear(&mut self) {
        self.neurons.clear();
        self.ends.clear();
    }

    fn step(&self, k: usize) -> &[u32] {
        let from = if k == 0 { 0 } else { self.ends[k - 1] };
        &self.neurons[from..self.ends[k]]
    }
}

impl Shard {
    /// Draws the synapses onto a shard's neurons and sets those to their start.
    pub(crate) fn new(
        circuit: &Circuit,
        plan: &Plan,
        number: usize,
        tick: &(dyn Fn(usize) + Sync),
    ) -> Self {
        let segments = &plan.shards[number];
        let rows = draw(plan, segments, tick);
        let locals = segments.last().map_or(0, |s| s.local + s.padded());
        let learner = |(k, rows): (usize, &Rows)| {
            let set = &plan.sets[k];
            let Format::Plastic(rule) = &set.format else { return None };
            let projection = plan.set_of.iter().position(|&at| at == k)?;
            let target = plan.ends[projection].1;
            let segment = *segments.iter().find(|s| s.population == target)?;
            let unit = plan.units[target][set.receptor];
            let at = Setting { segment, locals, dt: circuit.dt, unit, isa: plan.isa };
            Some(Learner::new(rule, set, rows, &at))
        };
        let learners = rows.iter().enumerate().map(learner).collect();
        let mut state = State::new(locals);
        let parts = segments.iter().map(|s| Part::new(circuit, plan, s, &mut state)).collect();
        Self {
            parts,
            state,
            rows,
            calendars: plan.sets.iter().map(Calendar::new).collect(),
            learners,
            sums: Sums::new(plan.narrow),
            fired: Vec::new(),
            kept: Vec::new(),
            taps: taps(circuit, segments),
            counts: Counts { spikes: vec![0; circuit.populations.len()], ..Counts::default() },
        }
    }

    /// Bytes of synapses and state.
    pub(crate) fn bytes(&self) -> usize {
        let learners: usize = self.learners.iter().flatten().map(Learner::bytes).sum();
        let rows: usize = self.rows.iter().map(Rows::bytes).sum();
        let blocks = self.state.cell.len();
        rows + learners + blocks * (size_of::<Cell>() + size_of::<More>())
    }

    /// Advances by a step, and adds the neurons that fired to the outbox.
    pub(crate) fn step(&mut self, plan: &Plan, step: u64, out: &mut Outbox) {
        self.deliver(plan, step);
        self.fired.clear();
        let from = out.neurons.len();
        for part in &mut self.parts {
            let before = out.neurons.len();
            part.advance(plan, step, &mut self.state, &mut self.sums, &mut out.neurons);
            let new = &out.neurons[before..];
            self.counts.spikes[part.segment.population] += new.len() as u64;
            if part.recorded {
                self.kept.extend(new.iter().map(|&neuron| (step, neuron)));
            }
            let local = |&neuron: &u32| neuron - part.first + part.segment.local as u32;
            self.fired.extend(new.iter().map(local));
        }
        debug_assert!(out.neurons[from..].is_sorted());
        out.ends.push(out.neurons.len());
        if (step + 1).is_multiple_of(QUIET_EVERY) {
            quiet(plan.isa, &mut self.state.cell);
        }
        for (learner, rows) in self.learners.iter_mut().zip(&mut self.rows) {
            if let Some(learner) = learner {
                self.counts.weight_updates += learner.back(rows, &self.fired, step);
            }
        }
        for tap in &mut self.taps {
            tap.keep(step, &mut self.state);
        }
    }

    fn deliver(&mut self, plan: &Plan, step: u64) {
        for (k, set) in plan.sets.iter().enumerate() {
            let (rows, sums) = (&mut self.rows[k], &mut self.sums);
            self.counts.synaptic_events += match &mut self.learners[k] {
                None => self.calendars[k].deliver(set, rows, step, sums),
                Some(learner) => {
                    let events = learner.arrive(set, rows, step, sums);
                    self.counts.weight_updates += events;
                    events
                }
            };
        }
    }

    /// Takes in what a shard sent in the block of steps that began at `first`.
    pub(crate) fn take_in(&mut self, plan: &Plan, first: u64, inbox: &Outbox) {
        for k in 0..inbox.ends.len() {
            let step = first + k as u64;
            for &neuron in inbox.step(k) {
                for (at, set) in plan.sets.iter().enumerate() {
                    let row = (neuron as usize).wrapping_sub(set.first);
                    if row >= set.rows {
                        continue;
                    }
                    match &mut self.learners[at] {
                        None => self.calendars[at].note(set, &self.rows[at], row, step),
                        Some(learner) => learner.note(row, step),
                    }
                }
            }
        }
    }
}

impl State {
    fn new(n: usize) -> Self {
        let blocks = n.div_ceil(BLOCK);
        Self { cell: vec![Cell::default(); blocks], more: vec![More::default(); blocks] }
    }

    fn variable(&mut self, variable: Variable, neuron: usize) -> &mut f32 {
        let (block, lane) = (neuron / BLOCK, neuron % BLOCK);
        match variable {
            Variable::Potential => &mut self.cell[block].v[lane],
            Variable::Synapse(receptor) => &mut self.cell[block].s[usize::from(receptor)][lane],
            Variable::Adaptation => &mut self.more[block].w[lane],
        }
    }
}

impl Part {
    fn new(circuit: &Circuit, plan: &Plan, segment: &Segment, state: &mut State) -> Self {
        let k = segment.population;
        let population = &circuit.populations[k];
        let steps = |ms: f64| libm::round(ms / circuit.dt) as u64;
        let body = match &population.neuron {
            Neuron::Poisson { rate } => {
                let p = rate * circuit.dt * 1e-3;
                // A mean spike every step and more is a spike in every step.
                let end = (p * 4_294_967_296.0) as u32;
                Body::Poisson { end, seed: circuit.seed }
            }
            Neuron::SpikeList(spikes) => {
                let own = segment.first as u32..(segment.first + segment.len) as u32;
                let mut spikes: Vec<(u64, u32)> = spikes
                    .iter()
                    .filter(|(_, neuron)| own.contains(neuron))
                    .map(|&(time, neuron)| (steps(time), neuron))
                    .collect();
                spikes.sort_unstable();
                spikes.dedup();
                Body::SpikeList { spikes, next: 0 }
            }
            neuron => match Driven::new(circuit, plan, segment, neuron, state) {
                Some(driven) => Body::Neurons(driven),
                None => Body::SpikeList { spikes: Vec::new(), next: 0 },
            },
        };
        let first = (plan.first[k] + segment.first) as u32;
        Self { segment: *segment, first, recorded: population.recorded, body }
    }

    fn advance(
        &mut self,
        plan: &Plan,
        step: u64,
        state: &mut State,
        sums: &mut Sums,
        out: &mut Vec<u32>,
    ) {
        let (segment, first) = (self.segment, self.first);
        match &mut self.body {
            Body::Neurons(driven) => match sums {
                Sums::Narrow(sums) => driven.advance(plan, &segment, step, state, sums, out),
                Sums::Wide(sums) => driven.advance(plan, &segment, step, state, sums, out),
            },
            Body::Poisson { end, seed } => {
                let tail = [step as u32, (step >> 32) as u32, segment.population as u32];
                let stream = Stream::new(*seed, Purpose::Trains, tail);
                let mut words = [0; CHUNK];
                for at in (0..segment.len).step_by(CHUNK) {
                    stream.fill(plan.isa, ((segment.first + at) / CHUNK) as u32, &mut words);
                    let n = CHUNK.min(segment.len - at);
                    let fired = words[..n].iter().enumerate().filter(|(_, w)| *w < end);
                    out.extend(fired.map(|(k, _)| first + (at + k) as u32));
                }
            }
            Body::SpikeList { spikes, next } => {
                while let Some(&(_, neuron)) = spikes.get(*next).filter(|(at, _)| *at <= step) {
                    out.push(first + neuron - segment.first as u32);
                    *next += 1;
                }
            }
        }
    }
}

impl Driven {
    fn new(
        circuit: &Circuit,
        plan: &Plan,
        segment: &Segment,
        neuron: &Neuron,
        state: &mut State,
    ) -> Option<Self> {
        let k = segment.population;
        let population = &circuit.populations[k];
        let held = population.homeostasis;
        let theta = held.map_or((0.0, 0.0), |h| (h.step * h.rate * circuit.dt * 1e-3, h.step));
        let kernel = Kernel::new(neuron, circuit.dt, theta)?;
        start(circuit, segment, neuron, state);
        let step = |ms: f64| libm::round(ms / circuit.dt) as u64;
        let (mut drives, mut currents) = (Vec::<Drive>::new(), Vec::new());
        for (thing, stimulus) in circuit.stimuli.iter().enumerate().filter(|(_, s)| s.target == k) {
            let (from, until) = (step(stimulus.from), stimulus.until.map_or(u64::MAX, step));
            match &stimulus.kind {
                StimulusKind::Current(current) => {
                    let thing = [k as u32, thing as u32, 0];
                    let values = match current {
                        Distribution::Constant(value) => vec![*value],
                        spreading => {
                            let stream = Stream::new(circuit.seed, Purpose::Parameters, thing);
                            spread(spreading, segment, stream)
                        }
                    };
                    currents.push(Current { from, until, values });
                }
                StimulusKind::Poisson { rate, weight, receptor } => {
                    let mean = rate * circuit.dt * 1e-3;
                    let receptor = usize::from(*receptor);
                    let mut drive = Drive::new(mean, *weight, receptor, circuit.seed, thing as u32);
                    (drive.from_step, drive.until_step) = (from, until);
                    drives.push(drive);
                }
            }
        }
        let level = match () {
            () if held.is_some() || currents.iter().any(|c| c.values.len() > 1) => Level::Varied,
            () if !drives.is_empty() => Level::Driven,
            () => Level::Plain,
        };
        Some(Self {
            kernel,
            units: plan.units[k],
            receptors: neuron.receptors(),
            drives,
            currents,
            current: 0.0,
            until: 0,
            level,
        })
    }

    /// Works out the current of a step, and when that changes.
    fn renew(&mut self, step: u64, more: &mut [More]) {
        more.iter_mut().for_each(|more| more.current = [0.0; BLOCK]);
        let (mut all, mut until) = (0.0, u64::MAX);
        for current in &self.currents {
            let edges = [current.from, current.until];
            edges.into_iter().filter(|&at| at > step).for_each(|at| until = until.min(at));
            if step < current.from || step >= current.until {
                continue;
            }
            match &current.values[..] {
                [value] => all += value,
                values => {
                    let own = more.iter_mut().flat_map(|more| &mut more.current);
                    own.zip(values).for_each(|(own, value)| *own += *value as f32);
                }
            }
        }
        (self.current, self.until) = (all as f32, until);
    }

    fn advance<N: Whole>(
        &mut self,
        plan: &Plan,
        segment: &Segment,
        step: u64,
        state: &mut State,
        sums: &mut [Sum<N>],
        out: &mut Vec<u32>,
    ) {
        let first = (plan.first[segment.population] + segment.first) as u32;
        if step >= self.until {
            let own = segment.local / BLOCK..(segment.local + segment.padded()) / BLOCK;
            self.renew(step, &mut state.more[own]);
        }
        let under = Under { current: self.current, units: self.units, level: self.level };
        let mut drive = [[0.0f32; CHUNK]; MAX_RECEPTORS];
        let mut fired = [0u8; CHUNK];
        for at in (0..segment.len).step_by(CHUNK) {
            let n = CHUNK.min(segment.padded() - at);
            let from = segment.local + at;
            if !self.drives.is_empty() {
                drive.iter_mut().take(self.receptors).for_each(|drive| drive.fill(0.0));
            }
            for one in &self.drives {
                if one.from_step <= step && step < one.until_step {
                    let chunk = ((segment.first + at) / CHUNK) as u32;
                    one.add(plan.isa, step, chunk, &mut drive[one.receptor]);
                }
            }
            let own = from / BLOCK..(from + n) / BLOCK;
            let cells = Cells {
                cell: &mut state.cell[own.clone()],
                more: &mut state.more[own],
                sums: part(sums, from, n).map(|sums| sums.as_chunks_mut().0),
                drive: [drive[0].as_chunks().0, drive[1].as_chunks().0],
                fired: fired.as_chunks_mut().0,
            };
            if self.kernel.advance(plan.isa, &under, cells) {
                list(&fired[..CHUNK.min(segment.len - at)], first + at as u32, out);
            }
        }
    }
}

/// Lists the neurons that fired, counted from `first`.
fn list(fired: &[u8], first: u32, out: &mut Vec<u32>) {
    let (words, rest) = fired.as_chunks::<8>();
    for (k, word) in words.iter().enumerate() {
        let mut bits = u64::from_le_bytes(*word);
        while bits != 0 {
            out.push(first + 8 * k as u32 + bits.trailing_zeros() / 8);
            bits &= bits - 1;
        }
    }
    let first = first + 8 * words.len() as u32;
    let fired = rest.iter().enumerate().filter(|(_, fired)| **fired != 0);
    out.extend(fired.map(|(k, _)| first + k as u32));
}

/// Sets the neurons of a segment to where they start.
fn start(circuit: &Circuit, segment: &Segment, neuron: &Neuron, state: &mut State) {
    let (v, w) = match neuron {
        Neuron::Lif(m) => (m.v_rest, 0.0),
        Neuron::AdEx(m) => (m.v_rest, 0.0),
        Neuron::Izhikevich(m) => (m.c, m.b * m.c),
        Neuron::Poisson { .. } | Neuron::SpikeList(_) => (0.0, 0.0),
    };
    let rest = [(Variable::Potential, v.into()), (Variable::Adaptation, w.into())];
    let given = &circuit.populations[segment.population].start;
    for (variable, distribution) in rest.iter().chain(given) {
        let number = match variable {
            Variable::Potential => 0,
            Variable::Adaptation => 1,
            Variable::Synapse(receptor) => 2 + u32::from(*receptor),
        };
        let thing = [segment.population as u32, number, 0];
        let stream = Stream::new(circuit.seed, Purpose::Start, thing);
        for (k, value) in spread(distribution, segment, stream).into_iter().enumerate() {
            *state.variable(*variable, segment.local + k) = value as f32;
        }
    }
}

/// The taps of the probes on a shard's neurons.
fn taps(circuit: &Circuit, segments: &[Segment]) -> Vec<Tap> {
    let tap = |(number, probe): (usize, &super::describe::Probe)| {
        let segment = segments.iter().find(|s| s.population == probe.population)?;
        let own = segment.first..segment.first + segment.len;
        let columns: Vec<(usize, usize)> = probe
            .neurons
            .iter()
            .map(|&n| n as usize)
            .enumerate()
            .filter(|(_, neuron)| own.contains(neuron))
            .map(|(column, neuron)| (column, segment.local + neuron - segment.first))
            .collect();
        let every = u64::from(probe.every.max(1));
        let variable = probe.variable;
        let tap = Tap { probe: number, columns, variable, every, values: Vec::new() };
        (!tap.columns.is_empty()).then_some(tap)
    };
    circuit.probes.iter().enumerate().filter_map(tap).collect()
}

impl Tap {
    /// Keeps the values at the end of a step.
    fn keep(&mut self, step: u64, state: &mut State) {
        if !(step + 1).is_multiple_of(self.every) {
            return;
        }
        let variable = self.variable;
        let values = self.columns.iter().map(|&(_, local)| *state.variable(variable, local));
        self.values.extend(values);
    }
}
