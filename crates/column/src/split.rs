//! Columns split when they are loaded (neurogenesis) and merge when they are not (pruning).
//! After a split, the rows of the two halves and of the columns around move to where they are nearest
//! (LIRE; Xu et al., SPFresh, SOSP 2023).

use crate::Columns;
use crate::MAX_COLUMNS;
use crate::code::Probe;
use crate::fields::Ranked;
use crate::halves;
use crate::list::List;
use crate::random;
use crate::simd;

/// A column splits at so many times the wanted load.
const SPLIT_AT: usize = 2;
/// A column merges below one in so many of the wanted load.
const MERGE_AT: usize = 4;
/// Passes of 2-means.
const PASSES: usize = 5;
/// Columns around a split whose rows may move.
const AROUND: usize = 8;
/// Rows that leave for a new column with one insertion, at least and at most, and the bytes of them.
const LEAVING: (usize, usize) = (8, 16);
const LEAVING_BYTES: usize = 1 << 12;
/// By how much another column must be nearer for a row to move.
const NEARER: f32 = 1e-3;

/// Rows that are in one column and should be in another.
type Moves = Vec<(u32, usize)>;

/// A split under way: each insertion takes it one stage further, so that none is slow.
#[derive(Clone, Debug)]
pub(crate) struct Splitting {
    column: usize,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    /// Two fields are sought for the rows of the column.
    Halving { fields: [Vec<f32>; 2], n_passes: usize },
    /// A daughter is to be made, with the second of these fields, for the rows of these ids; so many
    /// rows were halved.
    Halved { fields: [Vec<f32>; 2], leaving: Vec<u32>, n_rows: usize },
    /// The rows of these ids are yet to leave for the daughter.
    Dividing { daughter: usize, leaving: Vec<u32> },
    /// The rows are divided; the columns around are yet to be found.
    Divided { daughter: usize },
    /// The rows of the halves and of the columns around move to where they are nearest; those of
    /// `left` are yet to do so.
    Settling { daughter: usize, around: Vec<usize>, left: Vec<usize> },
}

impl Splitting {
    /// A column, its daughter, and the rows that are yet to leave for her.
    pub(crate) fn leaving(&self) -> Option<(usize, usize, &[u32])> {
        match &self.stage {
            Stage::Dividing { daughter, leaving } => Some((self.column, *daughter, leaving)),
            _ => None,
        }
    }

    /// A column is gone, and the last took its number; says whether the split can go on.
    fn renumber(&mut self, gone: usize, last: usize) -> bool {
        let renamed = |column: &mut usize| {
            let stays = *column != gone;
            if *column == last {
                *column = gone;
            }
            stays
        };
        let mut goes_on = renamed(&mut self.column);
        match &mut self.stage {
            Stage::Halving { .. } | Stage::Halved { .. } => {}
            Stage::Dividing { daughter, .. } | Stage::Divided { daughter } => {
                goes_on &= renamed(daughter);
            }
            Stage::Settling { daughter, around, left } => {
                goes_on &= renamed(daughter);
                around.retain_mut(renamed);
                left.retain_mut(renamed);
            }
        }
        goes_on
    }
}

impl Columns {
    /// Takes the split that is under way one stage further, or begins that of a loaded column; says
    /// whether a column was divided.
    pub(crate) fn split_further(&mut self, column: usize) -> bool {
        let n_splits = self.counts.n_splits;
        self.splitting = match self.splitting.take() {
            Some(splitting) => self.next_stage(*splitting).map(Box::new),
            None => self.is_loaded(column).then(|| Box::new(self.begin_split(column))),
        };
        self.counts.n_splits > n_splits
    }

    /// Splits a column from beginning to end if it is loaded; says whether it did.
    pub(crate) fn split_if_loaded(&mut self, column: usize) -> bool {
        let loaded = self.is_loaded(column);
        let mut splitting = loaded.then(|| self.begin_split(column));
        while let Some(stage) = splitting {
            splitting = self.next_stage(stage);
        }
        loaded
    }

    fn is_loaded(&self, column: usize) -> bool {
        let limit = SPLIT_AT * self.wanted_load();
        self.columns[column].list.len() > limit && self.columns.len() < MAX_COLUMNS
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

    fn begin_split(&mut self, column: usize) -> Splitting {
        let list = &self.columns[column].list;
        self.counts.n_compared += list.len() as u64;
        let first = random::below(&mut self.random, list.len());
        let fields = halves::ends(self.isa, list, first, self.config.dimension);
        Splitting { column, stage: Stage::Halving { fields, n_passes: 0 } }
    }

    /// The next stage of a split; nothing if it is at its end, or the column is no longer loaded.
    fn next_stage(&mut self, splitting: Splitting) -> Option<Splitting> {
        let column = splitting.column;
        let stage = match splitting.stage {
            Stage::Halving { fields, n_passes } => self.halve(column, &fields, n_passes + 1)?,
            Stage::Halved { fields, leaving, n_rows } => {
                self.bear(column, &fields, leaving, n_rows)
            }
            Stage::Dividing { daughter, leaving } => self.divide(column, daughter, leaving),
            Stage::Divided { daughter } => self.look_around(column, daughter),
            Stage::Settling { daughter, around, left } => {
                self.settle(column, daughter, around, left)?
            }
        };
        Some(Splitting { column, stage })
    }

    /// One pass of 2-means; after the last it is known which rows leave.
    fn halve(&mut self, column: usize, fields: &[Vec<f32>; 2], n_passes: usize) -> Option<Stage> {
        let list = &self.columns[column].list;
        if list.len() <= self.wanted_load() {
            return None;
        }
        self.counts.n_compared += 2 * list.len() as u64;
        let halves = halves::pass(self.isa, list, fields);
        if n_passes < PASSES {
            return Some(Stage::Halving { fields: halves.fields, n_passes });
        }
        let list = &self.columns[column].list;
        let second = list.ids.iter().zip(&halves.second).filter(|(_, second)| **second);
        let leaving = second.map(|(id, _)| *id).collect();
        Some(Stage::Halved { fields: halves.fields, leaving, n_rows: list.len() })
    }

    /// Makes a column's daughter, which is empty yet. The column learns what came since it was halved.
    fn bear(
        &mut self,
        column: usize,
        fields: &[Vec<f32>; 2],
        leaving: Vec<u32>,
        n_rows: usize,
    ) -> Stage {
        let daughter = self.add_column(&fields[1], Some(self.columns[column].cell));
        self.fields.set(column, &fields[0]);
        let (list, mut row) = (&self.columns[column].list, vec![0.0; self.config.dimension]);
        for at in n_rows..list.len() {
            list.floats(at, self.width, &mut row);
            self.fields.learn(column, &row, 1.0 / (1 + at) as f32);
        }
        if let Some(walk) = &mut self.walk {
            walk.divided(column, daughter);
        }
        let n_updates = (self.columns[column].n_updates / 2).max(1);
        for half in [column, daughter] {
            self.columns[half].n_updates = n_updates;
        }
        self.counts.n_splits += 1;
        Stage::Dividing { daughter, leaving }
    }

    /// Finds the columns around the two halves.
    fn look_around(&mut self, column: usize, daughter: usize) -> Stage {
        let (near, compared) = self.fields.nearest(&self.probe_of(column), AROUND + 2);
        self.counts.n_compared += compared as u64;
        let around = near.iter().map(|r| r.column()).filter(|c| *c != column && *c != daughter);
        let around: Vec<usize> = around.collect();
        let left = around.iter().copied().chain([column, daughter]).collect();
        Stage::Settling { daughter, around, left }
    }

    /// Moves some rows of the second half of a column to its daughter.
    fn divide(&mut self, column: usize, daughter: usize, mut leaving: Vec<u32>) -> Stage {
        let n = (LEAVING_BYTES / self.width).clamp(LEAVING.0, LEAVING.1);
        let now = leaving.split_off(leaving.len().saturating_sub(n));
        self.relocate_all(column, now.into_iter().map(|id| (id, daughter)).collect());
        if leaving.is_empty() {
            return Stage::Divided { daughter };
        }
        Stage::Dividing { daughter, leaving }
    }

    /// Moves the rows of the next of the two halves and of the columns around to where they are
    /// nearest.
    fn settle(
        &mut self,
        column: usize,
        daughter: usize,
        around: Vec<usize>,
        mut left: Vec<usize>,
    ) -> Option<Stage> {
        let (from, halves) = (left.pop()?, [column, daughter]);
        let mut moves = Vec::new();
        if halves.contains(&from) {
            let others: Vec<usize> =
                around.iter().copied().chain(halves).filter(|c| *c != from).collect();
            self.find_moves(from, &others, &mut moves);
        } else {
            self.find_moves(from, &halves, &mut moves);
        }
        self.counts.n_moved += moves.len() as u64;
        self.relocate_all(from, moves);
        (!left.is_empty()).then_some(Stage::Settling { daughter, around, left })
    }

    pub(crate) fn probe_of(&self, column: usize) -> Probe {
        self.fields.probe(column)
    }

    /// The rows of a column that are nearer to one of the others.
    fn find_moves(&mut self, from: usize, others: &[usize], moves: &mut Moves) {
        let list = &self.columns[from].list;
        let mut best = vec![0.0; list.len()];
        list.score(self.isa, &self.probe_of(from), &mut best);
        self.add_sway(list, from, &mut best);
        best.iter_mut().for_each(|score| *score += NEARER);
        let mut to = vec![from; list.len()];
        let mut scores = vec![0.0; list.len()];
        for other in others {
            list.score(self.isa, &self.probe_of(*other), &mut scores);
            self.add_sway(list, *other, &mut scores);
            for ((best, to), score) in best.iter_mut().zip(&mut to).zip(&scores) {
                if score > best {
                    (*best, *to) = (*score, *other);
                }
            }
        }
        self.counts.n_compared += (list.len() * (1 + others.len())) as u64;
        let moved = list.ids.iter().zip(to).filter(|(_, to)| *to != from);
        moves.extend(moved.map(|(id, to)| (*id, to)));
    }

    /// Adds to the score of each row of a list what the other fields of a column answer to it.
    fn add_sway(&self, rows: &List, column: usize, scores: &mut [f32]) {
        if rows.receptive().is_none() {
            return;
        }
        let list = &self.columns[column].list;
        for (at, score) in scores.iter_mut().enumerate() {
            *score += self.sway(list.answers(&rows.aspects(at)));
        }
    }

    /// Moves rows of a column; room is made once for each column that gets some.
    fn relocate_all(&mut self, from: usize, mut moves: Moves) {
        moves.sort_by_key(|(_, to)| *to);
        for group in moves.chunk_by(|a, b| a.1 == b.1) {
            let to = group[0].1;
            if group.len() > 1 {
                self.columns[to].list.reserve(group.len(), self.width, self.config.residual);
            }
            group.iter().for_each(|(id, to)| self.relocate(*id, from, *to));
            self.columns[to].list.give_back(self.width);
        }
        self.columns[from].list.give_back(self.width);
    }

    /// Moves a row; one whose other copy is there already is dropped.
    fn relocate(&mut self, id: u32, from: usize, to: usize) {
        let Some(at) = simd::find(self.isa, &self.columns[from].list.ids, id) else { return };
        let mut list = std::mem::take(&mut self.columns[from].list);
        if self.places.n_copies() > 0
            && [self.places.get(id), self.places.copy(id)].contains(&Some(to))
        {
            self.scales -= u64::from(list.scales[at]);
            self.places.set(id, to);
            self.places.forget_copy(id);
        } else {
            list.copy_to(at, self.width, &mut self.columns[to].list);
            self.places.moved(id, from, to);
        }
        list.swap_remove(at, self.width);
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
        let id = list.ids[at];
        if self.places.get(id) != Some(column) || self.places.copy(id).is_some() {
            return;
        }
        let (probe, aspects) = (list.probe(at, self.width), list.aspects(at));
        let (best, compared) = self.fields.best(&probe);
        self.counts.n_compared += compared as u64;
        let Some(best) = best.filter(|best| best.column() != column) else { return };
        let support = |column: usize, score: f32| {
            score + self.sway(self.columns[column].list.answers(&aspects))
        };
        let own = support(column, self.fields.score(column, &probe));
        if support(best.column(), best.score()) > own + NEARER {
            self.relocate_all(column, vec![(id, best.column())]);
            self.counts.n_moved += 1;
        }
    }

    /// Lets everything that is stored compete once more with all its aspects: for what was built from
    /// vectors alone. Each item costs about as much as an insertion.
    pub fn compete_again(&mut self) {
        for column in 0..self.columns.len() {
            let moves = self.won_by_others(column);
            self.counts.n_moved += moves.len() as u64;
            self.relocate_all(column, moves);
        }
        self.mend();
    }

    /// The rows of a column that another answers to more.
    fn won_by_others(&self, column: usize) -> Moves {
        let list = &self.columns[column].list;
        let other = |at: usize| {
            let (id, aspects) = (list.ids[at], list.aspects(at));
            let alone = self.places.get(id) == Some(column) && self.places.copy(id).is_none();
            let probe = list.probe(at, self.width);
            let answers = |to: usize| self.columns[to].list.answers(&aspects);
            let support = |to: usize, score: f32| score + self.sway(answers(to));
            let own = support(column, self.fields.score(column, &probe)) + NEARER;
            let (near, _) = self.fields.nearest(&probe, self.config.competitors);
            let ranked = near.iter().map(|r| (support(r.column(), r.score()), r.column()));
            let (best, to) = ranked.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))?;
            (alone && to != column && best > own).then_some((id, to))
        };
        (0..list.len()).filter_map(other).collect()
    }

    /// Makes the mean of a column's rows its field.
    fn refresh(&mut self, column: usize) {
        self.columns[column].list.shrink();
        let list = &self.columns[column].list;
        let mut sum = vec![0.0f32; self.config.dimension];
        (0..list.len()).for_each(|at| list.add_to(self.isa, at, self.width, &mut sum));
        self.counts.n_compared += list.len() as u64;
        self.set_direction(column, &mut sum);
        self.counts.n_compared += self.fields.rehome(column) as u64;
    }

    /// Gives the rows of a column to the nearest of the columns around it, and drops it.
    fn merge(&mut self, column: usize) {
        let (near, _) = self.fields.nearest(&self.probe_of(column), AROUND + 1);
        let around: Vec<Ranked> = near.into_iter().filter(|r| r.column() != column).collect();
        let probes: Vec<(usize, Probe)> =
            around.iter().map(|r| (r.column(), self.probe_of(r.column()))).collect();
        let moves = self.nearest_of(column, &probes);
        self.relocate_all(column, moves);
        self.counts.n_merges += 1;
        self.drop_column(column);
    }

    fn nearest_of(&self, column: usize, probes: &[(usize, Probe)]) -> Moves {
        let list = &self.columns[column].list;
        let mut best = vec![(f32::NEG_INFINITY, column); list.len()];
        let mut scores = vec![0.0; list.len()];
        for (other, probe) in probes {
            list.score(self.isa, probe, &mut scores);
            self.add_sway(list, *other, &mut scores);
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
        if self.splitting.as_mut().is_some_and(|s| !s.renumber(column, last)) {
            self.splitting = None;
        }
        if column == last {
            return;
        }
        self.grid.rename(self.columns[column].cell, column);
        for id in &self.columns[column].list.ids {
            self.places.moved(*id, last, column);
        }
    }
}
