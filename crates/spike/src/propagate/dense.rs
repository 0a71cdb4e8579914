//! Dense projections: a spike adds its source's row of weights to the targets.
//! Rows are cut into blocks of targets so that the weights of one block stay in cache over all
//! steps of a tile, and the sums of a block stay in registers over all events of a step. Weights
//! that a signed byte holds exactly are kept as bytes. Where a tile is dense, the same sums are
//! taken as a matrix product over several steps at once.

use super::{Drive, Ends, Incoming};
use crate::aligned::Aligned;
use crate::simd::{Isa, Simd, dispatch};

/// Every source to every target.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    /// Weights, shape `[targets][sources]` in row-major order, as in NIR's `Affine` and `Linear`.
    pub weight: Vec<f32>,
}

/// Targets of one block.
pub(crate) const BLOCK: usize = 128;

/// Steps that a matrix product takes at once.
pub(crate) const PRODUCT_STEPS: usize = 4;

/// Share of sources active per step from which the matrix product is faster than following the
/// events (measured: docs/performance.md, "Break-even").
const PRODUCT_DENSITY: f64 = 0.75;

/// Rows of weights by block: block `b` holds the rows of targets `BLOCK b ..`, shape
/// `[sources][width]`.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    sources: usize,
    targets: usize,
    padded: usize,
    /// Empty where the source sends only single spikes and the weights fit a byte.
    wide: Aligned<f32>,
    narrow: Option<Narrow>,
}

/// Weights as signed bytes times a power of two.
#[derive(Clone, Debug)]
struct Narrow {
    weights: Aligned<i8>,
    scale: f32,
}

impl Rows {
    pub(crate) fn new(dense: &Dense, ends: &Ends) -> Self {
        let (sources, targets, padded) = (ends.sources, ends.targets, ends.padded);
        let mut wide = Aligned::<f32>::zeros(sources * padded);
        for target in 0..targets {
            let lane = ends.to.lane(target);
            let (block, within) = (lane / BLOCK, lane % BLOCK);
            let width = BLOCK.min(padded - block * BLOCK);
            for source in 0..sources {
                let row = ends.from.lane(source);
                wide[sources * block * BLOCK + row * width + within] =
                    dense.weight[target * sources + source];
            }
        }
        let narrow = Narrow::exact(&wide, sources, padded);
        if narrow.is_some() && ends.binary {
            wide = Aligned::default();
        }
        Self { sources, targets, padded, wide, narrow }
    }

    pub(crate) fn targets(&self) -> usize {
        self.targets
    }

    pub(crate) fn bytes(&self) -> usize {
        self.wide.len() * 4 + self.narrow.as_ref().map_or(0, |n| n.weights.len())
    }

    pub(crate) fn deliver(&self, events: Incoming<'_>, drive: &mut Drive<'_>) {
        let mut lane = drive.lane;
        while lane < drive.lane + drive.width {
            debug_assert!(lane.is_multiple_of(BLOCK));
            let width = BLOCK.min(self.padded - lane);
            let block =
                Block { offset: self.sources * lane, row: width, column: lane - drive.lane };
            self.deliver_block(events, drive, &block);
            lane += width;
        }
    }

    fn deliver_block(&self, events: Incoming<'_>, drive: &mut Drive<'_>, block: &Block) {
        assert!(block.column + block.row <= drive.width);
        assert!(drive.input.len() >= events.steps() * drive.width);
        let inside = |index: &u32| (*index as usize) < self.sources;
        debug_assert!(events.indices.iter().all(inside));
        match (&self.narrow, events.values) {
            (Some(narrow), None) => {
                dispatch!(drive.isa, add_bytes(narrow: &Narrow = narrow, events: Incoming<'_> = events, drive: &mut Drive<'_> = drive, block: &Block = block));
            }
            _ => {
                let cells = (events.steps() * self.sources) as f64;
                let dense = events.n_events() as f64 > PRODUCT_DENSITY * cells;
                if dense && events.steps() >= PRODUCT_STEPS {
                    dispatch!(drive.isa, multiply(rows: &Rows = self, events: Incoming<'_> = events, drive: &mut Drive<'_> = drive, block: &Block = block));
                } else {
                    dispatch!(drive.isa, add_rows(wide: &[f32] = &self.wide, events: Incoming<'_> = events, drive: &mut Drive<'_> = drive, block: &Block = block));
                }
            }
        }
    }
}

impl Narrow {
    /// The weights as bytes, where every weight is a signed byte times one power of two and no
    /// target's sum can leave 16 bits.
    fn exact(wide: &[f32], sources: usize, padded: usize) -> Option<Self> {
        let finest = wide.iter().filter(|w| **w != 0.0).map(|w| last_bit(*w)).min()?;
        let scale = 2f64.powi(finest) as f32;
        let largest = wide.iter().fold(0.0f32, |m, w| m.max(w.abs()));
        if !scale.is_normal() || f64::from(largest) / f64::from(scale) > f64::from(i8::MAX) {
            return None;
        }
        let weights: Vec<i8> = wide.iter().map(|w| (w / scale) as i8).collect();
        let mut reach = vec![0i64; padded];
        for lane in (0..padded).step_by(BLOCK) {
            let width = BLOCK.min(padded - lane);
            for row in weights[sources * lane..][..sources * width].chunks_exact(width) {
                for (sum, &w) in reach[lane..].iter_mut().zip(row) {
                    *sum += i64::from(w).abs();
                }
            }
        }
        let fits = reach.iter().all(|&sum| sum <= i64::from(i16::MAX));
        fits.then(|| Self { weights: Aligned::from(&weights[..]), scale })
    }
}

/// The exponent of the last set bit of a finite, non-zero number.
fn last_bit(w: f32) -> i32 {
    let bits = w.to_bits();
    let exponent = ((bits >> 23) & 0xff) as i32;
    let fraction = bits & 0x7f_ffff;
    if exponent == 0 {
        return fraction.trailing_zeros() as i32 - 149;
    }
    exponent - 150 + (fraction | 0x80_0000).trailing_zeros() as i32
}

/// One block: where its rows start, how long they are, and its first column in the drive.
struct Block {
    offset: usize,
    row: usize,
    column: usize,
}

/// A bare loop that adds rows of weights from the second-level cache: what the machine can do, to
/// hold a network's speed against.
#[derive(Debug)]
pub struct RowLimit {
    isa: Isa,
    rows: Rows,
    start: Vec<u32>,
    indices: Vec<u32>,
    input: Aligned<f32>,
    product: Vec<[f32; PRODUCT_STEPS]>,
}

impl RowLimit {
    /// Rows of signed bytes, or of floats; 128 KiB either way.
    pub fn new(isa: Isa, bytes: bool) -> Self {
        let sources = if bytes { 1024 } else { 256 };
        // Halves fit a byte; tenths do not.
        let unit = if bytes { 0.5 } else { 0.1 };
        let weight = (0..sources * BLOCK).map(|k| (k % 3) as f32 * unit).collect();
        let ends = Ends {
            sources,
            targets: BLOCK,
            padded: BLOCK,
            from: super::Layout::Plain,
            to: super::Layout::Plain,
            binary: true,
        };
        let rows = Rows::new(&Dense { weight }, &ends);
        let steps = 16;
        let start = (0..=steps).map(|s| s * 64).collect();
        let indices = (0..steps * 64).map(|e| e * 37 % sources as u32).collect();
        let input = Aligned::zeros(steps as usize * BLOCK);
        Self { isa, rows, start, indices, input, product: Vec::new() }
    }

    /// Adds 1,024 rows; gives the number of additions.
    pub fn pass(&mut self) -> u64 {
        let events = Incoming { start: &self.start, indices: &self.indices, values: None };
        let (input, product) = (&mut self.input, &mut self.product);
        let drive = &mut Drive { isa: self.isa, lane: 0, width: BLOCK, input, product };
        self.rows.deliver(events, drive);
        (self.indices.len() * BLOCK) as u64
    }
}

/// # Safety
/// Every event's index is below the number of sources, the drive holds the block's columns for
/// every step, and the machine has the instruction set `S`. The same holds for all below.
#[inline(always)]
unsafe fn add_bytes<S: Simd>(
    narrow: &Narrow,
    events: Incoming<'_>,
    drive: &mut Drive<'_>,
    block: &Block,
) {
    for s in 0..events.steps() {
        let (indices, _) = events.step(s);
        if indices.is_empty() {
            continue;
        }
        unsafe {
            let base = narrow.weights.as_ptr().add(block.offset);
            let out = drive.input.as_mut_ptr().add(s * drive.width + block.column);
            match block.row / 32 {
                4 => S::add_rows_i8::<4>(base, block.row, indices, narrow.scale, out),
                3 => S::add_rows_i8::<3>(base, block.row, indices, narrow.scale, out),
                2 => S::add_rows_i8::<2>(base, block.row, indices, narrow.scale, out),
                _ => S::add_rows_i8::<1>(base, block.row, indices, narrow.scale, out),
            }
        }
    }
}

/// Adds, for each event, its row of `[sources][row]` weights to the whole drive.
pub(crate) fn add_rows_of(
    weights: &[f32],
    row: usize,
    events: Incoming<'_>,
    drive: &mut Drive<'_>,
) {
    assert!(drive.lane == 0 && drive.width == row);
    assert!(drive.input.len() >= events.steps() * row);
    let block = Block { offset: 0, row, column: 0 };
    dispatch!(drive.isa, add_rows(wide: &[f32] = weights, events: Incoming<'_> = events, drive: &mut Drive<'_> = drive, block: &Block = &block));
}

#[inline(always)]
unsafe fn add_rows<S: Simd>(
    wide: &[f32],
    events: Incoming<'_>,
    drive: &mut Drive<'_>,
    block: &Block,
) {
    for s in 0..events.steps() {
        let (indices, values) = events.step(s);
        if indices.is_empty() {
            continue;
        }
        let mut column = 0;
        while column < block.row {
            unsafe {
                let base = wide.as_ptr().add(block.offset + column);
                let out = drive.input.as_mut_ptr().add(s * drive.width + block.column + column);
                let vectors = (block.row - column) / S::LANES;
                column += S::LANES
                    * match vectors {
                        8.. => sum_rows::<S, 8>(base, block.row, indices, values, out),
                        4.. => sum_rows::<S, 4>(base, block.row, indices, values, out),
                        2.. => sum_rows::<S, 2>(base, block.row, indices, values, out),
                        _ => sum_rows::<S, 1>(base, block.row, indices, values, out),
                    };
            }
        }
    }
}

/// Adds the rows of the events to `N` vectors of the drive; gives `N`.
#[inline(always)]
unsafe fn sum_rows<S: Simd, const N: usize>(
    base: *const f32,
    row: usize,
    indices: &[u32],
    values: Option<&[f32]>,
    out: *mut f32,
) -> usize {
    unsafe {
        let mut sums = [S::splat(0.0); N];
        match values {
            None => {
                for &index in indices {
                    let p = base.add(index as usize * row);
                    for (k, sum) in sums.iter_mut().enumerate() {
                        *sum = S::add(*sum, S::load(p.add(k * S::LANES)));
                    }
                }
            }
            Some(values) => {
                for (&index, &value) in indices.iter().zip(values) {
                    let p = base.add(index as usize * row);
                    let value = S::splat(value);
                    for (k, sum) in sums.iter_mut().enumerate() {
                        *sum = S::add(*sum, S::mul(value, S::load(p.add(k * S::LANES))));
                    }
                }
            }
        }
        for (k, sum) in sums.iter().enumerate() {
            let p = out.add(k * S::LANES);
            S::store(p, S::add(S::load(p), *sum));
        }
    }
    N
}

/// The tile as a matrix product: each row of weights is loaded once for [`PRODUCT_STEPS`] steps.
#[inline(always)]
unsafe fn multiply<S: Simd>(
    rows: &Rows,
    events: Incoming<'_>,
    drive: &mut Drive<'_>,
    block: &Block,
) {
    // Taken out of the drive for as long as it is filled; it keeps its room from tile to tile.
    let mut input = std::mem::take(drive.product);
    input.resize(rows.sources, [0.0; PRODUCT_STEPS]);
    let mut s = 0;
    while s < events.steps() {
        let steps = PRODUCT_STEPS.min(events.steps() - s);
        input.fill([0.0; PRODUCT_STEPS]);
        let range = s..s + steps;
        for (k, (indices, values)) in range.map(|step| events.step(step)).enumerate() {
            for (e, &index) in indices.iter().enumerate() {
                input[index as usize][k] = values.map_or(1.0, |v| v[e]);
            }
        }
        let mut column = 0;
        while column < block.row {
            unsafe {
                let base = rows.wide.as_ptr().add(block.offset + column);
                let out = drive.input.as_mut_ptr().add(s * drive.width + block.column + column);
                column += S::LANES
                    * match (block.row - column) / S::LANES {
                        4.. => product::<S, 4>(base, block.row, &input, out, drive.width, steps),
                        2.. => product::<S, 2>(base, block.row, &input, out, drive.width, steps),
                        _ => product::<S, 1>(base, block.row, &input, out, drive.width, steps),
                    };
            }
        }
        s += steps;
    }
    *drive.product = input;
}

#[inline(always)]
unsafe fn product<S: Simd, const N: usize>(
    base: *const f32,
    row: usize,
    input: &[[f32; PRODUCT_STEPS]],
    out: *mut f32,
    width: usize,
    steps: usize,
) -> usize {
    unsafe {
        let mut sums = [[S::splat(0.0); N]; PRODUCT_STEPS];
        for (source, x) in input.iter().enumerate() {
            let p = base.add(source * row);
            let w: [S::F; N] = std::array::from_fn(|k| S::load(p.add(k * S::LANES)));
            for (sums, &x) in sums.iter_mut().zip(x) {
                let x = S::splat(x);
                for (sum, w) in sums.iter_mut().zip(w) {
                    *sum = S::add(*sum, S::mul(x, w));
                }
            }
        }
        for (s, sums) in sums.iter().enumerate().take(steps) {
            for (k, sum) in sums.iter().enumerate() {
                let p = out.add(s * width + k * S::LANES);
                S::store(p, S::add(S::load(p), *sum));
            }
        }
    }
    N
}

#[cfg(test)]
mod tests {
    use super::last_bit;

    #[test]
    fn the_last_bit_of_a_number() {
        assert_eq!(last_bit(1.0), 0);
        assert_eq!(last_bit(-0.375), -3);
        assert_eq!(last_bit(96.0), 5);
        assert_eq!(last_bit(f32::from_bits(1)), -149);
        assert_eq!(2f32.powi(last_bit(0.1)) * 13_421_773.0, 0.1);
    }
}
