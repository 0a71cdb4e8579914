//! The two sums that training consists of: products of matrices whose left factor is addressed
//! through tables, and sums of listed rows.
//!
//! Every element is summed alone, one term after the other in the order of `k`, by a fused
//! multiply-add ([`Terms::Fused`]) or by a product and a sum ([`Terms::Rounded`], as `spike` adds).
//! So no block size, instruction set or number of threads changes a bit, and where the left factor
//! is spikes (0 or 1, products exact) both agree with `spike` and with [`add_rows`].

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use std::sync::OnceLock;

/// Columns of one panel of the right factor.
pub(crate) const PANEL: usize = 32;

/// Rows of one tile of the product.
pub(crate) const TILE: usize = 8;

/// Terms that are summed before the next rows: a panel of so many lines stays in the first cache.
const DEPTH: usize = 256;

/// Columns over which [`add_rows`] sums in registers.
pub(crate) const STRIP: usize = 128;

/// The instruction set that the kernels run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// 16 lanes (AVX-512 F).
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 8 lanes (AVX2 and FMA).
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Plain Rust.
    Portable,
}

impl Isa {
    /// The widest that this machine has.
    pub(crate) fn detect() -> Self {
        static FOUND: OnceLock<Isa> = OnceLock::new();
        *FOUND.get_or_init(|| Self::available()[0])
    }

    /// All that this machine has, widest first.
    pub(crate) fn available() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let fma = std::arch::is_x86_feature_detected!("fma");
            if std::arch::is_x86_feature_detected!("avx512f") {
                all.push(Self::Avx512);
            }
            if std::arch::is_x86_feature_detected!("avx2") && fma {
                all.push(Self::Avx2);
            }
        }
        all.push(Self::Portable);
        all
    }
}

/// How a term joins its sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Terms {
    /// Rounded once, after product and sum.
    Fused,
    /// Rounded after the product and after the sum, as `spike` does.
    Rounded,
}

/// A left factor: element `(i, k)` is `data[row[i] + term[k]]`.
#[derive(Clone, Copy)]
pub(crate) struct Left<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) row: Rows<'a>,
    pub(crate) term: Rows<'a>,
}

/// Offsets of rows.
#[derive(Clone, Copy)]
pub(crate) enum Rows<'a> {
    /// `first + i * step` for `i` below `n`.
    Even { first: usize, step: usize, n: usize },
    /// Those listed.
    Listed(&'a [u32]),
}

impl Rows<'_> {
    pub(crate) fn even(n: usize, step: usize) -> Self {
        Self::Even { first: 0, step, n }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Even { n, .. } => *n,
            Self::Listed(at) => at.len(),
        }
    }

    #[inline(always)]
    pub(crate) fn at(&self, i: usize) -> usize {
        match self {
            Self::Even { first, step, .. } => first + i * step,
            Self::Listed(at) => at[i] as usize,
        }
    }

    fn last(&self) -> usize {
        match self {
            Self::Even { first, step, n } => first + n.saturating_sub(1) * step,
            Self::Listed(at) => at.iter().copied().max().unwrap_or(0) as usize,
        }
    }
}

/// A right factor of shape `[k][n]`.
#[derive(Clone, Copy)]
pub(crate) enum Right<'a> {
    /// Row-major, rows `row` values apart.
    Rows { data: &'a [f32], row: usize, n: usize },
    /// The transposed of a row-major matrix of shape `[n][k]`.
    Transposed { data: &'a [f32], row: usize, n: usize },
}

/// Scratch of a worker: a packed panel and the offsets of terms.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    panel: Vec<f32>,
    terms: Vec<u32>,
}

/// Which rows of a product, where they lie, and whether it is added to what stands there.
pub(crate) struct Into<'a> {
    pub(crate) data: &'a mut [f32],
    pub(crate) row: Rows<'a>,
    pub(crate) adds: bool,
}

/// `out[i][j] (+)= sum over k of left(i, k) right[k][j]`.
///
/// Where `out.adds`, each sum goes on from the value that stands there.
///
/// # Panics
/// When an offset leaves its array.
pub(crate) fn multiply(
    left: Left<'_>,
    right: Right<'_>,
    out: &mut Into<'_>,
    terms: Terms,
    scratch: &mut Scratch,
) {
    multiply_on(Isa::detect(), left, right, out, terms, scratch);
}

pub(crate) fn multiply_on(
    isa: Isa,
    left: Left<'_>,
    right: Right<'_>,
    out: &mut Into<'_>,
    terms: Terms,
    scratch: &mut Scratch,
) {
    let (m, depth) = (left.row.len(), left.term.len());
    let n = match right {
        Right::Rows { data, row, n } => {
            assert!(depth == 0 || (depth - 1) * row + n <= data.len(), "the right factor is whole");
            n
        }
        Right::Transposed { data, row, n } => {
            assert!(n == 0 || (n - 1) * row + depth <= data.len(), "the right factor is whole");
            n
        }
    };
    assert_eq!(out.row.len(), m);
    if m == 0 || n == 0 {
        return;
    }
    assert!(out.row.last() + n <= out.data.len(), "rows of the product lie inside");
    if depth == 0 {
        if !out.adds {
            (0..m).for_each(|i| out.data[out.row.at(i)..][..n].fill(0.0));
        }
        return;
    }
    assert!(left.row.last() + left.term.last() < left.data.len(), "the left factor lies inside");
    scratch.terms.clear();
    scratch.terms.extend((0..depth).map(|k| left.term.at(k) as u32));
    scratch.panel.resize(DEPTH * PANEL, 0.0);
    for column in (0..n).step_by(PANEL) {
        let width = PANEL.min(n - column);
        for k in (0..depth).step_by(DEPTH) {
            let lines = DEPTH.min(depth - k);
            let narrow = width <= PANEL / 2;
            let stride = if narrow { PANEL / 2 } else { PANEL };
            pack(right, k..k + lines, column..column + width, stride, &mut scratch.panel);
            let step = Step {
                terms: &scratch.terms[k..k + lines],
                panel: &scratch.panel,
                column,
                width,
                narrow,
                adds: out.adds || k > 0,
            };
            match (isa, terms) {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: the instruction set was detected, and offsets were checked above.
                (Isa::Avx512, Terms::Fused) => unsafe { avx512::rows::<true>(left, out, &step) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                (Isa::Avx512, Terms::Rounded) => unsafe { avx512::rows::<false>(left, out, &step) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                (Isa::Avx2, Terms::Fused) => unsafe { avx2::rows::<true>(left, out, &step) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                (Isa::Avx2, Terms::Rounded) => unsafe { avx2::rows::<false>(left, out, &step) },
                (Isa::Portable, Terms::Fused) => portable::rows::<true>(left, out, &step),
                (Isa::Portable, Terms::Rounded) => portable::rows::<false>(left, out, &step),
            }
        }
    }
}

/// One panel of the right factor, for all rows.
pub(crate) struct Step<'a> {
    /// Offset of each term.
    terms: &'a [u32],
    /// `[terms][PANEL]`, or half of it where `narrow`.
    panel: &'a [f32],
    column: usize,
    width: usize,
    narrow: bool,
    adds: bool,
}

fn pack(
    right: Right<'_>,
    terms: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
    stride: usize,
    panel: &mut [f32],
) {
    let width = columns.len();
    match right {
        Right::Rows { data, row, .. } => {
            for (line, k) in panel.chunks_exact_mut(stride).zip(terms) {
                line[..width].copy_from_slice(&data[k * row + columns.start..][..width]);
                line[width..].fill(0.0);
            }
        }
        Right::Transposed { data, row, .. } => {
            if width < stride {
                panel[..terms.len() * stride].fill(0.0);
            }
            for (j, column) in columns.enumerate() {
                let line = &data[column * row + terms.start..][..terms.len()];
                for (k, value) in line.iter().enumerate() {
                    panel[k * stride + j] = *value;
                }
            }
        }
    }
}

/// Lists of rows, all below one bound.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    bound: usize,
    start: Vec<u32>,
    /// The lists end where the last one does; behind it is room.
    rows: Vec<u32>,
}

impl Lists {
    /// One list for each row of `n` values: the places of those that are not zero.
    pub(crate) fn fill(&mut self, values: &[f32], n: usize) {
        self.bound = n;
        self.start.clear();
        self.start.push(0);
        let mut from = 0;
        for line in values.chunks_exact(n) {
            // Room for a vector more, so that vectors may be stored whole.
            self.make_room(from + n + 16);
            from += places(line, &mut self.rows[from..]);
            self.start.push(from as u32);
        }
    }

    fn make_room(&mut self, n: usize) {
        if self.rows.len() < n {
            self.rows.resize(n.next_power_of_two(), 0);
        }
    }

    /// The lists the other way round: for each place, the lists that name it.
    pub(crate) fn turn(&self, turned: &mut Lists) {
        turned.bound = self.len();
        turned.start.clear();
        turned.start.resize(self.bound + 2, 0);
        for &place in &self.rows[..self.total()] {
            turned.start[place as usize + 2] += 1;
        }
        for k in 2..turned.start.len() {
            turned.start[k] += turned.start[k - 1];
        }
        turned.make_room(self.total());
        for list in 0..self.len() {
            for &place in self.at(list) {
                let next = &mut turned.start[place as usize + 1];
                turned.rows[*next as usize] = list as u32;
                *next += 1;
            }
        }
        turned.start.truncate(self.bound + 1);
    }

    pub(crate) fn len(&self) -> usize {
        self.start.len().saturating_sub(1)
    }

    /// How many places all lists name.
    pub(crate) fn total(&self) -> usize {
        self.start.last().map_or(0, |end| *end as usize)
    }

    pub(crate) fn at(&self, list: usize) -> &[u32] {
        &self.rows[self.start[list] as usize..self.start[list + 1] as usize]
    }

    #[cfg(test)]
    fn of(rows: &[u32], bound: usize) -> Self {
        assert!(rows.iter().all(|row| (*row as usize) < bound));
        Self { bound, start: vec![0, rows.len() as u32], rows: rows.to_vec() }
    }
}

/// The places in `line` that are not zero, ascending; `to` has room for 16 more than that.
fn places(line: &[f32], to: &mut [u32]) -> usize {
    assert!(to.len() >= line.len() + 16);
    #[cfg(target_arch = "x86_64")]
    if Isa::detect() == Isa::Avx512 {
        // SAFETY: the instruction set was detected, and the room was checked.
        return unsafe { avx512::places(line, to) };
    }
    let mut n = 0;
    for (place, value) in line.iter().enumerate() {
        to[n] = place as u32;
        n += usize::from(*value != 0.0);
    }
    n
}

/// `out[j] += sum over the rows of one list of data[row * stride + j]`, in the order of the list.
///
/// # Panics
/// When a row leaves the array.
pub(crate) fn add_rows(data: &[f32], stride: usize, lists: &Lists, list: usize, out: &mut [f32]) {
    add_rows_on(Isa::detect(), data, stride, lists, list, out);
}

pub(crate) fn add_rows_on(
    isa: Isa,
    data: &[f32],
    stride: usize,
    lists: &Lists,
    list: usize,
    out: &mut [f32],
) {
    let rows = lists.at(list);
    let last = lists.bound.saturating_sub(1);
    assert!(rows.is_empty() || last * stride + out.len() <= data.len(), "rows lie inside");
    match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the instruction set was detected, and rows are below the bound that was checked.
        Isa::Avx512 => unsafe { avx512::add_rows(data, stride, rows, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Avx2 => unsafe { avx2::add_rows(data, stride, rows, out) },
        Isa::Portable => portable::add_rows(data, stride, rows, out),
    }
}

/// For each active input, the outputs whose window it lies in, and where their weights for it begin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taps {
    /// Channels of an input, and of an output.
    channels: [usize; 2],
    /// By place of the input: from where to where its taps are.
    start: Vec<u32>,
    /// Where the output's channels begin, and the weights of channel 0 of the input.
    taps: Vec<[u32; 2]>,
    /// Values of all outputs and of all weights, which no tap leaves.
    sizes: [usize; 2],
}

impl Taps {
    /// Nothing yet, for so many channels and for outputs and weights of these sizes.
    pub(crate) fn new(channels: [usize; 2], sizes: [usize; 2]) -> Self {
        Self { channels, start: vec![0], taps: Vec::new(), sizes }
    }

    /// Adds the taps of the next place.
    ///
    /// # Panics
    /// When one leaves the outputs or the weights.
    pub(crate) fn push(&mut self, taps: impl Iterator<Item = [usize; 2]>) {
        let [from, to] = self.channels;
        for [output, weights] in taps {
            assert!(output + to <= self.sizes[0] && weights + from * to <= self.sizes[1]);
            self.taps.push([output as u32, weights as u32]);
        }
        self.start.push(self.taps.len() as u32);
    }

    fn places(&self) -> usize {
        self.start.len() - 1
    }
}

/// Which way [`spread`] goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Weights are added to outputs.
    Forward,
    /// Derivatives of outputs are added to those of weights.
    Back,
}

/// Adds the weights of each active input of one list to the outputs that it reaches, or the
/// derivatives of these outputs to those of the weights; in the order of the list.
///
/// # Panics
/// When the lists or arrays are not those that the taps were made for.
pub(crate) fn spread(
    way: Way,
    taps: &Taps,
    lists: &Lists,
    list: usize,
    from: &[f32],
    to: &mut [f32],
) {
    let [outputs, weights] = taps.sizes;
    assert!(lists.bound <= taps.places() * taps.channels[0], "inputs have taps");
    let (reads, writes) = match way {
        Way::Forward => (weights, outputs),
        Way::Back => (outputs, weights),
    };
    assert!(from.len() >= reads && to.len() >= writes, "arrays are whole");
    let active = lists.at(list);
    #[cfg(target_arch = "x86_64")]
    if Isa::detect() == Isa::Avx512 {
        // SAFETY: the instruction set was detected; active inputs are below the bound, and taps
        // were checked against sizes that the arrays have.
        unsafe { avx512::spread(way, taps, active, from, to) };
        return;
    }
    portable::spread(way, taps, active, from, to);
}

/// Runs `$body` compiled for the widest instruction set, so that its loops become vectors.
/// No multiplication is fused with an addition there: every instruction set gives the same bits.
macro_rules! widest {
    (fn $name:ident ( $($a:ident : $t:ty),* $(,)? ) $body:block) => {
        #[allow(clippy::too_many_arguments, reason = "a kernel over plain arrays")]
        fn $name($($a: $t),*) {
            #[inline(always)]
            #[allow(clippy::too_many_arguments, reason = "a kernel over plain arrays")]
            fn inner($($a: $t),*) $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                #[allow(clippy::too_many_arguments, reason = "a kernel over plain arrays")]
                fn avx2($($a: $t),*) { inner($($a),*) }
                #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
                #[allow(clippy::too_many_arguments, reason = "a kernel over plain arrays")]
                fn avx512($($a: $t),*) { inner($($a),*) }
                match $crate::kernel::Isa::detect() {
                    $crate::kernel::Isa::Avx512
                        if std::arch::is_x86_feature_detected!("avx512vl")
                            && std::arch::is_x86_feature_detected!("avx512bw")
                            && std::arch::is_x86_feature_detected!("avx512dq") =>
                    {
                        // SAFETY: the features were detected.
                        return unsafe { avx512($($a),*) };
                    }
                    // SAFETY: the features were detected.
                    $crate::kernel::Isa::Avx2 => return unsafe { avx2($($a),*) },
                    _ => {}
                }
            }
            inner($($a),*)
        }
    };
}
pub(crate) use widest;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn values(n: usize, seed: u64) -> Vec<f32> {
        let mut random = Random::new(seed, 0);
        (0..n).map(|_| random.normal()).collect()
    }

    /// The definition, term by term.
    fn plain(left: Left<'_>, b: &[f32], n: usize, terms: Terms) -> Vec<f32> {
        let mut out = vec![0.0f32; left.row.len() * n];
        for i in 0..left.row.len() {
            for k in 0..left.term.len() {
                let a = left.data[left.row.at(i) + left.term.at(k)];
                for j in 0..n {
                    let sum = &mut out[i * n + j];
                    *sum = match terms {
                        Terms::Fused => a.mul_add(b[k * n + j], *sum),
                        Terms::Rounded => *sum + a * b[k * n + j],
                    };
                }
            }
        }
        out
    }

    #[test]
    fn every_instruction_set_gives_the_bits_of_the_definition() {
        let mut scratch = Scratch::default();
        for (m, k, n) in [(1, 1, 1), (7, 300, 10), (9, 5, 33), (17, 600, 70), (8, 256, 16)] {
            let a = values(m * k, 1);
            let b = values(k * n, 2);
            let transposed: Vec<f32> = (0..n * k).map(|at| b[at % k * n + at / k]).collect();
            let left = Left { data: &a, row: Rows::even(m, k), term: Rows::even(k, 1) };
            for terms in [Terms::Fused, Terms::Rounded] {
                let expected = plain(left, &b, n, terms);
                for isa in Isa::available() {
                    for right in [
                        Right::Rows { data: &b, row: n, n },
                        Right::Transposed { data: &transposed, row: k, n },
                    ] {
                        let mut out = vec![f32::NAN; m * n];
                        let rows = Rows::even(m, n);
                        let mut into = Into { data: &mut out, row: rows, adds: false };
                        multiply_on(isa, left, right, &mut into, terms, &mut scratch);
                        assert_eq!(out, expected, "{isa:?} {m} {k} {n} {terms:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn sums_go_on_and_listed_rows_are_found() {
        let a = values(40, 1);
        let b = values(3 * 4, 2);
        let (row, term) = ([9u32, 0, 30], [0u32, 5, 2]);
        let left = Left { data: &a, row: Rows::Listed(&row), term: Rows::Listed(&term) };
        let expected = plain(left, &b, 4, Terms::Rounded);
        let mut out = vec![0.0; 12];
        let places = [8u32, 4, 0];
        let mut into = Into { data: &mut out, row: Rows::Listed(&places), adds: true };
        let right = Right::Rows { data: &b, row: 4, n: 4 };
        multiply(left, right, &mut into, Terms::Rounded, &mut Scratch::default());
        assert_eq!(out[8..12], expected[..4]);
        assert_eq!(out[..4], expected[8..]);
    }

    #[test]
    fn weights_are_spread_alike_on_every_instruction_set() {
        for to in [1, 16, 24, 32, 40, 64, 100] {
            let mut taps = Taps::new([2, to], [3 * to, 4 * 2 * to]);
            taps.push([[0, 0], [to, 2 * to]].into_iter());
            taps.push([[2 * to, 6 * to]].into_iter());
            let lists = Lists::of(&[0, 1, 3], 4);
            let (weights, outputs) = (values(8 * to, 1), values(3 * to, 2));
            for way in [Way::Forward, Way::Back] {
                let (from, mut found) = match way {
                    Way::Forward => (&weights, outputs.clone()),
                    Way::Back => (&outputs, weights.clone()),
                };
                let mut expected = found.clone();
                portable::spread(way, &taps, lists.at(0), from, &mut expected);
                spread(way, &taps, &lists, 0, from, &mut found);
                assert_eq!(found, expected, "{to} {way:?}");
                assert_ne!(
                    found,
                    if way == Way::Forward { outputs.clone() } else { weights.clone() }
                );
            }
        }
    }

    #[test]
    fn lists_name_what_is_not_zero_both_ways() {
        let values: Vec<f32> = (0..3 * 37).map(|k| f32::from(u8::from(k % 5 == 2))).collect();
        let (mut lists, mut turned) = (Lists::default(), Lists::default());
        lists.fill(&values, 37);
        lists.turn(&mut turned);
        assert_eq!((lists.len(), turned.len()), (3, 37));
        for (at, value) in values.iter().enumerate() {
            let (row, place) = (at / 37, at % 37);
            let listed = lists.at(row).contains(&(place as u32));
            assert_eq!(listed, *value != 0.0);
            assert_eq!(turned.at(place).contains(&(row as u32)), listed);
        }
        assert!((0..3).all(|row| lists.at(row).is_sorted()));
        assert!((0..37).all(|place| turned.at(place).is_sorted()));
    }

    #[test]
    fn rows_are_added_in_order_on_every_instruction_set() {
        for n in [1, 10, 16, 31, 32, 128, 300] {
            let data = values(20 * n, 3);
            let rows = [1u32, 4, 5, 19];
            let mut expected = values(n, 4);
            let start = expected.clone();
            for row in rows {
                for (sum, value) in expected.iter_mut().zip(&data[row as usize * n..]) {
                    *sum += value;
                }
            }
            for isa in Isa::available() {
                let mut out = start.clone();
                add_rows_on(isa, &data, n, &Lists::of(&rows, 20), 0, &mut out);
                assert_eq!(out, expected, "{isa:?} {n}");
            }
        }
    }
}
