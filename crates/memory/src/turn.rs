//! A turn of a conversation in one call: what its question brought up before, then what was said in
//! it is learned.

use crate::durable::Memory;
use crate::error::{MemoryError, TooLarge};
use crate::intend::{MATCH_THRESHOLD, Resume, Touched};
use crate::learn::{Learned, MAX_MESSAGES, Message};
use crate::plan::By;
use crate::recall::{Recall, Recalled};

/// A turn.
#[derive(Clone, Debug)]
pub struct Turn {
    /// What the first message brings up is recalled so; its scope is that of what is learned.
    pub recall: Recall,
    /// What was said, in its order.
    pub messages: Vec<Message>,
}

/// What a turn brought up and left.
#[derive(Clone, Debug, Default)]
pub struct Turned {
    /// What was remembered before the turn.
    pub recalled: Recalled,
    /// Open intentions that it touches.
    pub intentions: Vec<Touched>,
    /// What was learned from it.
    pub learned: Learned,
}

impl Memory {
    /// Recalls, looks which intentions are touched, and learns; what was just said is never among
    /// what it brings up.
    ///
    /// # Errors
    /// As [`Memory::recall`] and [`Memory::learn`]. Nothing is learned where recalling fails; where
    /// learning fails, the same turn again learns what is missing once.
    pub async fn turn(&self, turn: &Turn, by: &By) -> Result<Turned, MemoryError> {
        TooLarge::check("messages", "messages", turn.messages.len(), MAX_MESSAGES)?;
        let recalled = self.recall(&turn.recall, by.now).await?;
        let resume = Resume {
            message: turn.recall.message.clone(),
            scope: turn.recall.scope.clone(),
            threshold: MATCH_THRESHOLD,
            limit: turn.recall.limit,
        };
        let intentions = self.resume(&resume, by.now)?;
        let learned = self.learn(&turn.messages, &turn.recall.scope, by).await?;
        Ok(Turned { recalled, intentions, learned })
    }
}
