//! Analogy in proportion: A is to B as C is to what?
//!
//! A way from A to B is a sequence of kinds and directions. What the same sequence leads to from C is
//! to C as B is to A by that way. The score is the weight of the ways that lead there, of all ways
//! from A to B; a way weighs one over its length, so that what is said at once counts most. Only
//! relations count and not properties, as in Gentner 1983, "Structure-mapping".

use std::collections::BTreeMap;

use super::premises::{Premise, Premises};
use super::{Claim, Rule, Step};
use crate::id::EntityId;
use crate::item::Object;

/// Steps of a way from A to B.
const MAX_HOPS: usize = 3;
/// Sequences of kinds that are told apart.
const MAX_WAYS: usize = 256;
/// Steps that are looked at for ways from A to B, and for each of them from C.
const MAX_LOOKED: usize = 200_000;
/// Answers to one question.
pub const MAX_COUNTERPARTS: usize = 100;

/// How one is joined to another: by what, and whether from it or to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// A predicate or a kind of relation.
    pub kind: String,
    /// From it to the other.
    pub out: bool,
}

/// A way that both pairs have.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// By what, in order.
    pub kinds: Vec<Link>,
    /// What the first pair's way says, and then what the second's does.
    pub steps: Vec<Step>,
}

/// What is to C as B is to A.
#[derive(Clone, Debug, PartialEq)]
pub struct Counterpart {
    /// What.
    pub entity: EntityId,
    /// The weight of the ways that lead there, of all: 0 to 1.
    pub score: f64,
    /// How like it is to B, from 0 to 1: what are equal by score come in the order of this.
    pub likeness: f64,
    /// Those ways.
    pub ways: Vec<Way>,
}

/// What is to C as B is to A.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Analogies {
    /// The best first.
    pub counterparts: Vec<Counterpart>,
    /// How A leads to B, each sequence once.
    pub ways: Vec<Vec<Link>>,
    /// There is more than was looked at or told.
    pub more: bool,
}

/// A step to another entity.
pub(super) struct Tie<'a> {
    pub(super) link: Link,
    pub(super) other: EntityId,
    pub(super) premise: &'a Premise,
}

impl Premises {
    /// What is to `c` as `b` is to `a`; at most so many, 0 or more than [`MAX_COUNTERPARTS`] mean
    /// [`MAX_COUNTERPARTS`].
    pub fn analogies(&self, a: EntityId, b: EntityId, c: EntityId, limit: usize) -> Analogies {
        let limit = if limit == 0 { MAX_COUNTERPARTS } else { limit.min(MAX_COUNTERPARTS) };
        let mut found = Analogies::default();
        let ways = self.ways(a, b, &mut found.more);
        let weight = |kinds: &[Link]| 1.0 / kinds.len() as f64;
        let total: f64 = ways.keys().map(|kinds| weight(kinds)).sum();
        let mut reached: BTreeMap<EntityId, (f64, Vec<Way>)> = BTreeMap::new();
        for (kinds, first) in &ways {
            for (end, second) in self.follow(c, kinds, &mut found.more) {
                let (score, shared) = reached.entry(end).or_default();
                *score += weight(kinds) / total;
                let steps = first.iter().chain(&second).map(|p| stated(p)).collect();
                shared.push(Way { kinds: kinds.clone(), steps });
            }
        }
        let counterpart = |(entity, (score, ways)): (EntityId, (f64, Vec<Way>))| {
            let likeness = self.likeness(b, entity).score;
            Counterpart { entity, score, likeness, ways }
        };
        found.counterparts = reached.into_iter().map(counterpart).collect();
        found.counterparts.sort_by(|x, y| {
            let by_score = y.score.total_cmp(&x.score);
            by_score.then(y.likeness.total_cmp(&x.likeness)).then(x.entity.cmp(&y.entity))
        });
        found.more |= found.counterparts.len() > limit;
        found.counterparts.truncate(limit);
        found.ways = ways.into_keys().collect();
        found
    }

    /// What joins an entity to others: each that is not denied.
    pub(super) fn ties(&self, of: EntityId) -> Vec<Tie<'_>> {
        let tie = |premise, out, other| {
            let premise: &Premise = premise;
            Tie { link: Link { kind: premise.predicate.clone(), out }, other, premise }
        };
        let out = self.about(of).filter(|p| !p.negated).filter_map(|p| match p.object {
            Object::Entity(other) => Some(tie(p, true, other)),
            Object::Literal(_) => None,
        });
        let onto = self.onto(of).filter(|p| !p.negated).map(|p| tie(p, false, p.subject));
        out.chain(onto).collect()
    }

    /// Sequences of kinds that lead from one to another without meeting an entity twice, each with
    /// the first way that has it.
    fn ways(
        &self,
        from: EntityId,
        to: EntityId,
        more: &mut bool,
    ) -> BTreeMap<Vec<Link>, Vec<&Premise>> {
        let mut ways: BTreeMap<Vec<Link>, Vec<&Premise>> = BTreeMap::new();
        type Path<'a> = (EntityId, Vec<EntityId>, Vec<Link>, Vec<&'a Premise>);
        let mut paths: Vec<Path<'_>> = vec![(from, vec![from], Vec::new(), Vec::new())];
        let mut looked = 0;
        for _ in 0..MAX_HOPS {
            let mut longer = Vec::new();
            for (at, met, kinds, way) in paths {
                for tie in self.ties(at) {
                    looked += 1;
                    if looked > MAX_LOOKED || ways.len() >= MAX_WAYS {
                        *more = true;
                        return ways;
                    }
                    if met.contains(&tie.other) {
                        continue;
                    }
                    let mut kinds = kinds.clone();
                    kinds.push(tie.link);
                    let mut way = way.clone();
                    way.push(tie.premise);
                    if tie.other == to {
                        ways.entry(kinds).or_insert(way);
                        continue;
                    }
                    let mut met = met.clone();
                    met.push(tie.other);
                    longer.push((tie.other, met, kinds, way));
                }
            }
            paths = longer;
        }
        ways
    }

    /// Where a sequence of kinds leads to without meeting an entity twice, each with the first way.
    fn follow(
        &self,
        from: EntityId,
        kinds: &[Link],
        more: &mut bool,
    ) -> BTreeMap<EntityId, Vec<&Premise>> {
        let mut paths: Vec<(Vec<EntityId>, Vec<&Premise>)> = vec![(vec![from], Vec::new())];
        let mut looked = 0;
        for link in kinds {
            let mut longer = Vec::new();
            for (met, way) in paths {
                let at = met.last().copied().unwrap_or(from);
                for tie in self.ties(at).into_iter().filter(|tie| tie.link == *link) {
                    looked += 1;
                    if looked > MAX_LOOKED {
                        *more = true;
                        return BTreeMap::new();
                    }
                    if !met.contains(&tie.other) {
                        let (mut met, mut way) = (met.clone(), way.clone());
                        met.push(tie.other);
                        way.push(tie.premise);
                        longer.push((met, way));
                    }
                }
            }
            paths = longer;
        }
        let mut ends: BTreeMap<EntityId, Vec<&Premise>> = BTreeMap::new();
        for (met, way) in paths {
            ends.entry(met.last().copied().unwrap_or(from)).or_insert(way);
        }
        ends
    }
}

/// What a premise says, as a step.
pub(super) fn stated(premise: &Premise) -> Step {
    Step {
        claim: Claim {
            subject: premise.subject,
            predicate: premise.predicate.clone(),
            object: premise.object.clone(),
            negated: premise.negated,
        },
        rule: Rule::Stated,
        uses: vec![premise.ground.clone()],
        confidence: premise.confidence,
    }
}
