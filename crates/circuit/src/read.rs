//! A description's sections, read in the order in which they depend on one another.

use std::collections::BTreeMap;

use spike::circuit::{
    AdEx, Circuit, Conductance, DelayPart, Dependence, Distribution, Izhikevich, Lif, Neuron,
    Place, Plasticity, Population, Probe, Projection, Rule, Scaling, Stimulus, StimulusKind,
    Synapse, Synapses, ThresholdHomeostasis, Triplet, Variable,
};
use toml::de::DeTable;

use crate::node::{Node, Reader, Table};
use crate::problem::Problems;
use crate::quantity::Kind;
use crate::scale;

/// Bytes of a description at most.
pub const MAX_FILE_BYTES: usize = 16 << 20;
/// Projections and stimuli that lists may stand for at most.
const MAX_EXPANDED: usize = 1 << 16;
/// Whole numbers in a description at most.
const MAX_COUNT: u64 = 1 << 40;
/// Potential steps of a run at most.
const MAX_STEPS: f64 = 1e12;

/// A circuit as its description says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// What it is called.
    pub name: String,
    /// Where it was published.
    pub reference: Option<String>,
    /// The circuit.
    pub circuit: Circuit,
    /// Time to be recorded (ms).
    pub duration: f64,
    /// Time to be run before (ms).
    pub warm_up: f64,
    /// Its share of the circuit that was described.
    pub scale: f64,
    /// Whether the weights of plastic projections are kept at the end.
    pub record_weights: bool,
}

impl Described {
    /// A time in steps.
    pub fn steps(&self, time: f64) -> u64 {
        (time / self.circuit.dt).round() as u64
    }
}

/// What a caller changes in a description.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// Seed.
    pub seed: Option<u64>,
    /// Time to be recorded, as a quantity (`"10 s"`).
    pub duration: Option<String>,
    /// Time to be run before, as a quantity.
    pub warm_up: Option<String>,
    /// Share of neurons and of synapses per neuron, more than 0 and at most 1.
    pub scale: Option<f64>,
    /// What Poisson stimuli are.
    pub drive: Option<Drive>,
}

/// What Poisson stimuli are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Drive {
    /// Poisson trains.
    #[default]
    Poisson,
    /// The constant current with their mean.
    Dc,
}

/// Reads the bytes of a file that a description names.
pub(crate) type Files<'a> = dyn Fn(&str) -> Result<Vec<u8>, String> + 'a;

/// For descriptions that name no files.
///
/// # Errors
/// Always: no file is read.
pub fn no_files(_: &str) -> Result<Vec<u8>, String> {
    Err("files are not read here".into())
}

/// Reads a description.
///
/// # Errors
/// Everything wrong with it, each with its line.
pub fn read(
    text: &str,
    overrides: &Overrides,
    files: &dyn Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<Described, Problems> {
    let reader = Reader::new(text);
    if text.len() > MAX_FILE_BYTES {
        let found = format!("{} bytes", text.len());
        reader.problem(0, "file", found, format!("at most {MAX_FILE_BYTES}"));
        return Err(Problems(reader.finish()));
    }
    let described = match DeTable::parse(text) {
        Ok(root) => Description::new(Table::root(&reader, &root), overrides, files).read(),
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            reader.problem(at, "file", error.message().trim(), "TOML");
            None
        }
    };
    match described {
        Some(described) if reader.clean() => Ok(described),
        _ => Err(Problems(reader.finish())),
    }
}

/// A description being read.
struct Description<'a> {
    root: Table<'a>,
    overrides: &'a Overrides,
    files: &'a Files<'a>,
    neurons: BTreeMap<&'a str, Model<'a>>,
    circuit: Circuit,
    rates: Vec<Option<f64>>,
    /// Populations whose neuron is wrong: nothing is said of what goes onto them.
    unknown: Vec<usize>,
    places: Places<'a>,
}

/// A neuron model, its starts, and where it was said.
#[derive(Clone)]
struct Model<'a> {
    neuron: Neuron,
    start: Vec<(Variable, Distribution)>,
    table: Table<'a>,
}

/// Where each part of the circuit was said.
#[derive(Default)]
struct Places<'a> {
    populations: Vec<(Table<'a>, Table<'a>)>,
    projections: Vec<Table<'a>>,
    stimuli: Vec<Table<'a>>,
    probes: Vec<Table<'a>>,
}

impl<'a> Description<'a> {
    fn new(root: Table<'a>, overrides: &'a Overrides, files: &'a Files<'a>) -> Self {
        Self {
            root,
            overrides,
            files,
            neurons: BTreeMap::new(),
            circuit: Circuit::new(0.1, 1),
            rates: Vec::new(),
            unknown: Vec::new(),
            places: Places::default(),
        }
    }

    fn read(mut self) -> Option<Described> {
        let sections = ["simulation", "neurons", "populations", "projections", "stimuli", "record"];
        self.root.only(&sections);
        let keys = ["name", "reference", "duration", "warm_up", "step", "seed", "scale", "drive"];
        let simulation = self.root.need("simulation", "a table [simulation]");
        let simulation = simulation.and_then(|node| node.table(&keys));
        let settings = simulation.as_ref().and_then(|table| self.settings(table));
        self.read_neurons();
        self.each_table("populations", Self::population);
        if self.circuit.populations.is_empty() && self.root.get("populations").is_none() {
            self.root.need("populations", "a table [[populations]] for each population");
        }
        self.each_table("projections", Self::projection);
        self.each_table("stimuli", Self::stimulus);
        let record_weights = self.record();
        let (settings, simulation) = (settings?, simulation?);
        if !self.root.reader.clean() {
            return None;
        }
        if settings.scale < 1.0 {
            let place = simulation.get("scale").map_or(simulation.span.start, |n| n.span.start);
            let scaled = scale::down(&mut self.circuit, settings.scale, &self.rates);
            self.told(place, "simulation.scale", scaled);
        }
        if settings.drive == Drive::Dc {
            let place = simulation.get("drive").map_or(simulation.span.start, |n| n.span.start);
            let replaced = scale::constant(&mut self.circuit);
            self.told(place, "simulation.drive", replaced);
        }
        self.check();
        Some(Described {
            name: settings.name,
            reference: settings.reference,
            duration: settings.duration,
            warm_up: settings.warm_up,
            scale: settings.scale,
            record_weights: record_weights.unwrap_or(false),
            circuit: self.circuit,
        })
    }

    fn told(&self, at: usize, path: &str, done: Result<(), scale::Refusal>) {
        if let Err(refusal) = done {
            self.root.reader.problem(at, path, refusal.found, refusal.expected);
        }
    }

    /// Calls `read` with every table of a list of tables.
    fn each_table(&mut self, section: &str, read: fn(&mut Self, Table<'a>) -> Option<()>) {
        let Some(list) = self.root.get(section).and_then(|node| node.list()) else { return };
        for node in list {
            if let Some(table) = node.any_table() {
                read(self, table);
            }
        }
    }

    fn settings(&mut self, table: &Table<'a>) -> Option<Settings> {
        let time = |key: &str, given: &Option<String>, default: Option<f64>| match given {
            Some(text) => match Kind::Time.parse(text) {
                Ok(time) => Some(time),
                Err(found) => {
                    table.reader.problem(
                        0,
                        &format!("--{}", key.replace('_', "-")),
                        found,
                        Kind::Time.expected(),
                    );
                    None
                }
            },
            None => match (table.get(key), default) {
                (Some(node), _) => node.quantity(Kind::Time),
                (None, Some(default)) => Some(default),
                (None, None) => table.need_quantity(key, Kind::Time),
            },
        };
        let name = table.get("name").map_or(Some("circuit"), |node| node.text());
        let reference = table.get("reference").and_then(|node| node.text());
        let dt = table.quantity_or("step", Kind::Time, 0.1);
        let seed = table.get("seed").map_or(Some(1), |node| node.count(MAX_COUNT));
        let duration = time("duration", &self.overrides.duration, None);
        let warm_up = time("warm_up", &self.overrides.warm_up, Some(0.0));
        let scale = table.get("scale").map_or(Some(1.0), |node| node.number());
        let drives = [("poisson", Drive::Poisson), ("dc", Drive::Dc)];
        let drive = table.get("drive").map_or(Some(Drive::Poisson), |node| node.word(&drives));
        let scale = self.overrides.scale.or(scale)?;
        if !(scale > 0.0 && scale <= 1.0) {
            let at = table.get("scale").map_or(table.span.start, |node| node.span.start);
            let found = scale.to_string();
            table.reader.problem(at, "simulation.scale", found, "more than 0, at most 1");
        }
        (self.circuit.dt, self.circuit.seed) = (dt?, self.overrides.seed.or(seed)?);
        let (duration, warm_up) = (duration?, warm_up?);
        for (key, time) in [("duration", duration), ("warm_up", warm_up)] {
            let at = table.get(key).map_or(table.span.start, |node| node.span.start);
            let path = format!("simulation.{key}");
            if time < 0.0 || time / self.circuit.dt > MAX_STEPS {
                let expected = format!("0 to {MAX_STEPS:e} steps");
                table.reader.problem(at, &path, format!("{time} ms"), expected);
            }
        }
        Some(Settings {
            name: name?.into(),
            reference: reference.map(Into::into),
            duration,
            warm_up,
            scale,
            drive: self.overrides.drive.or(drive)?,
        })
    }

    fn read_neurons(&mut self) {
        let Some(table) = self.root.get("neurons").and_then(|node| node.any_table()) else {
            return;
        };
        for (name, node) in table.entries() {
            if let Some(model) = model(&node) {
                self.neurons.insert(name, model);
            }
        }
    }

    fn population(&mut self, table: Table<'a>) -> Option<()> {
        table.only(&["name", "size", "neuron", "start", "rate", "homeostasis"]);
        let name = table.need("name", "a name in quotes").and_then(|node| node.text());
        let size = table.need("size", "the number of neurons");
        let size = size.and_then(|node| node.count(MAX_COUNT));
        let model = table.need("neuron", "the name of a [neurons.NAME]").and_then(|node| {
            if node.is_table() {
                return self::model(&node);
            }
            let name = node.text()?;
            let model = self.neurons.get(name).cloned();
            if model.is_none() && !self.root.get("neurons").is_some_and(|n| has(&n, name)) {
                let known: Vec<&str> = self.neurons.keys().copied().collect();
                node.fault(format!("\"{name}\", a neuron that is not described"), choice(&known));
            }
            model
        });
        let rate = table.get("rate").map(|node| node.quantity(Kind::Rate));
        let homeostasis = table.get("homeostasis").map(|node| homeostasis(&node));
        let own = table.get("start");
        let own = own.map(|node| model.as_ref().and_then(|m| start(&node, &m.neuron)));
        let name = name?;
        if model.is_none() {
            self.unknown.push(self.circuit.populations.len());
        }
        // A place even where the rest is wrong, so that projections onto it are not wrong too.
        let model = model.unwrap_or_else(|| Model {
            neuron: Lif::new(10.0, Synapses::Delta).into(),
            start: Vec::new(),
            table: table.clone(),
        });
        if self.circuit.populations.iter().any(|p| p.name == name) {
            let node = table.get("name")?;
            node.fault(node.shown(), "a name that no other population has");
        }
        let mut population = Population::new(name, size.unwrap_or(1) as usize, model.neuron);
        population.start = model.start;
        population.start.extend(own.flatten().unwrap_or_default());
        population.homeostasis = homeostasis.flatten();
        self.circuit.populations.push(population);
        self.rates.push(rate.flatten());
        self.places.populations.push((table, model.table));
        Some(())
    }

    /// The population that a node names.
    fn named(&self, node: &Node<'a>) -> Option<usize> {
        let name = node.text()?;
        let found = self.circuit.populations.iter().position(|p| p.name == name);
        if found.is_none() {
            let known: Vec<&str> =
                self.circuit.populations.iter().map(|p| p.name.as_str()).collect();
            node.fault(format!("\"{name}\", a population that is not there"), choice(&known));
        }
        found
    }

    fn populations(&self, table: &Table<'a>, key: &str) -> Vec<Option<usize>> {
        let Some(node) = table.need(key, "the name of a population, or a list of names") else {
            return Vec::new();
        };
        node.one_or_more().iter().map(|node| self.named(node)).collect()
    }

    fn projection(&mut self, table: Table<'a>) -> Option<()> {
        table.only(&[
            "name",
            "source",
            "target",
            "rule",
            "p",
            "n",
            "file",
            "synapses",
            "multapses",
            "autapses",
            "receptor",
            "weight",
            "delay",
            "plasticity",
        ]);
        let sources = self.populations(&table, "source");
        let targets = self.populations(&table, "target");
        let rule = Rules::read(&table, sources.len(), targets.len(), self.files);
        let multapses = table.boolean_or("multapses", true);
        let autapses = table.boolean_or("autapses", false);
        let delay = table.need("delay", Kind::Time.expected());
        let delay = delay.and_then(|node| node.distribution(Kind::Time));
        if sources.len() * targets.len() + self.circuit.projections.len() > MAX_EXPANDED {
            let found = format!("{} by {}", sources.len(), targets.len());
            let expected = format!("at most {MAX_EXPANDED} projections in all");
            table.reader.problem(table.span.start, &table.path, found, expected);
            return None;
        }
        for (row, target) in targets.iter().enumerate() {
            let Some(target) = target.filter(|k| !self.unknown.contains(k)) else { continue };
            let neuron = self.circuit.populations[target].neuron.clone();
            let receptor = receptor(&table, &neuron);
            let kind = weight_kind(&neuron);
            let weight = table.need("weight", kind.expected());
            let weight = weight.and_then(|node| node.distribution(kind));
            let plasticity = table.get("plasticity").map(|node| plasticity(&node, kind));
            for (column, source) in sources.iter().enumerate() {
                let (Some(source), Some(rule)) = (*source, &rule) else { continue };
                let Some(rule) = rule.at(row, column) else { continue };
                let (Some(weight), Some(delay)) = (&weight, &delay) else { continue };
                self.circuit.projections.push(Projection {
                    source,
                    target,
                    receptor: receptor.unwrap_or(0),
                    rule,
                    multapses: multapses.unwrap_or(true),
                    autapses: autapses.unwrap_or(false),
                    weight: weight.clone(),
                    delay: delay.clone(),
                    plasticity: plasticity.clone().flatten(),
                });
                self.places.projections.push(table.clone());
            }
        }
        Some(())
    }

    fn stimulus(&mut self, table: Table<'a>) -> Option<()> {
        #[derive(Clone, Copy)]
        enum Sort {
            Poisson,
            Current,
        }
        let sorts = [("poisson", Sort::Poisson), ("current", Sort::Current)];
        let sort = table.need("kind", "poisson or current").and_then(|node| node.word(&sorts));
        match sort {
            Some(Sort::Poisson) => table.only(&[
                "kind", "target", "sources", "rate", "weight", "receptor", "from", "until",
            ]),
            Some(Sort::Current) => table.only(&["kind", "target", "amplitude", "from", "until"]),
            None => {}
        }
        let targets = self.populations(&table, "target");
        let from = table.quantity_or("from", Kind::Time, 0.0);
        let until = table.get("until").map(|node| node.quantity(Kind::Time));
        let counts = self.per_target(&table, "sources", targets.len());
        let sort = sort?;
        for (k, target) in targets.iter().enumerate() {
            let Some(target) = target.filter(|k| !self.unknown.contains(k)) else { continue };
            let neuron = self.circuit.populations[target].neuron.clone();
            let kind = match sort {
                Sort::Current => {
                    let amplitude = table.need("amplitude", Kind::Current.expected());
                    let unit = match neuron {
                        Neuron::Izhikevich(_) => Kind::Number,
                        _ => Kind::Current,
                    };
                    amplitude.and_then(|node| node.distribution(unit)).map(StimulusKind::Current)
                }
                Sort::Poisson => {
                    let receptor = receptor(&table, &neuron);
                    let rate = table.need_quantity("rate", Kind::Rate);
                    let weight = table.need_quantity("weight", weight_kind(&neuron));
                    let count = counts.get(k).copied().flatten();
                    (|| {
                        let (rate, weight) = (rate? * count?, weight?);
                        Some(StimulusKind::Poisson { rate, weight, receptor: receptor? })
                    })()
                }
            };
            if let (Some(kind), Some(from)) = (kind, from) {
                let until = until.flatten();
                self.circuit.stimuli.push(Stimulus { target, kind, from, until });
                self.places.stimuli.push(table.clone());
            }
        }
        Some(())
    }

    /// A number for each target: one for all, a list, or 1 where nothing is said.
    fn per_target(&self, table: &Table<'a>, key: &str, n: usize) -> Vec<Option<f64>> {
        let Some(node) = table.get(key) else { return vec![Some(1.0); n] };
        if !node.is_list() {
            return vec![node.number(); n];
        }
        let list = node.list().unwrap_or_default();
        if list.len() != n {
            node.fault(format!("{} numbers", list.len()), format!("{n}, one for each target"));
        }
        list.iter().map(|node| node.number()).collect()
    }

    fn record(&mut self) -> Option<bool> {
        let table = self.root.get("record")?.table(&["spikes", "weights", "potentials"])?;
        if let Some(node) = table.get("spikes") {
            if node.is_list() {
                let named: Vec<usize> =
                    node.list()?.iter().filter_map(|node| self.named(node)).collect();
                for (k, population) in self.circuit.populations.iter_mut().enumerate() {
                    population.recorded = named.contains(&k);
                }
            } else if node.boolean() == Some(false) {
                self.circuit.populations.iter_mut().for_each(|p| p.recorded = false);
            }
        }
        for node in table.get("potentials").and_then(|node| node.list()).unwrap_or_default() {
            if let Some(table) = node.table(&["population", "neurons", "variable", "every"]) {
                self.probe(table);
            }
        }
        table.boolean_or("weights", false)
    }

    fn probe(&mut self, table: Table<'a>) -> Option<()> {
        let population = table.need("population", "the name of a population");
        let population = population.and_then(|node| self.named(&node));
        let neurons = table.need("neurons", "a list of neurons").and_then(|node| node.list());
        let neurons: Option<Vec<u32>> =
            neurons?.iter().map(|node| node.count(u64::from(u32::MAX)).map(|n| n as u32)).collect();
        let every = table.quantity_or("every", Kind::Time, self.circuit.dt);
        let variable = match table.get("variable") {
            Some(node) => node.word(&VARIABLES),
            None => Some(Variable::Potential),
        };
        let every = (every? / self.circuit.dt).round().clamp(0.0, f64::from(u32::MAX)) as u32;
        let (population, neurons) = (population?, neurons?);
        self.circuit.probes.push(Probe { population, neurons, variable: variable?, every });
        self.places.probes.push(table);
        Some(())
    }

    /// What the engine finds wrong, with the lines that said it.
    fn check(&self) {
        let Err(faults) = self.circuit.check() else { return };
        for fault in faults.0 {
            let tables: Vec<&Table<'a>> = match fault.place {
                Place::Circuit => vec![&self.root],
                Place::Population(k) => {
                    let said = self.places.populations.get(k);
                    said.into_iter().flat_map(|(own, neuron)| [own, neuron]).collect()
                }
                Place::Projection(k) => self.places.projections.get(k).into_iter().collect(),
                Place::Stimulus(k) => self.places.stimuli.get(k).into_iter().collect(),
                Place::Probe(k) => self.places.probes.get(k).into_iter().collect(),
            };
            let key = fault.field.split(' ').next().unwrap_or_default();
            let said = tables.iter().find_map(|table| table.get(key));
            let (at, path) = match (&said, tables.first()) {
                (Some(node), _) => (node.span.start, node.path.clone()),
                (None, Some(table)) => {
                    let dot = if table.path.is_empty() { "" } else { "." };
                    (table.span.start, format!("{}{dot}{}", table.path, fault.field))
                }
                (None, None) => (0, fault.field.into()),
            };
            self.root.reader.problem(at, &path, fault.found, fault.expected);
        }
    }
}

/// What `[simulation]` says besides the step and the seed.
struct Settings {
    name: String,
    reference: Option<String>,
    duration: f64,
    warm_up: f64,
    scale: f64,
    drive: Drive,
}

const VARIABLES: [(&str, Variable); 6] = [
    ("v", Variable::Potential),
    ("w", Variable::Adaptation),
    ("u", Variable::Adaptation),
    ("synapse", Variable::Synapse(0)),
    ("excitatory", Variable::Synapse(0)),
    ("inhibitory", Variable::Synapse(1)),
];

/// Whether a table has a key, whatever its value.
fn has(node: &Node<'_>, key: &str) -> bool {
    node.any_table().is_some_and(|table| table.get(key).is_some())
}

fn choice(known: &[&str]) -> String {
    const MOST: usize = 12;
    match known {
        [] => "one that is described".into(),
        known if known.len() <= MOST => format!("one of {}", known.join(", ")),
        known => format!("one of {} and {} more", known[..MOST].join(", "), known.len() - MOST),
    }
}

/// The kind of a weight onto a neuron.
fn weight_kind(neuron: &Neuron) -> Kind {
    match neuron.synapses() {
        Some(Synapses::Current(_)) => Kind::Current,
        Some(Synapses::Conductance(_)) => Kind::Conductance,
        Some(Synapses::Delta) | None => Kind::Potential,
    }
}

/// The receptor that a table names.
fn receptor(table: &Table<'_>, neuron: &Neuron) -> Option<u8> {
    let receptors = neuron.receptors();
    match table.get("receptor") {
        Some(node) => node.word(&[("excitatory", 0), ("inhibitory", 1)]),
        None if receptors > 1 => {
            table.need("receptor", "excitatory or inhibitory: the target has both");
            None
        }
        None => Some(0),
    }
}

/// A neuron model with its parameters.
fn model<'a>(node: &Node<'a>) -> Option<Model<'a>> {
    #[derive(Clone, Copy)]
    enum Sort {
        Lif,
        AdEx,
        Izhikevich,
        Poisson,
        SpikeList,
    }
    let sorts = [
        ("lif", Sort::Lif),
        ("adex", Sort::AdEx),
        ("izhikevich", Sort::Izhikevich),
        ("poisson", Sort::Poisson),
        ("spike_list", Sort::SpikeList),
    ];
    let table = node.any_table()?;
    let expected = "lif, adex, izhikevich, poisson or spike_list";
    let sort = table.need("model", expected)?.word(&sorts)?;
    let neuron = match sort {
        Sort::Lif => lif(&table),
        Sort::AdEx => adex(&table),
        Sort::Izhikevich => izhikevich(&table),
        Sort::Poisson => {
            table.only(&["model", "rate"]);
            table.need_quantity("rate", Kind::Rate).map(|rate| Neuron::Poisson { rate })
        }
        Sort::SpikeList => spike_list(&table),
    }?;
    let start = table.get("start").map_or(Some(Vec::new()), |node| start(&node, &neuron))?;
    Some(Model { neuron, start, table })
}

fn lif(table: &Table<'_>) -> Option<Neuron> {
    table.only(&[
        "model",
        "synapses",
        "tau_syn",
        "e_rev",
        "tau_m",
        "c_m",
        "v_rest",
        "v_threshold",
        "v_reset",
        "t_refractory",
        "start",
    ]);
    let synapses = synapses(table);
    let tau_m = table.need_quantity("tau_m", Kind::Time);
    let c_m = match synapses {
        Some(Synapses::Delta) => table.quantity_or("c_m", Kind::Capacitance, 250.0),
        _ => table.need_quantity("c_m", Kind::Capacitance),
    };
    let potential = |key| table.need_quantity(key, Kind::Potential);
    let [v_rest, v_th, v_reset] = ["v_rest", "v_threshold", "v_reset"].map(potential);
    let t_ref = table.quantity_or("t_refractory", Kind::Time, 0.0);
    Some(Neuron::Lif(Lif {
        tau_m: tau_m?,
        c_m: c_m?,
        v_rest: v_rest?,
        v_th: v_th?,
        v_reset: v_reset?,
        t_ref: t_ref?,
        synapses: synapses?,
    }))
}

fn adex(table: &Table<'_>) -> Option<Neuron> {
    table.only(&[
        "model",
        "synapses",
        "tau_syn",
        "e_rev",
        "c_m",
        "g_l",
        "v_rest",
        "v_t",
        "delta_t",
        "tau_w",
        "a",
        "b",
        "v_reset",
        "v_peak",
        "t_refractory",
        "start",
    ]);
    let synapses = synapses(table);
    let need = |key, kind| table.need_quantity(key, kind);
    let c_m = need("c_m", Kind::Capacitance);
    let [g_l, a] = ["g_l", "a"].map(|key| need(key, Kind::Conductance));
    let potentials = ["v_rest", "v_t", "delta_t", "v_reset", "v_peak"];
    let [v_rest, v_t, delta_t, v_reset, v_peak] = potentials.map(|key| need(key, Kind::Potential));
    let tau_w = need("tau_w", Kind::Time);
    let b = need("b", Kind::Current);
    let t_ref = table.quantity_or("t_refractory", Kind::Time, 0.0);
    Some(Neuron::AdEx(AdEx {
        c_m: c_m?,
        g_l: g_l?,
        v_rest: v_rest?,
        v_t: v_t?,
        delta_t: delta_t?,
        tau_w: tau_w?,
        a: a?,
        b: b?,
        v_reset: v_reset?,
        v_peak: v_peak?,
        t_ref: t_ref?,
        synapses: synapses?,
    }))
}

fn izhikevich(table: &Table<'_>) -> Option<Neuron> {
    table.only(&["model", "a", "b", "c", "d", "v_peak", "start"]);
    let number = |key| table.need_quantity(key, Kind::Number);
    let [a, b, d] = ["a", "b", "d"].map(number);
    let c = table.need_quantity("c", Kind::Potential);
    let v_peak = table.quantity_or("v_peak", Kind::Potential, 30.0);
    Some(Neuron::Izhikevich(Izhikevich { a: a?, b: b?, c: c?, d: d?, v_peak: v_peak? }))
}

fn spike_list(table: &Table<'_>) -> Option<Neuron> {
    table.only(&["model", "times", "neurons"]);
    let times = table.need("times", "a list of times").and_then(|node| node.list());
    let neurons = table.need("neurons", "a list of neurons").and_then(|node| node.list());
    let (times, neurons) = (times?, neurons?);
    if times.len() != neurons.len() {
        let found = format!("{} times and {} neurons", times.len(), neurons.len());
        table.reader.problem(table.span.start, &table.path, found, "as many of both");
        return None;
    }
    let spike = |(time, neuron): (&Node<'_>, &Node<'_>)| {
        let (time, neuron) = (time.quantity(Kind::Time), neuron.count(u64::from(u32::MAX)));
        Some((time?, neuron? as u32))
    };
    times.iter().zip(&neurons).map(spike).collect::<Option<_>>().map(Neuron::SpikeList)
}

fn synapses(table: &Table<'_>) -> Option<Synapses> {
    #[derive(Clone, Copy)]
    enum Sort {
        Delta,
        Current,
        Conductance,
    }
    let sorts =
        [("delta", Sort::Delta), ("current", Sort::Current), ("conductance", Sort::Conductance)];
    let sort = table.need("synapses", "delta, current or conductance")?.word(&sorts)?;
    let both = |key: &str, kind: Kind| {
        let node = table.need(key, "{ excitatory = ..., inhibitory = ... }")?;
        let table = node.table(&["excitatory", "inhibitory"])?;
        let each = ["excitatory", "inhibitory"].map(|key| table.need_quantity(key, kind));
        Some([each[0]?, each[1]?])
    };
    match sort {
        Sort::Delta => {
            for key in ["tau_syn", "e_rev"] {
                if let Some(node) = table.get(key) {
                    node.fault(node.shown(), "nothing: delta synapses have none");
                }
            }
            Some(Synapses::Delta)
        }
        Sort::Current => match table.get("tau_syn") {
            Some(node) if !node.is_table() => {
                node.quantity(Kind::Time).map(|tau| Synapses::Current(vec![tau]))
            }
            _ => both("tau_syn", Kind::Time).map(|taus| Synapses::Current(taus.to_vec())),
        },
        Sort::Conductance => {
            let (tau, e_rev) = (both("tau_syn", Kind::Time), both("e_rev", Kind::Potential));
            let (tau, e_rev) = (tau?, e_rev?);
            Some(Synapses::Conductance(
                [0, 1].map(|k| Conductance { tau: tau[k], e_rev: e_rev[k] }),
            ))
        }
    }
}

/// Where variables start.
fn start(node: &Node<'_>, neuron: &Neuron) -> Option<Vec<(Variable, Distribution)>> {
    let table = node.table(&VARIABLES.map(|(name, _)| name))?;
    let one = |(name, node): (&str, Node<'_>)| {
        let (_, variable) = VARIABLES.iter().find(|(known, _)| *known == name)?;
        let kind = match variable {
            Variable::Potential => Kind::Potential,
            Variable::Synapse(_) => weight_kind(neuron),
            Variable::Adaptation if matches!(neuron, Neuron::Izhikevich(_)) => Kind::Number,
            Variable::Adaptation => Kind::Current,
        };
        Some((*variable, node.distribution(kind)?))
    };
    table.entries().into_iter().map(one).collect()
}

fn homeostasis(node: &Node<'_>) -> Option<ThresholdHomeostasis> {
    let table = node.table(&["kind", "rate", "step"])?;
    table.need("kind", "threshold")?.word(&[("threshold", ())])?;
    let rate = table.need_quantity("rate", Kind::Rate);
    let step = table.need_quantity("step", Kind::Potential);
    Some(ThresholdHomeostasis { rate: rate?, step: step? })
}

fn plasticity(node: &Node<'_>, weight: Kind) -> Option<Plasticity> {
    #[derive(Clone, Copy)]
    enum Sort {
        Additive,
        Multiplicative,
        PowerLaw,
    }
    let table = node.table(&[
        "rule",
        "dependence",
        "tau_plus",
        "tau_minus",
        "a_plus",
        "a_minus",
        "w_max",
        "delay",
        "mu",
        "w_0",
        "tau_x",
        "tau_y",
        "a3_plus",
        "a3_minus",
        "scaling",
    ])?;
    let triplet = table.need("rule", "pair or triplet");
    let triplet = triplet.and_then(|node| node.word(&[("pair", false), ("triplet", true)]));
    let sorts = [
        ("additive", Sort::Additive),
        ("multiplicative", Sort::Multiplicative),
        ("power_law", Sort::PowerLaw),
    ];
    let sort = table.need("dependence", "additive, multiplicative or power_law");
    let sort = sort.and_then(|node| node.word(&sorts));
    let [tau_plus, tau_minus] =
        ["tau_plus", "tau_minus"].map(|key| table.need_quantity(key, Kind::Time));
    let [a_plus, a_minus] = ["a_plus", "a_minus"].map(|key| table.need_quantity(key, Kind::Number));
    let w_max = table.need_quantity("w_max", weight);
    let parts = [("axonal", DelayPart::Axonal), ("dendritic", DelayPart::Dendritic)];
    let delay = table.need("delay", "dendritic or axonal").and_then(|node| node.word(&parts));
    let dependence = match sort? {
        Sort::Additive => Some(Dependence::Additive),
        Sort::Multiplicative => Some(Dependence::Multiplicative),
        Sort::PowerLaw => {
            let mu = table.need_quantity("mu", Kind::Number);
            let w_0 = table.need_quantity("w_0", weight);
            mu.zip(w_0).map(|(mu, w_0)| Dependence::PowerLaw { mu, w_0 })
        }
    };
    let triplet = match triplet? {
        false => Some(None),
        true => {
            let [tau_x, tau_y] = ["tau_x", "tau_y"].map(|key| table.need_quantity(key, Kind::Time));
            let [plus, minus] =
                ["a3_plus", "a3_minus"].map(|key| table.need_quantity(key, Kind::Number));
            (|| {
                let (tau_x, tau_y) = (tau_x?, tau_y?);
                Some(Some(Triplet { tau_x, tau_y, a3_plus: plus?, a3_minus: minus? }))
            })()
        }
    };
    let scaling = table.get("scaling").map_or(Some(None), |node| scaling(&node).map(Some));
    Some(Plasticity {
        dependence: dependence?,
        tau_plus: tau_plus?,
        tau_minus: tau_minus?,
        a_plus: a_plus?,
        a_minus: a_minus?,
        triplet: triplet?,
        w_max: w_max?,
        delay: delay?,
        scaling: scaling?,
    })
}

fn scaling(node: &Node<'_>) -> Option<Scaling> {
    let table = node.table(&["rate", "interval", "strength"])?;
    let rate = table.need_quantity("rate", Kind::Rate);
    let interval = table.need_quantity("interval", Kind::Time);
    let strength = table.need_quantity("strength", Kind::Number);
    Some(Scaling { rate: rate?, interval: interval?, strength: strength? })
}

/// A rule with its number for each pair of a target (row) and a source (column).
struct Rules {
    rule: Rule,
    numbers: Vec<Vec<f64>>,
}

impl Rules {
    fn read(table: &Table<'_>, columns: usize, rows: usize, files: &Files<'_>) -> Option<Self> {
        let rules = [
            ("all_to_all", 0),
            ("one_to_one", 1),
            ("pairwise_bernoulli", 2),
            ("fixed_indegree", 3),
            ("fixed_outdegree", 4),
            ("fixed_total_number", 5),
            ("fixed_probability", 6),
            ("arrays", 7),
        ];
        let expected = "a rule, like fixed_indegree or pairwise_bernoulli";
        let rule = match table.need("rule", expected)?.word(&rules)? {
            0 => Rule::AllToAll,
            1 => Rule::OneToOne,
            2 => Rule::Bernoulli(0.0),
            3 => Rule::InDegree(0),
            4 => Rule::OutDegree(0),
            5 => Rule::TotalNumber(0),
            6 => Rule::Probability(0.0),
            _ => return arrays(table, files).map(|rule| Self { rule, numbers: Vec::new() }),
        };
        let (key, most) = match rule {
            Rule::Bernoulli(_) | Rule::Probability(_) => ("p", None),
            Rule::InDegree(_) | Rule::OutDegree(_) => ("n", Some(u64::from(u32::MAX))),
            Rule::TotalNumber(_) => ("n", Some(MAX_COUNT)),
            _ => return Some(Self { rule, numbers: Vec::new() }),
        };
        let expected = "a number, or a row for each target with a number for each source";
        let node = table.need(key, expected)?;
        let number = |node: &Node<'_>| match most {
            Some(most) => node.count(most).map(|n| n as f64),
            None => node.number(),
        };
        if !node.is_list() {
            let number = number(&node)?;
            return Some(Self { rule, numbers: vec![vec![number; columns]; rows] });
        }
        let lines = node.list()?;
        let numbers: Option<Vec<Vec<f64>>> =
            lines.iter().map(|line| line.list()?.iter().map(number).collect()).collect();
        let numbers = numbers?;
        if numbers.len() != rows || numbers.iter().any(|line| line.len() != columns) {
            let found = format!("{} rows", numbers.len());
            node.fault(found, format!("{rows} rows (targets) of {columns} numbers (sources)"));
            return None;
        }
        Some(Self { rule, numbers })
    }

    /// The rule of a pair; none where its number is zero.
    fn at(&self, row: usize, column: usize) -> Option<Rule> {
        let number = self.numbers.get(row).and_then(|line| line.get(column)).copied();
        let rule = match &self.rule {
            Rule::Bernoulli(_) => Rule::Bernoulli(number?),
            Rule::InDegree(_) => Rule::InDegree(number? as u32),
            Rule::OutDegree(_) => Rule::OutDegree(number? as u32),
            Rule::TotalNumber(_) => Rule::TotalNumber(number? as u64),
            Rule::Probability(_) => Rule::Probability(number?),
            rule => rule.clone(),
        };
        (number != Some(0.0)).then_some(rule)
    }
}

/// Synapses from a file or from the description itself.
fn arrays(table: &Table<'_>, files: &Files<'_>) -> Option<Rule> {
    if let Some(node) = table.get("synapses") {
        let synapse = |node: &Node<'_>| {
            let ends = node.list()?;
            let [source, target] = ends.as_slice() else {
                node.fault(format!("{} numbers", ends.len()), "[source, target]");
                return None;
            };
            let most = u64::from(u32::MAX);
            let (source, target) = (source.count(most)? as u32, target.count(most)? as u32);
            Some(Synapse { source, target, weight: None, delay: None })
        };
        return node.list()?.iter().map(synapse).collect::<Option<_>>().map(Rule::Arrays);
    }
    let node = table.need("file", "the name of an .npz file, or `synapses = [[0, 1], ...]`")?;
    let name = node.text()?;
    let columns = files(name)
        .and_then(|bytes| sense::read_columns(&bytes, name).map_err(|error| error.to_string()));
    let columns = match columns {
        Ok(columns) => columns,
        Err(error) => {
            let expected = "an .npz with sources, targets and perhaps weights and delays (ms)";
            node.fault(format!("\"{name}\": {error}"), expected);
            return None;
        }
    };
    let column = |key: &str| columns.get(key).map(|column| &column.values[..]);
    let (Some(sources), Some(targets)) = (column("sources"), column("targets")) else {
        node.fault(format!("\"{name}\""), "arrays named `sources` and `targets`");
        return None;
    };
    let (weights, delays) = (column("weights"), column("delays"));
    let lengths = [Some(sources), Some(targets), weights, delays].map(|c| c.map(<[f64]>::len));
    if lengths.iter().flatten().any(|&n| n != sources.len()) {
        node.fault(format!("\"{name}\", arrays of {lengths:?} values"), "arrays of one length");
        return None;
    }
    let synapse = |k: usize| Synapse {
        source: sources[k] as u32,
        target: targets[k] as u32,
        weight: weights.map(|w| w[k] as f32),
        delay: delays.map(|d| d[k] as f32),
    };
    Some(Rule::Arrays((0..sources.len()).map(synapse).collect()))
}
