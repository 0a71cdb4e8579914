//! Searching: columns in the order of their fields, rows by bytes, the best once more precisely.

use roaring::RoaringBitmap;

use crate::build::in_parts;
use crate::code::{Probe, RESIDUAL_STEPS, UNIT, unit};
use crate::list::List;
use crate::reach::{REACH_WINDOW, WHOLE_ONE_IN};
use crate::search::{Breadth, Found, Hit, MAX_K, Report, Search};
use crate::simd;
use crate::walk::{Best, Gap, Walk};
use crate::{Columns, Error, random};

/// Rows that are compared before any is looked at.
const BLOCK: usize = 64;
/// Lines of the next column that are asked for while one is read.
const AT_ONCE: usize = 32;
/// Standard errors of a score by bytes within which a candidate is scored once more.
const ERRORS: f32 = 4.0;
/// A filter that passes less than one item in so many is scanned on its own.
const SCARCE: u64 = 50;
/// Fields that answer to a query within this of the best are read whatever the gap.
const EQUAL: f32 = 1e-4;
/// Columns under which breadth is not calibrated: all are read.
const FEW_COLUMNS: usize = 4;
/// Rows that a calibration reads at least, and the share of all: at once, and a few at a time.
const WHOLE: (f64, f64) = (65_536.0, 0.25);
const STEPWISE: (f64, f64) = (40_960.0, 0.25);
/// How often a row is drawn until there is one.
const DRAWS: usize = 64;
/// Calibrations that read a column one after the other.
const TOGETHER: usize = 16;
/// Rows that a calibration reads with each insertion, at least and at most, and the bytes of them.
const STEP_ROWS: (usize, usize) = (64, 512);
const STEP_BYTES: usize = 1 << 16;
/// Below so many items it reads more, as they are near: up to so many times as much.
const SMALL: usize = 1 << 17;
const SMALL_STEPS: usize = 3;
/// Candidates above which all but the best are dropped.
const MANY: usize = 8192;

/// A row that may be among the nearest.
#[derive(Clone, Copy)]
struct Candidate {
    score: f32,
    id: u32,
    column: u32,
    at: u32,
}

/// A search under way.
struct Hunt<'a> {
    columns: &'a Columns,
    query: &'a [f32],
    probe: Probe,
    filter: Option<&'a RoaringBitmap>,
    best: Best,
    candidates: Vec<Candidate>,
    /// How far below the worst of the best a candidate may be.
    margin: f32,
    /// How far off a score by bytes may be for a scale of 1, and for the query; zero unless exact.
    bounds: (f32, f32),
    report: Report,
}

impl Columns {
    /// The `k` stored vectors nearest to the query by cosine.
    ///
    /// # Errors
    /// [`Error::Dimension`], [`Error::NotFinite`], [`Error::Zero`], [`Error::K`].
    pub fn search(&self, query: &[f32], k: usize, how: &Search<'_>) -> Result<Found, Error> {
        let query = unit(query, self.config.dimension)?;
        if !(1..=MAX_K).contains(&k) {
            return Err(Error::K { found: k, limit: MAX_K });
        }
        let mut hunt = Hunt::new(self, &query, k, how);
        let scarce = how.filter.filter(|f| f.len() < self.len() as u64 / SCARCE);
        match scarce {
            Some(filter) => hunt.read_ids(filter),
            None => hunt.read_columns(how.breadth),
        }
        Ok(hunt.finish(k, how))
    }

    /// The cosine of a stored vector and `query`, a unit vector, to the stored precision.
    pub fn similarity(&self, id: u32, query: &[f32]) -> Option<f32> {
        let list = &self.columns.get(self.places.get(id)?)?.list;
        Some(self.fine_score(list, simd::find(self.isa, &list.ids, id)?, query))
    }

    fn fine_score(&self, list: &List, at: usize, query: &[f32]) -> f32 {
        let mut score = simd::dot_bytes(self.isa, list.row(at, self.width), query);
        if let Some(rest) = list.residual(at, self.width) {
            score += simd::dot_bytes(self.isa, rest, query) / RESIDUAL_STEPS;
        }
        score * f32::from(list.scales[at]) * UNIT
    }

    /// Goes on with a calibration, or begins the next with a vector that is about to be stored.
    pub(crate) fn calibrate_with(&mut self, id: u32, unit: &[f32]) {
        if self.columns.len() <= FEW_COLUMNS {
            return;
        }
        let Some(mut walk) = self.walk.take() else {
            self.counts.n_compared += self.fields.len() as u64;
            let short = !self.curve.n_samples().is_multiple_of(WHOLE_ONE_IN);
            self.walk = Some(Box::new(self.walk_from(unit, Some(id), STEPWISE, short)));
            return;
        };
        let step = (STEP_BYTES / self.width).clamp(STEP_ROWS.0, STEP_ROWS.1);
        let step = step * (SMALL / self.len().max(1)).clamp(1, SMALL_STEPS);
        let (end, n_read) = self.read_for(&mut walk, step);
        self.counts.n_compared += n_read as u64;
        if end { self.curve.learn(*walk) } else { self.walk = Some(walk) }
    }

    /// Learns from `n` stored vectors how far a search must read.
    ///
    /// Insertions do so by themselves, one at a time; this is for after many removals.
    pub fn calibrate(&mut self, n: usize) {
        self.calibrate_on(n, 1);
    }

    /// As [`Columns::calibrate`], on up to so many threads; the result is the same.
    pub(crate) fn calibrate_on(&mut self, n: usize, threads: usize) {
        if self.columns.len() <= FEW_COLUMNS {
            return;
        }
        let most = self.columns.iter().map(|column| column.list.len()).max().unwrap_or(0);
        let drawn: Vec<(usize, usize)> = (0..n).filter_map(|_| self.draw(most)).collect();
        // The first tell how far the others need to go.
        let (first, others) = drawn.split_at(drawn.len().min(REACH_WINDOW as usize));
        for (drawn, short) in [(first, false), (others, true)] {
            let walks = in_parts(drawn, threads, |part| {
                part.chunks(TOGETHER)
                    .flat_map(|places| self.walked(places, short))
                    .collect::<Vec<_>>()
            });
            for walk in walks.into_iter().flatten() {
                self.curve.learn(walk);
            }
        }
    }

    /// A stored row, each as likely as the other, by its column and place; `most` rows are in the
    /// fullest column. None where chance does not find one soon.
    fn draw(&mut self, most: usize) -> Option<(usize, usize)> {
        (0..DRAWS).find_map(|_| {
            let column = random::below(&mut self.random, self.columns.len());
            let at = random::below(&mut self.random, most.max(1));
            (at < self.columns[column].list.len()).then_some((column, at))
        })
    }

    /// The whole walks from stored vectors. A column is compared with all that read it before the
    /// next is, so that its rows come from far once.
    fn walked(&self, places: &[(usize, usize)], short: bool) -> Vec<Walk> {
        let begin = |&(column, at): &(usize, usize)| {
            let list = &self.columns[column].list;
            let mut vector = vec![0.0; self.config.dimension];
            list.floats(at, self.width, &mut vector);
            let mut walk = self.walk_from(&vector, Some(list.ids[at]), WHOLE, short);
            walk.prepare();
            walk
        };
        let mut walks: Vec<Walk> = places.iter().map(begin).collect();
        // The columns that are read, by which walk, and where in it their scores go.
        let (mut reads, mut n_scores) = (Vec::new(), Vec::new());
        for (walker, walk) in walks.iter().enumerate() {
            let mut n = 0;
            for next in walk.order() {
                reads.push((next.column(), walker, n));
                n += self.columns[next.column()].list.len();
            }
            n_scores.push(n);
        }
        reads.sort_unstable();
        let mut scores: Vec<Vec<f32>> = n_scores.into_iter().map(|n| vec![0.0; n]).collect();
        for readers in reads.chunk_by(|a, b| a.0 == b.0) {
            let list = &self.columns[readers[0].0].list;
            let (fours, others) = readers.as_chunks::<4>();
            for four in fours {
                // Each reads a column once.
                if let Ok(out) = scores.get_disjoint_mut(four.map(|(_, walker, _)| walker)) {
                    let probes = four.map(|(_, walker, _)| &walks[walker].probe);
                    let starts = four.map(|(_, _, start)| start);
                    list.score_four(self.isa, probes, out, starts);
                }
            }
            for (_, walker, start) in others {
                let out = &mut scores[*walker][*start..start + list.len()];
                list.score(self.isa, &walks[*walker].probe, out);
            }
        }
        for (walk, scores) in walks.iter_mut().zip(&scores) {
            let mut rest = &scores[..];
            while let Some(next) = walk.next() {
                let ids = &self.columns[next.column()].list.ids;
                let (of_column, after) = rest.split_at(ids.len());
                walk.read(of_column, ids);
                rest = after;
            }
        }
        walks
    }

    /// A walk through the nearest columns, of at least so many rows and this share; a short one ends
    /// where whole ones found nearly all.
    fn walk_from(
        &self,
        vector: &[f32],
        but: Option<u32>,
        (least, share): (f64, f64),
        short: bool,
    ) -> Walk {
        let share = share.max(least / self.n_rows().max(1) as f64);
        let whole = ((share * self.columns.len() as f64).ceil() as usize).max(FEW_COLUMNS);
        let reach = self.curve.reach(self.config.recall).filter(|reach| short && reach.0 < whole);
        let probe = Probe::of(vector);
        let order = self.fields.order(&probe);
        Walk::new(probe, but, self.len(), order, whole, reach)
    }

    /// Reads about so many rows more; says whether the walk is at its end, and how many it read.
    fn read_for(&self, walk: &mut Walk, n_rows: usize) -> (bool, usize) {
        let (mut n, mut scores) = (0, Vec::new());
        while let Some(next) = walk.next() {
            if n >= n_rows {
                return (false, n);
            }
            // Columns may have merged since the walk began.
            let list = self.columns.get(next.column()).map(|c| &c.list);
            if let Some(list) = list {
                scores.resize(list.len(), 0.0);
                list.score(self.isa, &walk.probe, &mut scores);
                n += list.len();
            }
            walk.read(&scores[..list.map_or(0, |l| l.len())], list.map_or(&[], |l| &l.ids));
        }
        (true, n)
    }
}

impl<'a> Hunt<'a> {
    fn new(columns: &'a Columns, query: &'a [f32], k: usize, how: &Search<'a>) -> Self {
        let probe = Probe::of(query);
        // With second copies an id may stand twice among the best.
        let n_best = if columns.places.n_copies() > 0 { 2 * k } else { k };
        let mean_step = columns.scales as f32 / columns.n_rows().max(1) as f32 * UNIT;
        // A rounding error is uniform over a step, and the other vector has unit length.
        let error = ((mean_step.powi(2) + probe.step().powi(2)) / 12.0).sqrt();
        let exact = how.breadth == Breadth::Exact;
        let half_diagonal = (columns.config.dimension as f32).sqrt() / 2.0 * 1.001;
        Self {
            columns,
            query,
            filter: how.filter,
            best: Best::new(n_best),
            candidates: Vec::with_capacity(128),
            margin: if exact { 1e-6 } else { ERRORS * error },
            bounds: if exact {
                (half_diagonal * UNIT, half_diagonal * probe.step() * 1.01)
            } else {
                (0.0, 0.0)
            },
            probe,
            report: Report::default(),
        }
    }

    fn read_columns(&mut self, breadth: Breadth) {
        let (columns, n) = (self.columns, self.columns.columns.len());
        let wanted = match breadth {
            Breadth::Auto => columns.curve.gap(columns.config.recall),
            _ => None,
        };
        let most = match breadth {
            Breadth::Fixed(most) => most.clamp(1, n.max(1)),
            Breadth::Auto | Breadth::Exact => n,
        };
        if most == n && wanted.is_none() {
            (0..n).for_each(|column| self.read(column));
            return;
        }
        let mut order = columns.fields.order(&self.probe);
        self.report.columns_compared = n as u32;
        let (best, gap) = (order.peek().map_or(0.0, |best| best.score()), Gap::new(&mut order));
        while let Some(next) = order.next().filter(|_| self.report.columns_visited < most as u32) {
            let equal = best - next.score() <= EQUAL;
            let gap = gap.after(self.report.columns_visited, self.best.worst(), next.score());
            if !equal && wanted.is_some_and(|wanted| gap >= wanted) {
                return;
            }
            if let Some(after) = order.peek() {
                let list = &columns.columns[after.column()].list;
                list.rows.lines().iter().take(AT_ONCE).for_each(|line| simd::prefetch(line));
            }
            self.read(next.column());
        }
    }

    fn read(&mut self, column: usize) {
        let list = &self.columns.columns[column].list;
        self.report.columns_visited += 1;
        match self.filter {
            None => self.read_all(column, list),
            Some(filter) => self.read_some(column, list, filter),
        }
    }

    fn read_all(&mut self, column: usize, list: &List) {
        let isa = self.columns.isa;
        let (mut dots, mut scores) = ([0i32; BLOCK], [0f32; BLOCK]);
        self.report.rows_scanned += list.len() as u32;
        for start in (0..list.len()).step_by(BLOCK) {
            let n = BLOCK.min(list.len() - start);
            let end = start + n;
            let scales = &list.scales[start..end];
            list.rows.dots(isa, start..end, &self.probe, &mut dots[..n]);
            let most = simd::scaled(isa, &dots[..n], self.probe.bias, scales, &mut scores[..n]);
            let slack = self.bounds.1 + self.bounds.0 * 65535.0;
            let least = (self.best.worst() - self.margin - 2.0 * slack) / self.probe.factor;
            if most < least {
                continue;
            }
            for (i, score) in scores[..n].iter().enumerate() {
                if *score >= least {
                    self.meet(*score * self.probe.factor, column, start + i, list);
                }
            }
        }
    }

    fn read_some(&mut self, column: usize, list: &List, filter: &RoaringBitmap) {
        for at in 0..list.len() {
            if filter.contains(list.ids[at]) {
                self.read_row(column, at, list);
            } else {
                self.report.rows_filtered += 1;
            }
        }
    }

    /// Looks for each id on its own.
    fn read_ids(&mut self, filter: &RoaringBitmap) {
        let columns = self.columns;
        for id in filter {
            let Some(column) = columns.places.get(id) else { continue };
            let list = &columns.columns[column].list;
            if let Some(at) = simd::find(columns.isa, &list.ids, id) {
                self.read_row(column, at, list);
            }
        }
    }

    fn read_row(&mut self, column: usize, at: usize, list: &List) {
        let isa = self.columns.isa;
        let (mut dot, mut score) = ([0], [0.0]);
        list.rows.dots(isa, at..at + 1, &self.probe, &mut dot);
        simd::scaled(isa, &dot, self.probe.bias, &list.scales[at..=at], &mut score);
        self.report.rows_scanned += 1;
        self.meet(score[0] * self.probe.factor, column, at, list);
    }

    /// Keeps a row if it may be among the nearest.
    fn meet(&mut self, score: f32, column: usize, at: usize, list: &List) {
        let error = self.bounds.0 * f32::from(list.scales[at]) + self.bounds.1;
        if score + error < self.best.worst() - self.margin {
            return;
        }
        self.best.push(score - error);
        let id = list.ids[at];
        let upper = score + error;
        self.candidates.push(Candidate { score: upper, id, column: column as u32, at: at as u32 });
        if self.candidates.len() >= MANY && self.candidates.len().is_multiple_of(MANY) {
            self.drop_hopeless();
        }
    }

    fn drop_hopeless(&mut self) {
        let least = self.best.worst() - self.margin;
        self.candidates.retain(|c| c.score >= least);
    }

    /// Scores the candidates once more, and takes the best.
    fn finish(mut self, k: usize, how: &Search<'_>) -> Found {
        self.drop_hopeless();
        self.report.reranked = self.candidates.len() as u32;
        if let Some(rows) = how.rows {
            self.candidates.iter().for_each(|c| rows.soon(c.id));
        }
        let own = |c: &Candidate| {
            let list = &self.columns.columns[c.column as usize].list;
            self.columns.fine_score(list, c.at as usize, self.query)
        };
        let exact = |c: &Candidate| {
            let given = how.rows.and_then(|rows| rows.similarity(c.id, self.query));
            Hit { id: c.id, score: given.unwrap_or_else(|| own(c)) }
        };
        let mut hits: Vec<Hit> = self.candidates.iter().map(exact).collect();
        hits.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        hits.dedup_by_key(|hit| hit.id);
        hits.truncate(k);
        Found { hits, report: self.report }
    }
}
