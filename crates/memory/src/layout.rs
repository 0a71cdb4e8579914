//! What the columns of a collection learned, kept beside the records so that opening need not learn it
//! again. It is derived: it names memories by their numbers, each with a digest of its vector, and
//! nothing of it is believed that the records do not bear out. A layout that is missing, cut or
//! changed is no layout, and the columns are built from the vectors alone.

use column::Layout;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::MAX_VALUE_BYTES;

use crate::durable::Memory;
use crate::error::MemoryError;
use crate::record::{self, Change};
use crate::state::{Index, State};

/// Fewer vectors are built anew.
pub(crate) const LEAST_VECTORS: usize = 4096;
/// A layout is kept anew when one vector in so many is other than when it was kept last.
const CHANGED: u64 = 16;
/// Bytes of the checksum before a layout.
const CHECKSUM: usize = 32;

/// As it lies in the store: columns of memories' numbers and digests.
#[derive(Serialize, Deserialize)]
struct Kept {
    columns: Vec<Vec<(u64, u32)>>,
    shares: (Vec<f32>, u32),
}

impl Memory {
    /// Keeps what the columns learned, where it has changed enough; how many collections.
    ///
    /// # Errors
    /// [`MemoryError::Store`]; opening takes longer then, and that is all.
    pub async fn keep_layouts(&self) -> Result<usize, MemoryError> {
        let due: Vec<String> = {
            let state = self.read()?;
            let due = state.spaces.iter().filter(|(_, index)| index.is_layout_due());
            due.map(|(name, _)| name.clone()).collect()
        };
        let mut n = 0;
        for name in due {
            let Some((bytes, at)) = self.read()?.laid_out(&name)? else { continue };
            let change = Change::Layout(name, Some((bytes.into(), at)));
            self.write(|_| Ok((vec![change], ()))).await?;
            n += 1;
        }
        Ok(n)
    }
}

impl Index {
    fn is_layout_due(&self) -> bool {
        let n = self.columns.len();
        let changed =
            |at: u64| self.columns.n_insertions().saturating_sub(at) * CHANGED >= n as u64;
        n >= LEAST_VECTORS && self.laid_out.is_none_or(changed)
    }
}

impl State {
    /// The layout of a collection as bytes, and the insertions that it holds; nothing where it does not
    /// fit into a record.
    fn laid_out(&self, name: &str) -> Result<Option<(Vec<u8>, u64)>, MemoryError> {
        let Some(index) = self.spaces.get(name) else { return Ok(None) };
        let Layout { columns, shares } = index.columns.layout();
        let number = |(slot, digest)| Some((self.at(slot)?.number, digest));
        let named = |column: Vec<(u32, u32)>| column.into_iter().filter_map(number).collect();
        let kept = Kept { columns: columns.into_iter().map(named).collect(), shares };
        let body = record::encode(&kept)?;
        let mut bytes = Sha256::digest(&body).to_vec();
        bytes.extend(body);
        let fits = bytes.len() <= MAX_VALUE_BYTES;
        Ok(fits.then(|| (bytes, index.columns.n_insertions())))
    }

    /// The layout that a record holds, in terms of slots; nothing where it is not whole.
    pub(crate) fn layout(&self, key: &str, bytes: &[u8]) -> Option<Layout> {
        let (checksum, body) = bytes.split_at_checked(CHECKSUM)?;
        let whole = Sha256::digest(body).as_slice() == checksum;
        let kept: Kept = record::decode(key, body).ok().filter(|_| whole)?;
        let slot = |(number, digest)| Some((self.numbered(number)?, digest));
        let named = |column: Vec<(u64, u32)>| column.into_iter().filter_map(slot).collect();
        Some(Layout { columns: kept.columns.into_iter().map(named).collect(), shares: kept.shares })
    }
}
