//! How a learner is kept: what it was taught, request by request, and now and then its state.
//!
//! A request is acknowledged when it is in the log. A learner is its last state and the requests
//! after it, learned again: the same samples in the same order make the same learner. A state is
//! written when as many requests lie behind it again as lie before it, so that the last ones can
//! always be taken back. The head, written with everything else, tells a server that another one
//! has taught since it looked.

use serde::{Deserialize, Serialize};
use store::{Collection, Expect, Range, Tenant, Write};

use super::{busy, corrupt, read};
use crate::error::RequestError;

const HEADS: Collection = Collection::new("learner-heads");
const STATES: Collection = Collection::new("learner-states");
const LOG: Collection = Collection::new("learner-log");

/// Requests from one state to the next; so many can be taken back, where there were as many.
const EVERY: u64 = 32;
/// Multiplications from one state to the next: some seconds until a learner is open again.
const EVERY_WORK: u64 = 1 << 35;

/// How often a learner is read again because another server wrote meanwhile.
const MAX_READS: usize = 16;

/// Where a learner's log begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    /// The first request that is not in the state.
    base: u64,
    /// The number of the next request.
    next: u64,
    /// Drawn when the learner was made: another one of the same name is another one.
    drawn: u64,
}

/// What is known of how a learner is kept.
pub(super) struct Kept {
    id: String,
    head: Head,
    /// The version of the head's record.
    version: u64,
    /// A later state, to be written when enough lies behind it, and its place in the log.
    later: Option<(u64, Vec<u8>)>,
    /// Requests and multiplications since the last state was taken.
    since: (u64, u64),
}

/// What is read to open a learner.
pub(super) struct Read {
    pub(super) kept: Kept,
    pub(super) state: Option<Vec<u8>>,
    /// The requests after the state.
    pub(super) requests: Vec<Vec<u8>>,
}

fn key(id: &str, number: u64) -> String {
    format!("{id}/{number:016x}")
}

/// The record that begins a learner.
pub(super) fn beginning(id: &str, drawn: u64) -> Result<Write, RequestError> {
    head_of(id, Head { drawn, ..Head::default() }, Expect::Absent)
}

fn head_of(id: &str, head: Head, expect: Expect) -> Result<Write, RequestError> {
    let value = serde_json::to_vec(&head).map_err(|_| RequestError::Failed)?;
    Ok(Write::Put { collection: HEADS, key: id.to_owned(), value, expect })
}

fn delete(collection: Collection, key: String) -> Write {
    Write::Delete { collection, key, expect: Expect::Any }
}

impl Kept {
    /// Reads how a learner is kept; none where there is no such learner.
    ///
    /// # Errors
    /// [`RequestError::Conflict`] where others write all the time.
    pub(super) async fn read(tenant: &Tenant, id: &str) -> Result<Option<Read>, RequestError> {
        for _ in 0..MAX_READS {
            let Some(record) = tenant.get(HEADS, id).await? else { return Ok(None) };
            let head: Head = read(&record.value)?;
            let state = tenant.get(STATES, id).await?.map(|record| record.value);
            let range = Range { prefix: format!("{id}/"), ..Range::default() };
            let log = tenant.scan(LOG, range).await?.records;
            let id = id.to_owned();
            let kept = Self { id, head, version: record.version, later: None, since: (0, 0) };
            // What was read in three steps is of one moment only where nobody wrote meanwhile.
            if !kept.is_current(tenant).await? {
                continue;
            }
            let expected = (head.base..head.next).map(|number| key(&kept.id, number));
            if !log.iter().map(|record| record.key.clone()).eq(expected) {
                return Err(corrupt("the log of a learner has another length than its head says"));
            }
            let requests = log.into_iter().map(|record| record.value).collect();
            return Ok(Some(Read { kept, state, requests }));
        }
        Err(busy(id))
    }

    /// Whether nobody else has written since.
    pub(super) async fn is_current(&self, tenant: &Tenant) -> Result<bool, RequestError> {
        let record = tenant.get(HEADS, &self.id).await?;
        let Some(record) = record.filter(|record| record.version == self.version) else {
            return Ok(false);
        };
        Ok(read::<Head>(&record.value)? == self.head)
    }

    /// Requests that can be taken back.
    pub(super) fn undoable(&self) -> u64 {
        self.head.next - self.head.base
    }

    /// A request of the log was learned again.
    pub(super) fn replayed(&mut self, number: u64, work: u64, save: impl FnOnce() -> Vec<u8>) {
        if self.is_due(work) && self.later.is_none() {
            self.later = Some((self.head.base + number + 1, save()));
            self.since = (0, 0);
        }
    }

    fn is_due(&mut self, work: u64) -> bool {
        self.since = (self.since.0 + 1, self.since.1.saturating_add(work));
        self.since.0 >= EVERY || self.since.1 >= EVERY_WORK
    }

    /// What is written when a request has been learned; `save` is the state after it.
    pub(super) fn append(
        &mut self,
        request: Vec<u8>,
        work: u64,
        save: impl FnOnce() -> Vec<u8>,
    ) -> Result<Vec<Write>, RequestError> {
        let own = key(&self.id, self.head.next);
        let expect = Expect::Absent;
        let mut writes = vec![Write::Put { collection: LOG, key: own, value: request, expect }];
        self.head.next += 1;
        if self.is_due(work) {
            if let Some((at, value)) = self.later.take() {
                let gone = (self.head.base..at).map(|number| delete(LOG, key(&self.id, number)));
                writes.extend(gone);
                let (key, expect) = (self.id.clone(), Expect::Any);
                writes.push(Write::Put { collection: STATES, key, value, expect });
                self.head.base = at;
            }
            self.later = Some((self.head.next, save()));
            self.since = (0, 0);
        }
        writes.push(self.head_after()?);
        Ok(writes)
    }

    /// What is written to take the last request back; none where none can be.
    pub(super) fn undo(&self) -> Result<Option<Vec<Write>>, RequestError> {
        if self.undoable() == 0 {
            return Ok(None);
        }
        let next = self.head.next - 1;
        let head = head_of(&self.id, Head { next, ..self.head }, Expect::Version(self.version))?;
        Ok(Some(vec![delete(LOG, key(&self.id, next)), head]))
    }

    /// What is written to put another state, or none, in the place of all that was learned.
    pub(super) fn replace(&self, state: Option<Vec<u8>>) -> Result<Vec<Write>, RequestError> {
        let (key, expect) = (self.id.clone(), Expect::Any);
        let mut writes = self.log_gone();
        writes.push(match state {
            Some(value) => Write::Put { collection: STATES, key, value, expect },
            None => delete(STATES, key),
        });
        let head = Head { base: self.head.next, ..self.head };
        writes.push(head_of(&self.id, head, Expect::Version(self.version))?);
        Ok(writes)
    }

    /// What is written when something else of the learner changes.
    pub(super) fn head_after(&self) -> Result<Write, RequestError> {
        head_of(&self.id, self.head, Expect::Version(self.version))
    }

    /// The head was written.
    pub(super) fn written(&mut self) {
        self.version += 1;
    }

    /// What is deleted with a learner.
    pub(super) fn gone(&self) -> Vec<Write> {
        let mut writes = self.log_gone();
        writes.extend([HEADS, STATES].map(|collection| delete(collection, self.id.clone())));
        writes
    }

    fn log_gone(&self) -> Vec<Write> {
        let numbers = self.head.base..self.head.next;
        numbers.map(|number| delete(LOG, key(&self.id, number))).collect()
    }
}
