//! What was said just before and after a memory: memories of one scope in the order in which they
//! came, as long as no pause was longer than [`MAX_PAUSE`].

use std::collections::{BTreeMap, HashMap};

use crate::item::{Item, Scope, Time};

/// A longer pause begins another conversation: 30 minutes.
pub(crate) const MAX_PAUSE: Time = 30 * 60 * 1_000_000;
/// How far to either side a memory lends to others what words found, and what attention rests on.
pub(crate) const REACH: usize = 2;
pub(crate) const FAR_REACH: usize = 4;

/// Words of a speaker's name.
const NAME_WORDS: usize = 3;
/// Keys of metadata that say who spoke.
const SPEAKERS: [&str; 4] = ["role", "speaker", "author", "from"];

/// Whether a memory is a turn of a conversation: its metadata says who spoke, or its text begins
/// with a name and a colon.
fn is_turn(item: &Item) -> bool {
    let named = |text: &str| {
        // A colon is found faster than a colon and a space.
        let colons = text.match_indices(':').map(|(at, _)| at);
        let end = colons.into_iter().find(|at| text[at + 1..].starts_with(' '));
        let (name, said) = end.map_or(("", ""), |at| (&text[..at], &text[at + 2..]));
        let capital = |word: &str| word.starts_with(char::is_uppercase);
        !said.is_empty()
            && (1..=NAME_WORDS).contains(&name.split(' ').count())
            && name.split(' ').all(capital)
    };
    SPEAKERS.iter().any(|key| item.metadata.contains_key(*key)) || named(&item.text)
}

/// The memories of each scope that are found, each with the one before and the one after it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beside {
    /// By slot.
    line: Vec<Said>,
    /// Slots of each scope by number.
    of: HashMap<Scope, BTreeMap<u64, u32>>,
}

/// No slot.
const NONE: u32 = u32::MAX;

/// What is to be known of a memory that stands beside another.
#[derive(Clone, Copy, Debug)]
struct Said {
    before: u32,
    after: u32,
    at: Time,
    turn: bool,
}

impl Default for Said {
    fn default() -> Self {
        Self { before: NONE, after: NONE, at: 0, turn: false }
    }
}

/// A memory beside another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neighbour {
    pub(crate) slot: u32,
    /// How many steps away, from 1.
    pub(crate) steps: usize,
    /// Whether it is a turn of a conversation.
    pub(crate) turn: bool,
}

impl Beside {
    pub(crate) fn insert(&mut self, slot: u32, item: &Item) {
        let of = self.of.entry(item.scope.clone()).or_default();
        if of.insert(item.number, slot) != Some(slot) {
            let before = of.range(..item.number).next_back().map_or(NONE, |(_, slot)| *slot);
            let after = of.range(item.number + 1..).next().map_or(NONE, |(_, slot)| *slot);
            if self.line.len() <= slot as usize {
                self.line.resize(slot as usize + 1, Said::default());
            }
            self.join(before, slot);
            self.join(slot, after);
        }
        let said = &mut self.line[slot as usize];
        (said.at, said.turn) = (item.created_at, is_turn(item));
    }

    pub(crate) fn remove(&mut self, item: &Item) {
        let Some(of) = self.of.get_mut(&item.scope) else { return };
        let Some(slot) = of.remove(&item.number) else { return };
        if of.is_empty() {
            self.of.remove(&item.scope);
        }
        let Said { before, after, .. } = std::mem::take(&mut self.line[slot as usize]);
        self.join(before, after);
    }

    /// Puts one slot after the other; either may be none.
    fn join(&mut self, before: u32, after: u32) {
        if let Some(said) = self.line.get_mut(before as usize) {
            said.after = after;
        }
        if let Some(said) = self.line.get_mut(after as usize) {
            said.before = before;
        }
    }

    /// The memories up to `reach` steps from that of a slot, those before it first.
    pub(crate) fn neighbours(&self, slot: u32, reach: usize) -> impl Iterator<Item = Neighbour> {
        self.walk(slot, reach, |said| said.before).chain(self.walk(slot, reach, |said| said.after))
    }

    fn walk(
        &self,
        from: u32,
        reach: usize,
        next: fn(&Said) -> u32,
    ) -> impl Iterator<Item = Neighbour> {
        let mut last = self.line.get(from as usize);
        (1..=reach).map_while(move |steps| {
            let slot = next(last?);
            let said = self.line.get(slot as usize)?;
            let pause = said.at.abs_diff(last.replace(said)?.at);
            let near = pause <= MAX_PAUSE.unsigned_abs();
            near.then_some(Neighbour { slot, steps, turn: said.turn })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{Beside, MAX_PAUSE, REACH};
    use crate::item::{Item, Scope, Time};

    fn item(number: u64, at: Time, user: u8) -> Item {
        let scope = Scope { user_id: Some(user.to_string()), ..Scope::default() };
        Item { number, scope, created_at: at, ..crate::item::tests::item("said") }
    }

    /// The slots of one side, the nearest first, until the pause is too long.
    fn side<'a>(line: impl Iterator<Item = &'a (u32, Time)>, mut last: Time) -> Vec<u32> {
        let near = line
            .take(REACH)
            .take_while(|(_, at)| (std::mem::replace(&mut last, *at) - at).abs() <= MAX_PAUSE);
        near.map(|(slot, _)| *slot).collect()
    }

    proptest! {
        #[test]
        fn neighbours_are_those_of_the_sorted_line(
            changes in prop::collection::vec((0_u32..20, any::<bool>(), 0_u8..2), 1..80),
            pauses in prop::collection::vec(0..2 * MAX_PAUSE, 20),
        ) {
            let times: Vec<Time> =
                pauses.iter().scan(0, |at, pause| { *at += pause; Some(*at) }).collect();
            // The slots are not in the order of the numbers.
            let of = |slot: u32| u64::from(slot * 7 % 20);
            let (mut beside, mut there) = (Beside::default(), BTreeMap::new());
            for (slot, comes, user) in changes {
                let at = times[of(slot) as usize];
                let user = there.get(&slot).map_or(user, |(user, _)| *user);
                let item = item(of(slot), at, user);
                if comes {
                    beside.insert(slot, &item);
                    there.insert(slot, (user, at));
                } else {
                    beside.remove(&item);
                    there.remove(&slot);
                }
            }
            for (&slot, &(user, at)) in &there {
                let mut line: Vec<(u32, Time)> = there
                    .iter()
                    .filter(|(_, (of, _))| *of == user)
                    .map(|(slot, (_, at))| (*slot, *at))
                    .collect();
                line.sort_by_key(|(slot, _)| of(*slot));
                let here = line.iter().position(|(other, _)| *other == slot).unwrap();
                let mut wanted = side(line[..here].iter().rev(), at);
                wanted.extend(side(line[here + 1..].iter(), at));
                let found: Vec<u32> = beside.neighbours(slot, REACH).map(|n| n.slot).collect();
                prop_assert_eq!(found, wanted);
            }
        }
    }
}
