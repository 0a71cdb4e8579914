//! What a database must do.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;

use crate::error::StoreError;
use crate::name::{Collection, TenantId};
use crate::record::{Page, Range, Record, Usage, Write, Written};

/// An answer that is on its way.
pub(crate) type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A database of records.
pub(crate) trait Backend: Send + Sync {
    /// Its name.
    fn kind(&self) -> &'static str;

    /// One record.
    fn get<'a>(&'a self, t: &'a TenantId, c: Collection, key: &'a str)
    -> Later<'a, Option<Record>>;

    /// Records in order.
    fn scan<'a>(&'a self, t: &'a TenantId, c: Collection, range: Range) -> Later<'a, Page>;

    /// All writes or none, on disk when the answer comes.
    fn commit<'a>(&'a self, t: &'a TenantId, writes: Vec<Write>) -> Later<'a, Vec<Written>>;

    /// How much a collection holds.
    fn usage<'a>(&'a self, t: &'a TenantId, c: Collection) -> Later<'a, Usage>;

    /// Removes everything that a tenant has, and gives the number of records. What is much may go in
    /// parts: after an error some of it is gone, and asking again goes on.
    fn erase<'a>(&'a self, t: &'a TenantId) -> Later<'a, u64>;

    /// Every tenant that has a record.
    fn tenants(&self) -> Later<'_, Vec<TenantId>>;

    /// Asks for nothing, to see whether the database answers.
    fn ping(&self) -> Later<'_, ()>;

    /// Writes everything as it stands at one moment into a new SQLite database.
    fn copy_to<'a>(&'a self, path: &'a Path) -> Later<'a, ()>;
}
