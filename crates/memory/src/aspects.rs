//! What a memory is beside its vector, as codes that columns' receptive fields answer to: what it
//! belongs to, when it was, what is exceptional about it. Made anew whenever a memory is read, never
//! stored; `docs/concepts/columns.md` has how they vote.

use column::{Aspects, Sparse};
use knowledge::{BranchId, Knowledge};

use crate::item::{Class, Item, Time};
use crate::when;

const HOUR: Time = 3_600_000_000;
/// Scales of time, in hours: a sitting, a day, a week, four weeks, a year of weeks.
const SCALES: [i64; 5] = [4, 24, 168, 672, 8_736];
/// Names whose entities are asked for their parents.
const MAX_NAMES: usize = 8;
/// Parents of all of them.
const MAX_PARENTS: usize = 16;

/// What may be exceptional about a memory, each a place of its own.
#[derive(Clone, Copy)]
enum Exception {
    /// Nothing.
    Ordinary,
    /// It takes the place of another, or says that something has changed.
    Corrects,
    /// It says where a rule does not hold.
    Excepts,
    /// Somebody refuted it, or more dismissed it than endorsed.
    Doubted,
}

/// Words that say where a rule does not hold, and that something has changed.
const EXCEPTS: [&str; 6] =
    ["except", "exception", "exceptionally", "unless", "however", "although"];
const CORRECTS: [&str; 5] = ["actually", "instead", "correction", "contrary", "formerly"];
/// The same in two words.
const NO_LONGER: [(&str, &str); 3] = [("no", "longer"), ("not", "anymore"), ("any", "more")];

/// The codes of a memory; `corrects` where it takes the place of another.
pub(crate) fn of(item: &Item, corrects: bool, knowledge: &Knowledge) -> Aspects {
    Aspects {
        structural: structural(item, knowledge),
        temporal: temporal(when::happened(item)),
        exception: exceptions(item, corrects),
    }
}

/// Whose it is, its tags and source, the names in it and what knowledge says that these are.
fn structural(item: &Item, knowledge: &Knowledge) -> Sparse {
    let scope = item.scope.names().map(|(kind, name)| feature(kind, name));
    let tags = item.tags.iter().map(|tag| feature("tag", tag));
    let source = item.source.iter().map(|source| feature("source", source));
    let names = item.mentions.iter().map(|name| feature("name", &name.to_lowercase()));
    let above = above(item, knowledge).into_iter().map(|id| hash(&[b"is_a", &id.to_le_bytes()]));
    scope.chain(tags).chain(source).chain(names).chain(above).collect()
}

/// The parents, in the hierarchy, of the entities that a memory names.
fn above(item: &Item, knowledge: &Knowledge) -> Vec<u64> {
    if item.mentions.is_empty() || knowledge.counts().facts == 0 {
        return Vec::new();
    }
    let Ok(view) = knowledge.latest(BranchId::MAIN) else { return Vec::new() };
    let named = item.mentions.iter().take(MAX_NAMES).flat_map(|name| view.by_name(name));
    named.flat_map(|entity| view.parents(entity)).take(MAX_PARENTS).map(|id| id.0).collect()
}

/// Tiles of time, two rows of each scale, one half a tile behind the other, so that what is close
/// shares a tile (coarse coding; Albus 1975, CMAC); and the day of the week and the month.
fn temporal(at: Time) -> Sparse {
    let hours = at.div_euclid(HOUR);
    let tile = |scale: i64, half: i64| (2 * hours + half * scale).div_euclid(2 * scale);
    let tiles =
        SCALES.iter().flat_map(|&scale| [0, 1].map(|half| (scale, half, tile(scale, half))));
    let day = hours.div_euclid(24);
    // A month is a twelfth of 365.25 days, in quarters of a day.
    let (weekday, month) = (day.rem_euclid(7), (4 * day).rem_euclid(1461) * 12 / 1461);
    let periods = [(0, 7, weekday), (0, 12, month)];
    let code = |(scale, kind, n): (i64, i64, i64)| {
        hash(&[&scale.to_le_bytes(), &kind.to_le_bytes(), &n.to_le_bytes()])
    };
    tiles.chain(periods).map(code).collect()
}

fn exceptions(item: &Item, corrects: bool) -> Sparse {
    let (excepts, changes) = said(&item.text);
    let doubted = item.usage.dismissals > item.usage.endorsements;
    let all = [
        (corrects || changes).then_some(Exception::Corrects),
        excepts.then_some(Exception::Excepts),
        (doubted || item.class == Class::FalsePositive).then_some(Exception::Doubted),
    ];
    let code: Sparse = all.into_iter().flatten().map(|exception| exception as u64).collect();
    if code.is_empty() { code.with(Exception::Ordinary as u64) } else { code }
}

/// Whether a text says where a rule does not hold, and that something has changed.
fn said(text: &str) -> (bool, bool) {
    let (mut excepts, mut corrects, mut last) = (false, false, "");
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let is = |other: &&str| word.eq_ignore_ascii_case(other);
        excepts |= EXCEPTS.iter().any(is);
        corrects |= CORRECTS.iter().any(is);
        corrects |= NO_LONGER.iter().any(|(a, b)| is(b) && last.eq_ignore_ascii_case(a));
        last = word;
    }
    (excepts, corrects)
}

fn feature(kind: &str, value: &str) -> u64 {
    hash(&[kind.as_bytes(), value.as_bytes()])
}

/// FNV-1a of parts, with a zero behind each, and its high half, whose bits are mixed best.
fn hash(parts: &[&[u8]]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.iter().chain(&[0]));
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    bytes.fold(0xcbf2_9ce4_8422_2325, mix) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::tests::item;
    use crate::moment;

    fn shared(a: &str, b: &str) -> u32 {
        let code = |at: &str| temporal(moment::read(at).unwrap());
        let both = code(a).len() + code(b).len();
        let union: Sparse = (0..64).filter(|&p| code(a).has(p) || code(b).has(p)).collect();
        both - union.len()
    }

    #[test]
    fn the_closer_in_time_the_more_places_are_shared() {
        let at = "2026-03-10T10:00:00Z";
        let others =
            ["2026-03-10T11:00:00Z", "2026-03-12T10:00:00Z", "2026-04-20T10:00:00Z", "2011-08-01"];
        let shares = others.map(|other| shared(at, other));
        assert!(shares.is_sorted_by(|a, b| a > b), "{shares:?}");
    }

    #[test]
    fn an_edge_of_a_tile_parts_nothing_that_is_close() {
        assert!(shared("2026-03-10T23:59:00Z", "2026-03-11T00:01:00Z") >= 5);
    }

    #[test]
    fn names_tags_and_scope_are_structure_and_words_are_not() {
        let none = Knowledge::default();
        let mut a = item("the same words");
        let plain = structural(&a, &none);
        assert!(plain.is_empty());
        a.mentions = vec!["Ada".into()];
        a.tags = vec!["engines".into()];
        let mut b = item("others");
        b.mentions = vec!["ada".into()];
        b.tags = vec!["engines".into()];
        assert_eq!(structural(&a, &none), structural(&b, &none));
        assert!(structural(&a, &none).len() == 2);
    }

    #[test]
    fn what_is_exceptional_is_told_from_what_is_ordinary() {
        let exceptional = |text: &str| exceptions(&item(text), false);
        let ordinary = exceptional("Birds fly");
        assert_eq!(ordinary, exceptional("Ada likes tea"));
        assert_ne!(ordinary, exceptional("Birds fly, except penguins"));
        assert_ne!(ordinary, exceptional("Ada no longer likes tea"));
        assert_ne!(exceptional("Birds fly, except penguins"), exceptional("It moved, actually"));
        assert_ne!(ordinary, exceptions(&item("Ada likes coffee"), true));
        let refuted = Item { class: Class::FalsePositive, ..item("Birds fly") };
        assert_ne!(ordinary, exceptions(&refuted, false));
    }
}
