//! Rows of bytes one behind the other, in memory that begins with a line of 64. A row takes whole
//! pieces of 16 bytes, so rows of whole lines begin with one each, and others waste at most 15 bytes.
//! How wide a row is, and how many there are, its owner knows.

use std::ops::Range;

use crate::simd::{LINE, Line, bytes_of, bytes_of_mut};

/// Bytes that a row is a multiple of.
const PIECE: usize = 16;
/// Rows up to so many bytes are narrow: room for a few of them costs little.
const NARROW: usize = 256;
/// Rows for which room is made at once, narrow and wide, so that little is left unused.
const GROWTH: (usize, usize) = (2, 1);
/// The same, as one in so many of all.
const GROWTH_SHARE: usize = 64;

/// Bytes of a row of this many numbers.
pub(crate) fn width_of(dimension: usize) -> usize {
    dimension.next_multiple_of(PIECE)
}

/// Whether a few rows of this width, more or less, cost little.
pub(crate) fn is_narrow(width: usize) -> bool {
    width <= NARROW
}

/// Rows of one width; without them, none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packed {
    lines: Vec<Line>,
}

/// Lines that so many rows lie in.
fn lines_of(n_rows: usize, width: usize) -> usize {
    (n_rows * width).div_ceil(LINE)
}

impl Packed {
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines, the last of which may be used in part.
    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        self.lines.capacity() * LINE
    }

    /// Rows that there is room for.
    pub(crate) fn room(&self, width: usize) -> usize {
        self.bytes() / width
    }

    /// The rows of a range, one behind the other.
    pub(crate) fn rows(&self, range: Range<usize>, width: usize) -> &[u8] {
        &bytes_of(&self.lines)[range.start * width..range.end * width]
    }

    /// Row `at`.
    pub(crate) fn row(&self, at: usize, width: usize) -> &[u8] {
        self.rows(at..at + 1, width)
    }

    /// Puts rows behind the `n` that are there, with a little room for more.
    pub(crate) fn push(&mut self, n: usize, rows: &[u8], width: usize) {
        let wanted = lines_of(n, width) * LINE;
        let end = n * width + rows.len();
        if end > self.bytes() {
            let growth = if is_narrow(width) { GROWTH.0 } else { GROWTH.1 };
            let more = growth.max(n / GROWTH_SHARE) * width;
            let n_lines = (n * width + rows.len().max(more)).div_ceil(LINE);
            self.lines.reserve_exact(n_lines - self.lines.len());
        }
        debug_assert_eq!(self.lines.len() * LINE, wanted);
        self.lines.resize(end.div_ceil(LINE), Line::ZERO);
        bytes_of_mut(&mut self.lines)[n * width..end].copy_from_slice(rows);
    }

    /// Makes room for `more` rows behind the `n` that are there, and no more than that.
    pub(crate) fn reserve(&mut self, n: usize, more: usize, width: usize) {
        self.lines.reserve_exact(lines_of(n + more, width) - self.lines.len());
    }

    /// Writes over row `at`.
    pub(crate) fn set(&mut self, at: usize, row: &[u8]) {
        let width = row.len();
        bytes_of_mut(&mut self.lines)[at * width..(at + 1) * width].copy_from_slice(row);
    }

    /// Takes row `at` of `n` away; the last takes its place. The room stays.
    pub(crate) fn swap_remove(&mut self, at: usize, n: usize, width: usize) {
        let last = n - 1;
        let range = last * width..n * width;
        bytes_of_mut(&mut self.lines).copy_within(range, at * width);
        self.lines.truncate(lines_of(last, width));
    }

    /// Gives unused room back.
    pub(crate) fn shrink(&mut self) {
        self.lines.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_width_come_and_go_as_in_a_list_of_them() {
        for width in [16, 64, 80, 784] {
            let (mut packed, mut plain) = (Packed::default(), Vec::<Vec<u8>>::new());
            for step in 0..300usize {
                if step % 3 == 2 {
                    let at = step * 7 % plain.len();
                    packed.swap_remove(at, plain.len(), width);
                    plain.swap_remove(at);
                } else {
                    let row: Vec<u8> = (0..width).map(|i| (i * 31 + step * 17) as u8).collect();
                    packed.push(plain.len(), &row, width);
                    plain.push(row);
                }
                assert_eq!(packed.rows(0..plain.len(), width), plain.concat());
                assert!(packed.bytes() < (plain.len() + 7) * width + LINE);
            }
            packed.shrink();
            assert_eq!(packed.bytes(), (plain.len() * width).next_multiple_of(LINE));
        }
    }
}
