//! Neuron models of a description: their parameters, their synapses, where they start.

use spike::circuit::{
    AdEx, Conductance, Distribution, Izhikevich, Lif, Neuron, Synapses, ThresholdHomeostasis,
    Variable,
};

use crate::node::{Node, Table};
use crate::quantity::Kind;

/// The names of variables.
pub(crate) const VARIABLES: [(&str, Variable); 6] = [
    ("v", Variable::Potential),
    ("w", Variable::Adaptation),
    ("u", Variable::Adaptation),
    ("synapse", Variable::Synapse(0)),
    ("excitatory", Variable::Synapse(0)),
    ("inhibitory", Variable::Synapse(1)),
];

/// A neuron model, its starts, and where it was said.
#[derive(Clone)]
pub(crate) struct Model<'a> {
    pub(crate) neuron: Neuron,
    pub(crate) start: Vec<(Variable, Distribution)>,
    pub(crate) table: Table<'a>,
}

/// The kind of a weight onto a neuron.
pub(crate) fn weight_kind(neuron: &Neuron) -> Kind {
    match neuron.synapses() {
        Some(Synapses::Current(_)) => Kind::Current,
        Some(Synapses::Conductance(_)) => Kind::Conductance,
        Some(Synapses::Delta) | None => Kind::Potential,
    }
}

/// The receptor that a table names.
pub(crate) fn receptor(table: &Table<'_>, neuron: &Neuron) -> Option<u8> {
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
pub(crate) fn model<'a>(node: &Node<'a>) -> Option<Model<'a>> {
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
pub(crate) fn start(node: &Node<'_>, neuron: &Neuron) -> Option<Vec<(Variable, Distribution)>> {
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

/// A threshold that adapts.
pub(crate) fn homeostasis(node: &Node<'_>) -> Option<ThresholdHomeostasis> {
    let table = node.table(&["kind", "rate", "step"])?;
    table.need("kind", "threshold")?.word(&[("threshold", ())])?;
    let rate = table.need_quantity("rate", Kind::Rate);
    let step = table.need_quantity("step", Kind::Potential);
    Some(ThresholdHomeostasis { rate: rate?, step: step? })
}
