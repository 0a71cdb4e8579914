//! Rules of connection, with a number for each pair of populations, and synapses from arrays.

use spike::circuit::{Rule, Synapse};

use crate::node::{Node, Table};
use crate::read::{Files, MAX_COUNT};

/// A rule with its number for each pair of a target (row) and a source (column).
pub(crate) struct Rules {
    rule: Rule,
    numbers: Vec<Vec<f64>>,
}

impl Rules {
    pub(crate) fn read(
        table: &Table<'_>,
        columns: usize,
        rows: usize,
        files: &Files<'_>,
    ) -> Option<Self> {
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
    pub(crate) fn at(&self, row: usize, column: usize) -> Option<Rule> {
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
