//! The handles: of the whole store, and of one tenant.

#![allow(clippy::disallowed_methods, reason = "an observer is told how long operations take")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::backend::{Backend, Later};
use tracing::{Instrument, Span, info_span};

use crate::error::StoreError;
use crate::name::{Collection, TenantId, check_key};
use crate::postgres::{Postgres, PostgresConfig};
use crate::record::{Expect, MAX_WRITES, Page, Range, Record, Usage, Write, Written};
use crate::sqlite::Sqlite;

/// Durable state of all tenants.
#[derive(Clone)]
pub struct Store {
    backend: Arc<dyn Backend>,
    observer: Option<Arc<dyn Observer>>,
}

/// Durable state of one tenant: the only way to it.
#[derive(Clone)]
pub struct Tenant {
    backend: Arc<dyn Backend>,
    observer: Option<Arc<dyn Observer>>,
    id: TenantId,
}

/// Whoever counts what a store does.
pub trait Observer: Send + Sync {
    /// An operation has ended.
    fn observed(&self, done: &Observed);
}

/// What an operation took.
#[derive(Clone, Copy, Debug)]
pub struct Observed {
    /// `get`, `scan`, `commit` or `usage`.
    pub operation: &'static str,
    /// `ok`, `conflict`, `unavailable` or `failed`.
    pub outcome: &'static str,
    /// How long it took; a commit is durable then.
    pub took: Duration,
    /// Bytes of the values that were read or written.
    pub bytes: usize,
}

impl Store {
    /// Opens the database `store.db` in a folder, which is made where it is not there.
    ///
    /// # Errors
    /// [`StoreError::InUse`] where another process has it, [`StoreError::Schema`] where a newer
    /// program wrote it, [`StoreError::Corrupt`] and [`StoreError::Unavailable`].
    ///
    /// # Example
    /// ```
    /// use store::{Collection, Store, TenantId};
    ///
    /// const NOTES: Collection = Collection::new("notes");
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let store = Store::sqlite(folder.path())?;
    /// let acme = store.tenant(&TenantId::parse("acme")?);
    /// acme.put(NOTES, "first", b"hello").await?;
    /// assert_eq!(acme.get(NOTES, "first").await?.unwrap().value, b"hello");
    /// # Ok::<(), store::StoreError>(())
    /// # }).unwrap();
    /// ```
    pub fn sqlite(folder: &Path) -> Result<Self, StoreError> {
        Ok(Self { backend: Arc::new(Sqlite::open(folder)?), observer: None })
    }

    /// Connects to PostgreSQL; tables are made where they are not there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Schema`], [`StoreError::Refused`].
    pub async fn postgresql(config: &PostgresConfig) -> Result<Self, StoreError> {
        Ok(Self { backend: Arc::new(Postgres::connect(config).await?), observer: None })
    }

    /// The same store, with every operation of its handles shown to an observer.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer: Some(observer), ..self }
    }

    /// The handle of a tenant.
    pub fn tenant(&self, id: &TenantId) -> Tenant {
        let observer = self.observer.clone();
        Tenant { backend: Arc::clone(&self.backend), observer, id: id.clone() }
    }

    /// The handle of the program's own state.
    pub fn system(&self) -> Tenant {
        self.tenant(&TenantId::system())
    }

    /// Every tenant that has a record, for those who operate the program.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        self.backend.tenants().await
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.backend.ping().await
    }

    /// Writes everything as it stands at one moment into a new SQLite database, while others read
    /// and write on.
    ///
    /// # Errors
    /// [`StoreError`]; the file is then not to be used.
    pub async fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        self.backend.copy_to(path).await
    }

    /// Copies the embedded database of a folder as it stands at one moment; another process may
    /// have it open and write to it.
    ///
    /// # Errors
    /// [`StoreError`]; the copy is then not to be used.
    pub fn copy_sqlite(folder: &Path, to: &Path) -> Result<(), StoreError> {
        crate::sqlite::copy(&folder.join("store.db"), to)
    }

    /// Reads a database file through and checks that it is one of ours.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], [`StoreError::Schema`], [`StoreError::Refused`].
    pub fn check_sqlite(path: &Path) -> Result<(), StoreError> {
        crate::sqlite::check(path)
    }

    /// `sqlite` or `postgresql`.
    pub fn kind(&self) -> &'static str {
        self.backend.kind()
    }
}

impl Tenant {
    /// Whether other processes may write to the database too.
    pub fn is_shared(&self) -> bool {
        self.backend.kind() == "postgresql"
    }

    /// The tenant.
    pub fn id(&self) -> &TenantId {
        &self.id
    }

    /// One record.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn get(&self, c: Collection, key: &str) -> Result<Option<Record>, StoreError> {
        check_key(key)?;
        let size = |found: &Option<Record>| found.as_ref().map_or(0, |r| r.value.len());
        self.seen("get", self.backend.get(&self.id, c, key), size).await
    }

    /// Records in the order of their keys.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn scan(&self, c: Collection, range: Range) -> Result<Page, StoreError> {
        let size = |page: &Page| page.records.iter().map(|r| r.value.len()).sum();
        self.seen("scan", self.backend.scan(&self.id, c, range), size).await
    }

    /// All writes or none, on disk when it returns; what each did, in order.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then, except that after [`StoreError::Unavailable`] all
    /// may have.
    pub async fn commit(&self, writes: Vec<Write>) -> Result<Vec<Written>, StoreError> {
        if writes.len() > MAX_WRITES {
            let (what, found) = ("commit", writes.len());
            return Err(StoreError::TooLarge { what, limit: MAX_WRITES, found });
        }
        writes.iter().try_for_each(Write::check)?;
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let bytes = writes.iter().map(Write::bytes).sum();
        self.seen("commit", self.backend.commit(&self.id, writes), |_| bytes).await
    }

    /// The span of a commit, inside that of a request which is traced.
    fn span(&self, operation: &'static str) -> Span {
        if operation != "commit" || Span::current().is_none() {
            return Span::none();
        }
        let kind = self.backend.kind();
        info_span!(
            target: "striatum",
            "commit",
            db.system.name = kind,
            db.operation.name = operation
        )
    }

    /// Waits for an operation and shows it to the observer.
    async fn seen<T>(
        &self,
        operation: &'static str,
        doing: Later<'_, T>,
        size: impl Fn(&T) -> usize,
    ) -> Result<T, StoreError> {
        let Some(observer) = &self.observer else { return doing.await };
        let since = Instant::now();
        let done = doing.instrument(self.span(operation)).await;
        let outcome = match &done {
            Ok(_) => "ok",
            Err(StoreError::Conflict { .. }) => "conflict",
            Err(StoreError::Unavailable { .. }) => "unavailable",
            Err(_) => "failed",
        };
        let bytes = done.as_ref().map_or(0, size);
        observer.observed(&Observed { operation, outcome, took: since.elapsed(), bytes });
        done
    }

    /// Sets a record; its version.
    ///
    /// # Errors
    /// As [`Tenant::commit`].
    pub async fn put(&self, c: Collection, key: &str, value: &[u8]) -> Result<u64, StoreError> {
        self.put_if(c, key, value, Expect::Any).await
    }

    /// Sets a record if the one before is as expected; its version.
    ///
    /// # Errors
    /// As [`Tenant::commit`].
    pub async fn put_if(
        &self,
        collection: Collection,
        key: &str,
        value: &[u8],
        expect: Expect,
    ) -> Result<u64, StoreError> {
        let (key, value) = (key.to_owned(), value.to_owned());
        let written = self.commit(vec![Write::Put { collection, key, value, expect }]).await?;
        Ok(written.first().map_or(0, |w| if let Written::Put(version) = w { *version } else { 0 }))
    }

    /// Removes a record; whether there was one.
    ///
    /// # Errors
    /// As [`Tenant::commit`].
    pub async fn delete(&self, collection: Collection, key: &str) -> Result<bool, StoreError> {
        let (key, expect) = (key.to_owned(), Expect::Any);
        let written = self.commit(vec![Write::Delete { collection, key, expect }]).await?;
        Ok(written.first() == Some(&Written::Deleted(true)))
    }

    /// Adds a record at the end of a collection; its number.
    ///
    /// # Errors
    /// As [`Tenant::commit`].
    pub async fn append(&self, collection: Collection, value: &[u8]) -> Result<u64, StoreError> {
        let written =
            self.commit(vec![Write::Append { collection, value: value.to_owned() }]).await?;
        Ok(written.first().map_or(0, |w| if let Written::Appended(n) = w { *n } else { 0 }))
    }

    /// How much a collection holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn usage(&self, c: Collection) -> Result<Usage, StoreError> {
        self.seen("usage", self.backend.usage(&self.id, c), |_| 0).await
    }

    /// Removes everything that the tenant has; the number of records.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn erase(&self) -> Result<u64, StoreError> {
        self.backend.erase(&self.id).await
    }
}
