//! The events of one population over a window of steps and the steps before it that delayed
//! projections still need.

use crate::neuron::PAD;
use crate::propagate::Incoming;
use crate::simd::{Isa, Simd, dispatch};

/// Slots of steps, oldest first: `history` steps of the past, then the window.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    history: usize,
    start: Vec<u32>,
    indices: Vec<u32>,
    /// One per event where the population may send other values than 1, else empty.
    values: Vec<f32>,
    valued: bool,
    /// Events whose value is not 1.
    graded: usize,
}

impl Events {
    pub(crate) fn new(history: usize, valued: bool) -> Self {
        let start = vec![0; history + 1];
        Self { history, start, indices: Vec::new(), values: Vec::new(), valued, graded: 0 }
    }

    pub(crate) fn reset(&mut self) {
        self.start.clear();
        self.start.resize(self.history + 1, 0);
        self.indices.clear();
        self.values.clear();
        self.graded = 0;
    }

    /// Forgets all but the last `history` steps, which become the past of a new window.
    pub(crate) fn begin_window(&mut self) {
        let slots = self.start.len() - 1;
        let drop = self.start[slots - self.history];
        if self.valued {
            let gone = &self.values[..drop as usize];
            self.graded -= gone.iter().filter(|v| **v != 1.0).count();
            self.values.drain(..drop as usize);
        }
        self.indices.drain(..drop as usize);
        self.start.drain(..slots - self.history);
        self.start.iter_mut().for_each(|s| *s -= drop);
    }

    /// Where each step of the past starts, its events, and their values where they have any.
    pub(crate) fn past(&self) -> (Vec<u32>, &[u32], &[f32]) {
        let first = self.start.len() - 1 - self.history;
        let offset = self.start[first];
        let start = self.start[first..].iter().map(|s| s - offset).collect();
        let from = offset as usize;
        (start, &self.indices[from..], if self.valued { &self.values[from..] } else { &[] })
    }

    /// Replaces everything by a past.
    pub(crate) fn set_past(&mut self, start: Vec<u32>, indices: Vec<u32>, values: Vec<f32>) {
        debug_assert!(start.len() == self.history + 1);
        self.graded = values.iter().filter(|v| **v != 1.0).count();
        (self.start, self.indices, self.values) = (start, indices, values);
    }

    pub(crate) fn is_valued(&self) -> bool {
        self.valued
    }

    pub(crate) fn bytes(&self) -> usize {
        4 * (self.start.capacity() + self.indices.capacity() + self.values.capacity())
    }

    pub(crate) fn push_value(&mut self, index: u32, value: f32) {
        debug_assert!(self.valued);
        self.indices.push(index);
        self.values.push(value);
        self.graded += usize::from(value != 1.0);
    }

    /// Adds the spikes of a row of bits, whole vectors of them.
    pub(crate) fn push_bits(&mut self, isa: Isa, bits: &[u8]) {
        debug_assert!(!self.valued && bits.len().is_multiple_of(4));
        dispatch!(isa, push_positions(indices: &mut Vec<u32> = &mut self.indices, bits: &[u8] = bits));
    }

    /// Adds the values of a row that are not zero; the row holds whole vectors.
    pub(crate) fn push_row(&mut self, isa: Isa, row: &[f32]) {
        debug_assert!(self.valued && row.len().is_multiple_of(PAD));
        let before = self.indices.len();
        dispatch!(isa, push_nonzero(indices: &mut Vec<u32> = &mut self.indices, row: &[f32] = row));
        for &index in &self.indices[before..] {
            let value = row[index as usize];
            self.values.push(value);
            self.graded += usize::from(value != 1.0);
        }
    }

    pub(crate) fn end_step(&mut self) {
        self.start.push(self.indices.len() as u32);
    }

    /// Events that arrive, after `delay` steps, in steps `from..from + steps` of the window.
    pub(crate) fn arriving(&self, from: usize, steps: usize, delay: usize) -> Incoming<'_> {
        let first = self.history + from - delay;
        Incoming {
            start: &self.start[first..=first + steps],
            indices: &self.indices,
            values: (self.graded > 0).then_some(&self.values),
        }
    }

    /// Index and value of each event that is read, after `delay` steps, in a step of the window.
    pub(crate) fn step(&self, step: usize, delay: usize) -> impl Iterator<Item = (u32, f32)> + '_ {
        let slot = self.history + step - delay;
        let range = self.start[slot] as usize..self.start[slot + 1] as usize;
        range.map(|e| (self.indices[e], if self.valued { self.values[e] } else { 1.0 }))
    }

    pub(crate) fn n_events(&self, steps: usize) -> u64 {
        u64::from(self.start[self.history + steps] - self.start[self.history])
    }
}

/// # Safety
/// The machine has the instruction set `S`, and `bits` are whole vectors of it.
#[inline(always)]
unsafe fn push_positions<S: Simd>(indices: &mut Vec<u32>, bits: &[u8]) {
    let bytes = S::LANES / 8;
    indices.reserve(bits.len() * 8 + S::LANES);
    let mut count = indices.len();
    for (k, group) in bits.chunks_exact(8).enumerate() {
        if group == [0; 8] {
            continue;
        }
        for (j, vector) in group.chunks_exact(bytes).enumerate() {
            let base = 64 * k + S::LANES * j;
            // SAFETY: there is room for every bit and one vector more.
            count += unsafe {
                S::positions(vector.as_ptr(), base as u32, indices.as_mut_ptr().add(count))
            };
        }
    }
    let rest = bits.len() / 8 * 8;
    for (j, vector) in bits[rest..].chunks_exact(bytes).enumerate() {
        let base = 8 * rest + S::LANES * j;
        // SAFETY: as above.
        count +=
            unsafe { S::positions(vector.as_ptr(), base as u32, indices.as_mut_ptr().add(count)) };
    }
    // SAFETY: every index below `count` has been written.
    unsafe { indices.set_len(count) };
}

/// # Safety
/// The machine has the instruction set `S`, and `row` holds whole vectors of it.
#[inline(always)]
unsafe fn push_nonzero<S: Simd>(indices: &mut Vec<u32>, row: &[f32]) {
    indices.reserve(row.len() + S::LANES);
    let mut count = indices.len();
    let mut bits = [0u8; 2];
    for (k, vector) in row.chunks_exact(S::LANES).enumerate() {
        // SAFETY: there is room for every lane and one vector more.
        count += unsafe {
            S::store_bits(bits.as_mut_ptr(), S::nonzero(S::load(vector.as_ptr())));
            let out = indices.as_mut_ptr().add(count);
            S::positions(bits.as_ptr(), (k * S::LANES) as u32, out)
        };
    }
    // SAFETY: every index below `count` has been written.
    unsafe { indices.set_len(count) };
}

#[cfg(test)]
mod tests {
    use super::Events;
    use crate::simd::Isa;

    #[test]
    fn the_past_of_a_window_is_what_delays_need() {
        let mut events = Events::new(2, false);
        events.begin_window();
        for step in 0..3 {
            events.push_bits(Isa::Portable, &[1 << step, 0, 0, 0]);
            events.end_step();
        }
        assert_eq!(events.arriving(0, 3, 2).step(2).0, [0]);
        events.begin_window();
        events.end_step();
        assert_eq!(events.arriving(0, 1, 2).step(0).0, [1]);
        assert_eq!(events.arriving(0, 1, 1).step(0).0, [2]);
    }

    #[test]
    fn bits_are_spikes() {
        let bits = [0b1000_0001, 0, 0, 0x80, 1, 0, 0, 0, 0, 0, 2, 0];
        for isa in Isa::available() {
            let mut events = Events::new(0, false);
            events.begin_window();
            events.push_bits(isa, &bits);
            events.end_step();
            assert_eq!(events.arriving(0, 1, 0).step(0).0, [0, 7, 31, 32, 81]);
        }
    }
}
