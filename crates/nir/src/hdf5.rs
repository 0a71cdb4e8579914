//! HDF5 behind a fence: the tree of groups and values of a file, each within its limits.
//! The library beneath reads the format; here nothing is read before its size is known.
//! What the tree means as a graph is `read`'s matter.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use hdf5_pure::{DType, Dataset, File, FormatError, Layout, Source, VlenStringReadOptions};

use crate::limits::{
    MAX_AXES, MAX_DECOMPRESSED_BYTES, MAX_EXPANSION, MAX_NAME_BYTES, MAX_NESTING, MAX_OBJECTS,
    MAX_READ_BYTES, MAX_READ_PASSES, MAX_READS, MAX_TEXT_BYTES,
};
use crate::tensor::{Data, Tensor, n_elements};

/// A group of the file with everything in it.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) groups: BTreeMap<String, Group>,
    pub(crate) values: BTreeMap<String, Value>,
}

/// One data set of the file.
#[derive(Debug)]
pub(crate) enum Value {
    Integers {
        shape: Vec<usize>,
        values: Vec<i64>,
    },
    Numbers(Tensor),
    Texts {
        shape: Vec<usize>,
        values: Vec<String>,
    },
    /// Present, but not to be read, and why.
    Unreadable(String),
}

/// Groups of this name hold notes that change nothing; they are passed over.
const METADATA: &str = "metadata";

/// How deep groups may lie: a graph takes two levels, its nodes and one of them.
const MAX_DEPTH: usize = 2 * MAX_NESTING + 4;

/// The filters that NIR's writers use: deflate, shuffle, Fletcher's checksum, LZF.
const FILTERS: [u16; 4] = [1, 2, 3, 32000];

/// Reads all groups and values of a file.
///
/// # Errors
///
/// Why the file as a whole cannot be read.
pub(crate) fn read_tree(bytes: Vec<u8>) -> Result<Group, String> {
    let fence = Fence::new(bytes.len() as u64);
    let file = File::from_source(Counted::new(bytes)).map_err(|error| error.to_string())?;
    fence.group(&file.root(), 0)
}

/// What is left of a file's limits while it is read.
struct Fence {
    file_bytes: u64,
    n_objects: Cell<usize>,
    bytes_left: Cell<u64>,
    text_bytes_left: Cell<usize>,
}

impl Fence {
    fn new(file_bytes: u64) -> Self {
        let bytes = file_bytes.saturating_mul(MAX_EXPANSION).min(MAX_DECOMPRESSED_BYTES);
        Self {
            file_bytes,
            n_objects: Cell::new(0),
            bytes_left: Cell::new(bytes),
            text_bytes_left: Cell::new(MAX_TEXT_BYTES),
        }
    }

    fn group(&self, group: &hdf5_pure::Group, depth: usize) -> Result<Group, String> {
        if depth > MAX_DEPTH {
            return Err(format!("groups lie more than {MAX_DEPTH} deep"));
        }
        let mut found = Group::default();
        for (name, dataset) in group.iter_datasets().map_err(|error| error.to_string())? {
            self.count_object(&name)?;
            let value = self.value(&dataset).unwrap_or_else(Value::Unreadable);
            found.values.insert(name, value);
        }
        for (name, child) in group.iter_groups().map_err(|error| error.to_string())? {
            self.count_object(&name)?;
            if name != METADATA {
                found.groups.insert(name, self.group(&child, depth + 1)?);
            }
        }
        Ok(found)
    }

    fn count_object(&self, name: &str) -> Result<(), String> {
        self.n_objects.set(self.n_objects.get() + 1);
        if self.n_objects.get() > MAX_OBJECTS {
            return Err(format!("more than {MAX_OBJECTS} groups and data sets"));
        }
        if name.len() > MAX_NAME_BYTES {
            return Err(format!("a name of {} bytes, over {MAX_NAME_BYTES}", name.len()));
        }
        Ok(())
    }

    fn value(&self, dataset: &Dataset) -> Result<Value, String> {
        let shape = shape(dataset)?;
        let kind = dataset.dtype().map_err(|error| error.to_string())?;
        self.claim(dataset, &shape)?;
        let value = match kind {
            DType::F32 => dataset.read_f32().map(|values| numbers(shape, Data::F32(values))),
            DType::F64 => dataset.read_f64().map(|values| numbers(shape, Data::F64(values))),
            DType::I8
            | DType::I16
            | DType::I32
            | DType::I64
            | DType::U8
            | DType::U16
            | DType::U32
            | DType::U64 => dataset.read_i64().map(|values| integers(shape, values)),
            DType::String => dataset.read_string().map(|values| texts(shape, values)),
            DType::VariableLengthString => {
                return self.long_texts(dataset, shape);
            }
            other => return Err(format!("values of type {other}")),
        };
        value.map_err(|error| error.to_string())?
    }

    /// Strings that lie elsewhere in the file, any number of them at one place.
    fn long_texts(&self, dataset: &Dataset, shape: Vec<usize>) -> Result<Value, String> {
        let options = VlenStringReadOptions::new()
            .with_max_elements(n_elements(&shape).unwrap_or(0))
            .with_max_payload_bytes(self.text_bytes_left.get());
        let values = dataset.read_vlen_strings(options).map_err(|error| error.to_string())?;
        let bytes: usize = values.iter().map(String::len).sum();
        self.text_bytes_left.set(self.text_bytes_left.get().saturating_sub(bytes));
        texts(shape, values)
    }

    /// Takes what the data set unpacks to off what the file may, before anything is unpacked.
    fn claim(&self, dataset: &Dataset, shape: &[usize]) -> Result<(), String> {
        let element = dataset.element_size().map_err(|error| error.to_string())?;
        let n = n_elements(shape).ok_or("a shape that overflows")? as u64;
        let plain = n.checked_mul(element).ok_or("a size that overflows")?;
        let bytes = match dataset.layout().map_err(|error| error.to_string())? {
            Layout::Compact { .. } => plain,
            Layout::Contiguous { address: None, .. } if plain > 0 => {
                return Err("no stored values".to_owned());
            }
            Layout::Contiguous { .. } => plain,
            Layout::Chunked { chunk_shape, .. } => {
                self.chunked_bytes(dataset, shape, &chunk_shape, element)?
            }
            _ => return Err("values stored in other files".to_owned()),
        };
        let left = self.bytes_left.get().checked_sub(bytes.max(plain));
        let left = left.ok_or_else(|| {
            let limit = self.file_bytes.saturating_mul(MAX_EXPANSION).min(MAX_DECOMPRESSED_BYTES);
            format!("{bytes} bytes, with the rest of the file over the limit of {limit}")
        })?;
        self.bytes_left.set(left);
        Ok(())
    }

    fn chunked_bytes(
        &self,
        dataset: &Dataset,
        shape: &[usize],
        chunk_shape: &[u64],
        element: u64,
    ) -> Result<u64, String> {
        if let Some(filter) = dataset.filters().iter().find(|id| !FILTERS.contains(id)) {
            return Err(format!("values packed by filter {filter}, which is not known"));
        }
        let overflow = || "chunks whose size overflows".to_owned();
        let chunk = chunk_shape
            .iter()
            .try_fold(element, |bytes, axis| bytes.checked_mul(*axis))
            .ok_or_else(overflow)?;
        let n_chunks = shape
            .iter()
            .zip(chunk_shape)
            .try_fold(1_u64, |n, (axis, chunk)| {
                n.checked_mul((*axis as u64).div_ceil((*chunk).max(1)))
            })
            .ok_or_else(overflow)?;
        let bytes = chunk.checked_mul(n_chunks).ok_or_else(overflow)?;
        if bytes > self.bytes_left.get() {
            return Ok(bytes);
        }
        let chunks = dataset.chunks().map_err(|error| error.to_string())?;
        if chunks.len() as u64 != n_chunks {
            return Err(format!("{} stored chunks instead of {n_chunks}", chunks.len()));
        }
        let past_end = |chunk: &&hdf5_pure::Chunk| {
            chunk.address.checked_add(chunk.storage_size).is_none_or(|end| end > self.file_bytes)
        };
        match chunks.iter().find(past_end) {
            Some(_) => Err("a chunk that lies past the end of the file".to_owned()),
            None => Ok(bytes),
        }
    }
}

fn shape(dataset: &Dataset) -> Result<Vec<usize>, String> {
    let axes = dataset.shape().map_err(|error| error.to_string())?;
    if axes.len() > MAX_AXES {
        return Err(format!("{} axes, over the limit of {MAX_AXES}", axes.len()));
    }
    let axes: Option<Vec<usize>> =
        axes.into_iter().map(|axis| usize::try_from(axis).ok()).collect();
    axes.ok_or_else(|| "an axis that overflows".to_owned())
}

fn numbers(shape: Vec<usize>, data: Data) -> Result<Value, String> {
    Tensor::new(shape, data).map(Value::Numbers).ok_or_else(miscounted)
}

fn integers(shape: Vec<usize>, values: Vec<i64>) -> Result<Value, String> {
    let fits = n_elements(&shape) == Some(values.len());
    fits.then_some(Value::Integers { shape, values }).ok_or_else(miscounted)
}

fn texts(shape: Vec<usize>, values: Vec<String>) -> Result<Value, String> {
    let fits = n_elements(&shape) == Some(values.len());
    fits.then_some(Value::Texts { shape, values }).ok_or_else(miscounted)
}

fn miscounted() -> String {
    "another number of values than its shape holds".to_owned()
}

/// The file as the library reads it, cut off where it reads too often or too much.
struct Counted {
    bytes: Vec<u8>,
    reads_left: AtomicUsize,
    bytes_left: AtomicU64,
}

impl Counted {
    fn new(bytes: Vec<u8>) -> Self {
        let passes = (bytes.len() as u64).saturating_mul(MAX_READ_PASSES);
        Self {
            bytes,
            reads_left: AtomicUsize::new(MAX_READS),
            bytes_left: AtomicU64::new(passes.saturating_add(MAX_READ_BYTES)),
        }
    }

    fn spend(&self, bytes: u64) -> Option<()> {
        let order = Ordering::Relaxed;
        self.reads_left.fetch_update(order, order, |left| left.checked_sub(1)).ok()?;
        self.bytes_left.fetch_update(order, order, |left| left.checked_sub(bytes)).ok()?;
        Some(())
    }
}

impl Source for Counted {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), FormatError> {
        let past_end = || FormatError::UnexpectedEof {
            expected: usize::try_from(offset).unwrap_or(usize::MAX).saturating_add(buffer.len()),
            available: self.bytes.len(),
        };
        self.spend(buffer.len() as u64).ok_or(FormatError::NestingDepthExceeded)?;
        let start = usize::try_from(offset).map_err(|_| past_end())?;
        let end = start.checked_add(buffer.len()).ok_or_else(past_end)?;
        let bytes = self.bytes.get(start..end).ok_or_else(past_end)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}
