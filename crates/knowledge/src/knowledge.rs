//! The state: tables of versions, what finds them, and the links of the main branch.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::command::Plan;
use crate::error::KnowledgeError;
use crate::id::{
    BranchId, ContradictionId, EntityId, FactId, ItemId, PredicateId, RelationId, Revision, Time,
    Vertex,
};
use crate::item::{Branch, Contradiction, Entity, Fact, Item, Object, Predicate, Relation};
use crate::links::{LinkId, Links};
use crate::name::normalised;
use crate::record::{Body, Key, Meta, Record, Stored, Weight};
use crate::table::{Table, Version};
use crate::view::{At, View};

/// One tenant's knowledge.
#[derive(Debug, Default)]
pub struct Knowledge {
    pub(crate) meta: Meta,
    pub(crate) entities: Table<Entity>,
    pub(crate) relations: Table<Relation>,
    pub(crate) facts: Table<Fact>,
    pub(crate) predicates: Table<Predicate>,
    pub(crate) contradictions: Table<Contradiction>,
    pub(crate) branches: Table<Branch>,
    pub(crate) weights: FxHashMap<(RelationId, BranchId), Weight>,
    pub(crate) finds: Finds,
    links: Links,
}

/// Where things may be found: every version counts, so a reader looks again.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Finds {
    /// In the order of the alphabet, so that names that begin alike stand together.
    pub(crate) names: BTreeMap<String, BTreeSet<EntityId>>,
    pub(crate) predicates: FxHashMap<String, BTreeSet<u64>>,
    pub(crate) by_subject: FxHashMap<EntityId, BTreeSet<FactId>>,
    pub(crate) by_object: FxHashMap<EntityId, BTreeSet<FactId>>,
    pub(crate) by_reason: FxHashMap<FactId, BTreeSet<FactId>>,
    pub(crate) by_vertex: FxHashMap<Vertex, BTreeSet<RelationId>>,
    pub(crate) by_fact: FxHashMap<FactId, BTreeSet<ContradictionId>>,
    /// Without the main branch, which has nearly all.
    pub(crate) by_branch: FxHashMap<BranchId, BTreeSet<ItemId>>,
}

/// Something that happened to an item.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// In which revision.
    pub revision: Revision,
    /// On which branch.
    pub branch: BranchId,
    /// When.
    pub at: Time,
    /// Who did it.
    pub by: String,
    /// What was known on that branch before; `None` is nothing.
    pub before: Option<Item>,
    /// What is known from then on; `None` if it was taken back.
    pub after: Option<Item>,
}

/// How many there are, in all versions and branches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entities.
    pub entities: usize,
    /// Relations.
    pub relations: usize,
    /// Facts.
    pub facts: usize,
    /// Contradictions.
    pub contradictions: usize,
    /// Branches, the main one not counted.
    pub branches: usize,
    /// Vertices with links on the main branch.
    pub vertices: usize,
    /// Links of the main branch.
    pub links: usize,
}

/// Equal knowledge gives the same answers; the layout of its links may differ.
impl PartialEq for Knowledge {
    fn eq(&self, other: &Knowledge) -> bool {
        self.meta == other.meta
            && self.entities == other.entities
            && self.relations == other.relations
            && self.facts == other.facts
            && self.predicates == other.predicates
            && self.contradictions == other.contradictions
            && self.branches == other.branches
            && self.weights == other.weights
            && self.finds == other.finds
            && self.links == other.links
    }
}

impl Knowledge {
    /// Reads records, in any order.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Record`] for the first that cannot be read.
    pub fn load<K, V>(records: impl IntoIterator<Item = (K, V)>) -> Result<Self, KnowledgeError>
    where
        K: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let mut knowledge = Knowledge::default();
        for (key, value) in records {
            knowledge.write(Record::decode(key.as_ref(), value.as_ref())?);
        }
        knowledge.links = Links::of(&knowledge.main());
        Ok(knowledge)
    }

    /// Applies a plan that was made of this state.
    ///
    /// # Panics
    ///
    /// If another plan was applied in between: whoever plans must hold the state until then.
    pub fn apply(&mut self, plan: Plan) {
        assert_eq!(plan.revision, self.meta.revision + 1, "the plan is of another state");
        let mut touched = BTreeSet::new();
        for change in plan.changes {
            let record = change.record;
            match record.key {
                Key::Version(item, BranchId::MAIN, _) if !self.keeps_links(&record) => {
                    self.reach(item, &mut touched);
                    self.write(record);
                    self.reach(item, &mut touched);
                    continue;
                }
                Key::Weight(relation, BranchId::MAIN) => {
                    touched.insert(LinkId::Relation(relation));
                }
                _ => {}
            }
            self.write(record);
        }
        let mut links = std::mem::take(&mut self.links);
        links.renew(&self.main(), touched);
        self.links = links;
    }

    /// The links of the main branch, as it is known now.
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// All that is known, of a branch and a time.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Missing`] if there is no such branch.
    pub fn at(&self, at: At) -> Result<View<'_>, KnowledgeError> {
        View::new(self, at)
    }

    /// All that is known now on a branch, whenever it is true.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Missing`] if there is no such branch.
    pub fn latest(&self, branch: BranchId) -> Result<View<'_>, KnowledgeError> {
        self.at(At { branch, ..At::default() })
    }

    pub(crate) fn main(&self) -> View<'_> {
        View::main(self)
    }

    /// The last revision.
    pub fn revision(&self) -> Revision {
        self.meta.revision
    }

    /// When the last revision was learned.
    pub fn last_at(&self) -> Time {
        self.meta.at
    }

    /// How many there are.
    pub fn counts(&self) -> Counts {
        Counts {
            entities: self.entities.n_items(),
            relations: self.relations.n_items(),
            facts: self.facts.n_items(),
            contradictions: self.contradictions.n_items(),
            branches: self.branches.n_items(),
            vertices: self.links.n_vertices(),
            links: self.links.n_links(),
        }
    }

    /// All that happened to an item, on all branches, the oldest first.
    pub fn history(&self, item: ItemId) -> Vec<Event> {
        let n = item.number();
        match item {
            ItemId::Entity(_) => events(self.entities.versions(n), Item::Entity),
            ItemId::Relation(_) => events(self.relations.versions(n), Item::Relation),
            ItemId::Fact(_) => events(self.facts.versions(n), Item::Fact),
            ItemId::Predicate(_) => events(self.predicates.versions(n), Item::Predicate),
            ItemId::Contradiction(_) => {
                events(self.contradictions.versions(n), Item::Contradiction)
            }
            ItemId::Branch(_) => events(self.branches.versions(n), Item::Branch),
        }
    }

    /// Where and when each version of an item was learned, the oldest first.
    pub(crate) fn places(&self, item: ItemId) -> Vec<(BranchId, Revision, Time)> {
        fn of<T>(versions: &[Version<T>]) -> Vec<(BranchId, Revision, Time)> {
            versions.iter().map(|v| (v.branch, v.revision, v.at)).collect()
        }
        let n = item.number();
        match item {
            ItemId::Entity(_) => of(self.entities.versions(n)),
            ItemId::Relation(_) => of(self.relations.versions(n)),
            ItemId::Fact(_) => of(self.facts.versions(n)),
            ItemId::Predicate(_) => of(self.predicates.versions(n)),
            ItemId::Contradiction(_) => of(self.contradictions.versions(n)),
            ItemId::Branch(_) => of(self.branches.versions(n)),
        }
    }

    pub(crate) fn history_len(&self, item: ItemId) -> usize {
        let n = item.number();
        match item {
            ItemId::Entity(_) => self.entities.versions(n).len(),
            ItemId::Relation(_) => self.relations.versions(n).len(),
            ItemId::Fact(_) => self.facts.versions(n).len(),
            ItemId::Predicate(_) => self.predicates.versions(n).len(),
            ItemId::Contradiction(_) => self.contradictions.versions(n).len(),
            ItemId::Branch(_) => self.branches.versions(n).len(),
        }
    }

    /// The key and value of every record, as a caller would have kept them.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Record`] if a value cannot be encoded, which is a bug.
    pub fn records(&self) -> Result<BTreeMap<String, Vec<u8>>, KnowledgeError> {
        let mut out = BTreeMap::new();
        let mut put = |key: Key, body: Body| -> Result<(), KnowledgeError> {
            out.insert(key.text(), body.encode()?);
            Ok(())
        };
        if self.meta != Meta::default() {
            put(Key::Meta, Body::Meta(self.meta))?;
        }
        for ((relation, branch), weight) in &self.weights {
            put(Key::Weight(*relation, *branch), Body::Weight(*weight))?;
        }
        for (key, stored) in self.stored() {
            put(key, Body::Version(stored))?;
        }
        Ok(out)
    }

    /// When each version was learned.
    pub(crate) fn moments(&self) -> impl Iterator<Item = (Revision, Time)> {
        fn of<T>(table: &Table<T>) -> impl Iterator<Item = (Revision, Time)> {
            table.all().flat_map(|(_, versions)| versions.iter().map(|v| (v.revision, v.at)))
        }
        let things = of(&self.entities).chain(of(&self.relations)).chain(of(&self.facts));
        let rest = of(&self.predicates).chain(of(&self.contradictions)).chain(of(&self.branches));
        things.chain(rest)
    }

    /// All items, in their order, but for branches.
    pub(crate) fn items(&self) -> impl Iterator<Item = ItemId> {
        let entities = self.entities.all().map(|(n, _)| ItemId::Entity(EntityId(n)));
        let relations = self.relations.all().map(|(n, _)| ItemId::Relation(RelationId(n)));
        let facts = self.facts.all().map(|(n, _)| ItemId::Fact(FactId(n)));
        let predicates = self.predicates.all().map(|(n, _)| ItemId::Predicate(PredicateId(n)));
        let rest =
            self.contradictions.all().map(|(n, _)| ItemId::Contradiction(ContradictionId(n)));
        entities.chain(relations).chain(facts).chain(predicates).chain(rest)
    }

    /// Every version of every item.
    pub(crate) fn stored(&self) -> Vec<(Key, Stored)> {
        let mut out = Vec::new();
        stored(&mut out, &self.entities, |n| ItemId::Entity(EntityId(n)), Item::Entity);
        stored(&mut out, &self.relations, |n| ItemId::Relation(RelationId(n)), Item::Relation);
        stored(&mut out, &self.facts, |n| ItemId::Fact(FactId(n)), Item::Fact);
        let id = |n| ItemId::Predicate(PredicateId(n));
        stored(&mut out, &self.predicates, id, Item::Predicate);
        let id = |n| ItemId::Contradiction(ContradictionId(n));
        stored(&mut out, &self.contradictions, id, Item::Contradiction);
        stored(&mut out, &self.branches, |n| ItemId::Branch(BranchId(n)), Item::Branch);
        out
    }

    /// Writes one record to the tables and to what finds it.
    fn write(&mut self, record: Record) {
        match (record.key, record.body) {
            (Key::Meta, Some(Body::Meta(meta))) => {
                self.meta.last = self.meta.last.max(meta.last);
                self.meta.revision = self.meta.revision.max(meta.revision);
                self.meta.at = self.meta.at.max(meta.at);
            }
            (Key::Weight(relation, branch), Some(Body::Weight(weight))) => {
                self.weights.insert((relation, branch), weight);
            }
            (Key::Weight(relation, branch), None) => {
                self.weights.remove(&(relation, branch));
            }
            (Key::Version(item, branch, revision), Some(Body::Version(stored))) => {
                self.meta.last = self.meta.last.max(item.number());
                self.meta.revision = self.meta.revision.max(revision);
                self.meta.at = self.meta.at.max(stored.at);
                self.put(item, branch, revision, stored);
            }
            (Key::Version(item, branch, revision), None) => self.remove(item, branch, revision),
            _ => {}
        }
    }

    fn put(&mut self, item: ItemId, branch: BranchId, revision: Revision, stored: Stored) {
        let replaces = self.has(item, branch, revision);
        if replaces {
            self.find(item, false);
        }
        let Stored { at, by, item: value } = stored;
        if !replaces && let Some(value) = &value {
            self.finds.add(item, value);
        }
        if branch != BranchId::MAIN {
            self.finds.by_branch.entry(branch).or_default().insert(item);
        }
        macro_rules! put {
            ($table:ident, $kind:path) => {{
                let value = value.and_then(|v| if let $kind(v) = v { Some(v) } else { None });
                self.$table.put(item.number(), Version { branch, revision, at, by, value });
            }};
        }
        match item {
            ItemId::Entity(_) => put!(entities, Item::Entity),
            ItemId::Relation(_) => put!(relations, Item::Relation),
            ItemId::Fact(_) => put!(facts, Item::Fact),
            ItemId::Predicate(_) => put!(predicates, Item::Predicate),
            ItemId::Contradiction(_) => put!(contradictions, Item::Contradiction),
            ItemId::Branch(_) => put!(branches, Item::Branch),
        }
        if replaces {
            self.find(item, true);
        }
    }

    fn has(&self, item: ItemId, branch: BranchId, revision: Revision) -> bool {
        fn of<T>(versions: &[Version<T>], branch: BranchId, revision: Revision) -> bool {
            versions.iter().rev().any(|v| v.branch == branch && v.revision == revision)
        }
        let n = item.number();
        match item {
            ItemId::Entity(_) => of(self.entities.versions(n), branch, revision),
            ItemId::Relation(_) => of(self.relations.versions(n), branch, revision),
            ItemId::Fact(_) => of(self.facts.versions(n), branch, revision),
            ItemId::Predicate(_) => of(self.predicates.versions(n), branch, revision),
            ItemId::Contradiction(_) => of(self.contradictions.versions(n), branch, revision),
            ItemId::Branch(_) => of(self.branches.versions(n), branch, revision),
        }
    }

    fn remove(&mut self, item: ItemId, branch: BranchId, revision: Revision) {
        self.find(item, false);
        let n = item.number();
        match item {
            ItemId::Entity(_) => self.entities.remove(n, branch, revision),
            ItemId::Relation(_) => self.relations.remove(n, branch, revision),
            ItemId::Fact(_) => self.facts.remove(n, branch, revision),
            ItemId::Predicate(_) => self.predicates.remove(n, branch, revision),
            ItemId::Contradiction(_) => self.contradictions.remove(n, branch, revision),
            ItemId::Branch(_) => self.branches.remove(n, branch, revision),
        }
        self.find(item, true);
    }

    /// Adds every version of an item to what finds it, or takes all away.
    fn find(&mut self, item: ItemId, there: bool) {
        for event in self.history(item) {
            if event.branch != BranchId::MAIN {
                set(&mut self.finds.by_branch, event.branch, item, there);
            }
            match event.after {
                Some(value) if there => self.finds.add(item, &value),
                Some(value) => self.finds.take(item, &value),
                None => {}
            }
        }
    }

    /// Whether an entity stands for the same as before, so that its links stay as they are.
    fn keeps_links(&self, record: &Record) -> bool {
        let Key::Version(ItemId::Entity(id), ..) = record.key else { return false };
        let Some(Body::Version(Stored { item: Some(Item::Entity(new)), .. })) = &record.body else {
            return false;
        };
        let old = self.main().table(&self.entities, id.0).cloned();
        old.is_some_and(|old| old.merged_into == new.merged_into && old.absorbed == new.absorbed)
    }

    /// The links that may change with an item.
    fn reach(&self, item: ItemId, touched: &mut BTreeSet<LinkId>) {
        match item {
            ItemId::Relation(id) => {
                touched.insert(LinkId::Relation(id));
            }
            ItemId::Fact(id) => self.reach_facts(id, touched),
            ItemId::Entity(id) => self.reach_entity(id, touched),
            _ => {}
        }
    }

    /// A fact, and all that rest on it.
    fn reach_facts(&self, fact: FactId, touched: &mut BTreeSet<LinkId>) {
        let mut waiting = vec![fact];
        while let Some(fact) = waiting.pop() {
            if touched.insert(LinkId::Fact(fact)) {
                waiting.extend(self.finds.by_reason.get(&fact).into_iter().flatten());
            }
        }
    }

    /// Links at an entity, and at those that it stands for.
    fn reach_entity(&self, entity: EntityId, touched: &mut BTreeSet<LinkId>) {
        let absorbed = self.entities.versions(entity.0).iter().filter_map(|v| v.value.as_ref());
        let absorbed: BTreeSet<EntityId> = absorbed.flat_map(|v| v.absorbed.clone()).collect();
        for entity in absorbed.into_iter().chain([entity]) {
            let relations = self.finds.by_vertex.get(&Vertex::Entity(entity));
            touched.extend(relations.into_iter().flatten().map(|id| LinkId::Relation(*id)));
            for facts in [&self.finds.by_subject, &self.finds.by_object] {
                let facts = facts.get(&entity).into_iter().flatten();
                touched.extend(facts.map(|id| LinkId::Fact(*id)));
            }
        }
    }
}

impl Finds {
    /// Adds what finds a value.
    fn add(&mut self, item: ItemId, value: &Item) {
        self.each(item, value, true);
    }

    /// Takes it away.
    fn take(&mut self, item: ItemId, value: &Item) {
        self.each(item, value, false);
    }

    fn each(&mut self, item: ItemId, value: &Item, there: bool) {
        match (item, value) {
            (ItemId::Entity(id), Item::Entity(entity)) => {
                for name in entity.aliases.iter().chain([&entity.name]) {
                    self.name(normalised(name), id, there);
                }
            }
            (ItemId::Predicate(id), Item::Predicate(predicate)) => {
                set(&mut self.predicates, predicate.name.clone(), id.0, there);
            }
            (ItemId::Relation(id), Item::Relation(relation)) => {
                set(&mut self.by_vertex, relation.from, id, there);
                set(&mut self.by_vertex, relation.to, id, there);
            }
            (ItemId::Contradiction(id), Item::Contradiction(contradiction)) => {
                set(&mut self.by_fact, contradiction.first, id, there);
                set(&mut self.by_fact, contradiction.second, id, there);
            }
            (ItemId::Fact(id), Item::Fact(fact)) => self.each_of_fact(id, fact, there),
            _ => {}
        }
    }

    fn name(&mut self, name: String, id: EntityId, there: bool) {
        if there {
            self.names.entry(name).or_default().insert(id);
        } else if let Some(ids) = self.names.get_mut(&name) {
            ids.remove(&id);
            if ids.is_empty() {
                self.names.remove(&name);
            }
        }
    }

    fn each_of_fact(&mut self, id: FactId, fact: &Fact, there: bool) {
        set(&mut self.by_subject, fact.subject, id, there);
        if let Object::Entity(object) = fact.object {
            set(&mut self.by_object, object, id, there);
        }
        for reason in fact.justifications.iter().flatten() {
            set(&mut self.by_reason, *reason, id, there);
        }
    }
}

fn set<K: std::hash::Hash + Eq, V: Ord>(
    map: &mut FxHashMap<K, BTreeSet<V>>,
    key: K,
    value: V,
    there: bool,
) {
    if there {
        map.entry(key).or_default().insert(value);
    } else if let Some(values) = map.get_mut(&key) {
        values.remove(&value);
        if values.is_empty() {
            map.remove(&key);
        }
    }
}

fn events<T: Clone>(versions: &[Version<T>], item: fn(T) -> Item) -> Vec<Event> {
    let mut out: Vec<Event> = Vec::with_capacity(versions.len());
    for version in versions {
        let before = out.iter().rev().find(|event| event.branch == version.branch);
        out.push(Event {
            revision: version.revision,
            branch: version.branch,
            at: version.at,
            by: version.by.clone(),
            before: before.and_then(|event| event.after.clone()),
            after: version.value.clone().map(item),
        });
    }
    out
}

fn stored<T: Clone>(
    out: &mut Vec<(Key, Stored)>,
    table: &Table<T>,
    id: fn(u64) -> ItemId,
    item: fn(T) -> Item,
) {
    for (number, versions) in table.all() {
        out.extend(versions.iter().map(|v| {
            let key = Key::Version(id(number), v.branch, v.revision);
            let value = v.value.clone().map(item);
            (key, Stored { at: v.at, by: v.by.clone(), item: value })
        }));
    }
}
