//! Analogy in proportion: A is to B as C is to what?
//!
//! A way from A to B is a sequence of kinds and directions. What the same sequence leads to from C is
//! to C as B is to A by that way. The score is the weight of the ways that lead there, of all ways
//! from A to B; a way weighs one over its length, so that what is said at once counts most. Only
//! relations count and not properties, as in Gentner 1983, "Structure-mapping". Half of the links that
//! a question may follow are for ways from A to B, and of the other half each of these has its part.

use std::collections::BTreeMap;

use super::compare::alike;
use super::premises::{Premise, Premises};
use super::{Budget, Claim, Rule, Step};
use crate::id::EntityId;
use crate::item::Object;

/// Steps of a way from A to B.
const MAX_HOPS: usize = 3;
/// Sequences of kinds that are told apart.
const MAX_WAYS: usize = 256;
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

/// As [`Link`], without a text of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Joint<'a> {
    pub(super) kind: &'a str,
    pub(super) out: bool,
}

impl From<Joint<'_>> for Link {
    fn from(Joint { kind, out }: Joint<'_>) -> Self {
        Self { kind: kind.to_string(), out }
    }
}

/// A step to another entity.
pub(super) struct Tie<'a> {
    pub(super) link: Joint<'a>,
    pub(super) other: EntityId,
    pub(super) premise: &'a Premise,
}

/// What leads from one to another, in order.
type Steps<'a> = Vec<&'a Premise>;

/// Where ways of the first pair lead from C: their weight, and which they are with their steps.
#[derive(Default)]
struct Reached<'a> {
    score: f64,
    ways: Vec<(usize, Steps<'a>)>,
}

impl Premises {
    /// What is to `c` as `b` is to `a`; at most so many, 0 or more than [`MAX_COUNTERPARTS`] mean
    /// [`MAX_COUNTERPARTS`].
    pub fn analogies(&self, a: EntityId, b: EntityId, c: EntityId, limit: usize) -> Analogies {
        let limit = if limit == 0 { MAX_COUNTERPARTS } else { limit.min(MAX_COUNTERPARTS) };
        let mut found = Analogies::default();
        let ways = self.ways(a, b, Budget::part(2), &mut found.more);
        let ways: Vec<(Vec<Joint<'_>>, Steps<'_>)> = ways.into_iter().collect();
        let weight = |kinds: &[Joint<'_>]| 1.0 / kinds.len() as f64;
        let total: f64 = ways.iter().map(|(kinds, _)| weight(kinds)).sum();
        let mut reached: BTreeMap<EntityId, Reached<'_>> = BTreeMap::new();
        for (k, (kinds, _)) in ways.iter().enumerate() {
            let share = Budget::part(2 * ways.len());
            for (end, steps) in self.follow(c, kinds, share, &mut found.more) {
                let there = reached.entry(end).or_default();
                there.score += weight(kinds) / total;
                there.ways.push((k, steps));
            }
        }
        found.more |= reached.len() > limit;
        let links = |kinds: &[Joint<'_>]| kinds.iter().map(|link| Link::from(*link)).collect();
        let told = |(entity, likeness, there): (EntityId, f64, Reached<'_>)| {
            let way = |(k, second): (usize, Steps<'_>)| {
                let (kinds, first) = &ways[k];
                let steps = first.iter().chain(&second).map(|p| stated(p)).collect();
                Way { kinds: links(kinds), steps }
            };
            let ways = there.ways.into_iter().map(way).collect();
            Counterpart { entity, score: there.score, likeness, ways }
        };
        found.counterparts = self.best(b, reached, limit).into_iter().map(told).collect();
        found.ways = ways.iter().map(|(kinds, _)| links(kinds)).collect();
        found
    }

    /// The best by their scores, of equal ones those that are more like another. How like they are is
    /// found only of those that may be among them.
    fn best<'a>(
        &self,
        like: EntityId,
        reached: BTreeMap<EntityId, Reached<'a>>,
        limit: usize,
    ) -> Vec<(EntityId, f64, Reached<'a>)> {
        let mut all: Vec<(EntityId, Reached<'_>)> = reached.into_iter().collect();
        all.sort_by(|x, y| y.1.score.total_cmp(&x.1.score));
        if let Some(last) = all.get(limit.saturating_sub(1)).map(|(_, last)| last.score) {
            all.retain(|(_, there)| there.score >= last);
        }
        let own = self.signature(like);
        let likeness = |id| alike(&own, &self.signature(id), &BTreeMap::new());
        let with = |(id, there): (EntityId, Reached<'a>)| (id, likeness(id), there);
        let mut best: Vec<_> = all.into_iter().map(with).collect();
        best.sort_by(|x, y| {
            let by_score = y.2.score.total_cmp(&x.2.score);
            by_score.then(y.1.total_cmp(&x.1)).then(x.0.cmp(&y.0))
        });
        best.truncate(limit);
        best
    }

    /// What joins an entity to others: each that is not denied.
    pub(super) fn ties(&self, of: EntityId) -> impl Iterator<Item = Tie<'_>> {
        let tie = |premise, out, other| {
            let premise: &Premise = premise;
            Tie { link: Joint { kind: &premise.predicate, out }, other, premise }
        };
        let out = self.about(of).filter(|p| !p.negated).filter_map(move |p| match p.object {
            Object::Entity(other) => Some(tie(p, true, other)),
            Object::Literal(_) => None,
        });
        let onto = self.onto(of).filter(|p| !p.negated);
        out.chain(onto.map(move |p| tie(p, false, p.subject)))
    }

    /// Sequences of kinds that lead from one to another without meeting an entity twice, each with
    /// the first way that has it.
    fn ways(
        &self,
        from: EntityId,
        to: EntityId,
        mut budget: Budget,
        more: &mut bool,
    ) -> BTreeMap<Vec<Joint<'_>>, Steps<'_>> {
        let mut ways: BTreeMap<Vec<Joint<'_>>, Steps<'_>> = BTreeMap::new();
        type Path<'a> = (EntityId, Vec<EntityId>, Vec<Joint<'a>>, Steps<'a>);
        let mut paths: Vec<Path<'_>> = vec![(from, vec![from], Vec::new(), Vec::new())];
        for hop in 1..=MAX_HOPS {
            let mut longer = Vec::new();
            for (at, met, kinds, way) in paths {
                for tie in self.ties(at) {
                    if !budget.follow(1) || ways.len() >= MAX_WAYS {
                        *more = true;
                        return ways;
                    }
                    let is_end = tie.other == to;
                    if met.contains(&tie.other) || hop == MAX_HOPS && !is_end {
                        continue;
                    }
                    let kinds = kinds.iter().copied().chain([tie.link]).collect();
                    let way = way.iter().copied().chain([tie.premise]).collect();
                    if is_end {
                        ways.entry(kinds).or_insert(way);
                        continue;
                    }
                    let met = met.iter().copied().chain([tie.other]).collect();
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
        kinds: &[Joint<'_>],
        mut budget: Budget,
        more: &mut bool,
    ) -> BTreeMap<EntityId, Steps<'_>> {
        let mut paths: Vec<(Vec<EntityId>, Steps<'_>)> = vec![(vec![from], Vec::new())];
        for link in kinds {
            let mut longer = Vec::new();
            for (met, way) in paths {
                let at = met.last().copied().unwrap_or(from);
                for tie in self.ties(at) {
                    if !budget.follow(1) {
                        *more = true;
                        return BTreeMap::new();
                    }
                    if tie.link == *link && !met.contains(&tie.other) {
                        let met = met.iter().copied().chain([tie.other]).collect();
                        let way = way.iter().copied().chain([tie.premise]).collect();
                        longer.push((met, way));
                    }
                }
            }
            paths = longer;
        }
        let mut ends: BTreeMap<EntityId, Steps<'_>> = BTreeMap::new();
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
