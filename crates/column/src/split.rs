//! Columns split when they are loaded (neurogenesis) and merge when they are not (pruning).
//! After a split, the rows of the two halves and of the columns around move to where they are nearest
//! (LIRE; Xu et al., SPFresh, SOSP 2023).

use crate::Columns;
use crate::MAX_COLUMNS;
use crate::code::{Code, Probe};
use crate::fields::Ranked;
use crate::list::List;
use crate::random;
use crate::simd;

/// A column splits at so many times the wanted load.
const SPLIT_AT: usize = 2;
/// A column merges below one in so many of the wanted load.
const MERGE_AT: usize = 4;
/// Passes of 2-means.
const PASSES: usize = 5;
/// A half smaller than one in so many of the whole is no half.
const LEAST_HALF: usize = 8;
/// Columns around a split whose rows may move.
const AROUND: usize = 8;
/// By how much another column must be nearer for a row to move.
const NEARER: f32 = 1e-3;

/// Rows that are in one column and should be in another.
type Moves = Vec<(u32, usize)>;

impl Columns {
    /// Splits a column if it is loaded; says whether it did.
    pub(crate) fn split_if_due(&mut self, column: usize) -> bool {
        let due = self.columns[column].list.len() > SPLIT_AT * self.wanted_load();
        if due && self.columns.len() < MAX_COLUMNS {
            self.split(column);
        }
        due
    }

    /// Merges a column into those around if it has little in it.
    pub(crate) fn merge_if_due(&mut self, column: usize) {
        let Some(load) = self.columns.get(column).map(|c| c.list.len()) else { return };
        if self.is_empty() {
            self.dissolve_last(column);
        } else if self.columns.len() > 1 && load * MERGE_AT < self.wanted_load() {
            self.merge(column);
        }
    }

    fn dissolve_last(&mut self, column: usize) {
        self.drop_column(column);
        (0..self.columns.len()).rev().for_each(|column| self.drop_column(column));
    }

    fn split(&mut self, column: usize) {
        let list = std::mem::take(&mut self.columns[column].list);
        let (fields, second) = self.halves(&list);
        let daughter = self.add_column(&fields[1], Some(self.columns[column].cell));
        self.fields.set(column, &fields[0]);
        for (at, second) in second.into_iter().enumerate() {
            let to = if second { daughter } else { column };
            list.copy_to(at, self.lines, &mut self.columns[to].list);
            if second {
                self.places.moved(list.ids[at], column, daughter);
            }
        }
        let (n, loads) = (self.columns[column].n_updates / 2, [column, daughter]);
        for half in loads {
            self.columns[half].n_updates = n.max(1);
            self.columns[half].list.shrink();
        }
        self.counts.n_splits += 1;
        self.settle_around(column, daughter);
    }

    /// Two fields for the rows of a column, and for each row whether it goes to the second.
    fn halves(&mut self, list: &List) -> ([Vec<f32>; 2], Vec<bool>) {
        let (n, d) = (list.len(), self.config.dimension);
        let mut numbers = vec![0.0; n * d];
        for (at, row) in numbers.chunks_exact_mut(d).enumerate() {
            list.floats(at, self.lines, row);
        }
        let first = random::below(&mut self.random, n);
        let mut scores = vec![0.0; n];
        self.score(list, &Probe::of(&numbers[first * d..(first + 1) * d]), &mut scores);
        let farthest = (0..n).min_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap_or(0);
        let row = |at: usize| numbers[at * d..(at + 1) * d].to_vec();
        let mut fields = [row(first), row(farthest)];
        let mut lead = vec![0.0; n];
        let mut second = vec![false; n];
        for _ in 0..PASSES {
            self.leads(list, &fields, &mut scores, &mut lead);
            second.iter_mut().zip(&lead).for_each(|(second, lead)| *second = *lead > 0.0);
            self.even_out(&lead, &mut second);
            fields = self.means(&numbers, &second);
        }
        (fields, second)
    }

    /// For each row, by how much it is nearer to the second field than to the first.
    fn leads(&self, list: &List, fields: &[Vec<f32>; 2], scores: &mut [f32], lead: &mut [f32]) {
        self.score(list, &Probe::of(&fields[1]), lead);
        self.score(list, &Probe::of(&fields[0]), scores);
        lead.iter_mut().zip(scores).for_each(|(lead, score)| *lead -= *score);
    }

    /// Where one half has next to nothing, the rows are halved by their lead instead.
    fn even_out(&self, lead: &[f32], second: &mut [bool]) {
        let (n, n_second) = (second.len(), second.iter().filter(|s| **s).count());
        if n_second * LEAST_HALF >= n && (n - n_second) * LEAST_HALF >= n {
            return;
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|a, b| lead[*a].total_cmp(&lead[*b]).then(a.cmp(b)));
        order.iter().enumerate().for_each(|(rank, at)| second[*at] = rank >= n / 2);
    }

    fn means(&self, numbers: &[f32], second: &[bool]) -> [Vec<f32>; 2] {
        let d = self.config.dimension;
        let mut sums = [vec![0.0f32; d], vec![0.0f32; d]];
        for (row, second) in numbers.chunks_exact(d).zip(second) {
            let sum = &mut sums[usize::from(*second)];
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        for (which, sum) in sums.iter_mut().enumerate() {
            let norm = simd::dot(self.isa, sum, sum).sqrt();
            if norm > 1e-6 {
                sum.iter_mut().for_each(|x| *x /= norm);
            } else if let Some(at) = second.iter().position(|s| usize::from(*s) == which) {
                // Opposite rows have no mean direction; one of them stands for all.
                sum.copy_from_slice(&numbers[at * d..(at + 1) * d]);
            }
        }
        sums
    }

    /// The cosine of every row of a list with a vector.
    pub(crate) fn score(&self, list: &List, probe: &Probe, out: &mut [f32]) {
        let mut dots = vec![0; list.len()];
        simd::dots(self.isa, &list.rows, &probe.lines, &mut dots);
        simd::scaled(self.isa, &dots, probe.bias, &list.scales, out);
        out.iter_mut().for_each(|score| *score *= probe.factor);
    }

    /// Moves rows of the two halves and of the columns around to where they are nearest.
    fn settle_around(&mut self, first: usize, second: usize) {
        let near = self.fields.nearest(&self.probe_of(first), AROUND + 2);
        let around: Vec<usize> =
            near.iter().map(|r| r.column()).filter(|c| *c != first && *c != second).collect();
        let halves = [first, second];
        let mut moves = Vec::new();
        for from in halves {
            let other: Vec<usize> =
                around.iter().copied().chain(halves).filter(|c| *c != from).collect();
            self.find_moves(from, &other, &mut moves);
        }
        for from in &around {
            self.find_moves(*from, &halves, &mut moves);
        }
        self.counts.n_moved += moves.len() as u64;
        moves.into_iter().for_each(|(id, from, to)| self.relocate(id, from, to));
    }

    pub(crate) fn probe_of(&self, column: usize) -> Probe {
        let Code { lines, scale } = Code::of(&self.fields.get(column));
        Probe::of_row(&lines, scale)
    }

    /// The rows of a column that are nearer to one of the others.
    fn find_moves(&self, from: usize, others: &[usize], moves: &mut Vec<(u32, usize, usize)>) {
        let list = &self.columns[from].list;
        let mut best = vec![0.0; list.len()];
        self.score(list, &self.probe_of(from), &mut best);
        best.iter_mut().for_each(|score| *score += NEARER);
        let mut to = vec![from; list.len()];
        let mut scores = vec![0.0; list.len()];
        for other in others {
            self.score(list, &self.probe_of(*other), &mut scores);
            for ((best, to), score) in best.iter_mut().zip(&mut to).zip(&scores) {
                if score > best {
                    (*best, *to) = (*score, *other);
                }
            }
        }
        let moved = list.ids.iter().zip(to).filter(|(_, to)| *to != from);
        moves.extend(moved.map(|(id, to)| (*id, from, to)));
    }

    /// Moves a row; one whose other copy is there already is dropped.
    fn relocate(&mut self, id: u32, from: usize, to: usize) {
        let Some(at) = simd::find(self.isa, &self.columns[from].list.ids, id) else { return };
        let mut list = std::mem::take(&mut self.columns[from].list);
        let (main, copy) = (self.places.get(id), self.places.copy(id));
        if main == Some(to) || copy == Some(to) {
            self.scales -= u64::from(list.scales[at]);
            self.places.set(id, to);
            self.places.forget_copy(id);
        } else {
            list.copy_to(at, self.lines, &mut self.columns[to].list);
            self.places.moved(id, from, to);
        }
        list.swap_remove(at, self.lines);
        self.columns[from].list = list;
    }

    /// Lets the next stored vector, in the order of columns, compete once more.
    pub(crate) fn replay(&mut self) {
        let (column, at) = self.cursor;
        let Some(list) = self.columns.get(column).map(|c| &c.list) else {
            self.cursor = (0, 0);
            return;
        };
        if at >= list.len() {
            self.refresh(column);
            self.cursor = (column + 1, 0);
            return;
        }
        self.cursor.1 += 1;
        let (id, scale) = (list.ids[at], list.scales[at]);
        if self.places.get(id) != Some(column) || self.places.copy(id).is_some() {
            return;
        }
        let probe = Probe::of_row(list.row(at, self.lines), scale);
        let Some(best) = self.fields.best(&probe) else { return };
        let own = self.fields.score(column, &probe);
        if best.column() != column && best.score() > own + NEARER {
            self.relocate(id, column, best.column());
            self.counts.n_moved += 1;
        }
    }

    /// Makes the mean of a column's rows its field.
    fn refresh(&mut self, column: usize) {
        let list = &self.columns[column].list;
        let mut sum = vec![0.0f32; self.config.dimension];
        (0..list.len()).for_each(|at| list.add_to(self.isa, at, self.lines, &mut sum));
        self.set_direction(column, &mut sum);
    }

    /// Gives the rows of a column to the nearest of the columns around it, and drops it.
    fn merge(&mut self, column: usize) {
        let near = self.fields.nearest(&self.probe_of(column), AROUND + 1);
        let around: Vec<Ranked> = near.into_iter().filter(|r| r.column() != column).collect();
        let probes: Vec<(usize, Probe)> =
            around.iter().map(|r| (r.column(), self.probe_of(r.column()))).collect();
        for (id, to) in self.nearest_of(column, &probes) {
            self.relocate(id, column, to);
        }
        self.counts.n_merges += 1;
        self.drop_column(column);
    }

    fn nearest_of(&self, column: usize, probes: &[(usize, Probe)]) -> Moves {
        let list = &self.columns[column].list;
        let mut best = vec![(f32::NEG_INFINITY, column); list.len()];
        let mut scores = vec![0.0; list.len()];
        for (other, probe) in probes {
            self.score(list, probe, &mut scores);
            for (best, score) in best.iter_mut().zip(&scores) {
                if *score > best.0 {
                    *best = (*score, *other);
                }
            }
        }
        list.ids.iter().zip(best).map(|(id, (_, to))| (*id, to)).collect()
    }

    /// Drops an empty column; the last one takes its number.
    fn drop_column(&mut self, column: usize) {
        let last = self.columns.len() - 1;
        self.grid.free(self.columns[column].cell);
        self.fields.swap_remove(column);
        self.columns.swap_remove(column);
        if column == last {
            return;
        }
        self.grid.rename(self.columns[column].cell, column);
        for id in &self.columns[column].list.ids {
            self.places.moved(*id, last, column);
        }
    }
}
