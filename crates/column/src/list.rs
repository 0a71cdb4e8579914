//! The rows of a column, one behind the other: bytes, scales, ids, and perhaps second bytes.

use crate::aspects::Aspects;
use crate::code::{Code, Probe, RESIDUAL_STEPS, UNIT, signed};
use crate::packed::{Packed, is_narrow};
use crate::receptive::Receptive;
use crate::simd::{self, Isa};

/// Labels for which room is made at once, so that little is left unused.
const GROWTH: usize = 2;
/// Rows of unused room above which it is given back: narrow ones, or one in so many of all; wide ones.
const SLACK: (usize, usize) = (4, 16);
const SLACK_WIDE: usize = 1;

/// A growing list of rows of `width` bytes each.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    pub(crate) rows: Packed,
    pub(crate) residuals: Option<Box<Packed>>,
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

    pub(crate) fn row(&self, at: usize, width: usize) -> &[u8] {
        self.rows.row(at, width)
    }

    /// The second bytes of a row, where there are any.
    pub(crate) fn residual(&self, at: usize, width: usize) -> Option<&[u8]> {
        self.residuals.as_ref().map(|residuals| residuals.row(at, width))
    }

    pub(crate) fn push(&mut self, id: u32, row: &[u8], scale: u16, residual: Option<&[u8]>) {
        let n = self.len();
        self.rows.push(n, row);
        if let Some(residual) = residual {
            self.residuals.get_or_insert_default().push(n, residual);
        }
        room(&mut self.scales, 1);
        room(&mut self.ids, 1);
        self.scales.push(scale);
        self.ids.push(id);
        if let Some(receptive) = &mut self.receptive {
            receptive.push();
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
    pub(crate) fn reserve(&mut self, more: usize, width: usize, residual: bool) {
        let n = self.len();
        self.rows.reserve(n, more, width);
        if residual {
            self.residuals.get_or_insert_default().reserve(n, more, width);
        }
        self.scales.reserve_exact(more);
        self.ids.reserve_exact(more);
    }

    /// Puts another list behind this one.
    pub(crate) fn append(&mut self, other: Self, width: usize) {
        if self.len() == 0 {
            *self = other;
            return;
        }
        self.reserve(other.len(), width, other.residuals.is_some());
        (0..other.len()).for_each(|at| other.copy_to(at, width, self));
    }

    /// Writes another vector over a row.
    pub(crate) fn set(&mut self, at: usize, code: &Code, residual: Option<&[u8]>) {
        self.rows.set(at, &code.row);
        if let (Some(residuals), Some(residual)) = (&mut self.residuals, residual) {
            residuals.set(at, residual);
        }
        self.scales[at] = code.scale;
    }

    /// Takes a row away; the last takes its place. The room stays.
    pub(crate) fn swap_remove(&mut self, at: usize, width: usize) {
        let n = self.len();
        self.rows.swap_remove(at, n, width);
        if let Some(residuals) = &mut self.residuals {
            residuals.swap_remove(at, n, width);
        }
        self.scales.swap_remove(at);
        self.ids.swap_remove(at);
        if let Some(receptive) = &mut self.receptive {
            receptive.swap_remove(at);
        }
    }

    /// Gives room back if much is unused.
    pub(crate) fn give_back(&mut self, width: usize) {
        let slack = if is_narrow(width) { SLACK.0.max(self.len() / SLACK.1) } else { SLACK_WIDE };
        if self.rows.room(self.len(), width) > slack {
            self.shrink();
        }
    }

    /// Copies a row to the end of another list.
    pub(crate) fn copy_to(&self, at: usize, width: usize, other: &mut Self) {
        let residual = self.residual(at, width);
        other.push(self.ids[at], self.row(at, width), self.scales[at], residual);
        other.set_aspects(other.len() - 1, self.aspects(at));
    }

    pub(crate) fn shrink(&mut self) {
        self.rows.shrink();
        self.residuals.iter_mut().for_each(|residuals| residuals.shrink());
        self.scales.shrink_to_fit();
        self.ids.shrink_to_fit();
        self.receptive.iter_mut().for_each(|receptive| receptive.shrink());
    }

    /// The numbers of a row, to the precision of the first bytes.
    pub(crate) fn floats(&self, at: usize, width: usize, out: &mut [f32]) {
        let step = f32::from(self.scales[at]) * UNIT;
        for (out, byte) in out.iter_mut().zip(self.row(at, width)) {
            *out = signed(*byte) * step;
        }
    }

    /// The numbers of a row, to the precision of both bytes where there is a second.
    pub(crate) fn fine_floats(&self, at: usize, width: usize, out: &mut [f32]) {
        self.floats(at, width, out);
        if let Some(rest) = self.residual(at, width) {
            let step = f32::from(self.scales[at]) * UNIT / RESIDUAL_STEPS;
            out.iter_mut().zip(rest).for_each(|(x, byte)| *x += signed(*byte) * step);
        }
    }

    /// A row as what others are compared with, to the precision of its first bytes.
    pub(crate) fn probe(&self, at: usize, width: usize) -> Probe {
        Probe::of_row(self.row(at, width), self.scales[at])
    }

    /// The cosine of every row with a vector.
    pub(crate) fn score(&self, isa: Isa, probe: &Probe, out: &mut [f32]) {
        let mut dots = vec![0; self.len()];
        self.rows.dots(isa, 0..self.len(), probe, &mut dots);
        simd::scaled(isa, &dots, probe.bias, &self.scales, out);
        out.iter_mut().for_each(|score| *score *= probe.factor);
    }

    /// As [`List::score`], with four vectors, each score from a place on: rows come from far once.
    pub(crate) fn score_four(
        &self,
        isa: Isa,
        probes: [&Probe; 4],
        out: [&mut Vec<f32>; 4],
        starts: [usize; 4],
    ) {
        for (at, scale) in self.scales.iter().enumerate() {
            let dots = Probe::dots_of_four(isa, self.rows.row(at, probes[0].width), probes);
            for (n, (dot, probe)) in dots.into_iter().zip(probes).enumerate() {
                out[n][starts[n] + at] =
                    (dot - probe.bias) as f32 * f32::from(*scale) * probe.factor;
            }
        }
    }

    /// Adds the numbers of a row to a sum.
    pub(crate) fn add_to(&self, isa: Isa, at: usize, width: usize, sum: &mut [f32]) {
        let step = f32::from(self.scales[at]) * UNIT;
        simd::add_bytes(isa, self.row(at, width), step, sum);
    }

    /// Bytes on the heap: of the rows, and of what is beside them.
    pub(crate) fn bytes(&self) -> (usize, usize) {
        let residuals = self.residuals.as_ref().map_or(0, |r| r.bytes() + size_of::<Packed>());
        let labels = self.scales.capacity() * 2 + self.ids.capacity() * 4;
        let receptive = self.receptive.as_ref().map_or(0, |receptive| receptive.bytes());
        (self.rows.bytes() + residuals, labels + receptive)
    }
}
