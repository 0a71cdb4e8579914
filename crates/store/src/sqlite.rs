//! SQLite beside the program: one thread writes, a few connections read.
//!
//! The writer takes every commit that waits into one transaction, a savepoint each, so that one
//! that fails does not undo the others and one fsync serves them all; it answers after the
//! transaction is on disk. WAL with `synchronous = FULL`: an answered commit survives the loss of
//! power. One process has the database: a lock on `store.lock` says so.
//!
//! Source: sqlite.org, "Write-Ahead Logging" and "PRAGMA synchronous".

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, params};
use tokio::sync::oneshot;

use crate::backend::{Backend, Later};
use crate::error::StoreError;
use crate::name::{Collection, TenantId};
use crate::record::{Page, Range, Record, Usage, Write, Written, numbered};

/// Commits that may wait for the writer.
pub const MAX_WAITING_COMMITS: usize = 4096;

/// Commits of one transaction.
const MAX_GROUP: usize = 512;

/// Bytes of one transaction's values, above which no further commit is taken in.
const MAX_GROUP_BYTES: usize = 32 << 20;

/// Connections that are kept for readers.
const MAX_READERS: usize = 8;

/// Bytes of a page: a quarter of one holds a vector of a thousand values with its name, where smaller
/// pages would put each into pages of its own.
const PAGE_BYTES: i64 = 16 << 10;

/// The mark of a database of ours in the file's head.
const APPLICATION_ID: i64 = 0x5354_5231;

/// What brings the database from each version of the schema to the next.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE records (
        tenant TEXT NOT NULL, collection TEXT NOT NULL, key TEXT NOT NULL,
        value BLOB NOT NULL, version INTEGER NOT NULL,
        PRIMARY KEY (tenant, collection, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE numbers (
        tenant TEXT NOT NULL, collection TEXT NOT NULL, last INTEGER NOT NULL,
        PRIMARY KEY (tenant, collection)
    ) STRICT, WITHOUT ROWID;
"];

/// The embedded database.
pub(crate) struct Sqlite {
    /// None only while it is dropped.
    writer: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    readers: Arc<Readers>,
    _lock: File,
}

/// Connections that are not reading at the moment.
struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

/// What the writer does.
enum Job {
    Commit(TenantId, Vec<Write>, oneshot::Sender<Result<Vec<Written>, StoreError>>),
    Erase(TenantId, oneshot::Sender<Result<u64, StoreError>>),
}

impl Sqlite {
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let failed = |e: std::io::Error| StoreError::Unavailable {
            reason: format!("{}: {e}", folder.display()),
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let lock = lock(&folder.join("store.lock"))?;
        let path = folder.join("store.db");
        let mut connection = Connection::open(&path).map_err(said)?;
        prepare(&mut connection)?;
        let (writer, jobs) = sync_channel(MAX_WAITING_COMMITS);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || write(connection, &jobs))
            .map_err(failed)?;
        let readers = Arc::new(Readers { path, idle: Mutex::default() });
        Ok(Self { writer: Some(writer), thread: Some(thread), readers, _lock: lock })
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        let writer = self.writer.as_ref().ok_or_else(ended)?;
        writer.try_send(job).map_err(|e| StoreError::Unavailable {
            reason: match e {
                TrySendError::Full(_) => format!("{MAX_WAITING_COMMITS} commits wait already"),
                TrySendError::Disconnected(_) => "the writer has ended".into(),
            },
        })
    }

    /// Reads on a thread that may block.
    fn read<'a, T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Later<'a, T> {
        let readers = Arc::clone(&self.readers);
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || {
                let connection = readers.take()?;
                let done = read(&connection).map_err(said);
                readers.give(connection);
                done
            });
            done.await.map_err(|_| ended())?
        })
    }
}

/// The writer ends with the last handle: the file is whole, without a log beside it, and free for
/// the next process.
impl Drop for Sqlite {
    fn drop(&mut self) {
        self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        drop(self.writer.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The lock of the one process that has the database; given back when the file is closed.
fn lock(path: &Path) -> Result<File, StoreError> {
    let found =
        |e: std::io::Error| StoreError::Unavailable { reason: format!("{}: {e}", path.display()) };
    let file = File::options().create(true).append(true).open(path).map_err(found)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(StoreError::InUse { path: path.display().to_string() })
        }
        Err(std::fs::TryLockError::Error(e)) => Err(found(e)),
    }
}

/// Settings, and the schema brought up to date.
fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    connection.busy_timeout(Duration::from_secs(5)).map_err(said)?;
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (found, mark) = (pragma("user_version").map_err(said)?, pragma("application_id"));
    if found != 0 && mark.map_err(said)? != APPLICATION_ID {
        let reason = "store.db belongs to another program".into();
        return Err(StoreError::Refused { reason });
    }
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(StoreError::Schema { found, known });
    }
    // Of a new file only; one that is there keeps its own.
    connection.pragma_update(None, "page_size", PAGE_BYTES).map_err(said)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(said)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(said)?;
    let transaction = connection.transaction().map_err(said)?;
    for step in &MIGRATIONS[found as usize..] {
        transaction.execute_batch(step).map_err(said)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(said)?;
    transaction.pragma_update(None, "user_version", known).map_err(said)?;
    transaction.commit().map_err(said)
}

impl Readers {
    fn take(&self) -> Result<Connection, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = idle.map_or_else(|| Connection::open_with_flags(&self.path, flags), Ok);
        let connection = opened.map_err(said)?;
        connection.busy_timeout(Duration::from_secs(5)).map_err(said)?;
        Ok(connection)
    }

    fn give(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_READERS {
            idle.push(connection);
        }
    }
}

/// The writer: until every handle is gone.
fn write(mut connection: Connection, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        let mut bytes = group[0].bytes();
        while group.len() < MAX_GROUP && bytes < MAX_GROUP_BYTES {
            let Ok(next) = jobs.try_recv() else { break };
            bytes += next.bytes();
            group.push(next);
        }
        commit_group(&mut connection, group);
    }
}

/// What a job did, to be told once it is on disk.
enum Told {
    Commit(oneshot::Sender<Result<Vec<Written>, StoreError>>, Result<Vec<Written>, StoreError>),
    Erase(oneshot::Sender<Result<u64, StoreError>>, Result<u64, StoreError>),
}

fn commit_group(connection: &mut Connection, group: Vec<Job>) {
    let mut group = group.into_iter();
    let mut done = Vec::new();
    let result = (|| {
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for job in group.by_ref() {
            done.push(match job {
                Job::Commit(tenant, writes, tell) => {
                    Told::Commit(tell, apply(&transaction, &tenant, writes))
                }
                Job::Erase(tenant, tell) => {
                    Told::Erase(tell, erase(&transaction, &tenant).map_err(said))
                }
            });
            // A full disk ends the transaction by itself; what follows would be on its own.
            if transaction.is_autocommit() {
                return Err(rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL),
                    Some("the transaction was undone".into()),
                ));
            }
        }
        transaction.commit()
    })();
    let failed = result.err().map(said);
    if let Some(error) = &failed {
        tracing::error!(%error, "commit failed");
        for job in group {
            done.push(match job {
                Job::Commit(_, _, tell) => Told::Commit(tell, Err(error.clone())),
                Job::Erase(_, tell) => Told::Erase(tell, Err(error.clone())),
            });
        }
    }
    // Whoever asked may have gone.
    for told in done {
        match (told, failed.clone()) {
            (Told::Commit(tell, Ok(_)), Some(error)) => drop(tell.send(Err(error))),
            (Told::Commit(tell, result), _) => drop(tell.send(result)),
            (Told::Erase(tell, Ok(_)), Some(error)) => drop(tell.send(Err(error))),
            (Told::Erase(tell, result), _) => drop(tell.send(result)),
        }
    }
}

/// The writes of one commit in a savepoint of its own.
fn apply(
    transaction: &Transaction<'_>,
    tenant: &TenantId,
    writes: Vec<Write>,
) -> Result<Vec<Written>, StoreError> {
    transaction.execute_batch("SAVEPOINT one").map_err(said)?;
    let done: Result<Vec<Written>, StoreError> =
        writes.into_iter().map(|write| apply_one(transaction, tenant.as_str(), write)).collect();
    let end = if done.is_ok() { "RELEASE one" } else { "ROLLBACK TO one; RELEASE one" };
    // A transaction that the database has undone has no savepoint any more; the caller sees that.
    let ended = transaction.execute_batch(end).map_err(said);
    let done = done?;
    ended.map(|()| done)
}

fn apply_one(t: &Transaction<'_>, tenant: &str, write: Write) -> Result<Written, StoreError> {
    match write {
        Write::Put { collection, key, value, expect } => {
            let found = version(t, tenant, collection, &key)?;
            expect.check(collection, &key, found)?;
            let version = found.unwrap_or(0) + 1;
            put(t, (tenant, collection, &key), &value, version)?;
            Ok(Written::Put(version))
        }
        Write::Delete { collection, key, expect } => {
            let found = version(t, tenant, collection, &key)?;
            expect.check(collection, &key, found)?;
            let sql = "DELETE FROM records WHERE tenant = ?1 AND collection = ?2 AND key = ?3";
            let mut statement = t.prepare_cached(sql).map_err(said)?;
            statement.execute(params![tenant, collection.as_str(), key]).map_err(said)?;
            Ok(Written::Deleted(found.is_some()))
        }
        Write::Append { collection, value } => {
            let sql = "INSERT INTO numbers VALUES (?1, ?2, 1)
                 ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last";
            let mut statement = t.prepare_cached(sql).map_err(said)?;
            let names = params![tenant, collection.as_str()];
            let n: i64 = statement.query_row(names, |row| row.get(0)).map_err(said)?;
            put(t, (tenant, collection, &numbered(n as u64)), &value, 1)?;
            Ok(Written::Appended(n as u64))
        }
    }
}

fn version(
    t: &Connection,
    tenant: &str,
    collection: Collection,
    key: &str,
) -> Result<Option<u64>, StoreError> {
    let sql = "SELECT version FROM records WHERE tenant = ?1 AND collection = ?2 AND key = ?3";
    let mut statement = t.prepare_cached(sql).map_err(said)?;
    let names = params![tenant, collection.as_str(), key];
    let found = statement.query_row(names, |row| row.get::<_, i64>(0)).optional();
    Ok(found.map_err(said)?.map(|version| version as u64))
}

fn put(
    t: &Connection,
    (tenant, collection, key): (&str, Collection, &str),
    value: &[u8],
    version: u64,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO records VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET value = ?4, version = ?5";
    let mut statement = t.prepare_cached(sql).map_err(said)?;
    let row = params![tenant, collection.as_str(), key, value, version as i64];
    statement.execute(row).map(drop).map_err(said)
}

fn erase(t: &Connection, tenant: &TenantId) -> rusqlite::Result<u64> {
    t.execute("DELETE FROM numbers WHERE tenant = ?1", [tenant.as_str()])?;
    Ok(t.execute("DELETE FROM records WHERE tenant = ?1", [tenant.as_str()])? as u64)
}

impl Job {
    fn bytes(&self) -> usize {
        let Self::Commit(_, writes, _) = self else { return 0 };
        let value = |write: &Write| match write {
            Write::Put { value, .. } | Write::Append { value, .. } => value.len(),
            Write::Delete { .. } => 0,
        };
        writes.iter().map(value).sum()
    }
}

impl Backend for Sqlite {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    fn get<'a>(
        &'a self,
        t: &'a TenantId,
        c: Collection,
        key: &'a str,
    ) -> Later<'a, Option<Record>> {
        let (tenant, key) = (t.clone(), key.to_owned());
        self.read(move |connection| {
            let sql = "SELECT key, value, version FROM records
                 WHERE tenant = ?1 AND collection = ?2 AND key = ?3";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_row(params![tenant.as_str(), c.as_str(), key], record).optional()
        })
    }

    fn scan<'a>(&'a self, t: &'a TenantId, c: Collection, range: Range) -> Later<'a, Page> {
        let tenant = t.clone();
        self.read(move |connection| scan(connection, &tenant, c, &range))
    }

    fn commit<'a>(&'a self, t: &'a TenantId, writes: Vec<Write>) -> Later<'a, Vec<Written>> {
        Box::pin(async move {
            let (tell, told) = oneshot::channel();
            self.send(Job::Commit(t.clone(), writes, tell))?;
            told.await.map_err(|_| ended())?
        })
    }

    fn usage<'a>(&'a self, t: &'a TenantId, c: Collection) -> Later<'a, Usage> {
        let tenant = t.clone();
        self.read(move |connection| {
            let sql = "SELECT count(*), coalesce(sum(length(CAST(key AS BLOB)) + length(value)), 0)
                 FROM records WHERE tenant = ?1 AND collection = ?2";
            connection.query_row(sql, params![tenant.as_str(), c.as_str()], |row| {
                let (records, bytes): (i64, i64) = (row.get(0)?, row.get(1)?);
                Ok(Usage { records: records as u64, bytes: bytes as u64 })
            })
        })
    }

    fn erase<'a>(&'a self, t: &'a TenantId) -> Later<'a, u64> {
        Box::pin(async move {
            let (tell, told) = oneshot::channel();
            self.send(Job::Erase(t.clone(), tell))?;
            told.await.map_err(|_| ended())?
        })
    }

    fn tenants(&self) -> Later<'_, Vec<TenantId>> {
        self.read(|connection| {
            let sql = "SELECT DISTINCT tenant FROM records ORDER BY tenant";
            let mut statement = connection.prepare(sql)?;
            let names = statement.query_map([], |row| row.get(0).map(TenantId::known))?;
            names.collect()
        })
    }

    fn ping(&self) -> Later<'_, ()> {
        self.read(|connection| connection.query_row("SELECT 1", [], |_| Ok(())))
    }

    fn copy_to<'a>(&'a self, path: &'a Path) -> Later<'a, ()> {
        let path = path.to_owned();
        self.read(move |connection| {
            connection.execute("VACUUM INTO ?1", [path.to_string_lossy()]).map(drop)
        })
    }
}

fn scan(
    connection: &Connection,
    tenant: &TenantId,
    collection: Collection,
    range: &Range,
) -> rusqlite::Result<Page> {
    let limit = range.page();
    let (sql, least, most) = page(range);
    let mut statement = connection.prepare_cached(&sql)?;
    let names = params![tenant.as_str(), collection.as_str(), least, most, limit as i64 + 1];
    let mut records: Vec<Record> =
        statement.query_map(names, record)?.collect::<rusqlite::Result<_>>()?;
    let more = records.len() > limit;
    records.truncate(limit);
    let next = if more { records.last().map(|record| record.key.clone()) } else { None };
    Ok(Page { records, next })
}

/// What finds a page, and its two bounds: one at each end, so that the index begins where the page
/// does. Keys are compared as bytes; every part that comes from outside is a parameter.
fn page(range: &Range) -> (String, Vec<u8>, Vec<u8>) {
    let mut from = (">=", range.prefix.clone().into_bytes());
    let mut to = range.end().unwrap_or_else(|| vec![0xff; 8]);
    match range.after.clone().map(String::into_bytes) {
        Some(after) if range.reverse => to = after.min(to),
        Some(after) if after >= from.1 => from = (">", after),
        _ => {}
    }
    let order = if range.reverse { "DESC" } else { "ASC" };
    let sql = format!(
        "SELECT key, value, version FROM records
         WHERE tenant = ?1 AND collection = ?2
           AND key {} CAST(?3 AS TEXT) AND key < CAST(?4 AS TEXT)
         ORDER BY key {order} LIMIT ?5",
        from.0
    );
    (sql, from.1, to)
}

fn record(row: &rusqlite::Row<'_>) -> rusqlite::Result<Record> {
    let version: i64 = row.get(2)?;
    Ok(Record { key: row.get(0)?, value: row.get(1)?, version: version as u64 })
}

fn ended() -> StoreError {
    StoreError::Unavailable { reason: "the database's thread has ended".into() }
}

/// What SQLite says, in our words.
fn said(error: rusqlite::Error) -> StoreError {
    let reason = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full { reason },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt { reason }
        }
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::OutOfMemory,
        ) => StoreError::Unavailable { reason },
        _ => match error {
            // A column that is not what the schema says.
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..) => StoreError::Corrupt { reason },
            _ => StoreError::Refused { reason },
        },
    }
}

/// Copies a database that another process may have open.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let connection = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let connection = connection
        .map_err(|e| StoreError::Unavailable { reason: format!("{}: {e}", from.display()) })?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(said)?;
    connection.execute("VACUUM INTO ?1", [to.to_string_lossy()]).map(drop).map_err(said)
}

/// Reads a database file through.
pub(crate) fn check(path: &Path) -> Result<(), StoreError> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(said)?;
    let known = MIGRATIONS.len() as i64;
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (found, mark) =
        (pragma("user_version").map_err(said)?, pragma("application_id").map_err(said)?);
    if mark != APPLICATION_ID {
        return Err(StoreError::Refused { reason: "store.db belongs to another program".into() });
    }
    if found > known {
        return Err(StoreError::Schema { found, known });
    }
    let whole: String =
        connection.pragma_query_value(None, "integrity_check", |row| row.get(0)).map_err(said)?;
    if whole == "ok" { Ok(()) } else { Err(StoreError::Corrupt { reason: whole }) }
}

/// A new database that another one is copied into.
pub(crate) struct Copy {
    connection: Connection,
}

impl Copy {
    pub(crate) fn create(path: &Path) -> Result<Self, StoreError> {
        let mut connection = Connection::open(path).map_err(said)?;
        prepare(&mut connection)?;
        connection.pragma_update(None, "journal_mode", "DELETE").map_err(said)?;
        connection.execute_batch("BEGIN").map_err(said)?;
        Ok(Self { connection })
    }

    pub(crate) fn record(
        &mut self,
        (tenant, collection, key): (&str, &str, &str),
        value: &[u8],
        version: i64,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO records VALUES (?1, ?2, ?3, ?4, ?5)";
        let mut statement = self.connection.prepare_cached(sql).map_err(said)?;
        let row = params![tenant, collection, key, value, version];
        statement.execute(row).map(drop).map_err(said)
    }

    pub(crate) fn number(
        &mut self,
        tenant: &str,
        collection: &str,
        last: i64,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO numbers VALUES (?1, ?2, ?3)";
        self.connection.execute(sql, params![tenant, collection, last]).map(drop).map_err(said)
    }

    pub(crate) fn finish(self) -> Result<(), StoreError> {
        self.connection.execute_batch("COMMIT").map_err(said)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn the_last_page_costs_what_the_first_does() {
        let mut connection = Connection::open_in_memory().unwrap();
        prepare(&mut connection).unwrap();
        let (tenant, notes) = ("t", Collection::new("notes"));
        for k in 0..5000 {
            put(&connection, (tenant, notes, &numbered(k)), b"x", 1).unwrap();
        }
        let steps = |reverse, after: Option<u64>| {
            let after = after.map(numbered);
            let range = Range { prefix: String::new(), after, limit: 100, reverse };
            let (sql, least, most) = page(&range);
            let mut statement = connection.prepare(&sql).unwrap();
            let names = params![tenant, notes.as_str(), least, most, 101];
            assert_eq!(statement.query_map(names, record).unwrap().count(), 101);
            statement.get_status(StatementStatus::VmStep)
        };
        for (reverse, after) in [(false, 4800), (true, 200)] {
            let (first, late) = (steps(reverse, None), steps(reverse, Some(after)));
            assert!(late <= first + first / 10, "{late} steps, {first} for the first page");
        }
    }
}
