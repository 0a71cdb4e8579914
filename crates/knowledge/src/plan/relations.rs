//! Relations: making them, and how recall changes their strength.

use std::collections::{BTreeMap, BTreeSet};

use super::{Planned, Planner};
use crate::check;
use crate::command::NewRelation;
use crate::error::KnowledgeError;
use crate::id::{ItemId, RelationId, Vertex};
use crate::item::{Provenance, Relation, Validity};
use crate::limits::{MAX_CHANGES, MAX_RECALLED};
use crate::record::Weight;

/// What recall together adds of what is missing to 1 (Hebb 1949; the rate of CONTINUUM and
/// CortexKG).
pub const HEBBIAN_RATE: f32 = 0.1;

/// Relations by the two that they join.
type Joined = BTreeMap<(Vertex, Vertex), Vec<RelationId>>;

impl Planner<'_> {
    fn there(&self, vertex: Vertex) -> Planned<Vertex> {
        match vertex {
            Vertex::Entity(id) => Ok(Vertex::Entity(self.entity(id)?.0)),
            memory => Ok(memory),
        }
    }

    pub(super) fn add_relation(&mut self, new: NewRelation) -> Planned {
        let relation = Relation {
            from: self.there(new.from)?,
            kind: new.kind,
            to: self.there(new.to)?,
            strength: new.strength,
            floor: new.floor,
            valid: new.valid,
            provenance: new.provenance,
        };
        check::relation(&relation)?;
        if let Some(known) = self.same_relation(&relation) {
            self.made(ItemId::Relation(known), false);
            return self.strengthen(known, relation.strength);
        }
        let id = RelationId(self.number());
        self.made(ItemId::Relation(id), true);
        self.stage_relation(id, relation)
    }

    /// Relations of a vertex, whether or not they are known.
    fn at(&self, vertex: Vertex) -> BTreeSet<RelationId> {
        let finds = &self.knowledge.finds.by_vertex;
        let vertices = match vertex {
            Vertex::Entity(id) => self.view.same(id).into_iter().map(Vertex::Entity).collect(),
            memory => vec![memory],
        };
        vertices.iter().filter_map(|v| finds.get(v)).flatten().copied().collect()
    }

    fn n_at(&self, vertex: Vertex) -> usize {
        self.knowledge.finds.by_vertex.get(&vertex).map_or(0, BTreeSet::len)
    }

    fn same_relation(&self, new: &Relation) -> Option<RelationId> {
        let fewer = if self.n_at(new.from) <= self.n_at(new.to) { new.from } else { new.to };
        self.at(fewer).into_iter().find(|id| {
            self.view.relation(*id).is_some_and(|known| {
                known.item.kind == new.kind
                    && known.item.valid == new.valid
                    && self.view.vertex(known.item.from) == Some(new.from)
                    && self.view.vertex(known.item.to) == Some(new.to)
            })
        })
    }

    /// One Hebbian step, or up to a strength that was said, whichever is more.
    fn strengthen(&mut self, id: RelationId, at_least: f32) -> Planned {
        let missing = KnowledgeError::Missing(ItemId::Relation(id));
        let strength = self.view.strength(id, self.now()).ok_or(missing)?;
        let recalls = self.view.recalls(id).unwrap_or(0).saturating_add(1);
        let stronger = (strength + HEBBIAN_RATE * (1.0 - strength)).max(at_least).min(1.0);
        let touched = self.now();
        self.weights.insert(id, Some(Weight { strength: stronger, touched, recalls }));
        Ok(())
    }

    pub(super) fn retract_relation(&mut self, id: RelationId) -> Planned {
        self.view.relation(id).ok_or(KnowledgeError::Missing(ItemId::Relation(id)))?;
        self.made(ItemId::Relation(id), false);
        if self.knowledge.weights.contains_key(&(id, self.stamp.branch)) {
            self.weights.insert(id, None);
        }
        self.stage(ItemId::Relation(id), None)
    }

    pub(super) fn recalled(&mut self, vertices: &[Vertex], connect: Option<&str>) -> Planned {
        let (vertices, joined) = self.joined(vertices)?;
        for id in joined.values().flatten() {
            self.strengthen(*id, 0.0)?;
        }
        let Some(kind) = connect else { return Ok(()) };
        for (k, a) in vertices.iter().enumerate() {
            for b in vertices.iter().skip(k + 1) {
                if !joined.contains_key(&(*a, *b)) {
                    self.connect(*a, kind, *b)?;
                }
            }
        }
        Ok(())
    }

    /// Strengthens what each of several recalls joins, once for all of them.
    pub(super) fn recalled_each(&mut self, all: &[Vec<Vertex>]) -> Planned {
        let mut joined = BTreeSet::new();
        for vertices in all {
            joined.extend(self.joined(vertices)?.1.into_values().flatten());
        }
        // One change is of the counters.
        for id in joined.into_iter().take(MAX_CHANGES - 1) {
            self.strengthen(id, 0.0)?;
        }
        Ok(())
    }

    /// Vertices that were recalled together, and the relations between two of them.
    fn joined(&self, vertices: &[Vertex]) -> Planned<(BTreeSet<Vertex>, Joined)> {
        check::count("vertices recalled together", vertices.len(), MAX_RECALLED)?;
        let vertices: BTreeSet<Vertex> =
            vertices.iter().map(|v| self.there(*v)).collect::<Planned<_>>()?;
        let mut joined = Joined::new();
        for vertex in &vertices {
            for id in self.at(*vertex) {
                let Some(ends) = self.ends(id) else { continue };
                if ends.0 == *vertex && vertices.contains(&ends.1) {
                    joined.entry(ends.min((ends.1, ends.0))).or_default().push(id);
                }
            }
        }
        Ok((vertices, joined))
    }

    /// The vertices that a relation connects, as they are called now.
    fn ends(&self, id: RelationId) -> Option<(Vertex, Vertex)> {
        let relation = self.view.relation(id)?.item;
        Some((self.view.vertex(relation.from)?, self.view.vertex(relation.to)?))
    }

    fn connect(&mut self, from: Vertex, kind: &str, to: Vertex) -> Planned {
        let id = RelationId(self.number());
        let by = self.stamp.by.clone();
        let provenance = Provenance { source: by, memory: None, episode: None, confidence: 1.0 };
        let kind = kind.to_string();
        let (strength, floor, valid) = (HEBBIAN_RATE, 0.0, Validity::ALWAYS);
        self.stage_relation(id, Relation { from, kind, to, strength, floor, valid, provenance })
    }

    /// The weakest first.
    pub(super) fn prune_weak(&mut self, below: f32, limit: usize) -> Planned {
        check::unit("strength", below)?;
        // Two changes for each: the relation and its strength.
        check::count("relations to prune", limit, MAX_CHANGES / 2 - 1)?;
        let now = self.now();
        let all = self.knowledge.relations.all().map(|(n, _)| RelationId(n));
        let strengths = all.filter_map(|id| Some((self.view.strength(id, now)?, id)));
        let mut weak: Vec<(f32, RelationId)> = strengths.filter(|(s, _)| *s < below).collect();
        weak.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (_, id) in weak.into_iter().take(limit) {
            self.retract_relation(id)?;
        }
        self.outcome.item = None;
        Ok(())
    }
}
