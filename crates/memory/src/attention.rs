//! Attention: what the last questions of a conversation brought up primes its next one, so that
//! "and who came along?" finds what was said of the journey that was asked for before.
//!
//! The first memories that a question finds become active, each further one less; the next question
//! leaves [`KEEP`] of that, a pause of 30 minutes nothing. Held in the process alone: after a restart
//! nothing is attended to.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use lru::LruCache;

use crate::beside::MAX_PAUSE;
use crate::error::{MemoryError, TooLarge};
use crate::item::{Id, MAX_NAME_BYTES, Scope, Time};
use crate::search::Hit;

/// Conversations of a tenant that are attended to; the one whose last question is oldest goes first.
pub const MAX_CONVERSATIONS: usize = 1024;
/// Memories that stay active in one conversation.
pub const MAX_ATTENDED: usize = 16;
/// Memories of one question that become active.
const FOUND: usize = 3;
/// What a question leaves of what was active before it.
const KEEP: f32 = 0.5;

/// Memories and how active each is, 0 to 1, the most active first.
pub(crate) type Attended = Vec<(Id, f32)>;

/// What each conversation of a tenant is about.
#[derive(Debug)]
pub(crate) struct Attention(Mutex<LruCache<Conversation, Focus>>);

/// Whose conversation, and what it is called.
type Conversation = (Scope, String);

#[derive(Clone, Debug, Default)]
struct Focus {
    active: Attended,
    last: Time,
}

impl Default for Attention {
    fn default() -> Self {
        const ROOM: NonZeroUsize = NonZeroUsize::new(MAX_CONVERSATIONS).unwrap();
        Self(Mutex::new(LruCache::new(ROOM)))
    }
}

impl Attention {
    /// # Errors
    /// [`MemoryError::TooLarge`] where a conversation's name is.
    pub(crate) fn check(name: &str) -> Result<(), MemoryError> {
        TooLarge::check("attention", "bytes", name.len(), MAX_NAME_BYTES)
    }

    /// What a conversation is about now.
    pub(crate) fn of(&self, scope: &Scope, name: &str, now: Time) -> Attended {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let focus = known.get(&(scope.clone(), name.to_owned()));
        focus.filter(|focus| focus.lasts(now)).map(|focus| focus.active.clone()).unwrap_or_default()
    }

    /// A question of the conversation found these of itself, best first.
    pub(crate) fn attend<'a>(
        &self,
        scope: &Scope,
        name: &str,
        hits: impl Iterator<Item = &'a Hit>,
        now: Time,
    ) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let focus = known.get_or_insert_mut((scope.clone(), name.to_owned()), Focus::default);
        if !focus.lasts(now) {
            focus.active.clear();
        }
        focus.attend(hits.map(|hit| hit.item.id));
        focus.last = now;
    }
}

impl Focus {
    fn lasts(&self, now: Time) -> bool {
        now.abs_diff(self.last) <= MAX_PAUSE.unsigned_abs()
    }

    fn attend(&mut self, found: impl Iterator<Item = Id>) {
        self.active.iter_mut().for_each(|(_, activation)| *activation *= KEEP);
        for (k, id) in found.take(FOUND).enumerate() {
            let activation = 1.0 / (k + 1) as f32;
            match self.active.iter_mut().find(|(known, _)| *known == id) {
                Some((_, before)) => *before = before.max(activation),
                None => self.active.push((id, activation)),
            }
        }
        self.active.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        self.active.truncate(MAX_ATTENDED);
    }
}

#[cfg(test)]
mod tests {
    use super::{Focus, MAX_ATTENDED};
    use crate::item::Id;

    /// The name of the k-th millisecond.
    fn id(k: i64) -> Id {
        Id::new(1000 * k, &[0; 10])
    }

    fn attend(focus: &mut Focus, found: &[i64]) {
        focus.attend(found.iter().copied().map(id));
    }

    #[test]
    fn what_was_found_last_is_the_most_active_and_what_was_before_fades() {
        let [one, two, three, four] = [1, 2, 3, 4].map(id);
        let mut focus = Focus::default();
        attend(&mut focus, &[1, 2]);
        attend(&mut focus, &[2, 3]);
        assert_eq!(focus.active, [(two, 1.0), (one, 0.5), (three, 0.5)]);
        attend(&mut focus, &[4]);
        assert_eq!(focus.active, [(four, 1.0), (two, 0.5), (one, 0.25), (three, 0.25)]);
    }

    #[test]
    fn a_conversation_keeps_few() {
        let mut focus = Focus::default();
        (0..100).for_each(|k| attend(&mut focus, &[3 * k, 3 * k + 1, 3 * k + 2]));
        assert_eq!(focus.active.len(), MAX_ATTENDED);
        assert_eq!(focus.active[0].0, id(297));
    }
}
