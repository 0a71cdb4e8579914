//! How many values it takes to say what the classes of Python's standard library have:
//! `python crates/knowledge/tests/classes.py --all | cargo run --release -p knowledge --example reorganise`.
//!
//! Told for two beginnings: each class says all of its attributes itself, or those alone that Python
//! has in it.

#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![allow(clippy::print_stdout, reason = "it is what a measurement is for")]
#![allow(clippy::panic, reason = "a measurement of something else is none")]

use std::collections::BTreeMap;
use std::time::Instant;

use knowledge::{
    BranchId, Command, Compression, EntityId, Gathering, ItemId, Knowledge, KnowledgeError,
    NewEntity, Provenance, Scalar, Stamp,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Tree {
    python: String,
    names: Vec<String>,
    classes: Vec<Class>,
}

#[derive(Deserialize)]
struct Class {
    name: String,
    parents: Vec<usize>,
    /// By the class that has it: the attributes that are found.
    finds: BTreeMap<usize, Vec<usize>>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tree: Tree = serde_json::from_reader(std::io::stdin())?;
    println!("{} classes of Python {}", tree.classes.len(), tree.python);
    for (flat, title) in [(true, "each says all of its attributes"), (false, "as Python has them")]
    {
        let mut knowledge = grow(&tree, flat)?;
        println!("{title}");
        let (mut n_moves, mut n_commands, begun) = (0, 0, Instant::now());
        let mut first: Option<Compression> = None;
        loop {
            let outcome = run(&mut knowledge, Command::Reorganise(Gathering::default()))?;
            let done = outcome.reorganisation.ok_or("nothing is told of it")?;
            n_commands += 1;
            n_moves += done.moves.len();
            let before = *first.get_or_insert(done.before);
            if done.moves.is_empty() {
                let (was, is) = (before, done.after);
                println!("  {} attributes", is.effective);
                println!("  before {:6} values, {:.2} for each", was.stored, was.ratio());
                println!("  after  {:6} values, {:.2} for each", is.stored, is.ratio());
                println!(
                    "  {n_moves} moves in {n_commands} commands, {:.0} ms",
                    begun.elapsed().as_secs_f64() * 1e3
                );
                break;
            }
        }
    }
    Ok(())
}

fn grow(tree: &Tree, flat: bool) -> Result<Knowledge, KnowledgeError> {
    let mut knowledge = Knowledge::default();
    let mut ids: Vec<EntityId> = Vec::new();
    for (k, class) in tree.classes.iter().enumerate() {
        let told = class.finds.iter().filter(|(of, _)| flat || **of == k);
        let value = |of: usize| Scalar::Integer(of as i64);
        let properties = told.flat_map(|(of, names)| {
            names.iter().map(|name| (tree.names[*name].clone(), value(*of)))
        });
        let new = NewEntity {
            // Some have the name of another.
            name: format!("{} {k}", class.name),
            kind: "class".into(),
            aliases: Vec::new(),
            properties: properties.collect(),
            provenance: said(),
        };
        match run(&mut knowledge, Command::AddEntity(new))?.item {
            Some(ItemId::Entity(id)) => ids.push(id),
            other => panic!("no entity: {other:?}"),
        }
    }
    for (k, class) in tree.classes.iter().enumerate() {
        let parents = class.parents.iter().map(|parent| ids[*parent]).collect();
        run(&mut knowledge, Command::SetParents { entity: ids[k], parents, provenance: said() })?;
    }
    Ok(knowledge)
}

fn run(knowledge: &mut Knowledge, command: Command) -> Result<knowledge::Outcome, KnowledgeError> {
    let stamp = Stamp { branch: BranchId::MAIN, at: 0, by: "example".into() };
    let plan = knowledge.plan(command, &stamp)?;
    let outcome = plan.outcome.clone();
    knowledge.apply(plan);
    Ok(outcome)
}

fn said() -> Provenance {
    Provenance { source: "python".into(), memory: None, episode: None, confidence: 1.0 }
}
