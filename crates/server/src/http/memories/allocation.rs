//! Which column a memory goes to, and what voted for it.

use axum::Json as Answer;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Near, with};
use crate::error::RequestError;
use crate::http::Shared;
use crate::http::extract::Json;
use crate::memories::by;
use crate::security::Caller;
use crate::wire::memory::StoreRequest;

/// Which column a memory goes to, and how the competition for it went.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AllocationAnswer {
    column: u32,
    /// The column's state after it: `available`, `activated`, `competing`, `allocated` or `refractory`.
    state: String,
    /// A second column with a copy, for memories near a border.
    #[serde(skip_serializing_if = "Option::is_none")]
    spill: Option<u32>,
    /// The cosine of the memory and the winner's receptive field.
    overlap: f32,
    /// What the winner's four receptive fields answered; none of the first column.
    #[serde(skip_serializing_if = "Option::is_none")]
    votes: Option<ColumnVotes>,
    /// Columns that competed.
    competitors: u32,
    /// Each of them, the nearest by vector first; told where it was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<CandidateAnswer>,
    /// Iterations until one was left.
    iterations: u32,
    /// Whether one was left, within the limit of iterations.
    settled: bool,
    /// Biological time of them.
    convergence_seconds: f32,
    /// By how much the winner's support led.
    lead: f32,
    /// Features that spiked, and the share of all of them.
    n_spikes: u32,
    density: f32,
    /// The earliest spikes in the order of their time, at most eight; told where it was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    first_spikes: Vec<SpikeAnswer>,
    /// When the last feature spiked, in seconds after the onset.
    last_spike_seconds: f32,
    /// The stored memory that is nearly the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    near: Option<Near>,
}

/// The first spike of a feature.
#[derive(Serialize, JsonSchema)]
struct SpikeAnswer {
    /// Position in the vector.
    feature: u32,
    /// Time to it from the onset.
    seconds: f32,
    /// Whether the feature is above zero.
    positive: bool,
}

/// How much the receptive fields of a column answer to a memory.
#[derive(Serialize, JsonSchema)]
struct ColumnVotes {
    /// To its vector: a cosine.
    semantic: f32,
    /// To whose it is, its tags, source and names, and what these are: the mean share of them that
    /// the column's memories have.
    structural: f32,
    /// To when it was: as `structural`, of tiles of time.
    temporal: f32,
    /// To what is exceptional about it, or that nothing is: as `structural`.
    exception: f32,
}

/// A column that competed.
#[derive(Serialize, JsonSchema)]
struct CandidateAnswer {
    column: u32,
    votes: ColumnVotes,
    /// The votes by their weights, less what a loaded column holds back; lateral inhibition leaves the
    /// column that has most.
    support: f32,
}

impl AllocationAnswer {
    pub(super) fn of(allocation: &column::Allocation) -> Self {
        Self {
            column: allocation.winner,
            state: format!("{:?}", allocation.state).to_lowercase(),
            spill: allocation.spill,
            overlap: allocation.overlap,
            votes: allocation.votes().map(ColumnVotes::of),
            competitors: allocation.convergence.competitors,
            candidates: Vec::new(),
            iterations: allocation.convergence.iterations,
            settled: allocation.convergence.settled,
            convergence_seconds: allocation.convergence.seconds,
            lead: allocation.convergence.lead,
            n_spikes: allocation.spikes.n_spikes,
            density: allocation.spikes.density,
            first_spikes: Vec::new(),
            last_spike_seconds: allocation.spikes.last_seconds,
            near: None,
        }
    }

    /// With everybody who competed, and the memory that is nearly the same.
    fn in_full(allocation: &column::Allocation, near: Option<memory::Id>) -> Self {
        let near = near.zip(allocation.duplicate);
        let near = near.map(|(id, d)| Near { id: id.to_string(), similarity: d.similarity });
        let candidates = allocation.competitors.iter().map(CandidateAnswer::of).collect();
        let first_spikes = allocation.spikes.first.iter().map(SpikeAnswer::of).collect();
        Self { near, candidates, first_spikes, ..Self::of(allocation) }
    }
}

impl SpikeAnswer {
    fn of(spike: &column::FirstSpike) -> Self {
        let column::FirstSpike { feature, seconds, positive } = *spike;
        Self { feature, seconds, positive }
    }
}

impl CandidateAnswer {
    fn of(competitor: &column::Competitor) -> Self {
        let column::Competitor { column, votes, support } = *competitor;
        Self { column, votes: ColumnVotes::of(votes), support }
    }
}

impl ColumnVotes {
    fn of(votes: column::Votes) -> Self {
        let column::Votes { semantic, structural, temporal, exception } = votes;
        Self { semantic, structural, temporal, exception }
    }
}

pub(crate) async fn allocate(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<StoreRequest>,
) -> Result<Answer<AllocationAnswer>, RequestError> {
    let new = request.read_one()?;
    let (allocation, near) = with(&server, &caller, "search", async |memory| {
        Ok(memory.allocate(new, &by(&caller)).await?)
    })
    .await?;
    Ok(Answer(AllocationAnswer::in_full(&allocation, near)))
}
