//! What was said just before and after a memory: memories of one scope in the order in which they
//! came, as long as no pause was longer than [`MAX_PAUSE`].

use std::collections::{BTreeMap, HashMap};

use crate::item::{Item, Scope, Time};

/// A longer pause begins another conversation: 30 minutes.
pub(crate) const MAX_PAUSE: Time = 30 * 60 * 1_000_000;
/// How far to either side a memory has neighbours.
pub(crate) const REACH: usize = 2;

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

/// The memories of each scope that are found, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beside {
    of: HashMap<Scope, BTreeMap<u64, Said>>,
}

/// What is to be known of a memory that stands beside another.
#[derive(Clone, Copy, Debug)]
struct Said {
    slot: u32,
    at: Time,
    turn: bool,
}

/// A memory beside another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neighbour {
    pub(crate) slot: u32,
    /// How many steps away: 1 to [`REACH`].
    pub(crate) steps: usize,
    /// Whether it is a turn of a conversation.
    pub(crate) turn: bool,
}

impl Beside {
    pub(crate) fn insert(&mut self, slot: u32, item: &Item) {
        let of = self.of.entry(item.scope.clone()).or_default();
        of.insert(item.number, Said { slot, at: item.created_at, turn: is_turn(item) });
    }

    pub(crate) fn remove(&mut self, item: &Item) {
        if let Some(of) = self.of.get_mut(&item.scope) {
            of.remove(&item.number);
            if of.is_empty() {
                self.of.remove(&item.scope);
            }
        }
    }

    /// The neighbours of a memory.
    pub(crate) fn neighbours(&self, item: &Item) -> Vec<Neighbour> {
        let Some(of) = self.of.get(&item.scope) else { return Vec::new() };
        let walk = |line: &mut dyn Iterator<Item = (&u64, &Said)>| {
            let mut last = item.created_at;
            let mut near = Vec::new();
            for (steps, (_, &Said { slot, at, turn })) in line.take(REACH).enumerate() {
                if (at - last).abs() > MAX_PAUSE {
                    break;
                }
                last = at;
                near.push(Neighbour { slot, steps: steps + 1, turn });
            }
            near
        };
        let mut near = walk(&mut of.range(..item.number).rev());
        near.extend(walk(&mut of.range(item.number + 1..)));
        near
    }
}
