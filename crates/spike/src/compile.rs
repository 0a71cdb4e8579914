//! From a description to flat arrays: checks, layouts, weights, and the order of updates.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::learn::Plastic;
use crate::network::{Network, Output, Population, PopulationId, Projection};
use crate::neuron::{Dynamics, Emission, MAX_POISSON_PER_STEP, Model, PAD, Parameter};
use crate::problem::{Problem, Problems};
use crate::propagate::{Connection, Ends, Kernel, Layout};
use crate::simd::Isa;

/// Neurons of one population.
pub const MAX_NEURONS: usize = 1 << 24;

/// The longest delay of a projection.
pub const MAX_DELAY_STEPS: u32 = 1 << 12;

/// A network laid out to run: shared by any number of sessions, changed by none.
#[derive(Debug)]
pub struct Compiled {
    pub(crate) isa: Isa,
    pub(crate) populations: Vec<CompiledPopulation>,
    pub(crate) inputs: Vec<PopulationId>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) schedule: Vec<Component>,
    /// The projections that learn: target and position among its incoming ones.
    pub(crate) plastic: Vec<(PopulationId, usize)>,
}

/// A population laid out to run.
#[derive(Debug)]
pub(crate) struct CompiledPopulation {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) size: usize,
    /// `size` rounded up to a multiple of [`PAD`].
    pub(crate) padded: usize,
    pub(crate) model: &'static str,
    pub(crate) dynamics: Dynamics,
    pub(crate) emission: Emission,
    pub(crate) layout: Layout,
    pub(crate) receptors: usize,
    pub(crate) incoming: Vec<Incoming>,
    /// All biases together, once every one of them acts.
    pub(crate) bias: Option<Parameter>,
    /// Each bias with its first step, until every one of them acts.
    pub(crate) early: Vec<(u32, Parameter)>,
    /// The longest delay of a projection that leaves the population.
    pub(crate) history: usize,
    /// Input arrives after the threshold is tested.
    pub(crate) fires_first: bool,
    /// The population is stepped with others, or drives itself.
    pub(crate) in_cycle: bool,
}

/// A projection as its target sees it.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) source: PopulationId,
    pub(crate) receptor: usize,
    pub(crate) delay: usize,
    pub(crate) kernel: Kernel,
    /// Its position among the projections that learn.
    pub(crate) plastic: Option<usize>,
}

/// Populations that are updated together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Component {
    /// One population that does not drive itself: a whole window at once.
    Alone(PopulationId),
    /// Populations on cycles: step by step, in an order in which no spike without delay is missed.
    Cycle(Vec<PopulationId>),
}

/// A population as it is seen from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Name.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// Number of neurons.
    pub size: usize,
    /// What it sends.
    pub emission: Emission,
}

impl Network {
    /// Checks the description and lays it out for this machine.
    ///
    /// # Errors
    /// Every [`Problem`] of the description.
    pub fn compile(self) -> Result<Compiled, Problems> {
        self.compile_for(Isa::detect())
    }

    /// As [`Network::compile`], for an instruction set of [`Isa::available`].
    ///
    /// # Errors
    /// Every [`Problem`] of the description.
    ///
    /// # Panics
    /// When this machine lacks the instruction set.
    pub fn compile_for(mut self, isa: Isa) -> Result<Compiled, Problems> {
        assert!(Isa::available().contains(&isa), "this machine lacks {isa:?}");
        let mut problems = self.check();
        if problems.is_empty() {
            match schedule(&self) {
                Ok(schedule) => return Ok(lay_out(self, isa, schedule)),
                Err(loops) => problems.extend(loops),
            }
        }
        Err(Problems(problems))
    }

    /// A number for each population; populations that drive one another share theirs.
    pub fn components(&self) -> Vec<usize> {
        let mut of = vec![0; self.populations.len()];
        for (number, members) in strongly_connected(self).into_iter().enumerate() {
            members.into_iter().for_each(|p| of[p] = number);
        }
        of
    }

    fn check(&mut self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut names = HashSet::new();
        for population in &mut self.populations {
            if !names.insert(population.name.clone()) {
                problems.push(Problem::Duplicate { population: population.name.clone() });
            }
            check_population(population, &mut problems);
        }
        let count = self.populations.len();
        for output in self.outputs.iter().filter(|o| o.delay_steps > MAX_DELAY_STEPS) {
            let projection = format!("output {}", output.name);
            problems.push(Problem::Delay { projection, found: output.delay_steps });
        }
        for output in self.outputs.iter().filter(|o| o.population.0 >= count) {
            problems.push(Problem::NoPopulation {
                what: format!("output {}", output.name),
                expected: count,
                found: output.population.0,
            });
        }
        for (k, projection) in self.projections.iter().enumerate() {
            let ends = [projection.source, projection.target];
            match ends.iter().find(|end| end.0 >= count) {
                Some(end) => problems.push(Problem::NoPopulation {
                    what: format!("projection {k}"),
                    expected: count,
                    found: end.0,
                }),
                None => self.check_projection(projection, &mut problems),
            }
        }
        problems
    }

    fn check_projection(&self, projection: &Projection, problems: &mut Vec<Problem>) {
        let source = &self.populations[projection.source.0];
        let target = &self.populations[projection.target.0];
        let name = format!("{} -> {}", source.name, target.name);
        if projection.delay_steps > MAX_DELAY_STEPS {
            let found = projection.delay_steps;
            problems.push(Problem::Delay { projection: name.clone(), found });
        }
        let receptors = target.model.receptors();
        if usize::from(projection.receptor) >= receptors {
            problems.push(Problem::Misfit {
                projection: name.clone(),
                what: "receptor",
                expected: format!("less than {receptors}, as {} has", target.model.name()),
                found: projection.receptor.to_string(),
            });
        }
        let (Some(from), Some(to)) = (source.size(), target.size()) else { return };
        let mut expect = |what: &'static str, fits: bool, expected: String, found: String| {
            if !fits {
                problems.push(Problem::Misfit { projection: name.clone(), what, expected, found });
            }
        };
        if let Some(rule) = &projection.learning {
            if let Some((what, expected, found)) = rule.problem() {
                expect(what, false, expected.to_owned(), found.to_string());
            }
            let dense = matches!(projection.connection, Connection::Dense(_));
            expect("learning on", dense, "a dense connection".into(), "another".into());
        }
        let mut finite = |weights: &[f32]| {
            let bad = weights.iter().position(|w| !w.is_finite());
            let found = bad.map_or(String::new(), |at| format!("{} at {at}", weights[at]));
            expect("weight", bad.is_none(), "finite numbers".into(), found);
        };
        match &projection.connection {
            Connection::Dense(c) => {
                finite(&c.weight);
                let n = from.saturating_mul(to);
                let found = c.weight.len();
                expect("weights", found == n, format!("{to} x {from}"), found.to_string());
            }
            Connection::Sparse(c) => {
                finite(&c.weight);
                let n = c.weight.len();
                let lists = c.source.len() == n && c.target.len() == n;
                let found = format!("{} and {}", c.source.len(), c.target.len());
                expect("sources and targets", lists, format!("{n} of each"), found);
                let stray = c.source.iter().find(|&&s| s as usize >= from);
                expect("source", stray.is_none(), format!("below {from}"), format!("{stray:?}"));
                let stray = c.target.iter().find(|&&t| t as usize >= to);
                expect("target", stray.is_none(), format!("below {to}"), format!("{stray:?}"));
            }
            Connection::OneToOne(c) => {
                finite(&c.weight);
                expect("target size", from == to, from.to_string(), to.to_string());
                let n = c.weight.len();
                expect("weights", n == 1 || n == from, format!("1 or {from}"), n.to_string());
            }
            Connection::Conv2d(c) => {
                finite(&c.weight);
                let volume = |channels: usize, [h, w]: [usize; 2]| {
                    channels.checked_mul(h).and_then(|n| n.checked_mul(w)).unwrap_or(usize::MAX)
                };
                let input = volume(c.channels[0], c.input);
                expect("source size", input == from, input.to_string(), from.to_string());
                let output = volume(c.channels[1], c.output);
                expect("target size", output == to, output.to_string(), to.to_string());
                let divides = c.groups > 0 && c.channels.iter().all(|n| n % c.groups == 0);
                expect(
                    "groups",
                    divides,
                    format!("a divisor of {:?}", c.channels),
                    c.groups.to_string(),
                );
                let steps = c.stride.iter().chain(&c.dilation).all(|&n| n > 0);
                expect("stride and dilation", steps, "at least 1".into(), "0".into());
                let weights = volume(c.channels[1] * (c.channels[0] / c.groups.max(1)), c.kernel);
                let found = c.weight.len();
                expect("weights", found == weights, weights.to_string(), found.to_string());
            }
            Connection::Pool2d(c) => {
                let input = c.channels.saturating_mul(c.input[0]).saturating_mul(c.input[1]);
                expect("source size", input == from, input.to_string(), from.to_string());
                let output = c.channels.saturating_mul(c.output[0]).saturating_mul(c.output[1]);
                expect("target size", output == to, output.to_string(), to.to_string());
                let steps = c.stride.iter().all(|&n| n > 0);
                expect("stride", steps, "at least 1".into(), "0".into());
            }
        }
    }
}

fn check_population(population: &mut Population, problems: &mut Vec<Problem>) {
    let name = population.name.clone();
    let size = population.size().unwrap_or(usize::MAX);
    if size == 0 || size > MAX_NEURONS {
        problems.push(Problem::Size { population: name, found: size });
        return;
    }
    match &population.model {
        Model::Poisson(m) => {
            let mean = |rate: &f64| rate * m.dt_seconds;
            let fits = |mean: &f64| (0.0..=MAX_POISSON_PER_STEP).contains(mean);
            if let Some(found) = m.rate_hz.iter().map(mean).find(|mean| !fits(mean)) {
                problems.push(Problem::PoissonRate { population: name.clone(), found });
            }
        }
        Model::SpikeList(m) => {
            if let Some((_, found)) = m.spikes.iter().find(|(_, n)| *n as usize >= size) {
                let (population, found) = (name.clone(), *found);
                problems.push(Problem::ListedNeuron { population, expected: size, found });
            }
        }
        _ => {}
    }
    let biases = population.biases.iter_mut().map(|b| ("bias", &mut b.values));
    for (parameter, values) in population.model.parameters().into_iter().chain(biases) {
        let population = name.clone();
        if values.len() != 1 && values.len() != size {
            let (expected, found) = (size, values.len());
            problems.push(Problem::ParameterLength { population, parameter, expected, found });
        } else if let Some(index) = values.iter().position(|v| !v.is_finite()) {
            let found = values[index];
            problems.push(Problem::NotFinite { population, parameter, index, found });
        } else if parameter.starts_with("tau")
            && let Some(index) = values.iter().position(|v| *v <= 0.0)
        {
            let found = values[index];
            problems.push(Problem::NotPositive { population, parameter, index, found });
        }
    }
}

/// The strongly connected components of the projections, sources before targets.
fn schedule(network: &Network) -> Result<Vec<Component>, Vec<Problem>> {
    let groups = strongly_connected(network);
    let mut group_of = vec![0; network.populations.len()];
    for (number, members) in groups.iter().enumerate() {
        members.iter().for_each(|&p| group_of[p] = number);
    }
    let mut inner: Vec<Vec<&Projection>> = vec![Vec::new(); groups.len()];
    for projection in &network.projections {
        let group = group_of[projection.source.0];
        if group == group_of[projection.target.0] {
            inner[group].push(projection);
        }
    }
    let (mut components, mut problems) = (Vec::new(), Vec::new());
    for (members, inner) in groups.iter().zip(&inner) {
        if inner.is_empty() {
            components.push(Component::Alone(PopulationId(members[0])));
            continue;
        }
        let order = without_waiting(network, members, inner);
        if order.len() < members.len() {
            let left = members.iter().filter(|&&p| !order.contains(&PopulationId(p)));
            let name = |&p: &usize| network.populations[p].name.clone();
            problems.push(Problem::Loop { populations: left.map(name).collect() });
        }
        components.push(Component::Cycle(order));
    }
    if problems.is_empty() { Ok(components) } else { Err(problems) }
}

/// Kahn's order of a component over the projections whose spikes arrive in the step that they are
/// fired in, as far as there is one; the lowest position first where several are free.
fn without_waiting(
    network: &Network,
    members: &[usize],
    inner: &[&Projection],
) -> Vec<PopulationId> {
    let mut waits: BTreeMap<usize, usize> = members.iter().map(|&p| (p, 0)).collect();
    let mut frees: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for projection in inner {
        let (source, target) = (projection.source.0, projection.target.0);
        if projection.delay_steps == 0 && !network.populations[target].model.fires_first() {
            *waits.entry(target).or_default() += 1;
            frees.entry(source).or_default().push(target);
        }
    }
    let free = waits.iter().filter(|(_, n)| **n == 0).map(|(p, _)| *p);
    let mut ready: BTreeSet<usize> = free.collect();
    let mut order = Vec::new();
    while let Some(next) = ready.pop_first() {
        order.push(PopulationId(next));
        for target in frees.remove(&next).unwrap_or_default() {
            if let Some(n) = waits.get_mut(&target) {
                *n -= 1;
                if *n == 0 {
                    ready.insert(target);
                }
            }
        }
    }
    order
}

/// Tarjan's components, turned so that sources come first; members ascending.
fn strongly_connected(network: &Network) -> Vec<Vec<usize>> {
    let n = network.populations.len();
    let mut targets = vec![Vec::new(); n];
    for projection in &network.projections {
        targets[projection.source.0].push(projection.target.0);
    }
    let (mut index, mut low) = (vec![usize::MAX; n], vec![0; n]);
    let (mut stack, mut on_stack) = (Vec::new(), vec![false; n]);
    let (mut count, mut components) = (0, Vec::new());
    for root in 0..n {
        if index[root] != usize::MAX {
            continue;
        }
        // Each frame is a population and the number of its targets already seen.
        let mut frames = vec![(root, 0)];
        while let Some(&mut (at, ref mut seen)) = frames.last_mut() {
            if *seen == 0 {
                index[at] = count;
                low[at] = count;
                count += 1;
                stack.push(at);
                on_stack[at] = true;
            }
            if let Some(&next) = targets[at].get(*seen) {
                *seen += 1;
                if index[next] == usize::MAX {
                    frames.push((next, 0));
                } else if on_stack[next] {
                    low[at] = low[at].min(index[next]);
                }
                continue;
            }
            frames.pop();
            if let Some(&(above, _)) = frames.last() {
                low[above] = low[above].min(low[at]);
            }
            if low[at] == index[at] {
                let from = stack.iter().rposition(|&p| p == at).unwrap_or(0);
                let mut members = stack.split_off(from);
                members.iter().for_each(|&p| on_stack[p] = false);
                members.sort_unstable();
                components.push(members);
            }
        }
    }
    components.reverse();
    components
}

fn lay_out(network: Network, isa: Isa, schedule: Vec<Component>) -> Compiled {
    let layouts = layouts(&network);
    let mut populations: Vec<CompiledPopulation> = network
        .populations
        .into_iter()
        .zip(layouts)
        .map(|(population, layout)| compile_population(population, layout))
        .collect();
    let mut plastic = Vec::new();
    for projection in network.projections {
        let (source, target) =
            (&populations[projection.source.0], &populations[projection.target.0]);
        let ends = Ends {
            sources: source.size,
            targets: target.size,
            padded: target.padded,
            from: source.layout,
            to: target.layout,
            binary: source.emission == Emission::Spikes,
        };
        let delay = projection.delay_steps as usize;
        let kernel = Kernel::new(&projection.connection, projection.learning.as_ref(), &ends);
        let source = &mut populations[projection.source.0];
        source.history = source.history.max(delay);
        let plastic = matches!(kernel, Kernel::Plastic(_)).then(|| {
            plastic.push((projection.target, populations[projection.target.0].incoming.len()));
            plastic.len() - 1
        });
        let (source, receptor) = (projection.source, usize::from(projection.receptor));
        let incoming = Incoming { source, receptor, delay, kernel, plastic };
        populations[projection.target.0].incoming.push(incoming);
    }
    for component in &schedule {
        if let Component::Cycle(members) = component {
            members.iter().for_each(|p| populations[p.0].in_cycle = true);
        }
    }
    let inputs = (0..populations.len())
        .filter(|&p| matches!(populations[p].dynamics, Dynamics::Input))
        .map(PopulationId)
        .collect();
    for output in &network.outputs {
        let history = &mut populations[output.population.0].history;
        *history = (*history).max(output.delay_steps as usize);
    }
    Compiled { isa, populations, inputs, outputs: network.outputs, schedule, plastic }
}

fn compile_population(mut population: Population, layout: Layout) -> CompiledPopulation {
    // `check_population` has seen that the size is one.
    let size = population.size().unwrap_or(0);
    let padded = size.next_multiple_of(PAD);
    let biases = population.biases.iter_mut().map(|b| ("bias", &mut b.values));
    for (_, values) in population.model.parameters().into_iter().chain(biases) {
        permute(values, layout);
    }
    if let Model::Delay(delay) = &mut population.model {
        permute(&mut delay.steps, layout);
    }
    let dynamics = population.model.compile(padded);
    let mut sum = vec![0.0; size];
    let mut early: Vec<(u32, Parameter)> = Vec::new();
    for bias in &population.biases {
        for (k, s) in sum.iter_mut().enumerate() {
            *s += bias.values[if bias.values.len() == 1 { 0 } else { k }];
        }
        early.push((bias.from_step, Parameter::new(&bias.values, padded)));
    }
    if early.iter().all(|(from, _)| *from == 0) {
        early.clear();
    }
    CompiledPopulation {
        model: population.model.name(),
        receptors: population.model.receptors().max(1),
        emission: dynamics.emission(),
        dynamics,
        name: population.name,
        shape: population.shape,
        size,
        padded,
        layout,
        incoming: Vec::new(),
        bias: sum.iter().any(|&b| b != 0.0).then(|| Parameter::new(&sum, padded)),
        early,
        history: 0,
        fires_first: population.model.fires_first(),
        in_cycle: false,
    }
}

/// Moves values given by index to their lanes.
fn permute<T: Copy>(values: &mut Vec<T>, layout: Layout) {
    if values.len() > 1 && layout != Layout::Plain {
        let by_lane = (0..values.len()).map(|lane| values[layout.index(lane)]).collect();
        *values = by_lane;
    }
}

/// Targets of convolutions and pools lie channels last, everything else plain.
fn layouts(network: &Network) -> Vec<Layout> {
    let mut layouts = vec![None; network.populations.len()];
    for projection in &network.projections {
        let (channels, output) = match &projection.connection {
            Connection::Conv2d(c) => (c.channels[1], c.output),
            Connection::Pool2d(c) => (c.channels, c.output),
            _ => continue,
        };
        let layout = Layout::ChannelsLast { channels, area: output[0] * output[1] };
        // Projections that see different shapes in one target meet in the plain layout.
        let agreed = layouts[projection.target.0].get_or_insert(layout);
        if *agreed != layout {
            *agreed = Layout::Plain;
        }
    }
    layouts.into_iter().map(|layout| layout.unwrap_or(Layout::Plain)).collect()
}

impl Compiled {
    /// The projections that learn, in the order of their states.
    pub(crate) fn plastic_kernels(&self) -> impl Iterator<Item = &Plastic> {
        self.plastic.iter().filter_map(|&(target, k)| {
            match &self.populations[target.0].incoming[k].kernel {
                Kernel::Plastic(plastic) => Some(plastic),
                _ => None,
            }
        })
    }

    fn port(&self, id: PopulationId, name: &str) -> Port {
        let p = &self.populations[id.0];
        Port { name: name.into(), shape: p.shape.clone(), size: p.size, emission: p.emission }
    }

    /// The inputs, in the order in which a session takes them.
    pub fn inputs(&self) -> Vec<Port> {
        self.inputs.iter().map(|&id| self.port(id, &self.populations[id.0].name)).collect()
    }

    /// The outputs, in the order in which a session gives them.
    pub fn outputs(&self) -> Vec<Port> {
        self.outputs.iter().map(|o| self.port(o.population, &o.name)).collect()
    }

    /// Every population.
    pub fn populations(&self) -> Vec<Port> {
        (0..self.populations.len())
            .map(|p| self.port(PopulationId(p), &self.populations[p].name))
            .collect()
    }

    /// The population of that name.
    pub fn population(&self, name: &str) -> Option<PopulationId> {
        self.populations.iter().position(|p| p.name == name).map(PopulationId)
    }

    /// The instruction set that sessions of this network use.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Neurons that keep state or fire; ports and relays are none.
    pub fn n_neurons(&self) -> usize {
        let ports = ["Input", "Relay"];
        self.populations.iter().filter(|p| !ports.contains(&p.model)).map(|p| p.size).sum()
    }

    /// Synapses of all projections: the synaptic operations of a step in which everything fires.
    pub fn n_synapses(&self) -> u64 {
        let incoming = self.populations.iter().flat_map(|p| &p.incoming);
        incoming.map(|i| i.kernel.synapses(self.populations[i.source.0].size)).sum()
    }

    /// Bytes of weights and tables that the sessions share.
    pub fn weight_bytes(&self) -> usize {
        self.populations.iter().flat_map(|p| &p.incoming).map(|i| i.kernel.bytes()).sum()
    }

    /// Bytes of state of one sequence of a session.
    pub fn state_bytes(&self) -> usize {
        self.populations.iter().map(|p| p.dynamics.states() * p.padded * 4).sum()
    }
}
