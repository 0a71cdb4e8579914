//! A description's sections, read in the order in which they depend on one another.

use std::collections::BTreeMap;

use spike::circuit::{
    Circuit, Lif, Neuron, Place, Population, Probe, Projection, Stimulus, StimulusKind, Synapses,
    Variable,
};
use toml::de::DeTable;

use crate::neurons::{Model, VARIABLES, homeostasis, model, receptor, start, weight_kind};
use crate::node::{Node, Reader, Table};
use crate::plasticity::plasticity;
use crate::problem::Problems;
use crate::quantity::Kind;
use crate::rules::Rules;
use crate::scale;

/// Bytes of a description at most.
pub const MAX_FILE_BYTES: usize = 16 << 20;
/// Projections and stimuli that lists may stand for at most.
const MAX_EXPANDED: usize = 1 << 16;
/// Whole numbers in a description at most.
pub(crate) const MAX_COUNT: u64 = 1 << 40;
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
    /// Bytes that the circuit may take; none where nobody says.
    pub available_bytes: Option<u64>,
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
        self.fits(settings.scale);
        Some(Described {
            name: settings.name,
            reference: settings.reference,
            duration: settings.duration,
            warm_up: settings.warm_up,
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
                return model(&node);
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

    /// Holds what building takes against what there is; the largest projection is named.
    fn fits(&self, scale: f64) {
        let Some(available) = self.overrides.available_bytes else { return };
        if !self.root.reader.clean() {
            return;
        }
        let estimate = self.circuit.estimate();
        if estimate.bytes <= available {
            return;
        }
        let size = |k: &usize| self.circuit.synapses(*k);
        let largest = (0..self.places.projections.len()).max_by(|a, b| size(a).total_cmp(&size(b)));
        let said = largest.map(|k| &self.places.projections[k]);
        let (at, path) = said.map_or((0, "file"), |table| (table.span.start, &*table.path));
        // Bytes go with the square of the scale; a tenth is left for the rest.
        let share = 0.9 * scale * (available as f64 / estimate.bytes as f64).sqrt();
        let found = format!("{} synapses in all, {} MiB", estimate.synapses, estimate.bytes >> 20);
        let expected = format!(
            "at most the {} MiB of memory that are free, like with a scale of {share:.2}",
            available >> 20
        );
        self.root.reader.problem(at, path, found, expected);
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
