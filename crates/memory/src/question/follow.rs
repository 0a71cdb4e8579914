//! Ways from one to another, and chains of causes.

use std::collections::{BTreeSet, VecDeque};

use knowledge::analysis::{Cost, KnowledgeGraph, Over, Way};
use knowledge::{EntityId, KnowledgeError, Vertex};

use super::look::{Look, Tie};
use super::{Finding, MAX_FINDINGS, Role, Told};

/// Ways that are told.
const WAYS: usize = 3;
/// Steps of a chain of causes.
const MAX_CAUSES: usize = knowledge::reason::MAX_CHAIN;
/// Steps that are looked at for a chain of causes from one to another.
const MAX_CAUSES_LOOKED: usize = 1_000;

/// Words that ask what follows, and not what led there.
const FORWARD: &[&str] = &[
    "happens",
    "happen",
    "if",
    "effect",
    "effects",
    "consequence",
    "consequences",
    "impact",
    "impacts",
    "affect",
    "affects",
    "influence",
    "influences",
    "outcome",
    "result",
    "results",
    "follow",
    "follows",
];

impl Look<'_> {
    pub(super) fn relationship(&self, about: &[EntityId]) -> Told {
        let [from, to, ..] = about else {
            let named = about.first().map_or_else(|| "none is".into(), |one| self.name(*one));
            return Told::unknown(format!("a way joins two that are known; named: {named}"));
        };
        match self.ways(*from, *to) {
            Err(error) => Told::unknown(format!("ways were not looked for: {error}")),
            Ok(ways) if ways.is_empty() => {
                let (a, b) = (self.name(*from), self.name(*to));
                Told::unknown(format!("no way is known from {a} to {b}"))
            }
            Ok(ways) => {
                let findings = ways.iter().map(|way| self.way(way, *to)).collect();
                Told { findings, ..Told::default() }
            }
        }
    }

    fn ways(&self, from: EntityId, to: EntityId) -> Result<Vec<Way>, KnowledgeError> {
        let over = Over { kinds: Vec::new(), memories: true, directed: false };
        let graph = KnowledgeGraph::of(self.view, &over, self.now)?;
        graph.shortest_paths(Vertex::Entity(from), Vertex::Entity(to), WAYS, Cost::Surprisal)
    }

    fn way(&self, way: &Way, to: EntityId) -> Finding {
        let steps: Vec<String> = way.links.iter().map(|link| self.said(*link)).collect();
        Finding {
            role: Role::Path,
            said: steps.join("; "),
            entities: vec![self.entity(to)],
            because: way.links.iter().filter_map(|link| self.because(*link)).collect(),
        }
    }

    pub(super) fn causes(&self, about: &[EntityId], words: &[String]) -> Told {
        match about {
            [] => Told::unknown("nothing that is known is named"),
            [one] => self.around_cause(*one, words),
            [first, second, ..] => self.chain(*first, *second),
        }
    }

    /// What led to one, and what follows from it.
    fn around_cause(&self, one: EntityId, words: &[String]) -> Told {
        let told = |role| {
            let (steps, more) = self.caused(one, role == Role::Effect, None);
            let told = steps.iter().map(|tie| self.caused_by(tie, role)).collect::<Vec<_>>();
            (told, more)
        };
        let ((causes, more), (effects, also)) = (told(Role::Cause), told(Role::Effect));
        let unknown = (causes.is_empty() && effects.is_empty())
            .then(|| format!("neither a cause nor an effect of {} is known", self.name(one)));
        let forward = words.iter().any(|word| FORWARD.contains(&word.as_str()));
        let (first, then) = if forward { (effects, causes) } else { (causes, effects) };
        let findings = first.into_iter().chain(then).collect();
        Told { findings, unknown, more: more || also, ..Told::default() }
    }

    /// How one leads to the other.
    fn chain(&self, first: EntityId, second: EntityId) -> Told {
        let (mut steps, mut cut) = self.caused(first, true, Some(second));
        let mut to = second;
        if steps.is_empty() {
            let (back, also) = self.caused(second, true, Some(first));
            (steps, cut, to) = (back, cut || also, first);
        }
        if steps.is_empty() {
            let (a, b) = (self.name(first), self.name(second));
            let not_all = if cut { "; not all was looked at" } else { "" };
            let unknown = format!("it is not known that {a} led to {b}, nor {b} to {a}{not_all}");
            return Told { more: cut, ..Told::unknown(unknown) };
        }
        let said: Vec<String> = steps.iter().map(|tie| self.said(tie.id)).collect();
        let finding = Finding {
            role: Role::Path,
            said: said.join("; "),
            entities: vec![self.entity(to)],
            because: steps.iter().filter_map(|tie| self.because(tie.id)).collect(),
        };
        Told { findings: vec![finding], ..Told::default() }
    }

    fn caused_by(&self, tie: &Tie, role: Role) -> Finding {
        Finding {
            role,
            said: self.said(tie.id),
            entities: vec![self.entity(tie.other)],
            because: self.because(tie.id).into_iter().collect(),
        }
    }

    /// Steps of cause from one on, forwards or backwards, the nearest first, and whether there are
    /// more; to a goal, those of one chain with the fewest steps alone.
    fn caused(&self, from: EntityId, forward: bool, goal: Option<EntityId>) -> (Vec<Tie>, bool) {
        let limit = if goal.is_some() { MAX_CAUSES_LOOKED } else { MAX_FINDINGS };
        let mut cut = false;
        let mut seen = BTreeSet::from([from]);
        let mut queue = VecDeque::from([(from, 0, None)]);
        let mut steps: Vec<(Option<usize>, Tie)> = Vec::new();
        while let Some((at, depth, by)) = queue.pop_front() {
            if depth == MAX_CAUSES || cut {
                break;
            }
            for tie in self.ties(at).into_iter().filter(|tie| leads(tie) == Some(forward)) {
                let (other, k) = (tie.other, steps.len());
                if !seen.insert(other) {
                    continue;
                }
                let reached = goal == Some(other);
                if k >= limit && !reached {
                    cut = true;
                    continue;
                }
                steps.push((by, tie));
                if reached {
                    return (back(steps, k), false);
                }
                queue.push_back((other, depth + 1, Some(k)));
            }
        }
        let steps = if goal.is_some() { Vec::new() } else { steps };
        (steps.into_iter().map(|(_, tie)| tie).collect(), cut)
    }
}

/// The steps that led to one of them, in their order.
fn back(steps: Vec<(Option<usize>, Tie)>, last: usize) -> Vec<Tie> {
    let mut wanted = BTreeSet::new();
    let mut at = Some(last);
    while let Some(k) = at {
        wanted.insert(k);
        at = steps[k].0;
    }
    let chosen = steps.into_iter().enumerate().filter(|(k, _)| wanted.contains(k));
    chosen.map(|(_, (_, tie))| tie).collect()
}

/// Whether an entity leads to the other end (`true`) or that to it; nothing where a tie is no cause.
fn leads(tie: &Tie) -> Option<bool> {
    knowledge::reason::leads(&tie.kind).map(|leads| leads == tie.out)
}
