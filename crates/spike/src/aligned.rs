//! Arrays that start on a cache line, so that no vector of a kernel straddles two.

use std::ops::{Deref, DerefMut};

/// One cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Plain numbers: any bits are a value, and all zeros are zero.
pub(crate) trait Number: Copy {}
impl Number for f32 {}
impl Number for i8 {}

/// A growable array of numbers that starts on a cache line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aligned<T> {
    lines: Vec<Line>,
    len: usize,
    kind: std::marker::PhantomData<T>,
}

impl<T: Number> Aligned<T> {
    /// `len` zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        let lines = vec![Line([0; 64]); (len * size_of::<T>()).div_ceil(size_of::<Line>())];
        Self { lines, len, kind: std::marker::PhantomData }
    }

    /// Grows to `len` values, the new ones zero; never shrinks.
    pub(crate) fn grow(&mut self, len: usize) {
        if len > self.len {
            let lines = (len * size_of::<T>()).div_ceil(size_of::<Line>());
            self.lines.resize(lines.max(self.lines.len()), Line([0; 64]));
            self.len = len;
        }
    }
}

impl<T: Number> From<&[T]> for Aligned<T> {
    fn from(values: &[T]) -> Self {
        let mut aligned = Self::zeros(values.len());
        aligned.copy_from_slice(values);
        aligned
    }
}

impl<T: Number> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the lines hold `len` numbers, whose bits are all valid.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl<T: Number> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above; the lines are borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::Aligned;

    #[test]
    fn starts_on_a_line_and_grows_with_zeros() {
        let mut a = Aligned::from(&[1.0f32, 2.0][..]);
        a.grow(40);
        assert_eq!((a.as_ptr() as usize % 64, a.len()), (0, 40));
        assert_eq!((a[1], a[2], a[39]), (2.0, 0.0, 0.0));
        a.grow(3);
        assert_eq!(a.len(), 40);
    }
}
