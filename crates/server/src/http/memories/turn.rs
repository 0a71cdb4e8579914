//! A turn of a conversation over HTTP: recall before, learn after, in one call.

use axum::Json as Answer;
use axum::extract::State;
use memory::{Message, Recall, Scope, Turn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Shared;
use super::super::extract::Json;
use super::{LearnAnswer, RecallAnswer, with};
use crate::error::RequestError;
use crate::memories::by;
use crate::security::Caller;
use crate::wire::attitude::TouchedAnswer;

/// A turn of a conversation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TurnRequest {
    /// What the user said: it is recalled for, then learned from.
    user_message: String,
    /// What was answered, where it is known already.
    #[serde(alias = "ai_response")]
    assistant_message: Option<String>,
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
    /// How many memories and intentions, 1 to 100; 10 where there is none.
    limit: Option<usize>,
    /// How long the context may be, in bytes; 4096 where there is none.
    context_bytes: Option<usize>,
    /// The conversation that it belongs to: what its last questions found primes this one.
    attention: Option<String>,
}

/// What a turn brought up and left.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TurnAnswer {
    /// What was remembered before the turn.
    recalled: RecallAnswer,
    /// Open intentions that it touches.
    intentions: Vec<TouchedAnswer>,
    /// What was learned from it.
    learned: LearnAnswer,
}

impl TurnRequest {
    fn read(self) -> Turn {
        let message = |role: &str, content: String| Message { role: role.into(), content };
        let asked = message("user", self.user_message.clone());
        let answered = self.assistant_message.map(|said| message("assistant", said));
        let recall = Recall {
            message: self.user_message,
            scope: Scope { user_id: self.user_id, agent_id: self.agent_id, run_id: self.run_id },
            limit: self.limit.unwrap_or(10),
            context_bytes: self.context_bytes.unwrap_or(4096),
            attention: self.attention,
        };
        Turn { recall, messages: std::iter::once(asked).chain(answered).collect() }
    }
}

pub(crate) async fn turn(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<TurnRequest>,
) -> Result<Answer<TurnAnswer>, RequestError> {
    let (turn, by) = (request.read(), by(&caller));
    let turned =
        with(&server, &caller, "turn", async |memory| Ok(memory.turn(&turn, &by).await?)).await?;
    server.memories.signals.degraded(turned.recalled.words_only.as_deref());
    let intentions = turned.intentions.iter();
    Ok(Answer(TurnAnswer {
        recalled: RecallAnswer::of(turned.recalled, by.now),
        intentions: intentions.map(|touched| TouchedAnswer::of(touched, by.now)).collect(),
        learned: LearnAnswer::of(turned.learned),
    }))
}
