//! What activation, loading and changes cost, at 100,000 entities with 500,000 relations:
//! `cargo run --release -p knowledge --example activation`.

#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![allow(clippy::print_stdout, reason = "it is what a measurement is for")]

use std::error::Error;
use std::time::Instant;

use knowledge::links::{Spread, Walk};
use knowledge::*;

const ENTITIES: u64 = 100_000;
const RELATIONS: u64 = 500_000;
const FACTS: u64 = 100_000;
const SEEDS: u64 = 10;
const QUERIES: u64 = 200;
const NOW: Time = 1_700_000_000_000_000;

type Answer<T = ()> = Result<T, Box<dyn Error>>;

/// SplitMix64, so that each run is the same.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// A few are chosen far more often, as in what people talk about.
    fn skewed(&mut self, n: u64) -> u64 {
        let x = f64::from(self.unit());
        ((x * x * x) * n as f64) as u64
    }
}

fn main() -> Answer {
    for skewed in [false, true] {
        println!("{}", if skewed { "\na few hubs" } else { "all alike" });
        let mut random = Random(1);
        let knowledge = made(&mut random, skewed)?;
        let knowledge = loaded(knowledge)?;
        activate(&knowledge, &mut random)?;
        change(knowledge, &mut random)?;
    }
    facts()
}

fn provenance() -> Provenance {
    Provenance { source: "measurement".into(), memory: None, episode: None, confidence: 1.0 }
}

fn stamp() -> Stamp {
    Stamp { branch: BranchId::MAIN, at: NOW, by: "measurement".into() }
}

fn add(knowledge: &mut Knowledge, command: Command) -> Answer {
    let plan = knowledge.plan(command, &stamp())?;
    knowledge.apply(plan);
    Ok(())
}

fn entity(knowledge: &mut Knowledge, k: u64) -> Answer {
    let entity = NewEntity {
        name: format!("entity {k}"),
        kind: "concept".into(),
        aliases: Vec::new(),
        properties: Default::default(),
        provenance: provenance(),
    };
    add(knowledge, Command::AddEntity(entity))
}

fn made(random: &mut Random, skewed: bool) -> Answer<Knowledge> {
    let mut knowledge = Knowledge::default();
    let started = Instant::now();
    for k in 0..ENTITIES {
        entity(&mut knowledge, k)?;
    }
    println!("  adding an entity       {:>9.1} us", each(started, ENTITIES));
    let started = Instant::now();
    for _ in 0..RELATIONS {
        let from = random.below(ENTITIES);
        let to = if skewed { random.skewed(ENTITIES) } else { random.below(ENTITIES) };
        let (from, to) = (EntityId(1 + from), EntityId(1 + to));
        if from != to {
            let relation = NewRelation {
                from: Vertex::Entity(from),
                kind: "near".into(),
                to: Vertex::Entity(to),
                strength: 0.1 + 0.9 * random.unit(),
                floor: 0.0,
                valid: Validity::ALWAYS,
                provenance: provenance(),
            };
            add(&mut knowledge, Command::AddRelation(relation))?;
        }
    }
    println!("  adding a relation      {:>9.1} us", each(started, RELATIONS));
    Ok(knowledge)
}

/// Microseconds for each of so many.
fn each(started: Instant, n: u64) -> f64 {
    started.elapsed().as_secs_f64() * 1e6 / n as f64
}

fn loaded(knowledge: Knowledge) -> Answer<Knowledge> {
    let records = knowledge.records()?;
    let bytes: usize = records.iter().map(|(key, value)| key.len() + value.len()).sum();
    drop(knowledge);
    let started = Instant::now();
    let knowledge = Knowledge::load(&records)?;
    let seconds = started.elapsed().as_secs_f64();
    println!("  loading                {seconds:>9.2} s, {} records, {bytes} bytes", records.len());
    Ok(knowledge)
}

fn seeds(random: &mut Random) -> Vec<(Vertex, f32)> {
    let seed = |_| (Vertex::Entity(EntityId(1 + random.below(ENTITIES))), 1.0);
    (0..SEEDS).map(seed).collect()
}

fn activate(knowledge: &Knowledge, random: &mut Random) -> Answer {
    let links = knowledge.links();
    println!("  {} vertices, {} links", links.n_vertices(), links.n_links());
    // Some days later, so that each strength has decayed.
    let later = NOW + 5 * 86_400_000_000;
    let mut spread = Vec::new();
    let (mut walk, mut rough) = (Vec::new(), Vec::new());
    for _ in 0..QUERIES {
        let seeds = seeds(random);
        spread.push(timed(|| links.spread(&seeds, &Spread::default(), NOW).map(|r| r.len()))?);
        spread.push(timed(|| links.spread(&seeds, &Spread::default(), later).map(|r| r.len()))?);
        walk.push(timed(|| links.walk(&seeds, &Walk::default(), later).map(|r| r.len()))?);
        let coarse = Walk { tolerance: 1e-5, ..Walk::default() };
        rough.push(timed(|| links.walk(&seeds, &coarse, later).map(|r| r.len()))?);
    }
    print("spreading, 3 hops", spread);
    print("PPR to 1e-6", walk);
    print("PPR to 1e-5", rough);
    Ok(())
}

/// How long something took, in seconds.
fn timed(run: impl FnOnce() -> Result<usize, KnowledgeError>) -> Answer<f64> {
    let started = Instant::now();
    std::hint::black_box(run()?);
    Ok(started.elapsed().as_secs_f64())
}

fn print(what: &str, mut seconds: Vec<f64>) {
    seconds.sort_by(f64::total_cmp);
    let at = |part: f64| seconds[((seconds.len() - 1) as f64 * part) as usize] * 1e3;
    println!("  {what:<20} {:>9.3} ms in the middle, {:>9.3} ms at 99 %", at(0.5), at(0.99));
}

fn change(mut knowledge: Knowledge, random: &mut Random) -> Answer {
    let mut seconds = Vec::new();
    for _ in 0..QUERIES {
        let vertices = seeds(random).into_iter().map(|(vertex, _)| vertex).collect();
        let command = Command::Recalled { vertices, connect: Some("with".into()) };
        let started = Instant::now();
        add(&mut knowledge, command)?;
        seconds.push(started.elapsed().as_secs_f64());
    }
    print("recalling 10", seconds);
    Ok(())
}

fn facts() -> Answer {
    println!("\nfacts");
    let mut knowledge = Knowledge::default();
    let mut random = Random(2);
    for k in 0..ENTITIES / 10 {
        entity(&mut knowledge, k)?;
    }
    add(
        &mut knowledge,
        Command::DeclarePredicate {
            name: "one".into(),
            says: knowledge::Declaration::functional(true),
        },
    )?;
    let started = Instant::now();
    for k in 0..FACTS {
        let subject = EntityId(1 + random.below(ENTITIES / 10));
        let fact = NewFact {
            subject,
            predicate: if k % 4 == 0 { "one" } else { "many" }.into(),
            object: Object::Literal(Scalar::Integer(k as i64)),
            negated: false,
            valid: Validity::since(NOW + k as Time),
            confidence: 0.9,
            provenance: provenance(),
            justifications: Vec::new(),
            functional: None,
        };
        add(&mut knowledge, Command::AssertFact(fact))?;
    }
    println!("  adding a fact          {:>9.1} us", each(started, FACTS));
    let knowledge = loaded(knowledge)?;
    let mut seconds = Vec::new();
    for _ in 0..QUERIES {
        let at =
            At { branch: BranchId::MAIN, known: Some(NOW), valid: Some(NOW + FACTS as Time / 2) };
        let subject = Some(EntityId(1 + random.below(ENTITIES / 10)));
        let query = FactQuery { subject, ..FactQuery::default() };
        seconds.push(timed(|| Ok(knowledge.at(at)?.facts(&query).len()))?);
    }
    print("facts of one, as of", seconds);
    Ok(())
}
