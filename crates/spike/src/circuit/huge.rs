//! Large arrays of plain numbers in huge pages, where the machine has them: a row of synapses
//! begins anywhere in a gigabyte, and a page of 2 MiB spares the walk to find it.

use std::ops::{Deref, DerefMut};

/// A fixed array of zeros that may be written.
#[derive(Debug, Default)]
pub(crate) struct Huge<T> {
    map: Option<memmap2::MmapMut>,
    fallback: Vec<T>,
    len: usize,
}

/// Numbers of which any bits are a value.
pub(crate) trait Plain: Copy + Default {}
impl Plain for u16 {}
impl Plain for u32 {}
impl Plain for f32 {}

/// From this size on an array lies in pages of its own.
const MIN_BYTES: usize = 1 << 20;

impl<T: Plain> Huge<T> {
    pub(crate) fn zeros(len: usize) -> Self {
        let bytes = len * size_of::<T>();
        let map = (bytes >= MIN_BYTES).then(|| memmap2::MmapMut::map_anon(bytes).ok()).flatten();
        #[cfg(target_os = "linux")]
        if let Some(map) = &map {
            // Advice only: small pages hold the same numbers.
            let _ = map.advise(memmap2::Advice::HugePage);
        }
        let fallback = if map.is_none() { vec![T::default(); len] } else { Vec::new() };
        Self { map, fallback, len }
    }
}

impl<T: Plain> Deref for Huge<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.map {
            // SAFETY: the map holds `len` numbers on a page boundary, and any bits are one.
            Some(map) => unsafe { std::slice::from_raw_parts(map.as_ptr().cast(), self.len) },
            None => &self.fallback,
        }
    }
}

impl<T: Plain> DerefMut for Huge<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.map {
            // SAFETY: as above; the map is borrowed alone.
            Some(map) => unsafe {
                std::slice::from_raw_parts_mut(map.as_mut_ptr().cast(), self.len)
            },
            None => &mut self.fallback,
        }
    }
}
