//! The index: columns that compete for what is stored, and the bookkeeping around them.
//! Searching is in `seek`, splitting and merging in `split`, all at once in `build`.

use crate::allocation::{Allocation, Competitor, Convergence, Duplicate, Likeness};
use crate::aspects::{Aspects, Votes};
use crate::breadth::Curve;
use crate::code::{Code, Probe, UNIT, unit};
use crate::compete::{Outcome, compete};
use crate::encode::encode;
use crate::fields::{Fields, Ranked, rank};
use crate::grid::{Cell, Grid};
use crate::list::List;
use crate::packed::width_of;
use crate::places::Places;
use crate::simd::{self, Isa};
use crate::split::Splitting;
use crate::walk::Walk;
use crate::{Bytes, ColumnSurvey, Config, Error, MAX_COLUMNS, State, Survey};

/// Columns, best first, in which a vector is looked for that the new one repeats.
const DUPLICATE_BREADTH: usize = 3;
/// The slowest that a field learns.
const LEAST_ETA: f32 = 0.002;
/// An item whose second overlap is at least this share of the best lies near a border.
pub(crate) const BORDER: f32 = 0.95;
/// The load that columns grow to, of small and of large indexes.
const LOADS: (f64, f64) = (64.0, 130.0);
/// Bytes that a column has beside its rows and its field, about.
const COLUMN_BYTES: usize = size_of::<Column>() + 20;
/// The most of a column's bytes that an item of the wanted load bears; columns are filled to more.
const SHARE_BYTES: f64 = 8.0;
/// Places in the histogram of iterations.
pub(crate) const N_ITERATIONS: usize = 64;

/// One index of the vectors of one collection.
#[derive(Clone, Debug)]
pub struct Columns {
    pub(crate) config: Config,
    pub(crate) isa: Isa,
    /// Bytes of a row.
    pub(crate) width: usize,
    pub(crate) columns: Vec<Column>,
    pub(crate) fields: Fields,
    pub(crate) places: Places,
    pub(crate) curve: Curve,
    /// The calibration that is under way.
    pub(crate) walk: Option<Box<Walk>>,
    /// The split that is under way.
    pub(crate) splitting: Option<Box<Splitting>>,
    pub(crate) grid: Grid,
    pub(crate) random: u64,
    /// The column and the row that compete once more next.
    pub(crate) cursor: (usize, usize),
    /// Sum of the scales of all rows, for their mean.
    pub(crate) scales: u64,
    pub(crate) counts: Counts,
}

/// A column: its rows, and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) list: List,
    pub(crate) cell: Cell,
    /// The insertion at which it came to be.
    pub(crate) born: u64,
    /// The insertion that it won last; 0 for none.
    pub(crate) won: u64,
    pub(crate) n_updates: u64,
}

/// What happened since the start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) n_insertions: u64,
    pub(crate) n_splits: u64,
    pub(crate) n_merges: u64,
    pub(crate) n_moved: u64,
    pub(crate) iterations: Vec<u64>,
    pub(crate) n_unsettled: u64,
    pub(crate) n_exact: u64,
    pub(crate) n_near: u64,
    /// Rows and fields that insertions compared or added up, but for who wants what is stored.
    pub(crate) n_compared: u64,
}

/// A vector and who wants it.
struct Candidate {
    code: Code,
    allocation: Allocation,
}

impl Columns {
    /// No vectors yet.
    ///
    /// # Errors
    /// [`Error::Config`].
    pub fn new(config: Config) -> Result<Self, Error> {
        Self::with_isa(config, Isa::detect())
    }

    /// As [`Columns::new`], on this instruction set; results are the same on each.
    ///
    /// # Errors
    /// [`Error::Config`].
    pub fn with_isa(config: Config, isa: Isa) -> Result<Self, Error> {
        config.check()?;
        let isa = if Isa::available().contains(&isa) { isa } else { Isa::Portable };
        Ok(Self {
            isa,
            width: width_of(config.dimension),
            columns: Vec::new(),
            fields: Fields::new(isa, config.dimension),
            places: Places::default(),
            curve: Curve::default(),
            walk: None,
            splitting: None,
            grid: Grid::default(),
            random: config.seed,
            cursor: (0, 0),
            scales: 0,
            counts: Counts { iterations: vec![0; N_ITERATIONS], ..Counts::default() },
            config,
        })
    }

    /// What it was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Stores a vector under an id; its direction counts, its length does not.
    ///
    /// # Errors
    /// [`Error::Dimension`], [`Error::NotFinite`], [`Error::Zero`], [`Error::Exists`], [`Error::Full`].
    pub fn insert(&mut self, id: u32, vector: &[f32]) -> Result<Allocation, Error> {
        self.insert_with(id, vector, Aspects::default())
    }

    /// As [`Columns::insert`], of an item that is more than its vector: all its aspects vote.
    ///
    /// # Errors
    /// As [`Columns::insert`].
    pub fn insert_with(
        &mut self,
        id: u32,
        vector: &[f32],
        aspects: Aspects,
    ) -> Result<Allocation, Error> {
        let unit = unit(vector, self.config.dimension)?;
        if self.contains(id) {
            return Err(Error::Exists { id });
        }
        if self.len() >= self.config.max_items {
            return Err(Error::Full { limit: self.config.max_items });
        }
        let Candidate { code, mut allocation } = self.weigh(&unit, &aspects)?;
        let compared = self.counts.n_compared;
        self.calibrate_with(id, &unit);
        self.counts.n_insertions += 1;
        self.count(&allocation);
        let residual = self.config.residual.then(|| code.residual(&unit));
        let winner = allocation.winner as usize;
        if self.columns.is_empty() {
            self.add_column(&unit, None);
        } else if self.state(winner) != State::Refractory {
            let n = self.columns[winner].n_updates + 1;
            self.fields.learn(winner, &unit, LEAST_ETA.max(1.0 / n as f32));
            self.columns[winner].n_updates = n;
        }
        self.put(id, winner, &code, residual.as_deref());
        self.places.set(id, winner);
        if let Some(second) = allocation.spill {
            self.put(id, second as usize, &code, residual.as_deref());
            self.places.set_copy(id, second as usize);
        }
        self.attend(id, aspects);
        self.columns[winner].won = self.counts.n_insertions;
        allocation.split = self.split_further(winner);
        (0..self.config.replays).for_each(|_| self.replay());
        allocation.compared += (self.counts.n_compared - compared) as u32;
        Ok(allocation)
    }

    /// What [`Columns::insert`] would do, without doing it.
    ///
    /// # Errors
    /// [`Error::Dimension`], [`Error::NotFinite`], [`Error::Zero`].
    pub fn allocate(&self, vector: &[f32]) -> Result<Allocation, Error> {
        self.allocate_with(vector, Aspects::default())
    }

    /// What [`Columns::insert_with`] would do, without doing it.
    ///
    /// # Errors
    /// As [`Columns::allocate`].
    pub fn allocate_with(&self, vector: &[f32], aspects: Aspects) -> Result<Allocation, Error> {
        Ok(self.weigh(&unit(vector, self.config.dimension)?, &aspects)?.allocation)
    }

    /// Tells what a stored item is beside its vector, where that was not known or has changed; says
    /// whether it is stored. It stays where it is; [`Columns::compete_again`] lets it move.
    pub fn attend(&mut self, id: u32, aspects: Aspects) -> bool {
        let Some(column) = self.places.get(id) else { return false };
        for column in [Some(column), self.places.copy(id)].into_iter().flatten() {
            let list = &mut self.columns[column].list;
            if let Some(at) = simd::find(self.isa, &list.ids, id) {
                list.set_aspects(at, aspects);
            }
        }
        true
    }

    /// Takes an item away, row and all; says whether it was there.
    pub fn remove(&mut self, id: u32) -> bool {
        let Some(column) = self.places.get(id) else { return false };
        let copy = self.places.copy(id);
        self.places.forget(id);
        for column in [Some(column), copy].into_iter().flatten() {
            let list = &mut self.columns[column].list;
            if let Some(at) = simd::find(self.isa, &list.ids, id) {
                self.scales -= u64::from(list.scales[at]);
                list.swap_remove(at, self.width);
                list.give_back(self.width);
            }
        }
        // The higher number first: merging a column renames the last one only.
        let mut touched = [Some(column), copy];
        touched.sort_unstable_by(|a, b| b.cmp(a));
        touched.into_iter().flatten().for_each(|column| self.merge_if_due(column));
        true
    }

    /// Whether the id is stored.
    pub fn contains(&self, id: u32) -> bool {
        self.places.get(id).is_some()
    }

    /// The vector, at unit length and to the stored precision.
    pub fn vector(&self, id: u32) -> Option<Vec<f32>> {
        let list = &self.columns[self.places.get(id)?].list;
        let at = simd::find(self.isa, &list.ids, id)?;
        let mut vector = vec![0.0; self.config.dimension];
        list.fine_floats(at, self.width, &mut vector);
        Some(vector)
    }

    /// Items stored.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many columns there are.
    pub fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// Insertions so far; what was built at once counts as inserted.
    pub fn n_insertions(&self) -> u64 {
        self.counts.n_insertions
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> Bytes {
        let mut bytes = Bytes { places: self.places.bytes(), ..Bytes::default() };
        for column in &self.columns {
            let (rows, labels) = column.list.bytes();
            bytes.rows += rows;
            bytes.labels += labels;
        }
        bytes.columns = self.columns.capacity() * size_of::<Column>()
            + self.fields.bytes()
            + self.grid.bytes()
            + self.curve.bytes()
            + self.counts.iterations.capacity() * size_of::<u64>();
        bytes
    }

    /// What the columns look like.
    pub fn survey(&self) -> Survey {
        let columns: Vec<ColumnSurvey> = (0..self.columns.len()).map(|i| self.look_at(i)).collect();
        let mut states = [0; State::ALL.len()];
        for column in &columns {
            states[column.state as usize] += 1;
        }
        let n_rows = columns.iter().map(|c| c.load).sum();
        let mean = n_rows as f64 / columns.len().max(1) as f64;
        let squares: f64 = columns.iter().map(|c| (c.load as f64 - mean).powi(2)).sum();
        let deviation = (squares / columns.len().max(1) as f64).sqrt();
        Survey {
            n_items: self.len(),
            n_rows,
            load_cv: if mean > 0.0 { deviation / mean } else { 0.0 },
            states,
            n_splits: self.counts.n_splits,
            n_merges: self.counts.n_merges,
            n_moved: self.counts.n_moved,
            iterations: self.counts.iterations.clone(),
            n_unsettled: self.counts.n_unsettled,
            n_exact_duplicates: self.counts.n_exact,
            n_near_duplicates: self.counts.n_near,
            recall_gap: self.curve.gap(self.config.recall),
            columns,
        }
    }

    fn look_at(&self, column: usize) -> ColumnSurvey {
        let it = &self.columns[column];
        ColumnSurvey {
            load: it.list.len(),
            state: self.state(column),
            n_updates: it.n_updates,
            age: self.counts.n_insertions - it.born,
            position: it.cell,
            neighbours: self.grid.neighbours(it.cell),
        }
    }

    /// What a column is doing, between insertions.
    fn state(&self, column: usize) -> State {
        let won = self.columns[column].won;
        match self.counts.n_insertions - won {
            _ if won == 0 => State::Available,
            0 => State::Allocated,
            since if since <= u64::from(self.config.refractory) => State::Refractory,
            _ => State::Available,
        }
    }

    /// Who wants a vector, and who gets it.
    fn weigh(&self, unit: &[f32], aspects: &Aspects) -> Result<Candidate, Error> {
        let code = Code::of(unit);
        let probe = Probe::of_row(&code.row, code.scale);
        let (near, compared) = self.fields.nearest(&probe, self.config.competitors.max(2));
        let nearest = &near[..near.len().min(self.config.competitors)];
        let competitors: Vec<Competitor> =
            nearest.iter().map(|near| self.competitor(*near, aspects)).collect();
        let support: Vec<f32> = competitors.iter().map(|c| c.support).collect();
        let outcome = compete(&support, self.config.inhibition, self.config.max_iterations);
        let won = nearest.get(outcome.winner);
        let winner = won.map_or(0, |r| r.column());
        let allocation = Allocation {
            winner: winner as u32,
            spill: won.and_then(|won| self.spill(*won, &near)),
            overlap: won.map_or(1.0, |r| r.score()),
            convergence: self.convergence(&outcome, competitors.len()),
            competitors,
            duplicate: self.duplicate(unit, &code, &probe, &near),
            spikes: encode(unit),
            state: won
                .map_or(Ok(State::Available), |_| Ok(self.state_before(winner)))
                .and_then(|state: State| state.to(State::Activated))
                .and_then(|state| state.to(State::Competing))
                .and_then(|state| state.to(State::Allocated))?,
            split: false,
            compared: (compared + self.duplicates_among(&near)) as u32,
        };
        Ok(Candidate { code, allocation })
    }

    /// A column near an item, and what its receptive fields vote.
    fn competitor(&self, near: Ranked, aspects: &Aspects) -> Competitor {
        let list = &self.columns[near.column()].list;
        let answers = list.answers(aspects);
        let [structural, temporal, exception] = answers;
        let votes = Votes { semantic: near.score(), structural, temporal, exception };
        let mean = self.n_rows() as f32 / self.columns.len().max(1) as f32;
        let load = list.len().max(1) as f32;
        let held_back = self.config.conscience * (load / mean).ln();
        Competitor {
            column: near.column() as u32,
            votes,
            support: near.score() + self.sway(answers) - held_back,
        }
    }

    /// What a column's fields beside that of its vectors count together.
    pub(crate) fn sway(&self, answers: [f32; 3]) -> f32 {
        let Config { structural, temporal, exception, .. } = self.config;
        structural * answers[0] + temporal * answers[1] + exception * answers[2]
    }

    /// The state of a column once another insertion has begun.
    fn state_before(&self, column: usize) -> State {
        match self.state(column) {
            State::Allocated if self.config.refractory == 0 => State::Available,
            State::Allocated => State::Refractory,
            state => state,
        }
    }

    fn convergence(&self, outcome: &Outcome, n: usize) -> Convergence {
        Convergence {
            settled: outcome.settled,
            iterations: outcome.iterations,
            seconds: outcome.iterations as f32 * self.config.iteration_seconds,
            competitors: n as u32,
            lead: outcome.lead,
        }
    }

    /// The column for a second copy, if the item lies near its border and there is room.
    fn spill(&self, won: Ranked, near: &[Ranked]) -> Option<u32> {
        let room = self.places.n_copies() as f32 + 1.0
            <= self.config.spill_share * (self.len() as f32 + 1.0);
        let second = near.iter().find(|r| r.column() != won.column())?;
        (room && second.score() >= BORDER * won.score()).then_some(second.column() as u32)
    }

    /// In how many rows a duplicate is looked for.
    fn duplicates_among(&self, near: &[Ranked]) -> usize {
        near.iter().take(DUPLICATE_BREADTH).map(|r| self.columns[r.column()].list.len()).sum()
    }

    /// The stored vector most alike, if it is alike enough.
    fn duplicate(
        &self,
        unit: &[f32],
        code: &Code,
        probe: &Probe,
        near: &[Ranked],
    ) -> Option<Duplicate> {
        let mut ranked = Vec::new();
        let mut best: Option<(f32, usize, usize)> = None;
        for column in near.iter().take(DUPLICATE_BREADTH).map(|r| r.column()) {
            let list = &self.columns[column].list;
            ranked.clear();
            rank(self.isa, list, probe, &mut ranked);
            for (at, r) in ranked.iter().enumerate() {
                if best.is_none_or(|(score, ..)| r.score() > score) {
                    best = Some((r.score(), column, at));
                }
            }
        }
        let (_, column, at) = best?;
        let list = &self.columns[column].list;
        let row = list.row(at, self.width);
        let equal = row == code.row && list.scales[at] == code.scale;
        let bytes = &row[..unit.len()];
        let step = f32::from(list.scales[at]) * UNIT;
        let similarity = (simd::dot_bytes(self.isa, bytes, unit) * step).min(1.0);
        let likeness = if equal { Likeness::Exact } else { Likeness::Near };
        let alike = equal || similarity >= self.config.near_duplicate;
        alike.then_some(Duplicate { id: list.ids[at], similarity, likeness })
    }

    fn count(&mut self, allocation: &Allocation) {
        let counts = &mut self.counts;
        let iterations = allocation.convergence.iterations as usize;
        counts.iterations[iterations.min(N_ITERATIONS - 1)] += 1;
        counts.n_unsettled += u64::from(!allocation.convergence.settled);
        let likeness = allocation.duplicate.map(|d| d.likeness);
        counts.n_exact += u64::from(likeness == Some(Likeness::Exact));
        counts.n_near += u64::from(likeness == Some(Likeness::Near));
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.places.len() + self.places.n_copies()
    }

    /// The load that columns should have.
    pub(crate) fn wanted_load(&self) -> usize {
        self.load_for(self.n_rows())
    }

    /// The load that the columns of so many rows should have. It grows with the root of their number, so
    /// that a search compares about as many fields as rows, and with the length of a field, so that
    /// it is few bytes an item.
    pub(crate) fn load_for(&self, n: usize) -> usize {
        let n = n as f64;
        let column = (Fields::bytes_of_one(self.config.dimension) + COLUMN_BYTES) as f64;
        let load = (n.sqrt() / 4.0).clamp(LOADS.0, LOADS.1).max(column / SHARE_BYTES);
        load.max(n / (MAX_COLUMNS as f64 * 0.7)) as usize
    }

    pub(crate) fn add_column(&mut self, field: &[f32], mother: Option<Cell>) -> usize {
        let column = self.fields.push(field);
        let cell = self.grid.place(column, mother);
        if self.columns.capacity() == self.columns.len() {
            self.columns.reserve_exact(8 + self.columns.len() / 8);
        }
        self.columns.push(Column {
            list: List::default(),
            cell,
            born: self.counts.n_insertions,
            won: 0,
            n_updates: 1,
        });
        column
    }

    fn put(&mut self, id: u32, column: usize, code: &Code, residual: Option<&[u8]>) {
        self.scales += u64::from(code.scale);
        self.columns[column].list.push(id, &code.row, code.scale, residual);
    }
}
