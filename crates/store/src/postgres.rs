//! PostgreSQL: the same records in the schema `striatum`, for several programs at once.
//!
//! Keys are compared as bytes (`COLLATE "C"`); a commit is one transaction and is answered after
//! the server has it on disk (`synchronous_commit = on`). Connections are pooled and made anew when
//! the server was away. Connections are not encrypted: use a Unix socket, the loopback address or a
//! tunnel.

use std::path::Path;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{IsolationLevel, NoTls, Row, Transaction};

use crate::backend::{Backend, Later};
use crate::error::StoreError;
use crate::name::{Collection, TenantId};
use crate::record::{Page, Range, Record, Usage, Write, Written, numbered};

/// How to reach a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresConfig {
    /// `postgresql://USER:PASSWORD@HOST:PORT/NAME` or `host=... dbname=...`.
    pub url: String,
    /// Connections at once.
    pub max_connections: usize,
    /// Time for a statement, and to get a connection.
    pub timeout: Duration,
}

impl PostgresConfig {
    /// With 16 connections and 10 seconds.
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), max_connections: 16, timeout: Duration::from_secs(10) }
    }
}

/// The lock under which one program at a time changes the schema.
const MIGRATION_LOCK: i64 = 0x5374_7269_6174_756d;

/// What brings the schema from each version to the next.
const MIGRATIONS: &[&str] = &[r#"
    CREATE TABLE striatum.records (
        tenant TEXT COLLATE "C" NOT NULL, collection TEXT COLLATE "C" NOT NULL,
        key TEXT COLLATE "C" NOT NULL, value BYTEA NOT NULL, version BIGINT NOT NULL,
        PRIMARY KEY (tenant, collection, key)
    );
    CREATE TABLE striatum.numbers (
        tenant TEXT COLLATE "C" NOT NULL, collection TEXT COLLATE "C" NOT NULL,
        last BIGINT NOT NULL, PRIMARY KEY (tenant, collection)
    );
"#];

/// Records of one step of a copy.
const COPY_PAGE: i64 = 500;
/// Records that one statement erases, so that it ends within the limit of a statement.
const ERASE_PAGE: i64 = 5_000;

/// A PostgreSQL database.
pub(crate) struct Postgres {
    pool: Pool,
}

impl Postgres {
    pub(crate) async fn connect(config: &PostgresConfig) -> Result<Self, StoreError> {
        let mut settings: tokio_postgres::Config =
            config.url.parse().map_err(|e: tokio_postgres::Error| {
                // The error may quote the text, which may hold a password.
                let _ = e;
                StoreError::Refused { reason: "the URL of the database cannot be read".into() }
            })?;
        let statement = config.timeout.as_millis();
        settings
            .application_name("striatum")
            .connect_timeout(config.timeout)
            .options(format!("-c statement_timeout={statement} -c synchronous_commit=on"));
        let recycling_method = RecyclingMethod::Fast;
        let manager = Manager::from_config(settings, NoTls, ManagerConfig { recycling_method });
        let timeouts = Timeouts {
            wait: Some(config.timeout),
            create: Some(config.timeout),
            recycle: Some(config.timeout),
        };
        let pool = Pool::builder(manager)
            .max_size(config.max_connections.max(1))
            .timeouts(timeouts)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|e| StoreError::Refused { reason: e.to_string() })?;
        let postgres = Self { pool };
        postgres.migrate().await?;
        Ok(postgres)
    }

    async fn client(&self) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(|e| StoreError::Unavailable { reason: chain(&e) })
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await.map_err(said)?;
        let lock: &[&(dyn ToSql + Sync)] = &[&MIGRATION_LOCK];
        transaction.execute("SELECT pg_advisory_xact_lock($1)", lock).await.map_err(said)?;
        let schema = "CREATE SCHEMA IF NOT EXISTS striatum;
             CREATE TABLE IF NOT EXISTS striatum.schema_version (version BIGINT NOT NULL)";
        transaction.batch_execute(schema).await.map_err(said)?;
        let sql = "SELECT coalesce(max(version), 0) FROM striatum.schema_version";
        let found: i64 = transaction.query_one(sql, &[]).await.map_err(said)?.get(0);
        let known = MIGRATIONS.len() as i64;
        if found > known {
            return Err(StoreError::Schema { found, known });
        }
        for step in &MIGRATIONS[found as usize..] {
            transaction.batch_execute(step).await.map_err(said)?;
        }
        if found < known {
            let sql = "INSERT INTO striatum.schema_version VALUES ($1)";
            transaction.execute(sql, &[&known]).await.map_err(said)?;
        }
        transaction.commit().await.map_err(said)
    }
}

impl Backend for Postgres {
    fn kind(&self) -> &'static str {
        "postgresql"
    }

    fn get<'a>(
        &'a self,
        t: &'a TenantId,
        c: Collection,
        key: &'a str,
    ) -> Later<'a, Option<Record>> {
        Box::pin(async move {
            let client = self.client().await?;
            let sql = "SELECT key, value, version FROM striatum.records
                 WHERE tenant = $1 AND collection = $2 AND key = $3";
            let statement = client.prepare_cached(sql).await.map_err(said)?;
            let found = client.query_opt(&statement, &[&t.as_str(), &c.as_str(), &key]).await;
            Ok(found.map_err(said)?.as_ref().map(record))
        })
    }

    fn scan<'a>(&'a self, t: &'a TenantId, c: Collection, range: Range) -> Later<'a, Page> {
        Box::pin(async move {
            let client = self.client().await?;
            // A key begins with the prefix where its first bytes are equal to it. The bounds let the
            // index begin where the page does; a bound that may be absent would not.
            let (after, order) = match (&range.after, range.reverse) {
                (None, false) => ("$4::text IS NULL", "ASC"),
                (None, true) => ("$4::text IS NULL", "DESC"),
                (Some(_), false) => ("key > $4 COLLATE \"C\"", "ASC"),
                (Some(_), true) => ("key < $4 COLLATE \"C\"", "DESC"),
            };
            let sql = format!(
                "SELECT key, value, version FROM striatum.records
                 WHERE tenant = $1 AND collection = $2 AND key >= $3 AND starts_with(key, $3)
                   AND {after}
                 ORDER BY key {order} LIMIT $5"
            );
            let statement = client.prepare_cached(&sql).await.map_err(said)?;
            let limit = range.page();
            let values: [&(dyn ToSql + Sync); 5] =
                [&t.as_str(), &c.as_str(), &range.prefix, &range.after, &(limit as i64 + 1)];
            let rows = client.query(&statement, &values).await.map_err(said)?;
            let records: Vec<Record> = rows.iter().take(limit).map(record).collect();
            let last = records.last().filter(|_| rows.len() > limit);
            let next = last.map(|record| record.key.clone());
            Ok(Page { records, next })
        })
    }

    fn commit<'a>(&'a self, t: &'a TenantId, writes: Vec<Write>) -> Later<'a, Vec<Written>> {
        Box::pin(async move {
            let mut client = self.client().await?;
            let transaction = client.transaction().await.map_err(said)?;
            let mut done = Vec::with_capacity(writes.len());
            for write in writes {
                done.push(apply(&transaction, t.as_str(), write).await?);
            }
            transaction.commit().await.map_err(said)?;
            Ok(done)
        })
    }

    fn usage<'a>(&'a self, t: &'a TenantId, c: Collection) -> Later<'a, Usage> {
        Box::pin(async move {
            let client = self.client().await?;
            let sql = "SELECT count(*),
                 coalesce(sum(octet_length(key) + octet_length(value)), 0)::bigint
                 FROM striatum.records WHERE tenant = $1 AND collection = $2";
            let row = client.query_one(sql, &[&t.as_str(), &c.as_str()]).await.map_err(said)?;
            let (records, bytes): (i64, i64) = (row.get(0), row.get(1));
            Ok(Usage { records: records as u64, bytes: bytes as u64 })
        })
    }

    fn erase<'a>(&'a self, t: &'a TenantId) -> Later<'a, u64> {
        Box::pin(async move {
            let client = self.client().await?;
            let sql = "DELETE FROM striatum.records WHERE ctid = ANY (ARRAY (
                       SELECT ctid FROM striatum.records WHERE tenant = $1 LIMIT $2))";
            let mut erased = 0;
            loop {
                let n = client.execute(sql, &[&t.as_str(), &ERASE_PAGE]).await.map_err(said)?;
                erased += n;
                if n < ERASE_PAGE as u64 {
                    break;
                }
            }
            let sql = "DELETE FROM striatum.numbers WHERE tenant = $1";
            client.execute(sql, &[&t.as_str()]).await.map_err(said)?;
            Ok(erased)
        })
    }

    fn tenants(&self) -> Later<'_, Vec<TenantId>> {
        Box::pin(async move {
            let client = self.client().await?;
            let sql = "SELECT DISTINCT tenant FROM striatum.records ORDER BY tenant";
            let rows = client.query(sql, &[]).await.map_err(said)?;
            Ok(rows.iter().map(|row| TenantId::known(row.get(0))).collect())
        })
    }

    fn ping(&self) -> Later<'_, ()> {
        Box::pin(async move {
            let client = self.client().await?;
            client.simple_query("SELECT 1").await.map(drop).map_err(said)
        })
    }

    fn copy_to<'a>(&'a self, path: &'a Path) -> Later<'a, ()> {
        Box::pin(async move {
            let mut client = self.client().await?;
            let transaction = client
                .build_transaction()
                .isolation_level(IsolationLevel::RepeatableRead)
                .read_only(true)
                .start()
                .await
                .map_err(said)?;
            let mut copy = crate::sqlite::Copy::create(path)?;
            let sql = "SELECT tenant, collection, last FROM striatum.numbers";
            for row in transaction.query(sql, &[]).await.map_err(said)? {
                copy.number(row.get(0), row.get(1), row.get(2))?;
            }
            let sql = "DECLARE everything NO SCROLL CURSOR FOR
                 SELECT tenant, collection, key, value, version FROM striatum.records";
            transaction.batch_execute(sql).await.map_err(said)?;
            let fetch = format!("FETCH {COPY_PAGE} FROM everything");
            loop {
                let rows = transaction.query(&fetch, &[]).await.map_err(said)?;
                for row in &rows {
                    let names = (row.get(0), row.get(1), row.get(2));
                    copy.record(names, row.get(3), row.get(4))?;
                }
                if rows.is_empty() {
                    return copy.finish();
                }
            }
        })
    }
}

async fn apply(t: &Transaction<'_>, tenant: &str, write: Write) -> Result<Written, StoreError> {
    match write {
        Write::Put { collection, key, value, expect } => {
            let found = version(t, tenant, collection, &key).await?;
            expect.check(collection, &key, found)?;
            let version = match expect {
                // Two writers that both saw nothing: the second has to see the first.
                crate::Expect::Absent => {
                    "INSERT INTO striatum.records VALUES ($1, $2, $3, $4, 1)
                     ON CONFLICT DO NOTHING RETURNING version"
                }
                _ => {
                    "INSERT INTO striatum.records AS r VALUES ($1, $2, $3, $4, 1)
                     ON CONFLICT (tenant, collection, key)
                     DO UPDATE SET value = $4, version = r.version + 1 RETURNING version"
                }
            };
            let statement = t.prepare(version).await.map_err(said)?;
            let row: [&(dyn ToSql + Sync); 4] = [&tenant, &collection.as_str(), &key, &value];
            let done = t.query_opt(&statement, &row).await.map_err(said)?;
            match done {
                Some(row) => Ok(Written::Put(row.get::<_, i64>(0) as u64)),
                None => {
                    expect.check(collection, &key, Some(1))?;
                    Ok(Written::Put(1))
                }
            }
        }
        Write::Delete { collection, key, expect } => {
            let found = version(t, tenant, collection, &key).await?;
            expect.check(collection, &key, found)?;
            let sql = "DELETE FROM striatum.records
                 WHERE tenant = $1 AND collection = $2 AND key = $3";
            let done = t.execute(sql, &[&tenant, &collection.as_str(), &key]).await;
            Ok(Written::Deleted(done.map_err(said)? > 0))
        }
        Write::Append { collection, value } => {
            // The row of the number is locked until the commit, so that no number is left out.
            let sql = "INSERT INTO striatum.numbers AS n VALUES ($1, $2, 1)
                 ON CONFLICT (tenant, collection) DO UPDATE SET last = n.last + 1 RETURNING last";
            let row = t.query_one(sql, &[&tenant, &collection.as_str()]).await.map_err(said)?;
            let n = row.get::<_, i64>(0) as u64;
            let sql = "INSERT INTO striatum.records VALUES ($1, $2, $3, $4, 1)";
            let row: [&(dyn ToSql + Sync); 4] =
                [&tenant, &collection.as_str(), &numbered(n), &value];
            t.execute(sql, &row).await.map_err(said)?;
            Ok(Written::Appended(n))
        }
    }
}

/// The version of a record, which no one else changes until the commit.
async fn version(
    t: &Transaction<'_>,
    tenant: &str,
    collection: Collection,
    key: &str,
) -> Result<Option<u64>, StoreError> {
    let sql = "SELECT version FROM striatum.records
         WHERE tenant = $1 AND collection = $2 AND key = $3 FOR UPDATE";
    let found = t.query_opt(sql, &[&tenant, &collection.as_str(), &key]).await.map_err(said)?;
    Ok(found.map(|row| row.get::<_, i64>(0) as u64))
}

fn record(row: &Row) -> Record {
    Record { key: row.get(0), value: row.get(1), version: row.get::<_, i64>(2) as u64 }
}

/// What PostgreSQL says, in our words.
fn said(error: tokio_postgres::Error) -> StoreError {
    let reason = chain(&error);
    let Some(code) = error.code() else { return StoreError::Unavailable { reason } };
    let class = &code.code()[..2];
    match code {
        &SqlState::DISK_FULL => StoreError::Full { reason },
        &SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED => StoreError::Corrupt { reason },
        // Connections, resources, operators who intervene, and transactions that met.
        _ if ["08", "53", "57", "40"].contains(&class) => StoreError::Unavailable { reason },
        _ => StoreError::Refused { reason },
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
