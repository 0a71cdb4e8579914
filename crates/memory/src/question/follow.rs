//! Ways from one to another, and chains of causes.

use std::collections::{BTreeSet, VecDeque};

use knowledge::analysis::{Cost, KnowledgeGraph, Over, Way};
use knowledge::{EntityId, KnowledgeError, Vertex};

use super::look::{Look, Tie};
use super::{Finding, MAX_FINDINGS, Role, Told};

/// Ways that are told.
const WAYS: usize = 3;
/// Steps of a chain of causes.
const MAX_CAUSES: usize = 6;

/// Predicates by which the first leads to the second.
const LEADS: &[&str] = &[
    "affects",
    "brings_about",
    "brought_about",
    "cause",
    "caused",
    "causes",
    "enabled",
    "enables",
    "influenced",
    "influences",
    "leads_to",
    "led_to",
    "makes",
    "produced",
    "produces",
    "resulted_in",
    "results_in",
    "triggered",
    "triggers",
];
/// Predicates by which the second leads to the first.
const FOLLOWS: &[&str] = &[
    "because_of",
    "brought_about_by",
    "caused_by",
    "due_to",
    "follows_from",
    "resulted_from",
    "results_from",
    "triggered_by",
];
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
            let steps = self.caused(one, role == Role::Effect, None);
            steps.into_iter().map(move |tie| self.caused_by(&tie, role)).collect::<Vec<_>>()
        };
        let (causes, effects) = (told(Role::Cause), told(Role::Effect));
        let unknown = (causes.is_empty() && effects.is_empty())
            .then(|| format!("neither a cause nor an effect of {} is known", self.name(one)));
        let forward = words.iter().any(|word| FORWARD.contains(&word.as_str()));
        let (first, then) = if forward { (effects, causes) } else { (causes, effects) };
        Told { findings: first.into_iter().chain(then).collect(), unknown, ..Told::default() }
    }

    /// How one leads to the other.
    fn chain(&self, first: EntityId, second: EntityId) -> Told {
        let chain = |from, to| {
            let steps = self.caused(from, true, Some(to));
            (!steps.is_empty()).then_some((to, steps))
        };
        let Some((to, steps)) = chain(first, second).or_else(|| chain(second, first)) else {
            let (a, b) = (self.name(first), self.name(second));
            return Told::unknown(format!("it is not known that {a} led to {b}, nor {b} to {a}"));
        };
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

    /// Steps of cause from one on, forwards or backwards, the nearest first; to a goal, those of one
    /// chain with the fewest steps alone.
    fn caused(&self, from: EntityId, forward: bool, goal: Option<EntityId>) -> Vec<Tie> {
        let mut seen = BTreeSet::from([from]);
        let mut queue = VecDeque::from([(from, 0, None)]);
        let mut steps: Vec<(Option<usize>, Tie)> = Vec::new();
        while let Some((at, depth, by)) = queue.pop_front() {
            if depth == MAX_CAUSES {
                continue;
            }
            for tie in self.ties(at).into_iter().filter(|tie| leads(tie) == Some(forward)) {
                if steps.len() > MAX_FINDINGS || !seen.insert(tie.other) {
                    continue;
                }
                let (other, k) = (tie.other, steps.len());
                steps.push((by, tie));
                if goal == Some(other) {
                    return back(steps, k);
                }
                queue.push_back((other, depth + 1, Some(k)));
            }
        }
        if goal.is_some() { Vec::new() } else { steps.into_iter().map(|(_, tie)| tie).collect() }
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
    let kind = tie.kind.to_lowercase().replace([' ', '-'], "_");
    let is = |kinds: &[&str]| kinds.contains(&kind.as_str());
    match (is(LEADS), is(FOLLOWS)) {
        (true, _) => Some(tie.out),
        (_, true) => Some(!tie.out),
        _ => None,
    }
}
