//! The rows of a column, one behind the other: bytes, scales, ids, and perhaps second bytes.

use crate::aspects::Aspects;
use crate::code::{Code, Probe, RESIDUAL_STEPS, UNIT, signed};
use crate::receptive::Receptive;
use crate::simd::{self, Isa, Line, bytes_of};

/// Rows for which room is made at once, so that little is left unused.
const GROWTH: usize = 2;
/// Rows of unused room above which it is given back, and the same as one in so many of all.
const SLACK: (usize, usize) = (4, 16);

/// A growing list of rows of `lines` lines each.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    pub(crate) rows: Vec<Line>,
    pub(crate) residuals: Vec<Line>,
    pub(crate) scales: Vec<u16>,
    pub(crate) ids: Vec<u32>,
    /// What the rows are beside their vectors, where any of them says so.
    receptive: Option<Box<Receptive>>,
}

/// Room for more, in small pieces.
pub(crate) fn room<T>(all: &mut Vec<T>, more: usize) {
    if all.capacity() - all.len() < more {
        let pieces = GROWTH.max(all.len() / more / 64);
        all.reserve_exact(more * pieces);
    }
}

impl List {
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn row(&self, at: usize, lines: usize) -> &[Line] {
        &self.rows[at * lines..(at + 1) * lines]
    }

    pub(crate) fn push(&mut self, id: u32, row: &[Line], scale: u16, residual: Option<&[Line]>) {
        room(&mut self.rows, row.len());
        room(&mut self.scales, 1);
        room(&mut self.ids, 1);
        self.rows.extend_from_slice(row);
        self.scales.push(scale);
        self.ids.push(id);
        if let Some(receptive) = &mut self.receptive {
            receptive.push();
        }
        if let Some(residual) = residual {
            room(&mut self.residuals, residual.len());
            self.residuals.extend_from_slice(residual);
        }
    }

    /// What a row is beside its vector.
    pub(crate) fn aspects(&self, at: usize) -> Aspects {
        self.receptive.as_ref().map_or(Aspects::default(), |receptive| receptive.row(at))
    }

    pub(crate) fn receptive(&self) -> Option<&Receptive> {
        self.receptive.as_deref()
    }

    /// Tells what a row is beside its vector.
    pub(crate) fn set_aspects(&mut self, at: usize, aspects: Aspects) {
        if self.receptive.is_none() && aspects == Aspects::default() {
            return;
        }
        let n = self.len();
        self.receptive.get_or_insert_with(|| Box::new(Receptive::new(n))).set(at, aspects);
    }

    /// How much each of the fields beside that of the vectors answers.
    pub(crate) fn answers(&self, aspects: &Aspects) -> [f32; 3] {
        self.receptive.as_ref().map_or([0.0; 3], |receptive| receptive.answers(aspects))
    }

    /// Makes room for so many rows more, and no more than that.
    pub(crate) fn reserve(&mut self, n: usize, lines: usize, residual: bool) {
        self.rows.reserve_exact(n * lines);
        self.residuals.reserve_exact(if residual { n * lines } else { 0 });
        self.scales.reserve_exact(n);
        self.ids.reserve_exact(n);
    }

    /// Puts another list behind this one.
    pub(crate) fn append(&mut self, mut other: Self) {
        if self.len() == 0 {
            *self = other;
            return;
        }
        let (before, n) = (self.len(), other.len());
        self.rows.append(&mut other.rows);
        self.residuals.append(&mut other.residuals);
        self.scales.append(&mut other.scales);
        self.ids.append(&mut other.ids);
        if let Some(receptive) = &mut self.receptive {
            (0..n).for_each(|_| receptive.push());
        }
        (0..n).for_each(|at| self.set_aspects(before + at, other.aspects(at)));
    }

    /// Writes another vector over a row.
    pub(crate) fn set(&mut self, at: usize, code: &Code, residual: Option<&[Line]>) {
        let lines = code.lines.len();
        let range = at * lines..(at + 1) * lines;
        self.rows[range.clone()].copy_from_slice(&code.lines);
        if let Some(residual) = residual {
            self.residuals[range].copy_from_slice(residual);
        }
        self.scales[at] = code.scale;
    }

    /// Takes a row away; the last takes its place. The room stays.
    pub(crate) fn swap_remove(&mut self, at: usize, lines: usize) {
        let last = self.len() - 1;
        for rows in [&mut self.rows, &mut self.residuals] {
            if !rows.is_empty() {
                rows.copy_within(last * lines..(last + 1) * lines, at * lines);
                rows.truncate(last * lines);
            }
        }
        self.scales.swap_remove(at);
        self.ids.swap_remove(at);
        if let Some(receptive) = &mut self.receptive {
            receptive.swap_remove(at);
        }
    }

    /// Gives room back if much is unused.
    pub(crate) fn give_back(&mut self, lines: usize) {
        let unused = (self.rows.capacity() - self.rows.len()) / lines;
        if unused > SLACK.0.max(self.len() / SLACK.1) {
            self.shrink();
        }
    }

    /// Copies a row to the end of another list.
    pub(crate) fn copy_to(&self, at: usize, lines: usize, other: &mut Self) {
        let range = at * lines..(at + 1) * lines;
        let residual = self.residuals.get(range.clone());
        other.push(self.ids[at], &self.rows[range], self.scales[at], residual);
        other.set_aspects(other.len() - 1, self.aspects(at));
    }

    pub(crate) fn shrink(&mut self) {
        self.rows.shrink_to_fit();
        self.residuals.shrink_to_fit();
        self.scales.shrink_to_fit();
        self.ids.shrink_to_fit();
        self.receptive.iter_mut().for_each(|receptive| receptive.shrink());
    }

    /// The numbers of a row, to the precision of the first bytes.
    pub(crate) fn floats(&self, at: usize, lines: usize, out: &mut [f32]) {
        let step = f32::from(self.scales[at]) * UNIT;
        for (out, byte) in out.iter_mut().zip(bytes_of(self.row(at, lines))) {
            *out = signed(*byte) * step;
        }
    }

    /// The numbers of a row, to the precision of both bytes where there is a second.
    pub(crate) fn fine_floats(&self, at: usize, lines: usize, out: &mut [f32]) {
        self.floats(at, lines, out);
        if let Some(rest) = self.residuals.get(at * lines..(at + 1) * lines) {
            let step = f32::from(self.scales[at]) * UNIT / RESIDUAL_STEPS;
            out.iter_mut().zip(bytes_of(rest)).for_each(|(x, byte)| *x += signed(*byte) * step);
        }
    }

    /// The cosine of every row with a vector.
    pub(crate) fn score(&self, isa: Isa, probe: &Probe, out: &mut [f32]) {
        let mut dots = vec![0; self.len()];
        simd::dots(isa, &self.rows, &probe.lines, &mut dots);
        simd::scaled(isa, &dots, probe.bias, &self.scales, out);
        out.iter_mut().for_each(|score| *score *= probe.factor);
    }

    /// Adds the numbers of a row to a sum.
    pub(crate) fn add_to(&self, isa: Isa, at: usize, lines: usize, sum: &mut [f32]) {
        let step = f32::from(self.scales[at]) * UNIT;
        simd::add_bytes(isa, bytes_of(self.row(at, lines)), step, sum);
    }

    /// Bytes on the heap: of the rows, and of what is beside them.
    pub(crate) fn bytes(&self) -> (usize, usize) {
        let rows = (self.rows.capacity() + self.residuals.capacity()) * size_of::<Line>();
        let labels = self.scales.capacity() * 2 + self.ids.capacity() * 4;
        (rows, labels + self.receptive.as_ref().map_or(0, |receptive| receptive.bytes()))
    }
}
