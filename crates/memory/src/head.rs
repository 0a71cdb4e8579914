//! Who wrote last. Every commit of a memory writes one record with bytes drawn for it, on top of the one
//! of the commit before, so that a server that shares a tenant with another sees that its state is
//! behind: its next commit is refused, and where it has none to make, it looks once in a while.

use std::time::Duration;

use store::{Expect, Tenant, Write, Written};

use crate::error::MemoryError;
use crate::record::HEAD;

/// How often to look on a database that servers share.
pub(crate) const FOLLOW: Duration = Duration::from_secs(1);
const KEY: &str = "head";

/// The last commit: how many there were, and what was drawn for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    version: u64,
    mark: Vec<u8>,
}

impl Head {
    pub(crate) async fn read(tenant: &Tenant) -> Result<Self, MemoryError> {
        let record = tenant.get(HEAD, KEY).await?;
        Ok(record.map_or_else(Self::default, |r| Self { version: r.version, mark: r.value }))
    }

    /// What the commit after this one writes.
    pub(crate) fn next(&self, mark: &[u8]) -> Write {
        let (collection, key, value) = (HEAD, KEY.to_owned(), mark.to_vec());
        let expect = if self.version == 0 { Expect::Absent } else { Expect::Version(self.version) };
        Write::Put { collection, key, value, expect }
    }

    /// The head that was written.
    pub(crate) fn of(written: Option<&Written>, mark: &[u8]) -> Self {
        let version = if let Some(Written::Put(version)) = written { *version } else { 0 };
        Self { version, mark: mark.to_vec() }
    }
}
