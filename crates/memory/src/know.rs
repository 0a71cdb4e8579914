//! What is known beside what is remembered: the way to a tenant's knowledge.

use knowledge::{BranchId, Command, Health, Knowledge, KnowledgeError, Outcome, Stamp};

use crate::durable::Memory;
use crate::error::MemoryError;
use crate::item::Id;
use crate::plan::By;
use crate::record::Change;
use crate::state::State;

impl Memory {
    /// Changes what is known; durable when it returns.
    ///
    /// # Errors
    /// [`MemoryError::Knowledge`] where it is refused, [`MemoryError::Store`].
    pub async fn know(
        &self,
        command: Command,
        branch: BranchId,
        by: &By,
    ) -> Result<Outcome, MemoryError> {
        Ok(self.write(|state| state.plan_known(command, branch, by)).await?.0)
    }

    /// Reads what is known.
    ///
    /// # Errors
    /// [`MemoryError::Closed`], and what `read` says.
    pub fn knowledge<T>(
        &self,
        read: impl FnOnce(&Knowledge) -> Result<T, KnowledgeError>,
    ) -> Result<T, MemoryError> {
        Ok(read(&self.read()?.knowledge)?)
    }

    /// How healthy beliefs of the main branch are, and what became of them in the time before.
    ///
    /// # Errors
    /// [`MemoryError::Closed`], [`MemoryError::Knowledge`].
    pub fn health(&self, now: i64, micros: i64) -> Result<Health, MemoryError> {
        let from = now.saturating_sub(micros);
        self.knowledge(|knowledge| knowledge.health(BranchId::MAIN, from, now))
    }

    /// The number by which knowledge refers to a memory.
    ///
    /// # Errors
    /// [`MemoryError::Unknown`].
    pub fn number(&self, id: Id) -> Result<u64, MemoryError> {
        Ok(self.get(id)?.number)
    }

    /// The memory that knowledge refers to by a number.
    ///
    /// # Errors
    /// [`MemoryError::Closed`].
    pub fn numbered(&self, number: u64) -> Result<Option<Id>, MemoryError> {
        let state = self.read()?;
        Ok(state.numbered(number).and_then(|slot| state.at(slot)).map(|item| item.id))
    }
}

impl State {
    /// What a command changes of what is known.
    pub(crate) fn plan_known(
        &self,
        command: Command,
        branch: BranchId,
        by: &By,
    ) -> Result<(Vec<Change>, Outcome), MemoryError> {
        let stamp = Stamp { branch, at: by.now, by: by.actor.clone() };
        let plan = self.knowledge.plan(command, &stamp)?;
        let outcome = plan.outcome.clone();
        Ok((vec![Change::Knowledge(plan)], outcome))
    }
}
