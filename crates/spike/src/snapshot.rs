//! A session as bytes, and back: everything that decides its next step, and nothing else.
//!
//! Little-endian: the magic, the number of sequences, the steps done; for each population and
//! sequence its state and the events that delayed projections still need; for each projection that
//! learns and sequence its weights and traces. The layout of states is the same on every machine.
//! Bytes from outside are hostile until they fit: every length, index and number is checked against
//! the network, and a session is made only when all of them hold.

use std::sync::Arc;

use crate::compile::{Compiled, CompiledPopulation};
use crate::events::Events;
use crate::learn::PlasticState;
use crate::neuron::Dynamics;
use crate::session::Session;

/// The first bytes; the last digit is the version of the format.
const MAGIC: &[u8; 8] = b"STRSNAP1";

/// Why bytes are no snapshot of a session of this network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// The bytes begin with something else, or with another version of the format.
    #[error("no snapshot of a session: expected it to begin with STRSNAP1")]
    Magic,
    /// The bytes end early, or go on.
    #[error("snapshot of {found} bytes, expected {expected} as for this network")]
    Length {
        /// Bytes that this network's session would have, as far as read.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
    /// A part has another size than the network's.
    #[error("snapshot of another network: {part} of size {found}, expected {expected}")]
    Size {
        /// Which part.
        part: &'static str,
        /// The network's.
        expected: u64,
        /// The size found.
        found: u64,
    },
    /// A state is not a number.
    #[error("snapshot with a value that is no number in {part}")]
    NotANumber {
        /// Which part.
        part: &'static str,
    },
    /// An event of a neuron that is not there, or times that go back.
    #[error("snapshot with an event of neuron {found}, expected less than {expected}")]
    Stray {
        /// Lanes of the population.
        expected: usize,
        /// The lane found.
        found: u32,
    },
}

impl Session {
    /// The bytes from which [`Session::restored`] goes on exactly as this session would.
    ///
    /// # Example
    /// ```
    /// use spike::{Compiled, Session};
    ///
    /// fn moved(session: &Session) -> Session {
    ///     let bytes = session.snapshot();
    ///     Session::restored(session.network().clone(), &bytes).expect("its own network")
    /// }
    /// ```
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes());
        out.extend_from_slice(MAGIC);
        out.extend((self.sequences as u32).to_le_bytes());
        out.extend(self.steps_done.to_le_bytes());
        for (k, (state, events)) in self.state.iter().zip(&self.events).enumerate() {
            let population = &self.network().populations[k / self.sequences];
            put(&mut out, state, Rows::of(population));
            let (start, indices, values) = events.past();
            start.iter().for_each(|s| out.extend(s.to_le_bytes()));
            indices.iter().for_each(|i| out.extend(i.to_le_bytes()));
            values.iter().for_each(|v| out.extend(v.to_le_bytes()));
        }
        let kernels = self.network().plastic_kernels().flat_map(|k| vec![k; self.sequences]);
        for (plastic, kernel) in self.plastic.iter().zip(kernels) {
            let (rows, whole) = Rows::learned(plastic, kernel.targets());
            put(&mut out, &plastic.weights, rows);
            put(&mut out, &plastic.pre, whole);
            put(&mut out, &plastic.post, rows);
            // What only some rules have; a rule always has the same parts.
            if !plastic.slow_pre.is_empty() {
                put(&mut out, &plastic.slow_pre, whole);
                put(&mut out, &plastic.slow_post, rows);
            }
            if !plastic.eligibility.is_empty() {
                put(&mut out, &plastic.eligibility, rows);
                put(&mut out, &plastic.level, Rows::ONE);
            }
        }
        out
    }

    /// A session that goes on where the one of the snapshot stood.
    ///
    /// # Errors
    /// [`SnapshotError`] where the bytes are no snapshot of a session of this network.
    pub fn restored(network: Arc<Compiled>, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(SnapshotError::Magic)?;
        let mut from = Reader { rest, total: bytes.len() };
        let sequences = from.u32()?;
        // Each sequence takes at least the bytes of one empty history.
        if sequences == 0 || sequences as usize > rest.len() {
            let (expected, found) = (1, u64::from(sequences));
            return Err(SnapshotError::Size { part: "the batch", expected, found });
        }
        let sequences = sequences as usize;
        let least = network.populations.iter().map(|p| p.dynamics.states() * p.size * 4);
        from.expect(least.sum::<usize>().saturating_mul(sequences))?;
        let mut session = Self::batch(Arc::clone(&network), sequences);
        session.steps_done = from.u64()?;
        for (p, population) in network.populations.iter().enumerate() {
            for k in p * sequences..(p + 1) * sequences {
                from.fill(&mut session.state[k], Rows::of(population), "states")?;
                check_cursor(population, &session.state[k])?;
                from.events(population, &mut session.events[k])?;
            }
        }
        let kernels: Vec<_> = network.plastic_kernels().collect();
        for (k, plastic) in session.plastic.iter_mut().enumerate() {
            let kernel = kernels[k / sequences];
            let (rows, whole) = Rows::learned(plastic, kernel.targets());
            from.fill(&mut plastic.weights, rows, "weights")?;
            from.fill(&mut plastic.pre, whole, "traces")?;
            from.fill(&mut plastic.post, rows, "traces")?;
            if !plastic.slow_pre.is_empty() {
                from.fill(&mut plastic.slow_pre, whole, "traces")?;
                from.fill(&mut plastic.slow_post, rows, "traces")?;
            }
            if !plastic.eligibility.is_empty() {
                from.fill(&mut plastic.eligibility, rows, "eligibility")?;
                from.fill(&mut plastic.level, Rows::ONE, "eligibility")?;
                if plastic.level[0] <= 0.0 {
                    return Err(SnapshotError::NotANumber { part: "eligibility" });
                }
            }
        }
        match from.rest.len() {
            0 => Ok(session),
            more => {
                let found = bytes.len();
                Err(SnapshotError::Length { expected: found - more, found })
            }
        }
    }

    /// Bytes of memory that the session's state takes; the network is shared and not counted.
    pub fn bytes(&self) -> usize {
        let state: usize = self.state.iter().map(|s| s.len() * 4).sum();
        let events: usize = self.events.iter().map(Events::bytes).sum();
        let plastic: usize = self.plastic.iter().map(PlasticState::bytes).sum();
        state + events + plastic
    }
}

/// A delay line's first state is a place in its ring.
fn check_cursor(population: &CompiledPopulation, state: &[f32]) -> Result<(), SnapshotError> {
    let Dynamics::Delay(line) = &population.dynamics else { return Ok(()) };
    let ring = line.states() - 1;
    let inside = |v: &&f32| **v >= 0.0 && (**v as usize) < ring;
    match state[..population.size].iter().find(|v| !inside(v)) {
        None => Ok(()),
        Some(v) => Err(SnapshotError::Size {
            part: "the place in a delay line",
            expected: ring as u64 - 1,
            found: *v as u64,
        }),
    }
}

/// The lanes of neurons, their number before them.
fn put(out: &mut Vec<u8>, values: &[f32], rows: Rows) {
    out.extend((rows.values(values.len()) as u64).to_le_bytes());
    let neurons = values.chunks(rows.padded.max(1)).flat_map(|row| &row[..rows.size]);
    neurons.for_each(|v| out.extend(v.to_le_bytes()));
}

/// How a part is laid out: rows of `padded` lanes, of which the first `size` are neurons'.
#[derive(Clone, Copy)]
struct Rows {
    padded: usize,
    size: usize,
}

impl Rows {
    const ONE: Self = Self { padded: 1, size: 1 };

    fn of(population: &CompiledPopulation) -> Self {
        Self { padded: population.padded, size: population.size }
    }

    /// Of what is per target, and of what is per source.
    fn learned(plastic: &PlasticState, targets: usize) -> (Self, Self) {
        let sources = plastic.pre.len();
        let rows = Self { padded: plastic.post.len(), size: targets };
        (rows, Self { padded: sources, size: sources })
    }

    /// Values of neurons among `lanes`.
    fn values(self, lanes: usize) -> usize {
        lanes / self.padded.max(1) * self.size
    }
}

/// What is left of the bytes.
struct Reader<'a> {
    rest: &'a [u8],
    total: usize,
}

impl<'a> Reader<'a> {
    fn expect(&self, n: usize) -> Result<(), SnapshotError> {
        if n <= self.rest.len() {
            return Ok(());
        }
        let expected = (self.total - self.rest.len()).saturating_add(n);
        Err(SnapshotError::Length { expected, found: self.total })
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], SnapshotError> {
        self.expect(n)?;
        let (taken, rest) = self.rest.split_at(n);
        self.rest = rest;
        Ok(taken)
    }

    fn words(
        &mut self,
        n: usize,
    ) -> Result<impl Iterator<Item = [u8; 4]> + use<'a>, SnapshotError> {
        let (words, _) = self.take(n.saturating_mul(4))?.as_chunks::<4>();
        Ok(words.iter().copied())
    }

    fn u32(&mut self) -> Result<u32, SnapshotError> {
        Ok(self.words(1)?.next().map_or(0, u32::from_le_bytes))
    }

    fn u64(&mut self) -> Result<u64, SnapshotError> {
        let low = u64::from(self.u32()?);
        Ok(u64::from(self.u32()?) << 32 | low)
    }

    /// Fills a part that has its length before it; lanes that no neuron has stay as they are.
    fn fill(
        &mut self,
        part: &mut [f32],
        rows: Rows,
        name: &'static str,
    ) -> Result<(), SnapshotError> {
        let found = self.u64()?;
        let n_values = rows.values(part.len());
        if found != n_values as u64 {
            let expected = n_values as u64;
            return Err(SnapshotError::Size { part: name, expected, found });
        }
        let words = self.words(n_values)?;
        let neurons = part.chunks_mut(rows.padded.max(1)).flat_map(|row| &mut row[..rows.size]);
        neurons.zip(words).for_each(|(v, word)| *v = f32::from_le_bytes(word));
        if part.iter().any(|v| v.is_nan()) {
            return Err(SnapshotError::NotANumber { part: name });
        }
        Ok(())
    }

    fn events(
        &mut self,
        population: &CompiledPopulation,
        events: &mut Events,
    ) -> Result<(), SnapshotError> {
        let slots = population.history + 1;
        let start: Vec<u32> = self.words(slots)?.map(u32::from_le_bytes).collect();
        let most = start.last().copied().unwrap_or(0);
        if start.first() != Some(&0) || !start.is_sorted() {
            return Err(SnapshotError::Stray { expected: population.size, found: most });
        }
        let indices: Vec<u32> = self.words(most as usize)?.map(u32::from_le_bytes).collect();
        if let Some(&found) = indices.iter().find(|&&i| i as usize >= population.size) {
            return Err(SnapshotError::Stray { expected: population.size, found });
        }
        let n_values = if events.is_valued() { indices.len() } else { 0 };
        let values: Vec<f32> = self.words(n_values)?.map(f32::from_le_bytes).collect();
        if values.iter().any(|v| v.is_nan()) {
            return Err(SnapshotError::NotANumber { part: "events" });
        }
        events.set_past(start, indices, values);
        Ok(())
    }
}
