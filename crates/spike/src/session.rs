//! Running a compiled network: a session owns state and nothing else.
//! Steps are taken in windows; inside a window each component of the schedule runs before the next,
//! so that the weights of a layer are used for many steps while they are in cache.

use std::sync::Arc;

use crate::aligned::Aligned;
use crate::compile::{Compiled, CompiledPopulation, Component};
use crate::events::Events;
use crate::learn::PlasticState;
use crate::network::PopulationId;
use crate::neuron::{Dynamics, Emission, PAD, Tile};
use crate::problem::RunError;
use crate::propagate::{BLOCK, Drive, Kernel, PRODUCT_STEPS};
use crate::raster::Raster;

/// Steps of one window.
const WINDOW: usize = 128;

/// Steps of one tile of a population that is driven block by block.
const TILE_STEPS: usize = 16;

/// Values of one tile's input: half of a first-level cache.
const TILE_VALUES: usize = 4096;

/// State of one or more sequences of a network.
#[derive(Debug)]
pub struct Session {
    network: Arc<Compiled>,
    pub(crate) sequences: usize,
    pub(crate) steps_done: u64,
    /// By population, then sequence.
    pub(crate) state: Vec<Aligned<f32>>,
    pub(crate) events: Vec<Events>,
    /// By projection that learns, then sequence.
    pub(crate) plastic: Vec<PlasticState>,
    learns: bool,
    /// Spikes of each population in the last run.
    fired: Vec<u64>,
    probes: Vec<Probe>,
    scratch: Scratch,
}

/// Buffers of the tile at hand.
#[derive(Debug, Default)]
struct Scratch {
    drive: Aligned<f32>,
    spikes: Vec<u8>,
    values: Aligned<f32>,
    trace: Aligned<f32>,
    product: Vec<[f32; PRODUCT_STEPS]>,
}

/// What is recorded of a population beside the outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The population.
    pub population: PopulationId,
    /// Whether its events are recorded.
    pub events: bool,
    /// Which potentials are recorded, after each step.
    pub potentials: Potentials,
}

impl Probe {
    fn traces(&self, p: PopulationId) -> bool {
        self.population == p && self.potentials != Potentials::None
    }
}

/// A choice of neurons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Potentials {
    /// None of them.
    None,
    /// All of them.
    All,
    /// Those of these indices.
    Of(Vec<u32>),
}

/// What a run gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The outputs of the first sequence in the order of [`Compiled::outputs`], then those of the
    /// next.
    pub outputs: Vec<Raster>,
    /// The recordings of the first sequence in the order of the probes, then those of the next.
    pub recordings: Vec<Recording>,
    /// What it took.
    pub report: Report,
}

/// What a probe recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// The population.
    pub population: PopulationId,
    /// Its events; no steps where they were not asked for.
    pub events: Raster,
    /// Potentials, shape `[steps][neurons chosen]`.
    pub potentials: Vec<f32>,
}

/// What a run took, over all sequences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Steps of each sequence.
    pub steps: u64,
    /// Events of the inputs.
    pub input_events: u64,
    /// Spikes of the neurons: events of every population that fires.
    pub spikes: u64,
    /// Synaptic operations: an event times the synapses that it visited.
    pub synaptic_operations: u64,
    /// Updates of neurons: a neuron times the steps that it took.
    pub neuron_updates: u64,
    /// Changes of weights: a synapse times the spikes that its rule heard of.
    pub weight_changes: u64,
}

impl Report {
    /// Adds what another run took.
    pub fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.input_events += other.input_events;
        self.spikes += other.spikes;
        self.synaptic_operations += other.synaptic_operations;
        self.neuron_updates += other.neuron_updates;
        self.weight_changes += other.weight_changes;
    }
}

impl Session {
    /// A session of one sequence, at rest.
    pub fn new(network: Arc<Compiled>) -> Self {
        Self::batch(network, 1)
    }

    /// A session that steps several sequences together; each has its own state.
    pub fn batch(network: Arc<Compiled>, sequences: usize) -> Self {
        let mut state = Vec::new();
        let mut events = Vec::new();
        for population in &network.populations {
            for _ in 0..sequences {
                state.push(Aligned::zeros(population.dynamics.states() * population.padded));
                let valued = population.emission != Emission::Spikes;
                events.push(Events::new(population.history, valued));
            }
        }
        let mut plastic = Vec::new();
        for kernel in network.plastic_kernels() {
            plastic.extend((0..sequences).map(|_| kernel.state()));
        }
        let network_len = network.populations.len();
        let mut session = Self {
            network,
            sequences,
            steps_done: 0,
            state,
            events,
            plastic,
            learns: true,
            fired: vec![0; network_len],
            probes: Vec::new(),
            scratch: Scratch::default(),
        };
        session.reset();
        session
    }

    /// Puts every sequence back to rest.
    pub fn reset(&mut self) {
        self.steps_done = 0;
        self.events.iter_mut().for_each(Events::reset);
        for (population, states) in
            self.network.populations.iter().zip(self.state.chunks_mut(self.sequences.max(1)))
        {
            for state in states {
                population.dynamics.reset(state, population.padded);
            }
        }
        self.forget();
    }

    /// Puts potentials, refractory times, spikes under way and traces back to rest; what was learned
    /// stays: weights, and the thresholds of neurons that adapt.
    pub fn rest(&mut self) {
        self.events.iter_mut().for_each(Events::reset);
        for (population, states) in
            self.network.populations.iter().zip(self.state.chunks_mut(self.sequences.max(1)))
        {
            for state in states {
                population.dynamics.rest(state, population.padded);
            }
        }
        self.plastic.iter_mut().for_each(PlasticState::rest);
    }

    /// Takes back all that was learned: weights are those of the network again, and traces at rest.
    /// Potentials and spikes under way stay.
    pub fn forget(&mut self) {
        let plastic = self.plastic.chunks_mut(self.sequences.max(1));
        for (kernel, states) in self.network.plastic_kernels().zip(plastic) {
            states.iter_mut().for_each(|state| kernel.reset(state));
        }
    }

    /// Gives a reward (or with a negative value a punishment) to every projection whose rule waits
    /// for one; the number of weights that it changed. Nothing while learning is off.
    ///
    /// # Panics
    /// When the reward is no finite number.
    pub fn reward(&mut self, reward: f32) -> u64 {
        assert!(reward.is_finite(), "a reward is a finite number, not {reward}");
        if !self.learns {
            return 0;
        }
        let network = Arc::clone(&self.network);
        let plastic = self.plastic.chunks_mut(self.sequences.max(1));
        let of_kernel = network.plastic_kernels().zip(plastic).flat_map(|(kernel, states)| {
            states.iter_mut().map(move |state| kernel.reward(state, reward))
        });
        of_kernel.sum()
    }

    /// Scales the weights onto each neuron of `target` so that their absolute values sum to
    /// `total`: homeostasis. False where the projection does not learn or does not exist.
    ///
    /// # Panics
    /// When the total is no finite number above 0.
    pub fn scale_weights(
        &mut self,
        source: PopulationId,
        target: PopulationId,
        total: f32,
    ) -> bool {
        assert!(total.is_finite() && total > 0.0, "weights sum to more than 0, not {total}");
        let network = Arc::clone(&self.network);
        let Some(population) = network.populations.get(target.0) else { return false };
        let Some(incoming) = population.incoming.iter().find(|i| i.source == source) else {
            return false;
        };
        let (Kernel::Plastic(kernel), Some(k)) = (&incoming.kernel, incoming.plastic) else {
            return false;
        };
        let states = &mut self.plastic[k * self.sequences..][..self.sequences];
        states.iter_mut().for_each(|state| kernel.scale(state, total));
        true
    }

    /// The weights of a projection that learns, as they stand, shape `[targets][sources]`.
    ///
    /// None where the projection between the populations does not learn or does not exist.
    ///
    /// # Panics
    /// When `sequence` is not below [`Session::sequences`].
    pub fn weights(
        &self,
        source: PopulationId,
        target: PopulationId,
        sequence: usize,
    ) -> Option<Vec<f32>> {
        assert!(sequence < self.sequences, "the session has {} sequences", self.sequences);
        let network = &self.network;
        let population = network.populations.get(target.0)?;
        let incoming = population.incoming.iter().find(|i| i.source == source)?;
        let state = &self.plastic[incoming.plastic? * self.sequences + sequence];
        let from = network.populations[source.0].layout;
        let sources = network.populations[source.0].size;
        let weight = |to: usize, s: usize| {
            state.weights[from.lane(s) * population.padded + population.layout.lane(to)]
        };
        Some((0..population.size * sources).map(|k| weight(k / sources, k % sources)).collect())
    }

    /// Records what the probes say, from the next run on.
    ///
    /// # Panics
    /// When a probe names a population or a neuron that the network lacks.
    pub fn record(&mut self, probes: &[Probe]) {
        for probe in probes {
            let size = self.network.populations[probe.population.0].size;
            if let Potentials::Of(indices) = &probe.potentials {
                assert!(indices.iter().all(|&i| (i as usize) < size), "a probed neuron exists");
            }
        }
        self.probes = probes.to_vec();
    }

    /// Whether weights that learn change from the next run on; they do unless told otherwise.
    pub fn set_learning(&mut self, learns: bool) {
        self.learns = learns;
    }

    /// The network that the session runs.
    pub fn network(&self) -> &Arc<Compiled> {
        &self.network
    }

    /// The number of sequences.
    pub fn sequences(&self) -> usize {
        self.sequences
    }

    /// Steps since the session was new or reset.
    pub fn steps_done(&self) -> u64 {
        self.steps_done
    }

    /// Spikes of each population in the last run, over all sequences, by [`PopulationId`]; 0 for
    /// one whose events are values.
    pub fn fired(&self) -> &[u64] {
        &self.fired
    }

    /// Advances every sequence by the steps of the inputs: the inputs of the first sequence in the
    /// order of [`Compiled::inputs`], then those of the next. State goes on from run to run.
    ///
    /// # Errors
    /// [`RunError`] where the inputs do not fit; nothing has been stepped then.
    pub fn run(&mut self, inputs: &[Raster]) -> Result<Run, RunError> {
        let steps = self.check(inputs)?;
        let mut run = self.empty_run();
        self.fired.fill(0);
        let mut from = 0;
        while from < steps {
            let window = WINDOW.min(steps - from);
            self.run_window(inputs, from, window, &mut run);
            from += window;
            self.steps_done += window as u64;
        }
        run.report.steps = steps as u64;
        Ok(run)
    }

    fn check(&self, inputs: &[Raster]) -> Result<usize, RunError> {
        let ports = &self.network.inputs;
        let expected = ports.len() * self.sequences;
        if inputs.len() != expected {
            return Err(RunError::Inputs { expected, found: inputs.len() });
        }
        let steps = inputs.first().map_or(0, Raster::steps);
        for (input, raster) in inputs.iter().enumerate() {
            let size = self.network.populations[ports[input % ports.len()].0].size;
            if raster.size() != size {
                return Err(RunError::InputSize { input, expected: size, found: raster.size() });
            }
            if raster.steps() != steps {
                let found = raster.steps();
                return Err(RunError::InputSteps { input, expected: steps, found });
            }
            if let Some((step, found)) = raster.stray() {
                return Err(RunError::Stray { input, step, expected: size, found });
            }
        }
        Ok(steps)
    }

    fn empty_run(&self) -> Run {
        let size = |id: PopulationId| self.network.populations[id.0].size;
        let mut run =
            Run { outputs: Vec::new(), recordings: Vec::new(), report: Report::default() };
        for _ in 0..self.sequences {
            let outputs = self.network.outputs.iter().map(|o| Raster::new(size(o.population)));
            run.outputs.extend(outputs);
            run.recordings.extend(self.probes.iter().map(|probe| Recording {
                population: probe.population,
                events: Raster::new(size(probe.population)),
                potentials: Vec::new(),
            }));
        }
        run
    }

    fn run_window(&mut self, inputs: &[Raster], from: usize, steps: usize, run: &mut Run) {
        self.events.iter_mut().for_each(Events::begin_window);
        let ports = self.network.inputs.len();
        for (k, raster) in inputs.iter().enumerate() {
            let population = self.network.inputs[k % ports].0;
            let events = &mut self.events[population * self.sequences + k / ports];
            for step in from..from + steps {
                for (index, value) in raster.events(step) {
                    events.push_value(index, value);
                }
                events.end_step();
            }
            run.report.input_events += events.n_events(steps);
        }
        let network = Arc::clone(&self.network);
        for component in &network.schedule {
            match component {
                Component::Alone(p) => self.run_alone(*p, steps, run),
                Component::Cycle(members) => {
                    for step in 0..steps {
                        for &p in members {
                            self.fire_first(p);
                        }
                        for &p in members {
                            self.run_whole(p, step, 1, run);
                        }
                        members.iter().for_each(|&p| self.learn(p, step, run));
                    }
                }
            }
        }
        self.collect(steps, run);
    }

    /// A population that does not drive itself, over a whole window.
    fn run_alone(&mut self, p: PopulationId, steps: usize, run: &mut Run) {
        let network = Arc::clone(&self.network);
        let population = &network.populations[p.0];
        if matches!(population.dynamics, Dynamics::Input) {
            return;
        }
        let by_blocks = !population.incoming.is_empty()
            && population.incoming.iter().all(|i| i.kernel.by_blocks());
        if by_blocks {
            self.run_blocks(p, population, steps, run);
        } else {
            let learns = population.incoming.iter().any(|i| i.plastic.is_some());
            let most = if learns { 1 } else { TILE_STEPS };
            let tile = (TILE_VALUES / population.padded).clamp(1, most);
            for step in (0..steps).step_by(tile) {
                self.run_whole(p, step, tile.min(steps - step), run);
                self.learn(p, step, run);
            }
        }
    }

    /// Block by block, every sequence and step of a block before the next: its weights stay in
    /// cache.
    fn run_blocks(
        &mut self,
        p: PopulationId,
        population: &CompiledPopulation,
        steps: usize,
        run: &mut Run,
    ) {
        let rows = self.sequences * steps;
        self.scratch.fit(rows * population.padded, population.receptors * TILE_STEPS * BLOCK);
        for lane in (0..population.padded).step_by(BLOCK) {
            let width = BLOCK.min(population.padded - lane);
            for sequence in 0..self.sequences {
                for step in (0..steps).step_by(TILE_STEPS) {
                    let tile = TileAt {
                        lane,
                        width,
                        step,
                        steps: TILE_STEPS.min(steps - step),
                        row: sequence * steps + step,
                    };
                    self.run_tile(p, population, sequence, &tile);
                }
            }
        }
        for sequence in 0..self.sequences {
            self.emit_events(p, population, sequence, sequence * steps, steps);
            self.trace(p, population, sequence, sequence * steps, steps, run);
            self.count(p, population, sequence, 0, steps, run);
        }
    }

    /// All neurons of a population over a few steps.
    fn run_whole(&mut self, p: PopulationId, step: usize, steps: usize, run: &mut Run) {
        let network = Arc::clone(&self.network);
        let population = &network.populations[p.0];
        let width = population.padded;
        self.scratch.fit(steps * width, population.receptors * steps * width);
        for sequence in 0..self.sequences {
            let tile = TileAt { lane: 0, width, step, steps, row: 0 };
            self.run_tile(p, population, sequence, &tile);
            if !(population.fires_first && population.in_cycle) {
                self.emit_events(p, population, sequence, 0, steps);
            }
            self.trace(p, population, sequence, 0, steps, run);
            self.count(p, population, sequence, step, steps, run);
        }
    }

    /// Lets the projections into a population learn from the spikes of a step.
    fn learn(&mut self, p: PopulationId, step: usize, run: &mut Run) {
        if !self.learns {
            return;
        }
        let network = Arc::clone(&self.network);
        for incoming in &network.populations[p.0].incoming {
            let (Kernel::Plastic(kernel), Some(k)) = (&incoming.kernel, incoming.plastic) else {
                continue;
            };
            for sequence in 0..self.sequences {
                let fired = |p: PopulationId| {
                    self.events[p.0 * self.sequences + sequence].arriving(step, 1, 0).step(0).0
                };
                let state = &mut self.plastic[k * self.sequences + sequence];
                let (before, after) = (fired(incoming.source), fired(p));
                let size = |p: PopulationId| network.populations[p.0].size;
                let changes = before.len() * size(p) + after.len() * size(incoming.source);
                run.report.weight_changes += changes as u64;
                kernel.learn(state, before, after);
            }
        }
    }

    /// Where the input of a step arrives after the threshold, spikes of a step may drive the
    /// population that fires them: fire on a copy of the state, without input, before anything is
    /// delivered.
    fn fire_first(&mut self, p: PopulationId) {
        let network = Arc::clone(&self.network);
        let population = &network.populations[p.0];
        if !population.fires_first {
            return;
        }
        let width = population.padded;
        self.scratch.fit(width, population.receptors * width);
        for sequence in 0..self.sequences {
            self.scratch.drive[..population.receptors * width].fill(0.0);
            let mut state = self.state[p.0 * self.sequences + sequence].clone();
            let mut tile = Tile {
                isa: network.isa,
                lane: 0,
                width,
                steps: 1,
                first_step: self.steps_done,
                padded: width,
                drive: &self.scratch.drive,
                state: &mut state,
                spikes: &mut self.scratch.spikes,
                values: &mut self.scratch.values,
                trace: &mut [],
            };
            population.dynamics.update(&mut tile, None);
            self.emit_events(p, population, sequence, 0, 1);
        }
    }

    /// Deliver, then update: one tile of one sequence.
    fn run_tile(
        &mut self,
        p: PopulationId,
        population: &CompiledPopulation,
        sequence: usize,
        at: &TileAt,
    ) {
        let scratch = &mut self.scratch;
        let isa = self.network.isa;
        let cells = at.steps * at.width;
        let inputs = &mut scratch.drive[..population.receptors * cells];
        inputs.fill(0.0);
        for incoming in &population.incoming {
            let events = &self.events[incoming.source.0 * self.sequences + sequence];
            let arriving = events.arriving(at.step, at.steps, incoming.delay);
            let plastic = incoming.plastic.map(|k| &self.plastic[k * self.sequences + sequence]);
            let input = &mut inputs[incoming.receptor * cells..][..cells];
            let product = &mut scratch.product;
            let mut drive = Drive { isa, lane: at.lane, width: at.width, input, product };
            incoming.kernel.deliver(plastic, arriving, &mut drive);
        }
        let first = self.steps_done + at.step as u64;
        let bias = if population.early.iter().any(|(from, _)| first < u64::from(*from)) {
            add_early_bias(
                population,
                first,
                at,
                &mut inputs[(population.receptors - 1) * cells..],
            );
            None
        } else {
            population.bias.as_ref()
        };
        let cell = at.row * population.padded;
        // An empty slice tells the kernels that nobody reads it.
        let valued = population.emission != Emission::Spikes;
        let traced = self.probes.iter().any(|q| q.traces(p));
        let mut tile = Tile {
            isa,
            lane: at.lane,
            width: at.width,
            steps: at.steps,
            first_step: first,
            padded: population.padded,
            drive: inputs,
            state: &mut self.state[p.0 * self.sequences + sequence],
            spikes: &mut scratch.spikes[cell / 8..],
            values: if valued { &mut scratch.values[cell..] } else { &mut [] },
            trace: if traced { &mut scratch.trace[cell..] } else { &mut [] },
        };
        population.dynamics.update(&mut tile, bias);
    }

    /// Turns rows of the scratch into events.
    fn emit_events(
        &mut self,
        p: PopulationId,
        population: &CompiledPopulation,
        sequence: usize,
        row: usize,
        steps: usize,
    ) {
        let (size, padded) = (population.size, population.padded);
        let events = &mut self.events[p.0 * self.sequences + sequence];
        for step in row..row + steps {
            if population.emission == Emission::Spikes {
                let bits = &mut self.scratch.spikes[step * padded / 8..][..padded / 8];
                mask_padding(bits, size);
                events.push_bits(self.network.isa, bits);
            } else {
                let values = &mut self.scratch.values[step * padded..][..padded];
                values[size..].fill(0.0);
                events.push_row(self.network.isa, values);
            }
            events.end_step();
        }
    }

    /// Records the potentials of rows of the scratch.
    fn trace(
        &self,
        p: PopulationId,
        population: &CompiledPopulation,
        sequence: usize,
        row: usize,
        steps: usize,
        run: &mut Run,
    ) {
        let (size, padded) = (population.size, population.padded);
        for (k, probe) in self.probes.iter().enumerate().filter(|(_, q)| q.population == p) {
            let out = &mut run.recordings[sequence * self.probes.len() + k].potentials;
            let lane = |index: usize| population.layout.lane(index);
            for step in row..row + steps {
                match &probe.potentials {
                    Potentials::None => {}
                    Potentials::All => {
                        let row = &self.scratch.trace[step * padded..][..padded];
                        out.extend((0..size).map(|i| row[lane(i)]));
                    }
                    Potentials::Of(indices) => {
                        let row = &self.scratch.trace[step * padded..][..padded];
                        out.extend(indices.iter().map(|&i| row[lane(i as usize)]));
                    }
                }
            }
        }
    }

    fn count(
        &mut self,
        p: PopulationId,
        population: &CompiledPopulation,
        sequence: usize,
        step: usize,
        steps: usize,
        run: &mut Run,
    ) {
        for incoming in &population.incoming {
            let events = &self.events[incoming.source.0 * self.sequences + sequence];
            let arriving = events.arriving(step, steps, incoming.delay);
            run.report.synaptic_operations += incoming.kernel.operations(arriving);
        }
        run.report.neuron_updates += (population.size * steps) as u64;
        if population.emission != Emission::Values {
            let events = &self.events[p.0 * self.sequences + sequence];
            let spikes = events.arriving(step, steps, 0).n_events() as u64;
            run.report.spikes += spikes;
            self.fired[p.0] += spikes;
        }
    }

    /// Copies the window's events of outputs and probes, by index.
    fn collect(&self, steps: usize, run: &mut Run) {
        for sequence in 0..self.sequences {
            let outputs = self.network.outputs.len();
            for (k, output) in self.network.outputs.iter().enumerate() {
                let to = &mut run.outputs[sequence * outputs + k];
                self.copy(output.population, sequence, steps, output.delay_steps as usize, to);
            }
            for (k, probe) in self.probes.iter().enumerate().filter(|(_, q)| q.events) {
                let to = &mut run.recordings[sequence * self.probes.len() + k].events;
                self.copy(probe.population, sequence, steps, 0, to);
            }
        }
    }

    fn copy(&self, p: PopulationId, sequence: usize, steps: usize, delay: usize, to: &mut Raster) {
        let layout = self.network.populations[p.0].layout;
        let events = &self.events[p.0 * self.sequences + sequence];
        for step in 0..steps {
            if layout == crate::propagate::Layout::Plain {
                to.push_step(events.step(step, delay));
            } else {
                let index = |(lane, v): (u32, f32)| (layout.index(lane as usize) as u32, v);
                let mut row: Vec<(u32, f32)> = events.step(step, delay).map(index).collect();
                row.sort_by_key(|&(index, _)| index);
                to.push_step(row);
            }
        }
    }
}

/// Where a tile lies: lanes, steps of the window, and its first row in the scratch.
struct TileAt {
    lane: usize,
    width: usize,
    step: usize,
    steps: usize,
    row: usize,
}

impl Scratch {
    /// Makes room for `cells` results and a tile's input; grows, never shrinks.
    fn fit(&mut self, cells: usize, drive: usize) {
        self.drive.grow(drive);
        self.values.grow(cells);
        self.trace.grow(cells);
        if self.spikes.len() < cells / 8 {
            self.spikes.resize(cells / 8, 0);
        }
    }
}

/// Adds the biases that already act, step by step.
fn add_early_bias(population: &CompiledPopulation, first: u64, at: &TileAt, input: &mut [f32]) {
    for (s, row) in input.chunks_exact_mut(at.width).enumerate() {
        for (from, bias) in &population.early {
            if first + s as u64 >= u64::from(*from) {
                for (k, x) in row.iter_mut().enumerate() {
                    *x += bias.at(at.lane + k);
                }
            }
        }
    }
}

/// Clears the bits of the lanes beyond the last neuron.
fn mask_padding(bits: &mut [u8], size: usize) {
    debug_assert!(bits.len() * 8 < size + PAD);
    for (k, byte) in bits.iter_mut().enumerate().skip(size / 8) {
        let left = size.saturating_sub(k * 8);
        if left < 8 {
            *byte &= (1u8 << left) - 1;
        }
    }
}
