//! Labels of facts, and of what is impossible: environments are joined along justifications until
//! nothing changes, and what is impossible leaves all labels (de Kleer 1986, section 4).

use std::collections::{BTreeMap, BTreeSet};

use super::Environments;
use super::environment::{Environment, smallest};
use super::scope::Scope;
use crate::error::KnowledgeError;
use crate::id::FactId;
use crate::limits::{MAX_ASSUMPTIONS, MAX_JOINED};

/// The label of each fact, and at last that of what is impossible.
pub(super) struct Labels<'a> {
    scope: &'a Scope,
    /// The place of each assumption in an environment.
    assumptions: Vec<usize>,
    /// Facts that hold without an assumption.
    given: Vec<usize>,
    labels: Vec<Vec<Environment>>,
    cut_short: bool,
    n_joined: usize,
}

impl<'a> Labels<'a> {
    pub(super) fn of(
        scope: &'a Scope,
        stated: Option<&BTreeSet<FactId>>,
    ) -> Result<Self, KnowledgeError> {
        let is_assumed = |node: &usize| stated.is_none_or(|s| s.contains(&scope.facts[*node]));
        let (assumptions, given): (Vec<usize>, Vec<usize>) = match stated {
            None => (scope.premises().collect(), Vec::new()),
            Some(_) => (
                (0..scope.facts.len()).filter(is_assumed).collect(),
                scope.premises().filter(|node| !is_assumed(node)).collect(),
            ),
        };
        let (limit, found) = (MAX_ASSUMPTIONS, assumptions.len());
        if found > limit {
            return Err(KnowledgeError::TooMany { what: "assumptions", limit, found });
        }
        let labels = vec![Vec::new(); scope.facts.len() + 1];
        let (cut_short, n_joined) = (false, 0);
        let mut labels = Self { scope, assumptions, given, labels, cut_short, n_joined };
        labels.spread()?;
        Ok(labels)
    }

    /// Joins environments until no label changes.
    fn spread(&mut self) -> Result<(), KnowledgeError> {
        let scope = self.scope;
        let nothing = scope.facts.len();
        let pairs = scope.impossible.iter().map(|pair| (pair.to_vec(), nothing));
        let rules: Vec<(Vec<usize>, usize)> =
            scope.justifications.iter().cloned().chain(pairs).collect();
        let mut needed_by: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (k, (reasons, _)) in rules.iter().enumerate() {
            reasons.iter().for_each(|reason| needed_by.entry(*reason).or_default().push(k));
        }
        for (place, node) in self.assumptions.iter().enumerate() {
            self.labels[*node] = vec![Environment::one(place)];
        }
        self.given.iter().for_each(|node| self.labels[*node] = vec![Environment::default()]);
        let mut waiting: BTreeSet<usize> = (0..rules.len()).collect();
        while let Some(k) = waiting.pop_first() {
            let (reasons, node) = &rules[k];
            let joined = self.join(reasons)?;
            if self.add(*node, joined) {
                waiting.extend(needed_by.get(node).into_iter().flatten());
                if *node == nothing {
                    self.forbid();
                }
            }
        }
        Ok(())
    }

    /// Each way to have all of some facts.
    fn join(&mut self, reasons: &[usize]) -> Result<Vec<Environment>, KnowledgeError> {
        let mut joined = vec![Environment::default()];
        for reason in reasons {
            let label = &self.labels[*reason];
            self.n_joined += joined.len() * label.len();
            if self.n_joined > MAX_JOINED {
                let (what, limit) = ("environments that are joined", MAX_JOINED);
                return Err(KnowledgeError::TooMany { what, limit, found: self.n_joined });
            }
            let all = joined.iter().flat_map(|one| label.iter().map(|other| one.union(other)));
            let possible = all.filter(|environment| self.is_possible(environment)).collect();
            let (kept, cut) = smallest(possible);
            (joined, self.cut_short) = (kept, self.cut_short | cut);
        }
        Ok(joined)
    }

    fn nogoods(&self) -> &[Environment] {
        self.labels.last().map_or(&[], Vec::as_slice)
    }

    fn is_possible(&self, environment: &Environment) -> bool {
        !self.nogoods().iter().any(|nogood| nogood.is_part_of(environment))
    }

    /// Whether a label is another with some environments.
    fn add(&mut self, node: usize, new: Vec<Environment>) -> bool {
        let (kept, cut) = smallest(self.labels[node].iter().copied().chain(new).collect());
        self.cut_short |= cut;
        let changed = kept != self.labels[node];
        self.labels[node] = kept;
        changed
    }

    /// Takes what is impossible out of the labels of facts.
    fn forbid(&mut self) {
        let nogoods = self.nogoods().to_vec();
        let n_facts = self.scope.facts.len();
        for label in &mut self.labels[..n_facts] {
            label.retain(|one| !nogoods.iter().any(|nogood| nogood.is_part_of(one)));
        }
    }

    /// The label of a fact, or of what is impossible.
    pub(super) fn told(&self, node: Option<usize>) -> Environments {
        let label = &self.labels[node.unwrap_or(self.scope.facts.len())];
        let label = if self.cut_short { self.mended(node, label) } else { label.clone() };
        let fact = |place: usize| self.scope.facts[self.assumptions[place]];
        let sets = label.iter().map(|environment| environment.places().map(fact).collect());
        Environments { sets: sets.collect(), cut_short: self.cut_short }
    }

    /// What is still minimal and consistent where labels on the way were cut.
    fn mended(&self, node: Option<usize>, label: &[Environment]) -> Vec<Environment> {
        let least = |environment: &Environment| {
            let mut least = *environment;
            for place in environment.places() {
                let less = least.without(place);
                least = if self.follows(node, &less) { less } else { least };
            }
            least
        };
        let possible = |one: &Environment| node.is_none() || !self.follows(None, one);
        smallest(label.iter().map(least).filter(possible).collect()).0
    }

    /// Whether a fact, or what is impossible, follows from an environment.
    fn follows(&self, node: Option<usize>, environment: &Environment) -> bool {
        let assumed = environment.places().map(|place| self.assumptions[place]);
        let holds = self.scope.closure(assumed.chain(self.given.iter().copied()), |_| false);
        let both = |pair: &[usize; 2]| holds[pair[0]] && holds[pair[1]];
        node.map_or_else(|| self.scope.impossible.iter().any(both), |node| holds[node])
    }
}
