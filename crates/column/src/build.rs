//! All vectors at once: k-means on a sample, one assignment, then the same splitting and merging as
//! when they come one by one.

use crate::code::{Code, unit};
use crate::fields::Ranked;
use crate::list::List;
use crate::simd::Isa;
use crate::{Columns, Config, Error};
use crate::{columns::BORDER, random};

/// Fewer than these are inserted one by one.
const FEW: usize = 1024;
/// Vectors of the sample for each column.
const SAMPLE: usize = 24;
/// Passes over the sample.
const PASSES: usize = 6;
/// The load after a build, in tenths of the wanted load: columns have room to grow.
const FILL_TENTHS: usize = 16;
/// Stored vectors that breadth is calibrated with.
const N_CALIBRATIONS: usize = 768;
/// The most threads.
const MAX_THREADS: usize = 256;

/// Where a vector goes: its column, the next one, and the share of the best that the next has.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    pub(crate) column: u32,
    pub(crate) next: u32,
    pub(crate) share: f32,
}

impl Columns {
    /// All vectors at once: faster than one by one, of the same quality, with up to `threads` threads,
    /// whose number changes nothing in the result. Nothing competes and no duplicate is looked for.
    ///
    /// # Errors
    /// As [`Columns::insert`] and [`Columns::new`]; nothing is built then.
    pub fn build(config: Config, items: &[(u32, &[f32])], threads: usize) -> Result<Self, Error> {
        Self::build_with_isa(config, items, threads, Isa::detect())
    }

    /// As [`Columns::build`], on this instruction set; the result is the same on each.
    ///
    /// # Errors
    /// As [`Columns::build`].
    pub fn build_with_isa(
        config: Config,
        items: &[(u32, &[f32])],
        threads: usize,
        isa: Isa,
    ) -> Result<Self, Error> {
        let mut columns = Self::with_isa(config, isa)?;
        columns.check_room(items.len())?;
        if items.len() < FEW {
            for (id, vector) in items {
                columns.insert(*id, vector)?;
            }
            return Ok(columns);
        }
        let threads = threads.clamp(1, MAX_THREADS);
        let all = columns.encode_all(items, threads)?;
        columns.train(&all, threads);
        let places = columns.assign(&all, threads);
        columns.deal(&all, &places);
        columns.mend();
        columns.calibrate_all(threads);
        Ok(columns)
    }

    pub(crate) fn check_room(&self, n: usize) -> Result<(), Error> {
        let limit = self.config.max_items;
        if n > limit { Err(Error::Full { limit }) } else { Ok(()) }
    }

    /// Calibrates breadth for what was built at once.
    pub(crate) fn calibrate_all(&mut self, threads: usize) {
        self.calibrate_on(N_CALIBRATIONS, threads);
    }

    /// The rows of all items, each id once.
    pub(crate) fn encode_all(
        &self,
        items: &[(u32, &[f32])],
        threads: usize,
    ) -> Result<List, Error> {
        let mut ids: Vec<u32> = items.iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        if let Some(twice) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::Exists { id: twice[0] });
        }
        let parts = in_parts(items, threads, |part| self.encode_part(part));
        let mut all = List::default();
        for part in parts {
            all.append(part?, self.width);
        }
        Ok(all)
    }

    fn encode_part(&self, items: &[(u32, &[f32])]) -> Result<List, Error> {
        let mut list = List::default();
        list.reserve(items.len(), self.width, self.config.residual);
        for (id, vector) in items {
            let unit = unit(vector, self.config.dimension)?;
            let code = Code::of(&unit);
            let residual = self.config.residual.then(|| code.residual(&unit));
            list.push(*id, &code.row, code.scale, residual.as_deref());
        }
        Ok(list)
    }

    /// Learns the fields from a sample.
    fn train(&mut self, all: &List, threads: usize) {
        let n = all.len();
        let load = self.load_for(n) * FILL_TENTHS / 10;
        let n_columns = (n / load).max(1);
        let mut state = self.random;
        let n_sample = (SAMPLE * n_columns).min(n);
        let sample: Vec<usize> = (0..n_sample).map(|_| random::below(&mut state, n)).collect();
        let d = self.config.dimension;
        let mut row = vec![0.0; d];
        for at in &sample[..n_columns] {
            all.floats(*at, self.width, &mut row);
            let near = self.columns.last().map(|c| c.cell);
            self.add_column(&row, near);
        }
        for _ in 0..PASSES {
            let places =
                in_parts(&sample, threads, |part| self.assign_each(all, part, false)).concat();
            let mut sums = vec![0.0f32; n_columns * d];
            let mut loads = vec![0u32; n_columns];
            for (at, place) in sample.iter().zip(places) {
                let column = place.column as usize;
                loads[column] += 1;
                all.add_to(self.isa, *at, self.width, &mut sums[column * d..(column + 1) * d]);
            }
            for (column, sum) in sums.chunks_exact_mut(d).enumerate() {
                if loads[column] == 0 {
                    all.floats(sample[random::below(&mut state, n_sample)], self.width, sum);
                }
                self.set_direction(column, sum);
            }
            self.fields.regroup();
        }
        self.random = state;
    }

    /// Gives a column the direction of a sum as its field, unless it has none.
    pub(crate) fn set_direction(&mut self, column: usize, sum: &mut [f32]) {
        let norm = crate::simd::dot(self.isa, sum, sum).sqrt();
        if norm > 1e-6 {
            sum.iter_mut().for_each(|x| *x /= norm);
            self.fields.set(column, sum);
        }
    }

    pub(crate) fn assign_each(&self, all: &List, which: &[usize], two: bool) -> Vec<Place> {
        let mut near: Vec<Ranked> = Vec::new();
        let place = |at: &usize| {
            let probe = all.probe(*at, self.width);
            let (Some(best), _) = self.fields.best(&probe) else { return Place::default() };
            if !two {
                return Place { column: best.column() as u32, ..Place::default() };
            }
            self.fields.near(&probe, 2, &mut near);
            let next = near.iter().copied().filter(|r| *r != best).max().unwrap_or(best);
            let share = if best.score() > 0.0 { next.score() / best.score() } else { 0.0 };
            Place { column: best.column() as u32, next: next.column() as u32, share }
        };
        which.iter().map(place).collect()
    }

    /// The column of every row.
    fn assign(&self, all: &List, threads: usize) -> Vec<(usize, Place)> {
        let which: Vec<usize> = (0..all.len()).collect();
        let two = self.config.spill_share > 0.0;
        let places = in_parts(&which, threads, |part| self.assign_each(all, part, two)).concat();
        which.into_iter().zip(places).collect()
    }

    /// Puts rows into their columns, those nearest to a border into the next one too, and makes the
    /// mean of a column's rows its field.
    pub(crate) fn deal(&mut self, all: &List, places: &[(usize, Place)]) {
        let d = self.config.dimension;
        let mut sums = vec![0.0f32; self.columns.len() * d];
        self.reserve(places);
        for (at, place) in places {
            let column = place.column as usize;
            self.seat(all, *at, column);
            all.add_to(self.isa, *at, self.width, &mut sums[column * d..(column + 1) * d]);
        }
        self.spill_all(all, places);
        for (column, sum) in sums.chunks_exact_mut(d).enumerate() {
            self.set_direction(column, sum);
            self.columns[column].list.shrink();
            self.columns[column].n_updates = self.columns[column].list.len().max(1) as u64;
        }
        self.fields.regroup();
        self.counts.n_insertions = places.len() as u64;
    }

    /// Second copies of the rows nearest to a border, as many as may be.
    fn spill_all(&mut self, all: &List, places: &[(usize, Place)]) {
        let border = |(_, place): &&(usize, Place)| place.share >= BORDER && place.share < 1.0;
        let mut near: Vec<&(usize, Place)> = places.iter().filter(border).collect();
        near.sort_by(|a, b| b.1.share.total_cmp(&a.1.share).then(a.0.cmp(&b.0)));
        near.truncate((f64::from(self.config.spill_share) * places.len() as f64) as usize);
        for (at, place) in near {
            let next = place.next as usize;
            self.take(all, *at, next);
            self.places.set_copy(all.ids[*at], next);
        }
    }

    /// Room in each column for the rows that it gets.
    fn reserve(&mut self, places: &[(usize, Place)]) {
        let mut loads = vec![0; self.columns.len()];
        places.iter().for_each(|(_, place)| loads[place.column as usize] += 1);
        for (column, load) in self.columns.iter_mut().zip(loads) {
            column.list.reserve(load, self.width, self.config.residual);
        }
    }

    /// Puts a row into its column.
    pub(crate) fn seat(&mut self, all: &List, at: usize, column: usize) {
        self.take(all, at, column);
        self.places.set(all.ids[at], column);
    }

    fn take(&mut self, all: &List, at: usize, column: usize) {
        self.scales += u64::from(all.scales[at]);
        all.copy_to(at, self.width, &mut self.columns[column].list);
    }

    /// Splits what is loaded and merges what is not.
    pub(crate) fn mend(&mut self) {
        let mut column = 0;
        while column < self.columns.len() {
            // A half may be loaded still.
            if !self.split_if_loaded(column) {
                column += 1;
            }
        }
        for column in (0..self.columns.len()).rev() {
            self.merge_if_due(column);
        }
        self.columns.iter_mut().for_each(|column| column.list.shrink());
    }
}

/// Works on as many parts as there are threads, and gives the results in order.
pub(crate) fn in_parts<T: Sync, R: Send>(
    all: &[T],
    threads: usize,
    work: impl Fn(&[T]) -> R + Sync,
) -> Vec<R> {
    if threads < 2 {
        return vec![work(all)];
    }
    let size = all.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> =
            all.chunks(size).map(|part| scope.spawn(move || work(part))).collect();
        let join = |handle: std::thread::ScopedJoinHandle<'_, R>| match handle.join() {
            Ok(result) => result,
            Err(bug) => std::panic::resume_unwind(bug),
        };
        running.into_iter().map(join).collect()
    })
}
