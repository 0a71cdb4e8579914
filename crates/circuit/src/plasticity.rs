//! How the weights of a projection learn, as a description says it.

use spike::circuit::{DelayPart, Dependence, Plasticity, Scaling, Triplet};

use crate::node::Node;
use crate::quantity::Kind;

/// The rule of a table, with weights of a kind.
pub(crate) fn plasticity(node: &Node<'_>, weight: Kind) -> Option<Plasticity> {
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
