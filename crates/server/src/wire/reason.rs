//! Reasoning on the wire. Fields that a kind does not have are refused.

use knowledge::reason::{
    Abduced, Alike, Analogies, Blocked, Claim, Deduced, Explanation, Generalisation, Goal, Ground,
    Induced, Link, Mapping, Observed, Premises, Proof, Similar, Step, Way,
};
use knowledge::{At, EntityId, FactId, ItemId, KnowledgeError, Object, View};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::knowledge::{AtParams, EntityRef, Plain, one_named, refused};
use crate::error::RequestError;

/// Conclusions that are told where nobody says how many.
const TOLD: usize = 20;
/// Members that have something, where nobody says how many there have to be.
const SUPPORT: usize = 2;

/// What is to be reasoned about. Entities are told by their numbers or names.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonRequest {
    kind: KindName,
    /// Of whom: `deductive`; anybody where there is none.
    subject: Option<EntityRef>,
    /// What, a predicate or a property: `deductive`.
    predicate: Option<String>,
    /// Of which entity, or
    object_entity: Option<EntityRef>,
    /// of which value: `deductive`; anything where there is neither.
    object: Option<Plain>,
    /// The class whose members are looked at: `inductive`.
    class: Option<EntityRef>,
    /// Members that have it at least, 2 where there is none: `inductive`.
    min_support: Option<usize>,
    /// What was observed: `abductive`.
    #[serde(default)]
    observed: Vec<EntityRef>,
    /// Facts that were observed: `abductive`.
    #[serde(default)]
    facts: Vec<u64>,
    /// A is to B as C is to what; without B, what of C's surroundings A's stand for; A alone, what it is
    /// like: `analogical`.
    a: Option<EntityRef>,
    /// As above.
    b: Option<EntityRef>,
    /// As above.
    c: Option<EntityRef>,
    /// How many answers, 20 where there is none.
    limit: Option<usize>,
    /// The branch; the main one where there is none.
    branch: Option<u64>,
    /// As it was known then, RFC 3339.
    known_at: Option<String>,
    /// What was true then, RFC 3339; `known_at` or now where there is none.
    valid_at: Option<String>,
}

/// How to reason.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KindName {
    /// What follows.
    Deductive,
    /// What members of a class have in common.
    Inductive,
    /// What would explain what was observed.
    Abductive,
    /// What is to one as another is to a third.
    Analogical,
}

/// A question whose entities are not looked up yet.
pub(crate) struct Asked {
    pub(crate) at: At,
    request: ReasonRequest,
}

/// A question that was read.
pub(crate) enum Question {
    Deduce(Goal),
    Induce(EntityId, usize),
    Abduce(Vec<Observed>),
    Proportion([EntityId; 3]),
    Map(EntityId, EntityId),
    Like(EntityId),
}

/// What was found.
pub(crate) enum Found {
    Deduced(Deduced),
    Induced(Induced),
    Abduced(Abduced),
    Analogies(Analogies),
    Mapping(Mapping),
    Alike(Alike),
}

/// What was concluded; nothing of it is learned. What a kind of reasoning does not have is absent.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ReasonAnswer {
    kind: KindName,
    /// `deductive`: what follows, the surest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    conclusions: Vec<ProofAnswer>,
    /// `deductive`: what does not follow because of an exception.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    blocked: Vec<BlockedAnswer>,
    /// `inductive`: how many members the class has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    members: Option<usize>,
    /// `inductive`: what many of them have, the surest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    generalisations: Vec<GeneralisationAnswer>,
    /// `abductive`: the simplest and surest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    explanations: Vec<ExplanationAnswer>,
    /// `abductive`: to what nothing is known to lead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unexplained: Vec<EntityNamed>,
    /// `analogical` with B: what is to C as B is to A, the best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    counterparts: Vec<CounterpartAnswer>,
    /// `analogical` with B: how A leads to B.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ways: Vec<Vec<LinkAnswer>>,
    /// `analogical` with A and C: how A's surroundings map onto C's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mapping: Option<MappingAnswer>,
    /// `analogical` with A alone: what is like it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    alike: Vec<AlikeAnswer>,
    /// There is more than was looked at or told.
    more: bool,
}

/// An entity, and what it is called.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct EntityNamed {
    id: u64,
    name: String,
}

/// What is said.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct SaidClaim {
    subject: EntityNamed,
    predicate: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object_entity: Option<EntityNamed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object: Option<Plain>,
    negated: bool,
    /// In words.
    said: String,
}

/// A step of a proof.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct StepAnswer {
    claim: SaidClaim,
    /// `stated`, `symmetric`, `inverse`, `transitive`, `inherits`, `causes` or `generalises`.
    rule: &'static str,
    /// What it uses: `fact 7`, `relation 8`, `entity 9 legs` for a property, and `step 0` for a step of
    /// the same proof, the first of which is 0.
    uses: Vec<String>,
    confidence: f32,
}

/// A conclusion, and how it follows.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ProofAnswer {
    claim: SaidClaim,
    /// As sure as the least sure of what it uses.
    confidence: f32,
    /// The last is the conclusion.
    steps: Vec<StepAnswer>,
}

/// What does not follow because of an exception.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BlockedAnswer {
    claim: SaidClaim,
    /// What it would follow from.
    from: String,
    /// What is against it.
    by: String,
}

/// What many members of a class have.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct GeneralisationAnswer {
    claim: SaidClaim,
    /// It is a property.
    property: bool,
    /// It is known of the class already.
    known: bool,
    /// Members that have it.
    support: usize,
    /// Some of the members that have something else.
    exceptions: Vec<EntityNamed>,
    /// How many those are.
    n_exceptions: usize,
    /// The lower end of Wilson's interval at 95 %.
    confidence: f64,
    steps: Vec<StepAnswer>,
}

/// Causes that lead to what was observed.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ExplanationAnswer {
    causes: Vec<CauseAnswer>,
    confidence: f32,
    /// For each that was observed the chain that leads there.
    steps: Vec<StepAnswer>,
}

/// What would lead to some of what was observed.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CauseAnswer {
    entity: EntityNamed,
    covers: Vec<EntityNamed>,
    confidence: f32,
}

/// How one is joined to another.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LinkAnswer {
    kind: String,
    /// From it, and not to it.
    out: bool,
}

/// What is to C as B is to A.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CounterpartAnswer {
    entity: EntityNamed,
    /// The weight of the ways that lead there, of all from A to B; a way weighs one over its length.
    score: f64,
    /// How like it is to B.
    likeness: f64,
    ways: Vec<WayShared>,
}

/// A way that both pairs have.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct WayShared {
    kinds: Vec<LinkAnswer>,
    /// What the first pair's way says, and then the second's.
    steps: Vec<StepAnswer>,
}

/// How the surroundings of one map onto those of another.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MappingAnswer {
    /// Which stands for which.
    pairs: Vec<[EntityNamed; 2]>,
    /// What both say.
    shared: Vec<[StepAnswer; 2]>,
    /// What only the first says; it is not known of the second.
    inferences: Vec<InferenceAnswer>,
    /// What both say, of all that the first says of what is mapped.
    score: f64,
}

/// What would be so if the analogy held.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct InferenceAnswer {
    claim: SaidClaim,
    from: StepAnswer,
    /// It hangs together with what both say, by reasons.
    systematic: bool,
}

/// What is like an entity.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AlikeAnswer {
    entity: EntityNamed,
    score: f64,
    /// The kinds that both have.
    shared: Vec<LinkAnswer>,
}

impl ReasonRequest {
    /// # Errors
    /// [`RequestError::Bad`] for times that are none, and fields of another kind.
    pub(crate) fn read(mut self) -> Result<Asked, RequestError> {
        let has = [
            ("subject", self.subject.is_some()),
            ("predicate", self.predicate.is_some()),
            ("object_entity", self.object_entity.is_some()),
            ("object", self.object.is_some()),
            ("class", self.class.is_some()),
            ("min_support", self.min_support.is_some()),
            ("observed", !self.observed.is_empty()),
            ("facts", !self.facts.is_empty()),
            ("a", self.a.is_some()),
            ("b", self.b.is_some()),
            ("c", self.c.is_some()),
        ];
        let takes: &[&str] = match self.kind {
            KindName::Deductive => &["subject", "predicate", "object_entity", "object"],
            KindName::Inductive => &["class", "min_support"],
            KindName::Abductive => &["observed", "facts"],
            KindName::Analogical => &["a", "b", "c"],
        };
        if let Some((name, _)) = has.iter().find(|(name, has)| *has && !takes.contains(name)) {
            let expected = takes.join(", ");
            let said = format!("{name}: expected none for this kind, which takes {expected}");
            return Err(RequestError::bad(said));
        }
        let at = AtParams::new(self.branch, self.known_at.take(), self.valid_at.take()).read()?;
        Ok(Asked { at, request: self })
    }
}

impl Asked {
    pub(crate) fn kind(&self) -> KindName {
        self.request.kind
    }

    pub(crate) fn limit(&self) -> usize {
        self.request.limit.unwrap_or(TOLD).max(1)
    }

    /// # Errors
    /// [`RequestError::Bad`] and [`RequestError::NotFound`] for what is missing and not known.
    pub(crate) fn question(&self, view: &View<'_>) -> Result<Question, RequestError> {
        let asked = &self.request;
        let entity = |field: &'static str, name: &Option<EntityRef>| match name {
            Some(name) => entity(view, field, name),
            None => Err(RequestError::bad(format!("{field}: expected an entity"))),
        };
        let if_any = |field, name: &Option<EntityRef>| {
            name.is_some().then(|| entity(field, name)).transpose()
        };
        Ok(match asked.kind {
            KindName::Deductive => Question::Deduce(self.goal(view)?),
            KindName::Inductive => Question::Induce(
                entity("class", &asked.class)?,
                asked.min_support.unwrap_or(SUPPORT),
            ),
            KindName::Abductive => {
                let seen = asked.observed.iter().map(|name| self::entity(view, "observed", name));
                let seen: Vec<EntityId> = seen.collect::<Result<_, _>>()?;
                let facts = asked.facts.iter().map(|id| Observed::Fact(FactId(*id)));
                Question::Abduce(seen.into_iter().map(Observed::Entity).chain(facts).collect())
            }
            KindName::Analogical => {
                let a = entity("a", &asked.a)?;
                match (if_any("b", &asked.b)?, if_any("c", &asked.c)?) {
                    (Some(b), Some(c)) => Question::Proportion([a, b, c]),
                    (None, Some(c)) => Question::Map(a, c),
                    (None, None) => Question::Like(a),
                    (Some(_), None) => {
                        return Err(RequestError::bad("c: expected an entity with b"));
                    }
                }
            }
        })
    }

    fn goal(&self, view: &View<'_>) -> Result<Goal, RequestError> {
        let asked = &self.request;
        let missing = || RequestError::bad("predicate: expected one");
        let predicate = asked.predicate.clone().ok_or_else(missing)?;
        let subject =
            asked.subject.as_ref().map(|name| entity(view, "subject", name)).transpose()?;
        let object = match (&asked.object_entity, &asked.object) {
            (Some(_), Some(_)) => {
                return Err(RequestError::bad("body: expected `object` or `object_entity`"));
            }
            (Some(name), None) => Some(Object::Entity(entity(view, "object_entity", name)?)),
            (None, Some(plain)) => Some(Object::Literal(plain.clone().into())),
            (None, None) => None,
        };
        Ok(Goal { subject, predicate, object })
    }
}

fn entity(view: &View<'_>, field: &str, name: &EntityRef) -> Result<EntityId, RequestError> {
    match name {
        EntityRef::Name(name) => one_named(view, field, name),
        EntityRef::Number(id) => {
            let missing = KnowledgeError::Missing(ItemId::Entity(EntityId(*id)));
            view.resolve(EntityId(*id)).ok_or_else(|| refused(&missing))
        }
    }
}

impl Question {
    /// # Errors
    /// Those of the question.
    pub(crate) fn find(&self, premises: &Premises, limit: usize) -> Result<Found, KnowledgeError> {
        Ok(match self {
            Self::Deduce(goal) => Found::Deduced(premises.deduce(goal, limit)),
            Self::Induce(class, least) => Found::Induced(premises.induce(*class, *least, limit)?),
            Self::Abduce(observed) => Found::Abduced(premises.abduce(observed, limit)?),
            Self::Proportion([a, b, c]) => Found::Analogies(premises.analogies(*a, *b, *c, limit)),
            Self::Map(a, c) => Found::Mapping(premises.mapping(*a, *c, limit)),
            Self::Like(a) => Found::Alike(premises.like(*a, limit)),
        })
    }
}

impl ReasonAnswer {
    fn new(kind: KindName, more: bool) -> Self {
        Self {
            kind,
            conclusions: Vec::new(),
            blocked: Vec::new(),
            members: None,
            generalisations: Vec::new(),
            explanations: Vec::new(),
            unexplained: Vec::new(),
            counterparts: Vec::new(),
            ways: Vec::new(),
            mapping: None,
            alike: Vec::new(),
            more,
        }
    }

    pub(crate) fn of(kind: KindName, found: &Found, view: &View<'_>) -> Self {
        let names = Names { view };
        match found {
            Found::Deduced(found) => Self {
                conclusions: found.conclusions.iter().map(|proof| names.proof(proof)).collect(),
                blocked: found.blocked.iter().map(|blocked| names.blocked(blocked)).collect(),
                ..Self::new(kind, found.more)
            },
            Found::Induced(found) => Self {
                members: Some(found.members),
                generalisations: found.generalisations.iter().map(|g| names.general(g)).collect(),
                ..Self::new(kind, found.more)
            },
            Found::Abduced(found) => Self {
                explanations: found.explanations.iter().map(|e| names.explanation(e)).collect(),
                unexplained: names.entities(&found.unexplained),
                ..Self::new(kind, found.more)
            },
            Found::Analogies(found) => names.analogies(kind, found),
            Found::Mapping(found) => {
                Self { mapping: Some(names.mapping(found)), ..Self::new(kind, found.more) }
            }
            Found::Alike(found) => Self {
                alike: found.similar.iter().map(|similar| names.alike(similar)).collect(),
                ..Self::new(kind, found.more)
            },
        }
    }
}

/// What tells what was found by the names of a view.
struct Names<'a> {
    view: &'a View<'a>,
}

impl Names<'_> {
    fn entity(&self, id: EntityId) -> EntityNamed {
        let known = self.view.entity(id);
        let name = known.map_or_else(|| format!("entity {id}"), |known| known.item.name.clone());
        EntityNamed { id: id.0, name }
    }

    fn entities(&self, ids: &[EntityId]) -> Vec<EntityNamed> {
        ids.iter().map(|id| self.entity(*id)).collect()
    }

    fn claim(&self, claim: &Claim) -> SaidClaim {
        let subject = self.entity(claim.subject);
        let (object_entity, object) = match &claim.object {
            Object::Entity(id) => (Some(self.entity(*id)), None),
            Object::Literal(value) => (None, Some(Plain::from(value))),
        };
        let of = match (&object_entity, &object) {
            (Some(entity), _) => entity.name.clone(),
            (None, Some(Plain::Text(text))) => text.clone(),
            (None, value) => serde_json::to_string(value).unwrap_or_default(),
        };
        let not = if claim.negated { "not " } else { "" };
        let said = format!("{} {not}{} {of}", subject.name, claim.predicate);
        let (predicate, negated) = (claim.predicate.clone(), claim.negated);
        SaidClaim { subject, predicate, object_entity, object, negated, said }
    }

    fn steps(&self, steps: &[Step]) -> Vec<StepAnswer> {
        steps.iter().map(|step| self.step(step)).collect()
    }

    fn step(&self, step: &Step) -> StepAnswer {
        StepAnswer {
            claim: self.claim(&step.claim),
            rule: step.rule.name(),
            uses: step.uses.iter().map(used).collect(),
            confidence: step.confidence,
        }
    }

    fn proof(&self, proof: &Proof) -> ProofAnswer {
        let (claim, steps) = (self.claim(&proof.claim), self.steps(&proof.steps));
        ProofAnswer { claim, confidence: proof.confidence, steps }
    }

    fn blocked(&self, blocked: &Blocked) -> BlockedAnswer {
        let (from, by) = (used(&blocked.from), used(&blocked.by));
        BlockedAnswer { claim: self.claim(&blocked.claim), from, by }
    }

    fn general(&self, found: &Generalisation) -> GeneralisationAnswer {
        GeneralisationAnswer {
            claim: self.claim(&found.claim),
            property: found.property,
            known: found.known,
            support: found.support,
            exceptions: self.entities(&found.exceptions),
            n_exceptions: found.n_exceptions,
            confidence: found.confidence,
            steps: self.steps(&found.steps),
        }
    }

    fn explanation(&self, found: &Explanation) -> ExplanationAnswer {
        let cause = |cause: &knowledge::reason::Cause| CauseAnswer {
            entity: self.entity(cause.entity),
            covers: self.entities(&cause.covers),
            confidence: cause.confidence,
        };
        ExplanationAnswer {
            causes: found.causes.iter().map(cause).collect(),
            confidence: found.confidence,
            steps: self.steps(&found.steps),
        }
    }

    fn analogies(&self, kind: KindName, found: &Analogies) -> ReasonAnswer {
        let way = |way: &Way| WayShared { kinds: links(&way.kinds), steps: self.steps(&way.steps) };
        let counterpart = |one: &knowledge::reason::Counterpart| CounterpartAnswer {
            entity: self.entity(one.entity),
            score: one.score,
            likeness: one.likeness,
            ways: one.ways.iter().map(way).collect(),
        };
        ReasonAnswer {
            counterparts: found.counterparts.iter().map(counterpart).collect(),
            ways: found.ways.iter().map(|kinds| links(kinds)).collect(),
            ..ReasonAnswer::new(kind, found.more)
        }
    }

    fn mapping(&self, found: &Mapping) -> MappingAnswer {
        let inference = |one: &knowledge::reason::Inference| InferenceAnswer {
            claim: self.claim(&one.claim),
            from: self.step(&one.from),
            systematic: one.systematic,
        };
        let pair = |(a, b): &(EntityId, EntityId)| [self.entity(*a), self.entity(*b)];
        MappingAnswer {
            pairs: found.pairs.iter().map(pair).collect(),
            shared: found.shared.iter().map(|(a, b)| [self.step(a), self.step(b)]).collect(),
            inferences: found.inferences.iter().map(inference).collect(),
            score: found.score,
        }
    }

    fn alike(&self, found: &Similar) -> AlikeAnswer {
        let shared: Vec<Link> =
            found.likeness.shared.iter().map(|(link, _)| link.clone()).collect();
        let score = found.likeness.score;
        AlikeAnswer { entity: self.entity(found.entity), score, shared: links(&shared) }
    }
}

fn links(links: &[Link]) -> Vec<LinkAnswer> {
    links.iter().map(|link| LinkAnswer { kind: link.kind.clone(), out: link.out }).collect()
}

fn used(ground: &Ground) -> String {
    match ground {
        Ground::Fact(id) => format!("fact {id}"),
        Ground::Relation(id) => format!("relation {id}"),
        Ground::Property(id, name) => format!("entity {id} {name}"),
        Ground::Step(step) => format!("step {step}"),
    }
}
