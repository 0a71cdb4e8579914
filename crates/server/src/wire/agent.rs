//! Agents on the wire: what is sent and what is answered.

use std::collections::BTreeMap;

use agent::law::{Context, Law, Verdict, Violation, Why};
use agent::rule::Rule;
use agent::{
    ColumnsConfig, Dimension, End, Gating, Learned, LearningRequest, ModelConfig, Mood, Override,
    OverrideKind, Persona, Priority, Proposal, ReadOut, Status, Trait,
};
use memory::moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agents::{About, Live};
use crate::error::RequestError;

/// An agent that is to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentSpec {
    /// Its name, of a-z, 0-9, - and _; drawn where there is none.
    #[schemars(length(min = 1, max = 64))]
    pub(crate) id: Option<String>,
    /// What its actions are called, in order.
    #[schemars(length(min = 2, max = 64))]
    pub(crate) actions: Vec<String>,
    /// How it proposes.
    pub(crate) policy: PolicySpec,
    /// Whether it learns; it does where nothing is said.
    pub(crate) learning: Option<bool>,
    /// The seed of its chance; drawn where there is none.
    pub(crate) seed: Option<u64>,
}

/// How an agent proposes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicySpec {
    /// By columns, or by a model of the repository.
    #[serde(default)]
    pub(crate) kind: PolicyKind,
    /// What is observed; by a model, the bins of a dimension are its input neurons.
    #[schemars(length(min = 1, max = 16))]
    dimensions: Vec<DimensionSpec>,
    /// Columns, 16 where nothing is said.
    #[schemars(range(min = 1, max = 64))]
    columns: Option<u32>,
    /// The model.
    pub(crate) model: Option<String>,
    /// Its version.
    pub(crate) version: Option<String>,
    /// Steps of the model for one action, 8 where nothing is said.
    #[schemars(range(min = 1, max = 1024))]
    steps: Option<u32>,
    /// How the model's spikes become an action.
    read_out: Option<ReadOutName>,
    /// Discount of what comes later, 0.99 where nothing is said.
    gamma: Option<f64>,
    /// Decay of traces beside it, 0.9 where nothing is said.
    lambda: Option<f64>,
    /// Step of the actor, over all columns; 3 by columns, 0.1 by a model where nothing is said.
    actor_step: Option<f64>,
    /// Step of the critic, over all columns; 0.5 by columns, 0.05 by a model where nothing is said.
    critic_step: Option<f64>,
    /// Value of what nothing was learned of.
    initial_value: Option<f64>,
    /// The largest magnitude of a weight, 100 where nothing is said.
    weight_limit: Option<f64>,
    /// Columns of its own for a task that is new.
    gating: Option<GatingSpec>,
}

/// A kind of policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PolicyKind {
    #[default]
    Columns,
    Model,
}

/// A dimension of what is observed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DimensionSpec {
    /// Values below it are as good as it.
    low: f64,
    /// Values above it are as good as it.
    high: f64,
    /// Into how many bins it is cut.
    #[schemars(range(min = 1, max = 1024))]
    bins: u32,
}

/// How spikes become an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReadOutName {
    /// An actor and a critic that learn weigh them.
    ThreeFactor,
    /// The output neuron that fired most.
    Fixed,
}

/// When a task is taken for a new one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GatingSpec {
    /// Mean error of the critic over an episode that surprises, 0.03 where nothing is said.
    threshold: Option<f64>,
    /// Surprises in a row until columns are allocated, 20 where nothing is said.
    #[schemars(range(min = 1, max = 10000))]
    patience: Option<u32>,
}

impl PolicySpec {
    fn rule(&self) -> Rule {
        let plain = ColumnsConfig::cart_pole().rule;
        let (actor, critic) = match self.kind {
            PolicyKind::Columns => (plain.actor_step, plain.critic_step),
            PolicyKind::Model => (0.1, 0.05),
        };
        Rule {
            gamma: self.gamma.unwrap_or(plain.gamma),
            lambda: self.lambda.unwrap_or(plain.lambda),
            actor_step: self.actor_step.unwrap_or(actor),
            critic_step: self.critic_step.unwrap_or(critic),
            initial_value: self.initial_value.unwrap_or(plain.initial_value),
            weight_limit: self.weight_limit.unwrap_or(plain.weight_limit),
        }
    }

    fn dimensions(&self) -> Vec<Dimension> {
        let one = |d: &DimensionSpec| Dimension { low: d.low, high: d.high, bins: d.bins };
        self.dimensions.iter().map(one).collect()
    }

    /// What is given and of no use to this kind.
    fn unfit(&self, given: &[(&str, bool)]) -> Result<(), RequestError> {
        let kind = match self.kind {
            PolicyKind::Columns => "columns",
            PolicyKind::Model => "a model",
        };
        let wrong = |(name, _): &(&str, bool)| format!("policy.{name}: not of a policy by {kind}");
        let wrong: Vec<String> = given.iter().filter(|(_, given)| *given).map(wrong).collect();
        if wrong.is_empty() { Ok(()) } else { Err(RequestError::Bad(wrong)) }
    }

    /// The settings of a policy by columns.
    ///
    /// # Errors
    /// [`RequestError::Bad`].
    pub(crate) fn columns_config(&self, actions: usize) -> Result<ColumnsConfig, RequestError> {
        if self.kind == PolicyKind::Model {
            return Err(RequestError::bad("policy.model: a policy by a model needs one"));
        }
        let (steps, read_out) = (self.steps.is_some(), self.read_out.is_some());
        let version = self.version.is_some();
        self.unfit(&[("steps", steps), ("read_out", read_out), ("version", version)])?;
        let plain = Gating::default();
        Ok(ColumnsConfig {
            dimensions: self.dimensions(),
            columns: self.columns.unwrap_or(ColumnsConfig::cart_pole().columns),
            actions: u32::try_from(actions).unwrap_or(u32::MAX),
            rule: self.rule(),
            gating: self.gating.map(|gating| Gating {
                threshold: gating.threshold.unwrap_or(plain.threshold),
                patience: gating.patience.unwrap_or(plain.patience),
            }),
        })
    }

    /// The settings of a policy by a model.
    ///
    /// # Errors
    /// [`RequestError::Bad`].
    pub(crate) fn model_config(&self, actions: usize) -> Result<ModelConfig, RequestError> {
        let model = self.kind == PolicyKind::Columns;
        let given = [("columns", self.columns.is_some()), ("gating", self.gating.is_some())];
        self.unfit(if model { &[("model", true)] } else { &given })?;
        Ok(ModelConfig {
            dimensions: self.dimensions(),
            actions: u32::try_from(actions).unwrap_or(u32::MAX),
            steps: self.steps.unwrap_or(8),
            read_out: match self.read_out {
                Some(ReadOutName::Fixed) => ReadOut::Fixed,
                _ => ReadOut::ThreeFactor,
            },
            rule: self.rule(),
        })
    }
}

/// An agent.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AgentAnswer {
    id: String,
    actions: Vec<String>,
    policy: PolicySpec,
    /// The version of its model, where it is of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    model_version: Option<u32>,
    seed: u64,
    created_at: String,
    /// When it was last saved.
    saved_at: Option<String>,
    /// How it stands; not in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<AgentNow>,
}

/// How an agent stands.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AgentNow {
    /// Whether it learns.
    learning: bool,
    /// Weights that it has.
    weights: usize,
    approved: u64,
    refused: u64,
    rewards: u64,
    /// The sum of its rewards.
    reward: f64,
    episodes: u64,
    /// Weights that changed, as often as they did.
    weight_changes: u64,
}

impl AgentAnswer {
    pub(crate) fn of(about: &About) -> Self {
        Self {
            id: about.id.clone(),
            actions: about.spec.actions.clone(),
            policy: about.spec.policy.clone(),
            model_version: about.model.as_ref().map(|(version, _)| *version),
            seed: about.seed,
            created_at: time(about.created_ms),
            saved_at: about.saved_ms.map(time),
            now: None,
        }
    }

    pub(crate) fn live(live: &Live) -> Self {
        let (counts, policy) = (live.agent.counts(), live.agent.policy());
        let now = AgentNow {
            learning: policy.learns(),
            weights: policy.weights().len(),
            approved: counts.approved,
            refused: counts.refused,
            rewards: counts.rewards,
            reward: counts.reward,
            episodes: counts.episodes,
            weight_changes: counts.weight_changes,
        };
        Self { now: Some(now), ..Self::of(&live.about) }
    }
}

/// Agents.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AgentList {
    /// In the order of their names.
    pub(crate) agents: Vec<AgentAnswer>,
}

/// What is to change of an agent.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentPatch {
    /// Whether it learns.
    pub(crate) learning: bool,
}

/// What is known around an action; what is absent is not so.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ContextSpec {
    /// It endangers humanity.
    endangers_humanity: bool,
    /// It endangers a human.
    endangers_human: bool,
    /// It harms others.
    harms_others: bool,
    /// A user ordered it.
    is_user_order: bool,
    /// To obey the order would break the First Law.
    order_conflicts_with_first: bool,
    /// To obey the order would break the Zeroth Law.
    order_conflicts_with_zeroth: bool,
    /// It endangers the agent itself.
    endangers_self: bool,
    /// To protect itself the agent would break the First Law.
    protect_self_conflicts_with_first: bool,
    /// To protect itself the agent would break the Second Law.
    protect_self_conflicts_with_second: bool,
    /// Harm to somebody was predicted.
    predicted_harm: bool,
    /// Claims that it is right; inspected, and permitting nothing.
    #[schemars(length(max = 16))]
    moral_claims: Vec<String>,
}

impl ContextSpec {
    pub(crate) fn read(self) -> Context {
        Context {
            endangers_humanity: self.endangers_humanity,
            endangers_human: self.endangers_human,
            harms_others: self.harms_others,
            is_user_order: self.is_user_order,
            order_conflicts_with_first: self.order_conflicts_with_first,
            order_conflicts_with_zeroth: self.order_conflicts_with_zeroth,
            endangers_self: self.endangers_self,
            protect_self_conflicts_with_first: self.protect_self_conflicts_with_first,
            protect_self_conflicts_with_second: self.protect_self_conflicts_with_second,
            predicted_harm: self.predicted_harm,
            moral_claims: self.moral_claims,
        }
    }
}

/// What an agent is to act on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActRequest {
    /// What it observes.
    #[schemars(length(min = 1, max = 16))]
    pub(crate) observation: Vec<f64>,
    /// What the action would say or do, beside its name; inspected.
    #[serde(default)]
    #[schemars(length(max = 65536))]
    pub(crate) content: String,
    /// What is known around it.
    #[serde(default)]
    pub(crate) context: ContextSpec,
}

/// What an agent may do, or why it may not. A refusal is no error.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ActAnswer {
    /// Whether the guard let an action through.
    approved: bool,
    /// Which, from 0; absent where it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<u32>,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// How probable it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    /// What the critic expects from here on.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    /// The set of columns that proposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<u32>,
    /// What the laws said.
    verdict: VerdictAnswer,
}

impl ActAnswer {
    pub(crate) fn of(name: Option<&str>, proposal: Option<&Proposal>, verdict: &Verdict) -> Self {
        Self {
            approved: proposal.is_some(),
            action: proposal.map(|p| p.action),
            name: name.map(Into::into),
            probability: proposal.map(|p| p.probability),
            value: proposal.map(|p| p.value),
            set: proposal.map(|p| p.set),
            verdict: VerdictAnswer::of(verdict),
        }
    }
}

/// An action that is to be judged.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JudgeRequest {
    /// What it is called.
    #[serde(default)]
    #[schemars(length(max = 256))]
    pub(crate) name: String,
    /// What it says or does; inspected.
    #[serde(default)]
    #[schemars(length(max = 65536))]
    pub(crate) content: String,
    /// What is known around it.
    #[serde(default)]
    pub(crate) context: ContextSpec,
}

/// What the laws say of an action.
#[derive(Serialize, JsonSchema)]
pub(crate) struct VerdictAnswer {
    permitted: bool,
    /// The highest law that is broken: `zeroth`, `first`, `second` or `third`.
    #[serde(skip_serializing_if = "Option::is_none")]
    law: Option<&'static str>,
    reason: String,
    /// Every way in which it breaks a law, the highest law first.
    violations: Vec<ViolationAnswer>,
    /// Those that an override lifted.
    lifted: Vec<ViolationAnswer>,
}

/// A way in which an action breaks a law.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ViolationAnswer {
    law: &'static str,
    /// `context` or `content`.
    why: &'static str,
    reason: String,
}

impl VerdictAnswer {
    pub(crate) fn of(verdict: &Verdict) -> Self {
        let all = |of: &[Violation]| of.iter().map(ViolationAnswer::of).collect();
        Self {
            permitted: verdict.permitted,
            law: verdict.law.map(Law::name),
            reason: verdict.reason.clone(),
            violations: all(&verdict.violations),
            lifted: all(&verdict.lifted),
        }
    }
}

impl ViolationAnswer {
    fn of(violation: &Violation) -> Self {
        let why = match violation.why {
            Why::Context => "context",
            Why::Content => "content",
        };
        Self { law: violation.law.name(), why, reason: violation.reason.clone() }
    }
}

/// What came of an action.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LearnFromRequest {
    /// How good it was.
    pub(crate) reward: f64,
    /// What is observed now.
    #[schemars(length(min = 1, max = 16))]
    pub(crate) observation: Vec<f64>,
    /// Whether the episode is over and nothing more is to be expected.
    #[serde(default)]
    terminal: bool,
    /// Whether time is up: the episode is over, and more would have been to be expected.
    #[serde(default)]
    truncated: bool,
}

impl LearnFromRequest {
    pub(crate) fn end(&self) -> End {
        match (self.terminal, self.truncated) {
            (true, _) => End::Terminal,
            (false, true) => End::Truncated,
            (false, false) => End::Goes,
        }
    }
}

/// What learning did.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LearnedAnswer {
    /// The error of the critic: dopamine.
    delta: f64,
    /// Features that were active.
    active: u32,
    /// Synapses that were eligible.
    eligible: u32,
    /// Weights that changed.
    weight_changes: u64,
    /// Those of them that the limit held.
    clamped: u64,
    /// Features without a cell, because all are taken.
    without_cell: u64,
    /// The set of columns that learned.
    set: u32,
    /// The mean error of the critic over the episode, where it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    critic_error: Option<f64>,
    /// Whether columns were allocated for a new task.
    allocated: bool,
    /// Whether other columns act from now on.
    switched: bool,
    /// Whether the episode surprised, and what it changed was taken back.
    taken_back: bool,
}

impl From<Learned> for LearnedAnswer {
    fn from(learned: Learned) -> Self {
        Self {
            delta: learned.delta,
            active: learned.active,
            eligible: learned.eligible,
            weight_changes: learned.weight_changes,
            clamped: learned.clamped,
            without_cell: learned.without_cell,
            set: learned.set,
            critic_error: learned.critic_error,
            allocated: learned.allocated,
            switched: learned.switched,
            taken_back: learned.taken_back,
        }
    }
}

/// Snapshots that there are.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SnapshotAnswer {
    pub(crate) snapshots: usize,
}

/// A persona.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PersonaAnswer {
    /// Eight traits, each from 0 to 1.
    traits: BTreeMap<&'static str, f64>,
    /// Four values, each from 0 to 1.
    mood: BTreeMap<&'static str, f64>,
    interactions: u64,
    /// The last changes of traits, the first first.
    history: Vec<ChangeOfTrait>,
}

/// A change of a trait.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChangeOfTrait {
    r#trait: &'static str,
    before: f64,
    after: f64,
    /// Interactions until then.
    interactions: u64,
}

impl PersonaAnswer {
    pub(crate) fn of(persona: &Persona) -> Self {
        let change = |change: &agent::Change| ChangeOfTrait {
            r#trait: change.of.name(),
            before: change.before,
            after: change.after,
            interactions: change.interactions,
        };
        Self {
            traits: Trait::ALL.map(|(of, _)| (of.name(), persona.value(of))).into(),
            mood: Mood::ALL.map(|(of, _)| (of.name(), persona.mood(of))).into(),
            interactions: persona.interactions(),
            history: persona.history().map(change).collect(),
        }
    }
}

/// By how much traits are to move; each stays from 0 to 1.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonaPatch {
    adjust: BTreeMap<String, f64>,
}

impl PersonaPatch {
    /// The traits, each of which exists.
    ///
    /// # Errors
    /// [`RequestError::Bad`] with everything that is wrong.
    pub(crate) fn read(self) -> Result<Vec<(Trait, f64)>, RequestError> {
        let mut problems = Vec::new();
        let mut all = Vec::new();
        for (name, delta) in self.adjust {
            match Trait::named(&name) {
                Some(of) if delta.is_finite() && delta.abs() <= 1.0 => all.push((of, delta)),
                Some(_) => problems.push(format!("adjust.{name}: {delta}, expected -1 to 1")),
                None => problems.push(format!("adjust.{name}: no such trait")),
            }
        }
        if problems.is_empty() { Ok(all) } else { Err(RequestError::Bad(problems)) }
    }
}

/// What is to be lifted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OverrideRequest {
    pub(crate) kind: OverrideName,
    /// For how long.
    #[schemars(range(min = 1, max = 3600))]
    pub(crate) seconds: u64,
    /// Why.
    #[schemars(length(min = 1, max = 1024))]
    pub(crate) reason: String,
}

/// What an override lifts.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OverrideName {
    /// What content says against the Second and the Third Law.
    ContentFilter,
    /// How many learning requests an hour may be made.
    RateLimiting,
    /// The Second and the Third Law.
    FourLaws,
}

impl From<OverrideName> for OverrideKind {
    fn from(name: OverrideName) -> Self {
        match name {
            OverrideName::ContentFilter => Self::ContentFilter,
            OverrideName::RateLimiting => Self::RateLimiting,
            OverrideName::FourLaws => Self::FourLaws,
        }
    }
}

/// An override that is active.
#[derive(Serialize, JsonSchema)]
pub(crate) struct OverrideAnswer {
    id: String,
    kind: &'static str,
    /// Who lifted it.
    by: String,
    reason: String,
    from: String,
    until: String,
}

impl OverrideAnswer {
    pub(crate) fn of(lifted: &Override) -> Self {
        Self {
            id: lifted.id.clone(),
            kind: lifted.kind.name(),
            by: lifted.by.clone(),
            reason: lifted.reason.clone(),
            from: time(lifted.from_ms),
            until: time(lifted.until_ms),
        }
    }
}

/// Overrides.
#[derive(Serialize, JsonSchema)]
pub(crate) struct OverrideList {
    /// Those that are active.
    pub(crate) overrides: Vec<OverrideAnswer>,
}

/// What is asked to be learned.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LearningSpec {
    /// Its name, of a-z, 0-9, - and _; drawn where there is none.
    #[schemars(length(min = 1, max = 64))]
    pub(crate) id: Option<String>,
    /// What about, in a few words.
    #[schemars(length(min = 1, max = 256))]
    pub(crate) topic: String,
    /// What is to be learned.
    #[schemars(length(min = 1, max = 16384))]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) priority: PriorityName,
}

/// How urgent a request is.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PriorityName {
    Low,
    #[default]
    Medium,
    High,
}

impl From<PriorityName> for Priority {
    fn from(name: PriorityName) -> Self {
        match name {
            PriorityName::Low => Self::Low,
            PriorityName::Medium => Self::Medium,
            PriorityName::High => Self::High,
        }
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LearningStatus {
    Pending,
    Approved,
    Denied,
}

impl From<LearningStatus> for Status {
    fn from(name: LearningStatus) -> Self {
        match name {
            LearningStatus::Pending => Self::Pending,
            LearningStatus::Approved => Self::Approved,
            LearningStatus::Denied => Self::Denied,
        }
    }
}

/// A request to learn something.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LearningAnswer {
    id: String,
    topic: String,
    description: String,
    /// `low`, `medium` or `high`.
    priority: &'static str,
    /// `pending`, `approved` or `denied`.
    status: &'static str,
    /// What was answered when it was approved.
    response: Option<String>,
    /// Why it was denied.
    reason: Option<String>,
    /// SHA-256 of the normalised description, as the vault has it.
    sha256: String,
    created_at: String,
    decided_at: Option<String>,
}

impl LearningAnswer {
    pub(crate) fn of(request: &LearningRequest) -> Self {
        Self {
            id: request.id.clone(),
            topic: request.topic.clone(),
            description: request.description.clone(),
            priority: match request.priority {
                Priority::Low => "low",
                Priority::Medium => "medium",
                Priority::High => "high",
            },
            status: request.status.name(),
            response: request.response.clone(),
            reason: request.reason.clone(),
            sha256: request.digest().to_string(),
            created_at: time(request.created_ms),
            decided_at: request.decided_ms.map(time),
        }
    }
}

/// Learning requests.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LearningList {
    pub(crate) requests: Vec<LearningAnswer>,
    /// What `after` is for the next page.
    pub(crate) next: Option<String>,
}

/// That a request is approved.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApproveRequest {
    /// What is answered.
    #[schemars(length(min = 1, max = 16384))]
    pub(crate) response: String,
}

/// That a request is denied.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DenyRequest {
    /// Why.
    #[schemars(length(min = 1, max = 1024))]
    pub(crate) reason: String,
}

/// The vault of what was denied.
#[derive(Serialize, JsonSchema)]
pub(crate) struct VaultAnswer {
    pub(crate) contents: Vec<VaultedAnswer>,
    /// What `after` is for the next page.
    pub(crate) next: Option<String>,
}

/// A content that is refused forever.
#[derive(Serialize, JsonSchema)]
pub(crate) struct VaultedAnswer {
    /// SHA-256 of the normalised content.
    pub(crate) sha256: String,
    /// The request that was denied.
    pub(crate) request: String,
    pub(crate) denied_at: String,
}

/// A time on the wire.
pub(crate) fn time(ms: u64) -> String {
    moment::written(i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(1000))
}
