//! The receptive fields of a column for what its items are beside their vectors: how many of them have
//! each place of a code. Always exact: every row that comes or goes is counted.

use crate::aspects::{Aspects, PLACES};
use crate::list::room;

/// The codes of the rows of a column, in their order, and its three fields.
#[derive(Clone, Debug)]
pub(crate) struct Receptive {
    rows: Vec<Aspects>,
    fields: [[u32; PLACES]; 3],
}

impl Receptive {
    /// Of rows that say nothing.
    pub(crate) fn new(n: usize) -> Self {
        Self { rows: vec![Aspects::default(); n], fields: [[0; PLACES]; 3] }
    }

    pub(crate) fn row(&self, at: usize) -> Aspects {
        self.rows[at]
    }

    pub(crate) fn push(&mut self) {
        room(&mut self.rows, 1);
        self.rows.push(Aspects::default());
    }

    pub(crate) fn set(&mut self, at: usize, aspects: Aspects) {
        let before = std::mem::replace(&mut self.rows[at], aspects);
        self.each(&before, |n| *n -= 1);
        self.each(&aspects, |n| *n += 1);
    }

    pub(crate) fn swap_remove(&mut self, at: usize) {
        let gone = self.rows.swap_remove(at);
        self.each(&gone, |n| *n -= 1);
    }

    pub(crate) fn shrink(&mut self) {
        self.rows.shrink_to_fit();
    }

    /// How much each field answers: `v = sum of f_i over the places i of the code / (n k)`, with `f_i` of
    /// the column's `n` rows having place `i` and `k` places in the code.
    pub(crate) fn answers(&self, aspects: &Aspects) -> [f32; 3] {
        let codes = aspects.codes();
        std::array::from_fn(|kind| {
            let had: u32 = codes[kind].places().map(|place| self.fields[kind][place]).sum();
            had as f32 / (self.rows.len() as f32 * codes[kind].len() as f32).max(1.0)
        })
    }

    /// Bytes on the heap, its own among them.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.rows.capacity() * size_of::<Aspects>()
    }

    fn each(&mut self, aspects: &Aspects, change: impl Fn(&mut u32)) {
        for (field, code) in self.fields.iter_mut().zip(aspects.codes()) {
            code.places().for_each(|place| change(&mut field[place]));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Columns, Config};

    fn aspects(n: u64) -> Aspects {
        Aspects {
            structural: [n % 5, n % 7 + 9].into_iter().collect(),
            temporal: (n..n + 3).collect(),
            exception: if n.is_multiple_of(9) {
                [1].into_iter().collect()
            } else {
                Default::default()
            },
        }
    }

    fn vector(n: u32) -> [f32; 3] {
        let angle = n as f32 * 0.37;
        [angle.cos(), angle.sin(), (angle * 0.31).sin()]
    }

    /// Counts the places of the rows anew.
    fn recounted(column: &crate::columns::Column) -> [[u32; PLACES]; 3] {
        let mut fields = [[0; PLACES]; 3];
        for at in 0..column.list.len() {
            for (field, code) in fields.iter_mut().zip(column.list.aspects(at).codes()) {
                code.places().for_each(|place| field[place] += 1);
            }
        }
        fields
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn fields_are_those_of_the_rows_whatever_comes_goes_splits_and_merges(
            runs in prop::collection::vec((any::<bool>(), 0u32..900, 0u32..400), 1..12),
        ) {
            let mut columns = Columns::new(Config::new(3)).unwrap();
            for (insert, from, n) in runs {
                for id in from..from + n {
                    if !insert {
                        columns.remove(id);
                    } else if !columns.contains(id) {
                        columns.insert_with(id, &vector(id), aspects(id.into())).unwrap();
                    }
                }
            }
            for column in &columns.columns {
                for at in 0..column.list.len() {
                    prop_assert_eq!(column.list.aspects(at), aspects(column.list.ids[at].into()));
                }
                let fields = column.list.receptive().map_or([[0; PLACES]; 3], |r| r.fields);
                prop_assert_eq!(fields, recounted(column));
            }
        }
    }

    #[test]
    fn an_answer_is_the_mean_share_of_places_that_rows_have() {
        let code = |places: &[u64]| places.iter().copied().collect();
        let mut receptive = Receptive::new(2);
        receptive.set(0, Aspects { structural: code(&[1, 2]), ..Aspects::default() });
        receptive.set(1, Aspects { structural: code(&[2, 3]), ..Aspects::default() });
        let asked = Aspects { structural: code(&[2, 3, 4]), ..Aspects::default() };
        // Of three places one row has one and the other two.
        assert_eq!(receptive.answers(&asked), [0.5, 0.0, 0.0]);
    }
}
