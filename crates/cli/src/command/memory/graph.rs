//! `striatum memory graph`: the shape of what is known, as tables.

use anyhow::{Result, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::{Map, Value, json};

use super::{field, line, list};
use crate::command::client::Client;
use crate::watched::ServerFlags;
use crate::{Outcome, draw};

/// Characters of a name in a table.
const NAME: usize = 40;
/// Characters of the names of a group.
const NAMES: usize = 100;

/// What can be asked; the server has the same with `_`.
const ANALYSES: [&str; 24] = [
    "summary",
    "shortest-paths",
    "reachable",
    "components",
    "strong-components",
    "degree",
    "in-degree",
    "out-degree",
    "page-rank",
    "betweenness",
    "closeness",
    "eigenvector",
    "clustering",
    "triangles",
    "cores",
    "motifs",
    "communities",
    "spanning-forest",
    "maximum-flow",
    "bridges",
    "articulation-points",
    "predicted-links",
    "matching",
    "colouring",
];

/// Analyse the graph of entities and what joins them.
///
/// Links are relations, and facts about one entity and another. They go both ways unless --directed
/// is given. An end is a name or an alias, or #NUMBER for an entity of that number.
#[derive(Args)]
pub(super) struct Graph {
    /// What is asked.
    #[arg(default_value = "summary", value_parser = PossibleValuesParser::new(ANALYSES))]
    analysis: String,
    /// From where.
    #[arg(long, value_name = "NAME")]
    from: Option<String>,
    /// To where.
    #[arg(long, value_name = "NAME")]
    to: Option<String>,
    /// How many ways, for shortest-paths.
    #[arg(long)]
    k: Option<usize>,
    /// What a tie costs: surprisal, inverse or hops.
    #[arg(long)]
    cost: Option<String>,
    /// Hops at most, for reachable.
    #[arg(long)]
    hops: Option<usize>,
    /// Against the direction of links, for reachable.
    #[arg(long)]
    against: bool,
    /// For page-rank [default: 0.85].
    #[arg(long)]
    damping: Option<f64>,
    /// A sample of so many, for betweenness.
    #[arg(long)]
    sources: Option<usize>,
    /// Higher for smaller groups, for communities [default: 1].
    #[arg(long)]
    resolution: Option<f64>,
    /// adamic_adar, jaccard or common_neighbours, for predicted-links.
    #[arg(long)]
    likeness: Option<String>,
    /// Only relations of this kind and facts of this predicate; can be repeated.
    #[arg(long)]
    kind: Vec<String>,
    /// Memories that have relations too.
    #[arg(long)]
    memories: bool,
    /// Links go from one to the other.
    #[arg(long)]
    directed: bool,
    /// How many rows, at most 1000.
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// The branch, by its number.
    #[arg(long)]
    branch: Option<u64>,
    /// What was true then: RFC 3339.
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// As it was known then: RFC 3339.
    #[arg(long, value_name = "TIME")]
    known_at: Option<String>,
    #[command(flatten)]
    server: ServerFlags,
}

impl Graph {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let answer =
            Client::of(&self.server).send("POST", "/v1/graph/analyze", &self.request()?)?;
        if json {
            println!("{answer:#}");
        } else {
            print!("{}", shown(&answer));
        }
        let names = ["vertices", "ties", "groups", "paths", "degrees"];
        let any = names.iter().any(|name| !list(&answer, name).is_empty());
        Ok(if any { Outcome::Done } else { Outcome::No })
    }

    fn request(&self) -> Result<Value> {
        let mut request = json!({
            "analysis": self.analysis.replace('-', "_"), "kinds": self.kind,
            "memories": self.memories, "directed": self.directed, "limit": self.limit,
        });
        let end = |what, name: &Option<String>| name.as_deref().map(|n| end(what, n)).transpose();
        let given = [
            ("from", end("--from", &self.from)?),
            ("to", end("--to", &self.to)?),
            ("k", self.k.map(Value::from)),
            ("cost", self.cost.as_deref().map(Value::from)),
            ("hops", self.hops.map(Value::from)),
            ("against", self.against.then_some(Value::from(true))),
            ("damping", self.damping.map(Value::from)),
            ("sources", self.sources.map(Value::from)),
            ("resolution", self.resolution.map(Value::from)),
            ("likeness", self.likeness.as_deref().map(Value::from)),
            ("branch", self.branch.map(Value::from)),
            ("valid_at", self.as_of.as_deref().map(Value::from)),
            ("known_at", self.known_at.as_deref().map(Value::from)),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                request[name] = value;
            }
        }
        Ok(request)
    }
}

/// An entity by its name, or by its number.
fn end(what: &str, name: &str) -> Result<Value> {
    match name.strip_prefix('#').map(str::parse::<u64>) {
        None => Ok(json!({ "name": name })),
        Some(Ok(number)) => Ok(json!({ "entity": number })),
        Some(Err(_)) => bail!("{what}: expected a name, or # and a number, found {name:?}"),
    }
}

/// A number without digits that say nothing.
fn number(value: &Value) -> String {
    match value.as_f64() {
        Some(x) if x.fract() == 0.0 && x.abs() < 1e15 => format!("{x}"),
        Some(x) if x.abs() < 1e-3 => format!("{x:.3e}"),
        Some(x) => format!("{x:.4}"),
        None => String::new(),
    }
}

fn name(named: &Value) -> String {
    line(&field(named, "name"), NAME)
}

/// `#7`, or the name of a memory.
fn id(named: &Value) -> String {
    let vertex = &named["vertex"];
    vertex["entity"].as_u64().map_or_else(|| field(vertex, "memory"), |id| format!("#{id}"))
}

fn shown(answer: &Value) -> String {
    let graph = &answer["graph"];
    let way = if graph["directed"] == true { "one way" } else { "both ways" };
    let (vertices, links) = (field(graph, "vertices"), field(graph, "links"));
    let mut text = format!("{vertices} vertices, {links} links, {way}\n");
    let values = answer["values"].as_object();
    for (name, value) in values.into_iter().flat_map(Map::iter) {
        text.push_str(&format!("{:20} {}\n", name.replace('_', " "), number(value)));
    }
    let tables = [
        draw_all(answer, "vertices", &["value", "id", "name"], |v| {
            vec![number(&v["value"]), id(v), name(v)]
        }),
        draw_all(answer, "ties", &["value", "from", "kind", "to"], |tie| {
            vec![number(&tie["value"]), name(&tie["from"]), field(tie, "kind"), name(&tie["to"])]
        }),
        draw_all(answer, "groups", &["size", "first"], |group| {
            let names: Vec<String> = list(group, "vertices").iter().map(name).collect();
            vec![number(&group["size"]), line(&names.join(", "), NAMES)]
        }),
        draw_all(answer, "paths", &["cost", "strength", "way"], |way| {
            vec![number(&way["cost"]), number(&way["strength"]), steps(way)]
        }),
        draw_all(answer, "degrees", &["degree", "vertices"], |degree| {
            vec![number(&degree["degree"]), number(&degree["vertices"])]
        }),
    ];
    for table in tables.into_iter().filter(|table| !table.is_empty()) {
        text.push('\n');
        text.push_str(&table);
    }
    if answer["more"] == true {
        text.push_str("there are more: ask for them with --limit\n");
    }
    text
}

/// A table of what there is; nothing where there is none.
fn draw_all(
    answer: &Value,
    what: &str,
    head: &[&str],
    row: impl Fn(&Value) -> Vec<String>,
) -> String {
    match list(answer, what) {
        [] => String::new(),
        all => draw::table(head, &all.iter().map(row).collect::<Vec<_>>()),
    }
}

/// `Ada >knows> Grace >wrote> COBOL`.
fn steps(way: &Value) -> String {
    let vertices = list(way, "vertices");
    let mut text = vertices.first().map_or_else(String::new, name);
    for (kind, vertex) in list(way, "kinds").iter().zip(vertices.iter().skip(1)) {
        let kind = line(kind.as_str().unwrap_or_default(), NAME);
        text.push_str(&format!(" >{kind}> {}", name(vertex)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{end, number, shown};
    use serde_json::json;

    #[test]
    fn ends_are_names_or_numbers() {
        assert_eq!(end("--from", "Ada").unwrap(), json!({ "name": "Ada" }));
        assert_eq!(end("--from", "#7").unwrap(), json!({ "entity": 7 }));
        assert!(end("--to", "#x").unwrap_err().to_string().starts_with("--to: expected a name"));
    }

    #[test]
    fn a_way_is_drawn_with_what_joins_its_steps() {
        let answer = json!({
            "graph": { "vertices": 3, "links": 2, "directed": false }, "values": { "paths": 1.0 },
            "paths": [{ "cost": 0.5, "strength": 0.25, "kinds": ["knows", "wrote"], "vertices": [
                { "name": "Ada" }, { "name": "Gra\u{1b}ce" }, { "name": "COBOL" }] }],
            "more": false,
        });
        let drawn = shown(&answer);
        assert!(drawn.starts_with("3 vertices, 2 links, both ways\npaths "), "{drawn}");
        assert!(drawn.contains("0.5000  0.2500    Ada >knows> Gra ce >wrote> COBOL\n"), "{drawn}");
        assert_eq!(
            [json!(3.0), json!(0.0), json!(1e-5)].map(|x| number(&x)),
            ["3", "0", "1.000e-5"]
        );
    }
}
