//! All that is known of a branch and two times: as known then, as true then. Read only.

use std::collections::BTreeSet;

use crate::error::KnowledgeError;
use crate::id::{
    BranchId, ContradictionId, EntityId, FactId, ItemId, PredicateId, RelationId, Revision, Time,
    Vertex,
};
use crate::item::{
    Branch, BranchState, Contradiction, ContradictionState, Entity, Fact, Item, Object, Predicate,
    Relation,
};
use crate::knowledge::Knowledge;
use crate::limits::{MAX_ABSORBED, MAX_BRANCH_DEPTH, MAX_PAGE};
use crate::links::{LinkId, Links, decayed};
use crate::name::normalised;
use crate::record::Weight;
use crate::table::{Table, Version};

/// A place and two times to look from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct At {
    /// The branch.
    pub branch: BranchId,
    /// As it was known then; `None` is now.
    pub known: Option<Time>,
    /// What was true then; `None` is whenever.
    pub valid: Option<Time>,
}

/// Something with the time during which it was known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known<'a, I, T> {
    /// Its number.
    pub id: I,
    /// What it is.
    pub item: &'a T,
    /// When this was learned.
    pub learned_at: Time,
    /// When it was taken back or something else was learned in its place.
    pub retracted_at: Option<Time>,
    /// Who said so.
    pub by: &'a str,
}

/// Which facts are asked for. What is `None` may be anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FactQuery {
    /// About whom.
    pub subject: Option<EntityId>,
    /// Saying what.
    pub predicate: Option<String>,
    /// Of what.
    pub object: Option<Object>,
    /// Also facts whose reasons are gone.
    pub with_unsupported: bool,
    /// After this one.
    pub after: Option<FactId>,
    /// At most so many; 0 or more than [`MAX_PAGE`] mean [`MAX_PAGE`].
    pub limit: usize,
}

/// What is known.
#[derive(Clone, Debug)]
pub struct View<'a> {
    pub(crate) knowledge: &'a Knowledge,
    /// The branch, its parent as that was, and so on.
    line: Vec<(BranchId, Revision)>,
    known: Time,
    pub(crate) valid: Option<Time>,
}

impl<'a> View<'a> {
    pub(crate) fn new(knowledge: &'a Knowledge, at: At) -> Result<View<'a>, KnowledgeError> {
        let mut view = View::main(knowledge);
        view.line = view.line_of(at.branch)?;
        view.known = at.known.unwrap_or(Time::MAX);
        view.valid = at.valid;
        Ok(view)
    }

    pub(crate) fn main(knowledge: &'a Knowledge) -> View<'a> {
        let line = vec![(BranchId::MAIN, Revision::MAX)];
        View { knowledge, line, known: Time::MAX, valid: None }
    }

    fn line_of(&self, branch: BranchId) -> Result<Vec<(BranchId, Revision)>, KnowledgeError> {
        let (mut line, mut at, mut bound) = (Vec::new(), branch, Revision::MAX);
        while at != BranchId::MAIN {
            let found = self.branch(at).filter(|_| line.len() <= MAX_BRANCH_DEPTH);
            let found = found.ok_or(KnowledgeError::Missing(ItemId::Branch(branch)))?;
            line.push((at, bound));
            (at, bound) = (found.item.parent, bound.min(found.item.fork));
        }
        line.push((at, bound));
        Ok(line)
    }

    /// The same, up to a revision.
    pub(crate) fn until(&self, revision: Revision) -> View<'a> {
        let mut view = self.clone();
        view.line.iter_mut().for_each(|(_, bound)| *bound = revision.min(*bound));
        view
    }

    /// The branch that is looked at.
    pub fn branch_id(&self) -> BranchId {
        self.line.first().map_or(BranchId::MAIN, |(branch, _)| *branch)
    }

    /// The last version that is seen from here, which may say that there is nothing.
    pub(crate) fn version<T>(&self, versions: &'a [Version<T>]) -> Option<&'a Version<T>> {
        if let [only] = versions
            && let [(branch, bound)] = self.line.as_slice()
        {
            let seen = only.branch == *branch && only.revision <= *bound && only.at <= self.known;
            return seen.then_some(only);
        }
        self.line.iter().find_map(|(branch, bound)| {
            let seen =
                |v: &&Version<T>| v.branch == *branch && v.revision <= *bound && v.at <= self.known;
            versions.iter().rev().find(seen)
        })
    }

    fn known<I, T>(&self, id: I, versions: &'a [Version<T>]) -> Option<Known<'a, I, T>> {
        let version = self.version(versions)?;
        let item = version.value.as_ref()?;
        let next =
            versions.iter().find(|v| v.branch == version.branch && v.revision > version.revision);
        Some(Known {
            id,
            item,
            learned_at: version.at,
            retracted_at: next.map(|v| v.at),
            by: &version.by,
        })
    }

    /// When an item was first known here.
    fn first<T>(&self, versions: &'a [Version<T>]) -> Option<Time> {
        let on = |v: &&Version<T>| {
            self.line.iter().any(|(branch, bound)| v.branch == *branch && v.revision <= *bound)
        };
        versions.iter().find(on).map(|v| v.at)
    }

    /// An item of any kind, as it is seen from here. Entities are not followed to what they were
    /// merged into.
    pub fn item(&self, id: ItemId) -> Option<Item> {
        fn of<T: Clone>(version: Option<&Version<T>>, item: fn(T) -> Item) -> Option<Item> {
            version.and_then(|v| v.value.clone()).map(item)
        }
        let (k, n) = (self.knowledge, id.number());
        match id {
            ItemId::Entity(_) => of(self.version(k.entities.versions(n)), Item::Entity),
            ItemId::Relation(_) => of(self.version(k.relations.versions(n)), Item::Relation),
            ItemId::Fact(_) => of(self.version(k.facts.versions(n)), Item::Fact),
            ItemId::Predicate(_) => of(self.version(k.predicates.versions(n)), Item::Predicate),
            ItemId::Contradiction(_) => {
                of(self.version(k.contradictions.versions(n)), Item::Contradiction)
            }
            ItemId::Branch(_) => of(k.branches.versions(n).last(), Item::Branch),
        }
    }

    /// The revision and time at which an item became what it is here.
    pub(crate) fn since(&self, id: ItemId) -> Option<(Revision, Time)> {
        fn of<T>(version: Option<&Version<T>>) -> Option<(Revision, Time)> {
            version.map(|v| (v.revision, v.at))
        }
        let (k, n) = (self.knowledge, id.number());
        match id {
            ItemId::Entity(_) => of(self.version(k.entities.versions(n))),
            ItemId::Relation(_) => of(self.version(k.relations.versions(n))),
            ItemId::Fact(_) => of(self.version(k.facts.versions(n))),
            ItemId::Predicate(_) => of(self.version(k.predicates.versions(n))),
            ItemId::Contradiction(_) => of(self.version(k.contradictions.versions(n))),
            ItemId::Branch(_) => of(k.branches.versions(n).last()),
        }
    }

    // ---- entities

    /// The entity that a number stands for: itself, or what it was merged into.
    pub fn resolve(&self, id: EntityId) -> Option<EntityId> {
        let mut id = id;
        for _ in 0..=MAX_ABSORBED {
            match self.version(self.knowledge.entities.versions(id.0))?.value.as_ref()?.merged_into
            {
                Some(into) => id = into,
                None => return Some(id),
            }
        }
        None
    }

    /// An entity, or what it was merged into.
    pub fn entity(&self, id: EntityId) -> Option<Known<'a, EntityId, Entity>> {
        let id = self.resolve(id)?;
        self.known(id, self.knowledge.entities.versions(id.0))
    }

    /// When an entity was first known.
    pub fn created_at(&self, id: EntityId) -> Option<Time> {
        self.first(self.knowledge.entities.versions(id.0))
    }

    /// Entities of a name or alias, by [`normalised`] name, in the order of their numbers.
    pub fn by_name(&self, name: &str) -> Vec<EntityId> {
        let name = normalised(name);
        let ids = self.knowledge.finds.names.get(&name).into_iter().flatten();
        let named = ids.filter(|id| {
            let version = self.version(self.knowledge.entities.versions(id.0));
            version.and_then(|v| v.value.as_ref()).is_some_and(|entity| {
                entity.aliases.iter().chain([&entity.name]).any(|n| normalised(n) == name)
            })
        });
        let found: BTreeSet<EntityId> = named.filter_map(|id| self.resolve(*id)).collect();
        found.into_iter().collect()
    }

    /// Entities after a number, in the order of their numbers, without those that were merged.
    pub fn entities(
        &self,
        after: Option<EntityId>,
        limit: usize,
    ) -> Vec<Known<'a, EntityId, Entity>> {
        let all = self.knowledge.entities.after(after.map_or(0, |id| id.0));
        let known = all.filter_map(|(n, versions)| self.known(EntityId(n), versions));
        known.filter(|entity| entity.item.merged_into.is_none()).take(page(limit)).collect()
    }

    /// All entities in the order of their numbers, without those that were merged.
    pub(crate) fn all_entities(&self) -> impl Iterator<Item = EntityId> {
        let known = |(n, versions): (u64, &'a [Version<Entity>])| {
            let entity = self.version(versions)?.value.as_ref()?;
            entity.merged_into.is_none().then_some(EntityId(n))
        };
        self.knowledge.entities.all().filter_map(known)
    }

    /// An entity and all that were merged into it.
    pub(crate) fn same(&self, id: EntityId) -> Vec<EntityId> {
        let Some(entity) = self.entity(id) else { return Vec::new() };
        std::iter::once(entity.id).chain(entity.item.absorbed.iter().copied()).collect()
    }

    // ---- facts

    /// A fact, whenever it is true and whether or not its reasons stand.
    pub fn fact(&self, id: FactId) -> Option<Known<'a, FactId, Fact>> {
        self.known(id, self.knowledge.facts.versions(id.0))
    }

    /// When a fact was first known here.
    pub fn fact_created_at(&self, id: FactId) -> Option<Time> {
        self.first(self.knowledge.facts.versions(id.0))
    }

    /// What a fact was when it was last known here, also if it was retracted since.
    pub fn last_fact(&self, id: FactId) -> Option<&'a Fact> {
        let versions = self.knowledge.facts.versions(id.0);
        self.line.iter().find_map(|(branch, bound)| {
            let here = |v: &&Version<Fact>| v.branch == *branch && v.revision <= *bound;
            versions.iter().rev().filter(here).find_map(|v| v.value.as_ref())
        })
    }

    /// Facts that were known then, and true then, with entities as they are called here.
    pub fn facts(&self, query: &FactQuery) -> Vec<Known<'a, FactId, Fact>> {
        let after = query.after.map_or(0, |id| id.0);
        let limit = page(query.limit);
        match self.candidates(query) {
            Some(ids) => {
                let ids = ids.into_iter().filter(|id| id.0 > after);
                ids.filter_map(|id| self.answer(id, query)).take(limit).collect()
            }
            None => {
                let ids = self.knowledge.facts.after(after).map(|(n, _)| FactId(n));
                ids.filter_map(|id| self.answer(id, query)).take(limit).collect()
            }
        }
    }

    /// Facts that may answer; `None` for any.
    fn candidates(&self, query: &FactQuery) -> Option<BTreeSet<FactId>> {
        let finds = &self.knowledge.finds;
        let (entity, by) = match (&query.subject, &query.object) {
            (Some(subject), _) => (*subject, &finds.by_subject),
            (None, Some(Object::Entity(object))) => (*object, &finds.by_object),
            _ => return None,
        };
        let ids = self.same(entity).into_iter().filter_map(|id| by.get(&id));
        Some(ids.flatten().copied().collect())
    }

    pub(crate) fn answer(&self, id: FactId, query: &FactQuery) -> Option<Known<'a, FactId, Fact>> {
        let known = self.fact(id)?;
        let fact = known.item;
        let wanted = self.is(fact.subject, query.subject)
            && query.predicate.as_ref().is_none_or(|predicate| *predicate == fact.predicate)
            && query.object.as_ref().is_none_or(|object| self.same_object(object, &fact.object))
            && self.valid.is_none_or(|time| fact.valid.contains(time))
            && (query.with_unsupported || self.supported(id, fact));
        wanted.then_some(known)
    }

    /// Whether an entity is there, and the one that is asked for.
    fn is(&self, entity: EntityId, asked: Option<EntityId>) -> bool {
        let entity = self.resolve(entity);
        entity.is_some() && asked.is_none_or(|asked| self.resolve(asked) == entity)
    }

    /// Whether two objects are the same here.
    pub(crate) fn same_object(&self, a: &Object, b: &Object) -> bool {
        match (a, b) {
            (Object::Entity(a), Object::Entity(b)) => {
                a == b || (self.resolve(*a).is_some() && self.resolve(*a) == self.resolve(*b))
            }
            _ => a == b,
        }
    }

    // ---- relations

    /// A relation, whenever it is true.
    pub fn relation(&self, id: RelationId) -> Option<Known<'a, RelationId, Relation>> {
        self.known(id, self.knowledge.relations.versions(id.0))
    }

    /// The numbers of all relations, also of those that are not known here.
    pub(crate) fn relation_numbers(&self) -> impl Iterator<Item = u64> {
        self.knowledge.relations.all().map(|(n, _)| n)
    }

    /// Relations of a vertex in both directions, true then.
    pub fn relations(&self, vertex: Vertex) -> Vec<Known<'a, RelationId, Relation>> {
        let vertices = match vertex {
            Vertex::Entity(id) => self.same(id).into_iter().map(Vertex::Entity).collect(),
            memory => vec![memory],
        };
        let ids = vertices.iter().filter_map(|v| self.knowledge.finds.by_vertex.get(v));
        let ids: BTreeSet<RelationId> = ids.flatten().copied().collect();
        let known = ids.into_iter().filter_map(|id| self.relation(id));
        let then = |r: &Known<_, Relation>| self.valid.is_none_or(|t| r.item.valid.contains(t));
        known.filter(then).collect()
    }

    /// A vertex as it is called here; `None` if it is an entity that is not there.
    pub fn vertex(&self, vertex: Vertex) -> Option<Vertex> {
        match vertex {
            Vertex::Entity(id) => self.resolve(id).map(Vertex::Entity),
            memory => Some(memory),
        }
    }

    pub(crate) fn weight(&self, id: RelationId) -> Option<Weight> {
        let own =
            self.line.iter().find_map(|(branch, _)| self.knowledge.weights.get(&(id, *branch)));
        let known = self.relation(id)?;
        let first =
            || Weight { strength: known.item.strength, touched: known.learned_at, recalls: 0 };
        Some(own.copied().unwrap_or_else(first))
    }

    /// How strong a relation is at a time, which has no history: what was strengthened since counts.
    pub fn strength(&self, id: RelationId, now: Time) -> Option<f32> {
        let (weight, relation) = (self.weight(id)?, self.relation(id)?.item);
        Some(decayed(weight.strength, relation.floor, now.saturating_sub(weight.touched)))
    }

    /// How often a relation was recalled.
    pub fn recalls(&self, id: RelationId) -> Option<u64> {
        self.weight(id).map(|weight| weight.recalls)
    }

    /// What a link says: the kind of its relation, or the predicate of its fact.
    pub fn link_kind(&self, id: LinkId) -> Option<&'a str> {
        match id {
            LinkId::Relation(id) => self.relation(id).map(|known| known.item.kind.as_str()),
            LinkId::Fact(id) => self.fact(id).map(|known| known.item.predicate.as_str()),
        }
    }

    /// Whether this is the main branch as it is known now, whose links are there already.
    pub(crate) fn is_latest_main(&self) -> bool {
        self.line == [(BranchId::MAIN, Revision::MAX)] && self.known == Time::MAX
    }

    /// Links as they are seen from here. For the main branch as it is now, there is
    /// [`Knowledge::links`] already.
    pub fn links(&self) -> Links {
        Links::of(self)
    }

    // ---- predicates, contradictions, branches

    /// What is declared of a predicate.
    pub fn predicate(&self, name: &str) -> Option<Known<'a, PredicateId, Predicate>> {
        let ids = self.knowledge.finds.predicates.get(name)?;
        let versions = |n: u64| self.knowledge.predicates.versions(n);
        ids.iter().find_map(|n| self.known(PredicateId(*n), versions(*n)))
    }

    /// All that is declared of predicates, in the order of their numbers.
    pub(crate) fn declared(&self) -> impl Iterator<Item = Known<'a, PredicateId, Predicate>> {
        let all = self.knowledge.predicates.all();
        all.filter_map(|(n, versions)| self.known(PredicateId(n), versions))
    }

    /// A contradiction.
    pub fn contradiction(
        &self,
        id: ContradictionId,
    ) -> Option<Known<'a, ContradictionId, Contradiction>> {
        self.known(id, self.knowledge.contradictions.versions(id.0))
    }

    /// Contradictions after a number; open ones only, or all. At most so many; 0 or more than
    /// [`MAX_PAGE`] mean [`MAX_PAGE`].
    pub fn contradictions(
        &self,
        all: bool,
        after: Option<ContradictionId>,
        limit: usize,
    ) -> Vec<Known<'a, ContradictionId, Contradiction>> {
        let items = self.knowledge.contradictions.after(after.map_or(0, |id| id.0));
        let known = items.filter_map(|(n, versions)| self.known(ContradictionId(n), versions));
        let wanted = |c: &Known<_, Contradiction>| all || c.item.state == ContradictionState::Open;
        known.filter(wanted).take(page(limit)).collect()
    }

    /// How many contradictions are open.
    pub fn n_open(&self) -> usize {
        let last = self.knowledge.contradictions.all().filter_map(|(_, v)| self.version(v));
        let state = last.filter_map(|version| Some(&version.value.as_ref()?.state));
        state.filter(|state| **state == ContradictionState::Open).count()
    }

    /// A branch that is not deleted.
    pub fn branch(&self, id: BranchId) -> Option<Known<'a, BranchId, Branch>> {
        let version = self.knowledge.branches.versions(id.0).last()?;
        let item = version.value.as_ref()?;
        let first = self.knowledge.branches.versions(id.0).first()?;
        Some(Known { id, item, learned_at: first.at, retracted_at: None, by: &first.by })
    }

    /// All branches that are not deleted, but for the main one.
    pub fn branches(&self) -> Vec<Known<'a, BranchId, Branch>> {
        let all = self.knowledge.branches.all();
        all.filter_map(|(n, _)| self.branch(BranchId(n))).collect()
    }

    /// Whether the branch that is looked at takes changes.
    pub fn is_open(&self) -> bool {
        let id = self.branch_id();
        id == BranchId::MAIN || self.branch(id).is_some_and(|b| b.item.state == BranchState::Open)
    }

    /// The branch and its ancestors, to the main one.
    pub fn lineage(&self) -> Vec<(BranchId, Revision)> {
        self.line.clone()
    }

    pub(crate) fn table<T>(&self, table: &'a Table<T>, n: u64) -> Option<&'a T> {
        self.version(table.versions(n)).and_then(|v| v.value.as_ref())
    }
}

pub(crate) fn page(limit: usize) -> usize {
    if limit == 0 { MAX_PAGE } else { limit.min(MAX_PAGE) }
}
