//! Full vectors that somebody else keeps, to score the best candidates exactly.

use crate::simd::{self, Isa, LINE};

/// Full vectors by id.
pub trait Rows {
    /// Cosine of the vector `id` and `query`, a unit vector; nothing where there is no such vector.
    fn similarity(&self, id: u32, query: &[f32]) -> Option<f32>;

    /// The vector will be asked for soon.
    fn soon(&self, _id: u32) {}
}

/// Vectors of unit length, one behind the other, by id; ids should be dense.
///
/// They cost four bytes for each number.
#[derive(Clone, Debug)]
pub struct FlatRows {
    isa: Isa,
    dimension: usize,
    numbers: Vec<f32>,
}

impl FlatRows {
    /// No vectors of `dimension`.
    pub fn new(dimension: usize) -> Self {
        Self { isa: Isa::detect(), dimension, numbers: Vec::new() }
    }

    /// Keeps a vector at unit length. Ids below that were never set are zeros.
    ///
    /// # Errors
    /// As [`Columns::insert`](crate::Columns::insert): length, finite numbers, not all zeros.
    pub fn set(&mut self, id: u32, vector: &[f32]) -> Result<(), crate::Error> {
        let unit = crate::code::unit(vector, self.dimension)?;
        let start = id as usize * self.dimension;
        if self.numbers.len() < start + self.dimension {
            self.numbers.resize(start + self.dimension, 0.0);
        }
        self.numbers[start..start + self.dimension].copy_from_slice(&unit);
        Ok(())
    }

    /// The vector.
    pub fn get(&self, id: u32) -> Option<&[f32]> {
        let start = id as usize * self.dimension;
        self.numbers.get(start..start + self.dimension)
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.numbers.capacity() * size_of::<f32>()
    }
}

impl Rows for FlatRows {
    fn similarity(&self, id: u32, query: &[f32]) -> Option<f32> {
        self.get(id).map(|row| simd::dot(self.isa, row, query))
    }

    fn soon(&self, id: u32) {
        if let Some(row) = self.get(id) {
            row.chunks(LINE / size_of::<f32>()).for_each(|line| simd::prefetch(line.as_ptr()));
        }
    }
}
