//! Knowledge with the records that a caller would have kept.

use std::collections::BTreeMap;

use knowledge::*;

pub(crate) const MAIN: BranchId = BranchId::MAIN;

#[derive(Default)]
pub(crate) struct World {
    pub(crate) knowledge: Knowledge,
    pub(crate) records: BTreeMap<String, Vec<u8>>,
}

impl World {
    pub(crate) fn try_on(
        &mut self,
        branch: BranchId,
        at: Time,
        command: Command,
    ) -> Result<Outcome, KnowledgeError> {
        let stamp = Stamp { branch, at, by: "tester".into() };
        let plan = self.knowledge.plan(command, &stamp)?;
        for change in &plan.changes {
            assert!(change.key.len() <= 64 && change.key.is_ascii());
            match &change.value {
                Some(value) => self.records.insert(change.key.clone(), value.clone()),
                None => self.records.remove(&change.key),
            };
        }
        let outcome = plan.outcome.clone();
        self.knowledge.apply(plan);
        Ok(outcome)
    }

    pub(crate) fn on(&mut self, branch: BranchId, at: Time, command: Command) -> Outcome {
        self.try_on(branch, at, command).unwrap()
    }

    pub(crate) fn run(&mut self, at: Time, command: Command) -> Outcome {
        self.on(MAIN, at, command)
    }

    pub(crate) fn entity(&mut self, name: &str) -> EntityId {
        let outcome = self.run(0, Command::AddEntity(new_entity(name)));
        entity_of(&outcome)
    }

    pub(crate) fn fact(&mut self, at: Time, fact: NewFact) -> FactId {
        fact_of(&self.run(at, Command::AssertFact(fact)))
    }

    pub(crate) fn view(&self) -> View<'_> {
        self.knowledge.latest(MAIN).unwrap()
    }

    /// What was kept is what there is, and makes the same again.
    pub(crate) fn check(&self) {
        assert_eq!(self.knowledge.records().unwrap(), self.records);
        let again = Knowledge::load(&self.records).unwrap();
        assert!(again == self.knowledge, "loaded is not what was applied");
    }
}

pub(crate) fn entity_of(outcome: &Outcome) -> EntityId {
    match outcome.item {
        Some(ItemId::Entity(id)) => id,
        other => panic!("no entity: {other:?}"),
    }
}

pub(crate) fn fact_of(outcome: &Outcome) -> FactId {
    match outcome.item {
        Some(ItemId::Fact(id)) => id,
        other => panic!("no fact: {other:?}"),
    }
}

pub(crate) fn branch_of(outcome: &Outcome) -> BranchId {
    match outcome.item {
        Some(ItemId::Branch(id)) => id,
        other => panic!("no branch: {other:?}"),
    }
}

pub(crate) fn said_by(source: &str, confidence: f32) -> Provenance {
    Provenance { source: source.into(), memory: None, episode: None, confidence }
}

pub(crate) fn new_entity(name: &str) -> NewEntity {
    NewEntity {
        name: name.into(),
        kind: "thing".into(),
        aliases: vec![],
        properties: BTreeMap::new(),
        provenance: said_by("test", 1.0),
    }
}

pub(crate) fn text(text: &str) -> Object {
    Object::Literal(Scalar::Text(text.into()))
}

pub(crate) fn new_fact(subject: EntityId, predicate: &str, object: Object) -> NewFact {
    NewFact {
        subject,
        predicate: predicate.into(),
        object,
        negated: false,
        valid: Validity::ALWAYS,
        confidence: 0.8,
        provenance: said_by("test", 0.8),
        justifications: vec![],
        functional: None,
    }
}

pub(crate) fn new_relation(from: Vertex, kind: &str, to: Vertex, strength: f32) -> NewRelation {
    NewRelation {
        from,
        kind: kind.into(),
        to,
        strength,
        floor: 0.0,
        valid: Validity::ALWAYS,
        provenance: said_by("test", 1.0),
    }
}
