//! Which item stands in which column: what a build learned, small enough to be kept beside the
//! vectors, so that the same columns are built again without learning. Nothing in it is believed:
//! an item that it does not name, or names with another vector, is assigned anew, and one that is gone
//! is passed over.

use std::collections::HashMap;

use crate::breadth::Curve;
use crate::build::{Place, in_parts};
use crate::list::List;
use crate::simd::{BIAS, LINE};
use crate::{Columns, Config, Error, MAX_COLUMNS};

/// Where fewer than one item in so many is new, a layout is used.
const MOST_NEW: usize = 4;
/// No column: of an item that the layout does not name.
const NOWHERE: u32 = u32::MAX;

/// The items of each column, and how far a search must read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// The items of each column: their ids, and digests of their vectors as they are stored.
    pub columns: Vec<Vec<(u32, u32)>>,
    /// Share of the nearest that was found by gap, and of how many samples; see
    /// [`Breadth::Auto`](crate::Breadth::Auto).
    pub shares: (Vec<f32>, u32),
}

impl Columns {
    /// Which item stands where; a division that is under way is taken as done.
    pub fn layout(&self) -> Layout {
        let named = |list: &List| {
            let digest = |at| digest(list.row(at, self.width), list.scales[at]);
            list.ids.iter().enumerate().map(|(at, id)| (*id, digest(at))).collect()
        };
        let mut columns: Vec<Vec<_>> =
            self.columns.iter().map(|column| named(&column.list)).collect();
        if let Some((mother, daughter, leaving)) = self.splitting.as_ref().and_then(|s| s.leaving())
        {
            let leaves = |(id, _): &mut (u32, u32)| leaving.contains(id);
            let left: Vec<_> = columns[mother].extract_if(.., leaves).collect();
            columns[daughter].extend(left);
        }
        Layout { columns, shares: self.curve.shares() }
    }

    /// As [`Columns::build`], with what an earlier build or the insertions since then learned:
    /// every item goes where the layout has it, and the rest to the nearest receptive fields; how
    /// many the rest are. Where they are a quarter, everything is learned anew.
    ///
    /// # Errors
    /// As [`Columns::build`].
    pub fn build_as(
        config: Config,
        items: &[(u32, &[f32])],
        layout: &Layout,
        threads: usize,
    ) -> Result<(Self, usize), Error> {
        let mut columns = Self::new(config)?;
        columns.check_room(items.len())?;
        let all = columns.encode_all(items, threads)?;
        let placed = layout.places(&all, columns.width);
        let n_new = placed.iter().filter(|column| **column == NOWHERE).count();
        let fits = layout.columns.len() <= MAX_COLUMNS && columns.config.spill_share == 0.0;
        if !fits || n_new * MOST_NEW >= items.len() {
            return Ok((Self::build(columns.config, items, threads)?, items.len()));
        }
        columns.lay_out(&all, placed, threads);
        match Curve::of(&layout.shares) {
            Some(curve) => columns.curve = curve,
            None => columns.calibrate_all(threads),
        }
        Ok((columns, n_new))
    }

    fn lay_out(&mut self, all: &List, placed: Vec<u32>, threads: usize) {
        let (mut known, mut new) = (Vec::with_capacity(placed.len()), Vec::new());
        let mut numbers: HashMap<u32, u32> = HashMap::new();
        let mut row = vec![0.0; self.config.dimension];
        for (at, column) in placed.into_iter().enumerate() {
            if column == NOWHERE {
                new.push(at);
                continue;
            }
            // Only columns of which something is left are columns.
            let next = numbers.len() as u32;
            let column = *numbers.entry(column).or_insert(next);
            if column == next {
                all.floats(at, self.width, &mut row);
                let near = self.columns.last().map(|c| c.cell);
                self.add_column(&row, near);
            }
            known.push((at, Place { column, ..Place::default() }));
        }
        self.deal(all, &known);
        let places = in_parts(&new, threads, |part| self.assign_each(all, part, false)).concat();
        for (at, place) in new.into_iter().zip(places) {
            self.seat(all, at, place.column as usize);
        }
        self.counts.n_insertions = all.len() as u64;
        self.mend();
    }
}

impl Layout {
    /// The column of each row.
    fn places(&self, all: &List, width: usize) -> Vec<u32> {
        let mut of: HashMap<u32, (u32, u32)> = HashMap::with_capacity(all.len());
        for (column, named) in (0u32..).zip(&self.columns) {
            of.extend(named.iter().map(|(id, digest)| (*id, (column, *digest))));
        }
        let place = |at: usize| match of.get(&all.ids[at]) {
            Some((column, known)) if *known == digest(all.row(at, width), all.scales[at]) => {
                *column
            }
            _ => NOWHERE,
        };
        (0..all.len()).map(place).collect()
    }
}

/// Of a row, to know it again: words of eight bytes, each mixed in with the multiplier of FxHash, and
/// zeros up to a whole line.
fn digest(row: &[u8], scale: u16) -> u32 {
    const MULTIPLIER: u64 = 0x517c_c1b7_2722_0a95;
    const ZEROS: u64 = u64::from_le_bytes([BIAS; 8]);
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(MULTIPLIER);
    let (words, _) = row.as_chunks::<8>();
    let n_zeros = (row.len().next_multiple_of(LINE) - row.len()) / 8;
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let hash = words.chain(std::iter::repeat_n(ZEROS, n_zeros)).fold(u64::from(scale), mix);
    (hash >> 32) as u32
}
