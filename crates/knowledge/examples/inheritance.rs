//! What it costs to look a property up, and to find what members of classes have in common, in a
//! hierarchy of 100,000 entities on twelve levels:
//! `cargo run --release -p knowledge --example inheritance`.
//!
//! Each entity below the first level has a parent on the level above; every fourth has two. For
//! instructions: `valgrind --tool=callgrind --collect-atstart=no --toggle-collect='*::look_up' ...`.

#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![allow(clippy::print_stdout, reason = "it is what a measurement is for")]
#![allow(clippy::panic, reason = "a measurement of something else is none")]

use std::collections::BTreeMap;
use std::time::Instant;

use knowledge::{
    BranchId, Command, EntityId, Gathering, ItemId, Knowledge, KnowledgeError, NewEntity,
    Provenance, Scalar, Stamp, View,
};

const N: u64 = 100_000;
const N_LEVELS: u64 = 12;
/// Each level has so many times as many entities as the one above.
const GROWTH: f64 = 2.6;
const N_LOOK_UPS: u64 = 1_000;

fn main() -> Result<(), KnowledgeError> {
    let mut world = World::default();
    let levels = world.grow()?;
    println!("{N} entities, on each level {:?}", levels.iter().map(Vec::len).collect::<Vec<_>>());
    let view = world.knowledge.latest(BranchId::MAIN)?;
    let leaves = levels.last().map(Vec::as_slice).unwrap_or_default();
    let n = leaves.len() as u64;
    let asked: Vec<EntityId> =
        (0..N_LOOK_UPS).map(|k| leaves[(k.wrapping_mul(7_919) % n) as usize]).collect();
    let ancestors: usize =
        asked.iter().filter_map(|id| view.ancestors(*id)).map(|a| a.line.len() - 1).sum();
    println!("{:.1} ancestors", ancestors as f64 / N_LOOK_UPS as f64);
    for name in ["said at the top", "said half way", "said by itself", "said by nobody"] {
        let begun = Instant::now();
        let found = look_up(&view, &asked, name);
        let micros = begun.elapsed().as_secs_f64() * 1e6 / N_LOOK_UPS as f64;
        println!("{name:16} {found:5} of {N_LOOK_UPS} found, {micros:.2} us each");
    }
    let begun = Instant::now();
    let found = view.reorganisation(&Gathering::default())?;
    println!(
        "reorganised      {} moves of {} entities in {:.0} ms, {} of {} values remain",
        found.moves.len(),
        found.updates.len(),
        begun.elapsed().as_secs_f64() * 1e3,
        found.after.stored,
        found.before.stored
    );
    Ok(())
}

/// How many of them have a property.
#[inline(never)]
fn look_up(view: &View<'_>, asked: &[EntityId], name: &str) -> usize {
    asked.iter().filter(|id| view.property(**id, name).is_some()).count()
}

#[derive(Default)]
struct World {
    knowledge: Knowledge,
    seed: u64,
}

impl World {
    fn grow(&mut self) -> Result<Vec<Vec<EntityId>>, KnowledgeError> {
        let mut levels: Vec<Vec<EntityId>> = Vec::new();
        let (mut left, mut wide) = (N, 1.0_f64);
        for k in 0..N_LEVELS {
            let n = if k + 1 == N_LEVELS { left } else { (wide as u64).min(left) };
            (left, wide) = (left - n, wide * GROWTH);
            let properties = match k {
                0 => property("said at the top"),
                5 => property("said half way"),
                11 => property("said by itself"),
                _ => BTreeMap::new(),
            };
            let mut level = Vec::new();
            for at in 0..n {
                let entity = self.add(&format!("{k}.{at}"), properties.clone())?;
                if let Some(above) = levels.last() {
                    let parents = self.parents(above, at);
                    self.be(entity, parents)?;
                }
                level.push(entity);
            }
            levels.push(level);
        }
        Ok(levels)
    }

    /// One of a level; of every fourth entity two.
    fn parents(&mut self, above: &[EntityId], at: u64) -> Vec<EntityId> {
        let first = self.random(above.len());
        let second = self.random(above.len());
        let both = at % 4 == 3 && first != second;
        let chosen = if both { vec![first, second] } else { vec![first] };
        chosen.into_iter().map(|k| above[k]).collect()
    }

    fn random(&mut self, n: usize) -> usize {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.seed >> 33) as usize % n
    }

    fn add(
        &mut self,
        name: &str,
        properties: BTreeMap<String, Scalar>,
    ) -> Result<EntityId, KnowledgeError> {
        let new = NewEntity {
            name: name.into(),
            kind: "class".into(),
            aliases: Vec::new(),
            properties,
            provenance: said(),
        };
        match self.run(Command::AddEntity(new))? {
            Some(ItemId::Entity(id)) => Ok(id),
            other => panic!("no entity: {other:?}"),
        }
    }

    fn be(&mut self, entity: EntityId, parents: Vec<EntityId>) -> Result<(), KnowledgeError> {
        self.run(Command::SetParents { entity, parents, provenance: said() }).map(drop)
    }

    fn run(&mut self, command: Command) -> Result<Option<ItemId>, KnowledgeError> {
        let stamp = Stamp { branch: BranchId::MAIN, at: 0, by: "example".into() };
        let plan = self.knowledge.plan(command, &stamp)?;
        let item = plan.outcome.item;
        self.knowledge.apply(plan);
        Ok(item)
    }
}

fn property(name: &str) -> BTreeMap<String, Scalar> {
    BTreeMap::from([(name.to_string(), Scalar::Bool(true))])
}

fn said() -> Provenance {
    Provenance { source: "example".into(), memory: None, episode: None, confidence: 1.0 }
}
