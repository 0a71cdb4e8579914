//! The audit log: who changed what, append-only; each entry holds the hash of the one before, so
//! that a change, a gap or a cut is found by reading it through.

use std::sync::atomic::{AtomicU64, Ordering};

use observe::{Counter, Metrics};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{Collection, Expect, Range, Store, StoreError, Tenant, Write, Written};
use tokio::sync::Mutex;

use crate::error::RequestError;
use crate::model::hex;
use crate::request::now_ms;

const LOG: Collection = Collection::new("audit");
const HEAD: Collection = Collection::new("audit-head");

/// What the first entry holds for the one before.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Times that an entry is tried anew where another node wrote at the same time.
const MAX_TRIES: usize = 20;

/// The longest text of a field; what is longer is cut.
const MAX_TEXT_BYTES: usize = 1024;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct AuditEntry {
    /// Its number, from 1 without gaps.
    pub(crate) number: u64,
    /// When (milliseconds since 1970).
    pub(crate) time_ms: u64,
    /// Who.
    pub(crate) subject: String,
    /// What was done: the operation's name.
    pub(crate) action: String,
    /// To what.
    pub(crate) target: String,
    /// How it ended.
    pub(crate) outcome: String,
    /// The hash of the entry before.
    pub(crate) previous: String,
    /// SHA-256 of all of the above.
    pub(crate) hash: String,
}

/// Whether the log is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Verdict {
    /// Entries read.
    pub(crate) entries: u64,
    /// Whether every entry follows from the one before, up to the last that was written.
    pub(crate) whole: bool,
    /// What is wrong with the first that does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

/// The end of the log.
#[derive(Clone, Serialize, Deserialize)]
struct Head {
    number: u64,
    hash: String,
}

/// The log.
pub(crate) struct Audit {
    system: Tenant,
    turn: Mutex<()>,
    lost: AtomicU64,
    entries: Counter,
}

impl AuditEntry {
    /// Fields with their lengths before them, so that no two entries read the same.
    fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.number.to_le_bytes());
        hash.update(self.time_ms.to_le_bytes());
        for text in [&self.subject, &self.action, &self.target, &self.outcome, &self.previous] {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        hex(&hash.finalize())
    }
}

impl Audit {
    pub(crate) fn new(store: &Store, metrics: &Metrics) -> Self {
        let entries = metrics.counter("striatum_audit_entries_total", &[]);
        Self { system: store.system(), turn: Mutex::default(), lost: AtomicU64::new(0), entries }
    }

    /// Writes an entry; what cannot be written is in the log of the program.
    pub(crate) async fn note(&self, subject: &str, action: &str, target: &str, outcome: &str) {
        if let Err(error) = self.append(subject, action, target, outcome).await {
            let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
            tracing::error!(%error, subject, action, target, outcome, lost, "not audited");
        }
    }

    async fn append(
        &self,
        subject: &str,
        action: &str,
        target: &str,
        outcome: &str,
    ) -> Result<(), StoreError> {
        let cut = |text: &str| text[..text.floor_char_boundary(MAX_TEXT_BYTES)].to_owned();
        let _turn = self.turn.lock().await;
        let mut tries = 0;
        loop {
            let (head, expect) = self.head().await?;
            let mut entry = AuditEntry {
                number: head.number + 1,
                time_ms: now_ms(),
                subject: cut(subject),
                action: cut(action),
                target: cut(target),
                outcome: cut(outcome),
                previous: head.hash,
                hash: String::new(),
            };
            entry.hash = entry.digest();
            let head = Head { number: entry.number, hash: entry.hash.clone() };
            let value = |value: Result<Vec<u8>, _>| value.unwrap_or_default();
            let writes = vec![
                Write::Append { collection: LOG, value: value(serde_json::to_vec(&entry)) },
                Write::Put {
                    collection: HEAD,
                    key: "head".into(),
                    value: value(serde_json::to_vec(&head)),
                    expect,
                },
            ];
            match self.system.commit(writes).await {
                Ok(written) => {
                    debug_assert_eq!(written.first(), Some(&Written::Appended(entry.number)));
                    self.entries.inc();
                    return Ok(());
                }
                Err(StoreError::Conflict { .. }) if tries < MAX_TRIES => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    async fn head(&self) -> Result<(Head, Expect), StoreError> {
        let Some(record) = self.system.get(HEAD, "head").await? else {
            return Ok((Head { number: 0, hash: GENESIS.into() }, Expect::Absent));
        };
        let head = serde_json::from_slice(&record.value)
            .map_err(|e| StoreError::Corrupt { reason: format!("audit head: {e}") })?;
        Ok((head, Expect::Version(record.version)))
    }

    /// A page of entries, the newest first; `before` is the number of the last one seen.
    pub(crate) async fn list(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, RequestError> {
        let after = before.map(|n| format!("{n:020}"));
        let range = Range { after, limit, reverse: true, ..Range::default() };
        let page = self.system.scan(LOG, range).await?;
        Ok(page.records.iter().filter_map(|r| serde_json::from_slice(&r.value).ok()).collect())
    }

    /// Reads the whole log and holds each entry against the one before.
    pub(crate) async fn verify(&self) -> Result<Verdict, StoreError> {
        let (head, _) = self.head().await?;
        let (mut number, mut previous) = (0, GENESIS.to_owned());
        let mut range = Range::default();
        let broken = |entries, problem: String| {
            Ok(Verdict { entries, whole: false, problem: Some(problem) })
        };
        loop {
            let page = self.system.scan(LOG, range.clone()).await?;
            for record in &page.records {
                let Ok(entry) = serde_json::from_slice::<AuditEntry>(&record.value) else {
                    return broken(number, format!("entry {} cannot be read", number + 1));
                };
                if entry.number != number + 1 || record.key != format!("{:020}", number + 1) {
                    return broken(number, format!("entry {} is missing", number + 1));
                }
                if entry.previous != previous || entry.digest() != entry.hash {
                    return broken(number, format!("entry {} was changed", number + 1));
                }
                (number, previous) = (entry.number, entry.hash);
            }
            match page.next {
                Some(next) => range.after = Some(next),
                None => break,
            }
        }
        if number < head.number || previous != head.hash {
            return broken(number, format!("entries after {number} are missing"));
        }
        Ok(Verdict { entries: number, whole: true, problem: None })
    }
}
