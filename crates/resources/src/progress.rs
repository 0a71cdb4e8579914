//! How long each of many things has not moved, by looking at it from time to time.
//!
//! Who is watched counts and reads no clock, so being watched costs next to nothing; who watches
//! has the clock. An age is therefore the least it can be, and short of the truth by at most the
//! time between two looks.

use std::collections::HashMap;
use std::time::Duration;

/// What is watched.
pub(crate) type Id = u64;

/// What has been seen.
#[derive(Default)]
pub(crate) struct Progress {
    of: HashMap<Id, Seen>,
    look: u64,
}

struct Seen {
    count: u64,
    /// When this count was first seen.
    since: Duration,
    /// When it is told again.
    tell_at: Duration,
    look: u64,
}

impl Progress {
    /// Begins a look; what the last one did not see is forgotten.
    pub(crate) fn look(&mut self) {
        let last = self.look;
        self.of.retain(|_, seen| seen.look == last);
        self.look += 1;
    }

    /// How long this has had this count; zero when it is new.
    pub(crate) fn age(&mut self, id: Id, count: u64, now: Duration) -> Duration {
        let look = self.look;
        let new = || Seen { count, since: now, tell_at: now, look };
        let seen = self.of.entry(id).or_insert_with(new);
        if seen.count != count {
            *seen = new();
        }
        seen.look = look;
        now.saturating_sub(seen.since)
    }

    /// Whether it is time to tell of it; if so it will be again after `again`.
    pub(crate) fn is_due(&mut self, id: Id, now: Duration, again: Duration) -> bool {
        match self.of.get_mut(&id) {
            Some(seen) if now >= seen.tell_at => {
                seen.tell_at = now.saturating_add(again);
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn ages_grow_until_something_moves() {
        let mut progress = Progress::default();
        let mut age = |count, at: u32| {
            progress.look();
            progress.age(1, count, SECOND * at)
        };
        assert_eq!(age(7, 10), Duration::ZERO);
        assert_eq!(age(7, 12), SECOND * 2);
        assert_eq!(age(8, 13), Duration::ZERO);
        assert_eq!(age(8, 14), SECOND);
    }

    #[test]
    fn what_is_not_seen_is_forgotten() {
        let mut progress = Progress::default();
        progress.look();
        progress.age(1, 7, SECOND);
        progress.look();
        progress.look();
        assert_eq!(progress.age(1, 7, SECOND * 9), Duration::ZERO);
        assert_eq!(progress.of.len(), 1);
    }

    #[test]
    fn it_is_told_now_and_then() {
        let mut progress = Progress::default();
        progress.look();
        progress.age(1, 7, SECOND);
        let mut due = |at: u32| progress.is_due(1, SECOND * at, SECOND * 10);
        assert_eq!([due(2), due(3), due(11), due(12)], [true, false, false, true]);
        assert!(!progress.is_due(2, SECOND, SECOND));
    }
}
