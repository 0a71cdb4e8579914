//! Rows of bytes one behind the other, in memory that begins with a line of 64. A row takes whole
//! pieces of 16 bytes, so rows of whole lines begin with one each, and others waste at most 15 bytes.
//! Wide rows lie in chunks, so that one more row moves few others and no room is left unused.
//! How wide a row is, and how many there are, its owner knows.

use std::ops::Range;

use crate::code::Probe;
use crate::simd::{Isa, LINE, Line, bytes_of, bytes_of_mut};

/// Bytes that a row is a multiple of.
const PIECE: usize = 16;
/// Rows up to so many bytes are narrow: they lie in one piece, with room for a few more.
const NARROW: usize = 256;
/// Narrow rows for which room is made at once, or one in so many of all; for wide rows it is one.
const GROWTH: (usize, usize) = (2, 64);
/// Wide rows of a chunk; whatever their width, they fill whole lines.
const CHUNK: usize = 32;

/// Bytes of a row of this many numbers.
pub(crate) fn width_of(dimension: usize) -> usize {
    dimension.next_multiple_of(PIECE)
}

/// Whether a few rows of this width, more or less, cost little.
pub(crate) fn is_narrow(width: usize) -> bool {
    width <= NARROW
}

/// Rows of one width.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packed {
    /// Chunks of wide rows.
    full: Vec<Box<[Line]>>,
    /// The rows behind them: fewer than a chunk of wide ones, or all narrow ones. The last line may be
    /// used in part.
    tail: Vec<Line>,
}

/// Lines that so many rows lie in.
fn lines_of(n_rows: usize, width: usize) -> usize {
    (n_rows * width).div_ceil(LINE)
}

impl Packed {
    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        let full: usize = self.full.iter().map(|chunk| size_of_val(&**chunk)).sum();
        full + self.full.capacity() * size_of::<Box<[Line]>>() + self.tail.capacity() * LINE
    }

    /// Rows that there is room for behind the `n` that are there.
    pub(crate) fn room(&self, n: usize, width: usize) -> usize {
        self.tail.capacity() * LINE / width - self.in_tail(n)
    }

    /// How many of `n` rows lie in the tail.
    fn in_tail(&self, n: usize) -> usize {
        n - self.full.len() * CHUNK
    }

    /// The first lines.
    pub(crate) fn lines(&self) -> &[Line] {
        self.full.first().map_or(&self.tail, |chunk| chunk)
    }

    /// The lines that row `at` lies in, and its number among the rows in them.
    fn place_of(&self, at: usize) -> (&[Line], usize) {
        match self.full.get(at / CHUNK) {
            Some(chunk) => (chunk, at % CHUNK),
            None => (&self.tail, self.in_tail(at)),
        }
    }

    /// Row `at`.
    pub(crate) fn row(&self, at: usize, width: usize) -> &[u8] {
        let (lines, at) = self.place_of(at);
        &bytes_of(lines)[at * width..(at + 1) * width]
    }

    /// Writes over row `at`.
    pub(crate) fn set(&mut self, at: usize, row: &[u8]) {
        let tail = at - (self.full.len() * CHUNK).min(at);
        let (lines, at) = match self.full.get_mut(at / CHUNK) {
            Some(chunk) => (&mut chunk[..], at % CHUNK),
            None => (&mut self.tail[..], tail),
        };
        let width = row.len();
        bytes_of_mut(lines)[at * width..(at + 1) * width].copy_from_slice(row);
    }

    /// The dot product of each row of a range with a vector.
    pub(crate) fn dots(&self, isa: Isa, range: Range<usize>, probe: &Probe, out: &mut [i32]) {
        let (mut out, mut at) = (&mut out[..range.len()], range.start);
        while at < range.end {
            let (lines, first) = self.place_of(at);
            let in_chunk = at / CHUNK < self.full.len();
            let n_here = if in_chunk { CHUNK - first } else { out.len() };
            let (here, rest) = out.split_at_mut(n_here.min(out.len()));
            let rows = &bytes_of(lines)[first * probe.width..][..here.len() * probe.width];
            let next = if in_chunk && first + here.len() == CHUNK {
                bytes_of(self.place_of(at + here.len()).0).as_ptr()
            } else {
                rows.as_ptr_range().end
            };
            probe.dots(isa, rows, next, here);
            at += here.len();
            out = rest;
        }
    }

    /// Puts a row behind the `n` that are there, with a little room for more.
    pub(crate) fn push(&mut self, n: usize, row: &[u8]) {
        let width = row.len();
        let mut n_tail = self.in_tail(n);
        if !is_narrow(width) && n_tail == CHUNK {
            self.full.reserve_exact(1);
            self.full.push(std::mem::take(&mut self.tail).into_boxed_slice());
            n_tail = 0;
            if self.full.capacity() > self.full.len() {
                self.tail.reserve_exact(lines_of(CHUNK, width));
            }
        }
        if (n_tail + 1) * width > self.tail.capacity() * LINE {
            let more = if is_narrow(width) { GROWTH.0.max(n / GROWTH.1) } else { 1 };
            self.tail.reserve_exact(lines_of(n_tail + more, width) - self.tail.len());
        }
        self.tail.resize(lines_of(n_tail + 1, width), Line::ZERO);
        bytes_of_mut(&mut self.tail)[n_tail * width..(n_tail + 1) * width].copy_from_slice(row);
    }

    /// Makes room for `more` rows behind the `n` that are there, and no more than that; of wide rows
    /// for whole chunks, until it is given back.
    pub(crate) fn reserve(&mut self, n: usize, more: usize, width: usize) {
        let mut n_tail = self.in_tail(n) + more;
        if !is_narrow(width) && n_tail > CHUNK {
            // Each place that is free here is a chunk to come, and gets its room at once.
            self.full.reserve_exact(n_tail.div_ceil(CHUNK));
            n_tail = CHUNK;
        }
        self.tail.reserve_exact(lines_of(n_tail, width).saturating_sub(self.tail.len()));
    }

    /// Takes row `at` of `n` away; the last takes its place. The room stays.
    pub(crate) fn swap_remove(&mut self, at: usize, n: usize, width: usize) {
        if self.in_tail(n) == 0 {
            self.tail = self.full.pop().unwrap_or_default().into_vec();
        }
        let last = self.in_tail(n - 1);
        if at < self.full.len() * CHUNK {
            let row = &bytes_of(&self.tail)[last * width..(last + 1) * width];
            let to = at % CHUNK * width;
            let chunk = &mut self.full[at / CHUNK];
            bytes_of_mut(chunk)[to..to + width].copy_from_slice(row);
        } else {
            let to = self.in_tail(at) * width;
            bytes_of_mut(&mut self.tail).copy_within(last * width..(last + 1) * width, to);
        }
        self.tail.truncate(lines_of(last, width));
    }

    /// Gives unused room back.
    pub(crate) fn shrink(&mut self) {
        self.full.shrink_to_fit();
        self.tail.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_dots(packed: &Packed, plain: &[Vec<u8>]) {
        let probe = Probe::of_row(&plain[5], 7);
        for (start, end) in [(0, plain.len()), (3, 40), (31, 33), (32, 64), (70, 70)] {
            let (mut got, mut want) = (vec![0; end - start], vec![0; end - start]);
            packed.dots(Isa::detect(), start..end, &probe, &mut got);
            let rows = plain[start..end].concat();
            probe.dots(Isa::Portable, &rows, rows.as_ptr(), &mut want);
            assert_eq!(got, want);
        }
    }

    #[test]
    fn rows_of_any_width_come_and_go_as_in_a_list_of_them() {
        for width in [16, 64, 80, 272, 784] {
            let (mut packed, mut plain) = (Packed::default(), Vec::<Vec<u8>>::new());
            for step in 0..301usize {
                if step % 3 == 2 {
                    let at = step * 7 % plain.len();
                    packed.swap_remove(at, plain.len(), width);
                    plain.swap_remove(at);
                } else {
                    let row: Vec<u8> = (0..width).map(|i| (i * 31 + step * 17) as u8).collect();
                    packed.push(plain.len(), &row);
                    plain.push(row);
                }
                assert!((0..plain.len()).all(|at| packed.row(at, width) == plain[at]));
                let chunks = packed.full.capacity() * 16 + LINE;
                assert!(packed.bytes() < (plain.len() + 7) * width + chunks);
            }
            packed.shrink();
            let chunks = packed.full.len() * 16;
            let lines = (plain.len() * width).next_multiple_of(LINE);
            assert_eq!(packed.bytes(), lines + chunks);
            check_dots(&packed, &plain);
        }
    }
}
