//! Which documents have a frequent word, a bit for each: whether one has it is one look, where in a
//! sorted list it is several steps into the dark.

use super::Ordinal;

/// A word of at least one document in so many is frequent, and one of less than half as many is so no
/// longer: its two bits for each of all documents are at most 32 bytes for each of its own.
const MIN_SHARE: usize = 64;
/// In fewer documents a list is searched as quickly.
const MIN_DOCUMENTS: usize = 1024;

/// How often a document has a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    Never,
    Once,
    More,
}

/// The documents of one word; of a rare one, nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    /// For each 64 documents, those that have it once and those that have it more often.
    blocks: Vec<[u64; 2]>,
}

impl Marks {
    /// How often a document has the word, where it is marked; nothing where it is rare.
    #[inline]
    pub(super) fn held(&self, ordinal: Ordinal) -> Option<Held> {
        if self.blocks.is_empty() {
            return None;
        }
        let Some([once, more]) = self.blocks.get(ordinal as usize / 64) else {
            return Some(Held::Never);
        };
        let bit = 1 << (ordinal % 64);
        Some(match (once & bit != 0, more & bit != 0) {
            (true, _) => Held::Once,
            (_, true) => Held::More,
            _ => Held::Never,
        })
    }

    /// The newest document of `all` has been added to the word's `ordinals`: it is marked, or all are
    /// once the word is frequent, which is looked at each time there are twice as many.
    pub(super) fn add(&mut self, all: usize, ordinals: &[Ordinal], frequencies: &[u16]) {
        let n = ordinals.len();
        if 2 * n * MIN_SHARE < all {
            self.blocks = Vec::new();
        }
        if !self.blocks.is_empty() {
            self.mark(ordinals[n - 1], frequencies[n - 1]);
        } else if n.is_power_of_two() && n >= MIN_DOCUMENTS && n * MIN_SHARE >= all {
            let each = ordinals.iter().zip(frequencies);
            each.for_each(|(ordinal, frequency)| self.mark(*ordinal, *frequency));
        }
    }

    fn mark(&mut self, ordinal: Ordinal, frequency: u16) {
        let block = ordinal as usize / 64;
        if self.blocks.len() <= block {
            self.blocks.resize(block + 1, [0; 2]);
        }
        self.blocks[block][usize::from(frequency > 1)] |= 1 << (ordinal % 64);
    }

    pub(super) fn bytes(&self) -> usize {
        self.blocks.capacity() * size_of::<[u64; 2]>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frequent_word_is_marked_from_when_it_is_and_a_rare_one_never() {
        let (mut frequent, mut rare) = (Marks::default(), Marks::default());
        let (mut ordinals, mut frequencies, mut few) = (Vec::new(), Vec::new(), Vec::new());
        for ordinal in 0..300_000_u32 {
            if ordinal % 3 == 0 {
                ordinals.push(ordinal);
                frequencies.push(1 + (ordinal % 2) as u16);
                frequent.add(ordinal as usize + 1, &ordinals, &frequencies);
            }
            if ordinal % 100 == 0 {
                few.push(ordinal);
                rare.add(ordinal as usize + 1, &few, &vec![1; few.len()]);
            }
        }
        for ordinal in 0..300_000 {
            let held = match (ordinal % 3, ordinal % 2) {
                (0, 0) => Held::Once,
                (0, _) => Held::More,
                _ => Held::Never,
            };
            assert_eq!(frequent.held(ordinal), Some(held), "{ordinal}");
        }
        assert_eq!(frequent.held(400_000), Some(Held::Never));
        assert_eq!(rare.held(100), None);
        assert!(frequent.bytes() < ordinals.len() * 16, "{}", frequent.bytes());
    }

    #[test]
    fn a_word_that_has_become_rare_is_marked_no_longer() {
        let (mut marks, mut ordinals, mut frequencies) = (Marks::default(), Vec::new(), Vec::new());
        for ordinal in (0..2048).chain((2048..600_000).step_by(10_000)) {
            ordinals.push(ordinal);
            frequencies.push(1);
            marks.add(ordinal as usize + 1, &ordinals, &frequencies);
            assert!(marks.bytes() <= ordinals.len() * 64, "{ordinal}: {}", marks.bytes());
        }
        assert_eq!((marks.held(7), marks.bytes()), (None, 0));
    }
}
