//! What each question of reasoning costs where it is about much:
//! `cargo run --release -p knowledge --example reasoning [QUESTION]`.
//!
//! For instructions: `valgrind --tool=callgrind --collect-atstart=no --toggle-collect='*::asked*' ...`.

#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![allow(clippy::print_stdout, reason = "it is what a measurement is for")]
#![allow(clippy::panic, reason = "a measurement of something else is none")]

use std::hint::black_box;
use std::time::Instant;

use knowledge::reason::{Goal, Observed, Premises};
use knowledge::{
    BranchId, Command, EntityId, ItemId, Knowledge, KnowledgeError, NewEntity, NewFact, Object,
    Provenance, Stamp, Validity,
};

const N_CAUSES: usize = 3_000;
const N_EVENTS: usize = 12;
const N_MEMBERS: usize = 1_000;
const N_AROUND: usize = 200;
const N_PEOPLE: usize = 10_000;

fn main() -> Result<(), KnowledgeError> {
    let only = std::env::args().nth(1);
    let mut world = World::default();
    let causes = world.causes()?;
    let class = world.class()?;
    let hubs = world.hubs()?;
    let people = world.people()?;
    let view = world.knowledge.latest(BranchId::MAIN)?;
    let premises = Premises::of(&view, 0)?;
    let observed: Vec<Observed> = causes.into_iter().map(Observed::Entity).collect();
    let goal = Goal { subject: None, predicate: "likes".into(), object: None };
    let questions: [(&str, &dyn Fn()); 6] = [
        ("abduction", &|| drop(black_box(premises.abduce(&observed, 10)))),
        ("induction", &|| drop(black_box(premises.induce(class, 2, 10)))),
        ("mapping", &|| drop(black_box(premises.mapping(hubs[0], hubs[1], 10)))),
        ("proportion", &|| {
            drop(black_box(premises.analogies(people[0], people[1], people[2], 10)));
        }),
        ("like", &|| drop(black_box(premises.like(people[0], 10)))),
        ("deduction", &|| drop(black_box(premises.deduce(&goal, 10)))),
    ];
    for (name, question) in questions {
        if only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        let begun = Instant::now();
        asked(question);
        println!("{name:12} {:9.1} ms", begun.elapsed().as_secs_f64() * 1e3);
    }
    Ok(())
}

#[inline(never)]
fn asked(question: &dyn Fn()) {
    question();
}

#[derive(Default)]
struct World {
    knowledge: Knowledge,
    seed: u64,
    n_named: usize,
}

impl World {
    /// Events, each with a part of all causes, and chains behind those.
    fn causes(&mut self) -> Result<Vec<EntityId>, KnowledgeError> {
        let events = self.entities(N_EVENTS)?;
        let causes = self.entities(N_CAUSES)?;
        for cause in &causes {
            for event in events.clone() {
                if self.random(N_EVENTS) == 0 {
                    self.say(*cause, "causes", event)?;
                }
            }
            let behind = self.random(N_CAUSES);
            if causes[behind] != *cause {
                self.say(causes[behind], "led_to", *cause)?;
            }
        }
        Ok(events)
    }

    /// A class with members that like many of the same things.
    fn class(&mut self) -> Result<EntityId, KnowledgeError> {
        let class = self.entities(1)?[0];
        let things = self.entities(200)?;
        for member in self.entities(N_MEMBERS)? {
            self.say(member, knowledge::IS_A, class)?;
            for _ in 0..20 {
                let thing = things[self.random(things.len())];
                let predicate = ["likes", "has", "knows_of"][self.random(3)];
                self.say(member, predicate, thing)?;
            }
        }
        Ok(class)
    }

    /// Two with much around them, joined alike.
    fn hubs(&mut self) -> Result<[EntityId; 2], KnowledgeError> {
        let hubs = self.entities(2)?;
        for hub in &hubs {
            let around = self.entities(N_AROUND)?;
            for (k, one) in around.iter().enumerate() {
                self.say(*hub, ["holds", "feeds"][k % 2], *one)?;
                let other = around[self.random(N_AROUND)];
                if other != *one {
                    self.say(*one, "beside", other)?;
                }
            }
        }
        Ok([hubs[0], hubs[1]])
    }

    /// Who teaches, hears and meets whom.
    fn people(&mut self) -> Result<Vec<EntityId>, KnowledgeError> {
        let people = self.entities(N_PEOPLE)?;
        for (k, one) in people.iter().enumerate() {
            for kind in ["teaches", "hears", "meets"] {
                // The first know many.
                for _ in 0..if k < 3 { 60 } else { 1 } {
                    let other = people[self.random(if k < 3 { 100 } else { N_PEOPLE })];
                    if other != *one {
                        self.say(*one, kind, other)?;
                    }
                }
            }
        }
        Ok(people)
    }

    fn random(&mut self, n: usize) -> usize {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.seed >> 33) as usize % n
    }

    fn entities(&mut self, n: usize) -> Result<Vec<EntityId>, KnowledgeError> {
        let mut ids = Vec::new();
        for _ in 0..n {
            self.n_named += 1;
            let new = NewEntity {
                name: format!("e{}", self.n_named),
                kind: "thing".into(),
                aliases: Vec::new(),
                properties: Default::default(),
                provenance: said(),
            };
            match self.run(Command::AddEntity(new))? {
                Some(ItemId::Entity(id)) => ids.push(id),
                other => panic!("no entity: {other:?}"),
            }
        }
        Ok(ids)
    }

    fn say(
        &mut self,
        subject: EntityId,
        predicate: &str,
        object: EntityId,
    ) -> Result<(), KnowledgeError> {
        self.run(Command::AssertFact(NewFact {
            subject,
            predicate: predicate.into(),
            object: Object::Entity(object),
            negated: false,
            valid: Validity::ALWAYS,
            confidence: 0.9,
            provenance: said(),
            justifications: Vec::new(),
            functional: None,
        }))
        .map(drop)
    }

    fn run(&mut self, command: Command) -> Result<Option<ItemId>, KnowledgeError> {
        let stamp = Stamp { branch: BranchId::MAIN, at: 0, by: "example".into() };
        let plan = self.knowledge.plan(command, &stamp)?;
        let item = plan.outcome.item;
        self.knowledge.apply(plan);
        Ok(item)
    }
}

fn said() -> Provenance {
    Provenance { source: "example".into(), memory: None, episode: None, confidence: 0.9 }
}
