//! A map that holds so many entries and no more: the one of lowest rank makes room.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

pub(crate) struct Bounded<K, R, V> {
    limit: usize,
    entries: HashMap<K, Entry<R, V>>,
    /// By rank, then by the order in which they came.
    order: BTreeMap<(R, u64), K>,
    n_put: u64,
}

struct Entry<R, V> {
    rank: (R, u64),
    value: V,
}

impl<K: Eq + Hash + Clone, R: Ord + Copy, V> Bounded<K, R, V> {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, entries: HashMap::new(), order: BTreeMap::new(), n_put: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn get(&self, key: &K) -> Option<(R, &V)> {
        self.entries.get(key).map(|entry| (entry.rank.0, &entry.value))
    }

    pub(crate) fn put(&mut self, key: K, rank: R, value: V) {
        self.remove(&key);
        while self.entries.len() >= self.limit
            && let Some((_, lowest)) = self.order.pop_first()
        {
            self.entries.remove(&lowest);
        }
        self.n_put += 1;
        let rank = (rank, self.n_put);
        self.order.insert(rank, key.clone());
        self.entries.insert(key, Entry { rank, value });
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let entry = self.entries.remove(key)?;
        self.order.remove(&entry.rank);
        Some(entry.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_makes_room() {
        let mut map = Bounded::new(2);
        map.put("a", 2, 'a');
        map.put("b", 1, 'b');
        map.put("c", 0, 'c');
        assert_eq!(
            (map.get(&"b"), map.get(&"a"), map.get(&"c")),
            (None, Some((2, &'a')), Some((0, &'c')))
        );
        // One that is put again takes no room of others.
        map.put("c", 3, 'C');
        map.put("d", 9, 'd');
        assert_eq!((map.get(&"a"), map.get(&"c"), map.len()), (None, Some((3, &'C')), 2));
        assert_eq!((map.remove(&"c"), map.remove(&"c"), map.len()), (Some('C'), None, 1));
        assert_eq!(map.order.len(), 1);
    }

    #[test]
    fn of_one_rank_the_oldest_makes_room() {
        let mut map = Bounded::new(2);
        ["a", "b", "c"].into_iter().for_each(|key| map.put(key, 0, ()));
        assert!(map.get(&"a").is_none() && map.get(&"b").is_some());
    }
}
