//! Delivery when due: how a spike travels from a row to the targets' sums.
//!
//! A spike reads where the slices of its row lie and notes each in the list of the step in which it
//! is due. A step walks its list and adds: the sums of one receptor are one array of whole numbers
//! that stays in the second-level cache, and because they are whole, their order does not matter.

use super::plan::{Format, MAX_RECEPTORS, MAX_SHARD, RowSet};
use super::rows::{Rows, Synapses};

/// Slices ahead of the one being added that are fetched from memory.
const FETCH_AHEAD: usize = 6;
/// Cache lines of a slice that are fetched; the machine fetches the rest of a long one by itself.
const FETCH_LINES: usize = 8;
const LINE: usize = 64;

/// The input of a step on each receptor, in units of weight, for every target of a shard.
#[derive(Debug)]
pub(crate) enum Sums {
    /// Where no sum can leave 16 bits: half the memory.
    Narrow(Box<[Sum<i16>]>),
    /// Everywhere else.
    Wide(Box<[Sum<i32>]>),
}

/// The sums of a receptor lie a few lines more than whole pages apart: a load that follows a store
/// to the same place in another page would wait for it.
const STAGGER: usize = 320;

/// The sums of one receptor.
pub(crate) type Sum<N> = [N; MAX_SHARD + STAGGER];

impl Sums {
    pub(crate) fn new(narrow: bool) -> Self {
        if narrow {
            Self::Narrow(vec![[0; MAX_SHARD + STAGGER]; MAX_RECEPTORS].into())
        } else {
            Self::Wide(vec![[0; MAX_SHARD + STAGGER]; MAX_RECEPTORS].into())
        }
    }
}

/// The sums of every receptor for some neurons.
pub(crate) fn part<N>(sums: &mut [Sum<N>], from: usize, n: usize) -> [&mut [N]; MAX_RECEPTORS] {
    let mut all = sums.iter_mut();
    std::array::from_fn(|_| all.next().map_or(&mut [][..], |sum| &mut sum[from..from + n]))
}

/// A number that sums are kept in, with addition that wraps: the layout keeps sums inside it.
pub(crate) trait Adds: Copy {
    fn add(&mut self, units: i32);
}

impl Adds for i16 {
    #[inline(always)]
    fn add(&mut self, units: i32) {
        *self = self.wrapping_add(units as i16);
    }
}

impl Adds for i32 {
    #[inline(always)]
    fn add(&mut self, units: i32) {
        *self = self.wrapping_add(units);
    }
}

/// Synapses of one row that are due in one step.
#[derive(Clone, Copy, Debug)]
struct Slice {
    from: u32,
    len: u32,
}

/// What is due on one set of rows, by step.
#[derive(Debug)]
pub(crate) struct Calendar {
    due: Vec<Vec<Slice>>,
}

impl Calendar {
    pub(crate) fn new(set: &RowSet) -> Self {
        Self { due: vec![Vec::new(); set.max_delay() as usize + 1] }
    }

    /// Notes the slices of a spike that fell in `step`.
    pub(crate) fn note(&mut self, set: &RowSet, rows: &Rows, row: usize, step: u64) {
        let n = set.n_delays as usize;
        let ends = &rows.slices[row * n..][..n + 1];
        let first = (step + u64::from(set.min_delay)) % self.due.len() as u64;
        let mut day = first as usize;
        for pair in ends.windows(2) {
            if pair[1] > pair[0] {
                self.due[day].push(Slice { from: pair[0], len: pair[1] - pair[0] });
            }
            day += 1;
            if day == self.due.len() {
                day = 0;
            }
        }
    }

    /// Adds what is due in `step` to the sums, and gives the number of synapses it came through.
    pub(crate) fn deliver(&mut self, set: &RowSet, rows: &Rows, step: u64, sums: &mut Sums) -> u64 {
        let day = (step % self.due.len() as u64) as usize;
        let due = &mut self.due[day];
        match sums {
            Sums::Narrow(sums) => add(due, set, rows, &mut sums[set.receptor]),
            Sums::Wide(sums) => add(due, set, rows, &mut sums[set.receptor]),
        }
        let events = due.iter().map(|slice| u64::from(slice.len)).sum();
        due.clear();
        events
    }
}

fn add<N: Adds>(due: &[Slice], set: &RowSet, rows: &Rows, sums: &mut Sum<N>) {
    match (&rows.synapses, &set.format) {
        (Synapses::Targets(targets), Format::Constant(units)) => {
            each(due, targets, |&target| sums[usize::from(target)].add(*units));
        }
        (Synapses::Packed(packed), _) => {
            each(due, packed, |&s| sums[usize::from(s as u16)].add(s as i32 >> 16));
        }
        _ => {}
    }
}

/// Visits every synapse of the slices, while those of later slices are fetched.
#[inline(always)]
fn each<T>(slices: &[Slice], synapses: &[T], mut add: impl FnMut(&T)) {
    slices.iter().take(FETCH_AHEAD).for_each(|slice| fetch(synapses, slice));
    for (k, slice) in slices.iter().enumerate() {
        if let Some(ahead) = slices.get(k + FETCH_AHEAD) {
            fetch(synapses, ahead);
        }
        synapses[slice.from as usize..][..slice.len as usize].iter().for_each(&mut add);
    }
}

#[inline(always)]
fn fetch<T>(synapses: &[T], slice: &Slice) {
    let bytes = slice.len as usize * size_of::<T>();
    for line in 0..bytes.div_ceil(LINE).min(FETCH_LINES) {
        prefetch(synapses, slice.from as usize + line * (LINE / size_of::<T>()));
    }
}

/// Asks for the cache line of an element, without waiting for it.
#[inline(always)]
pub(crate) fn prefetch<T>(values: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch touches nothing, whatever the address, and SSE is part of x86-64.
    unsafe {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(values.as_ptr().wrapping_add(at).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (values, at);
}
