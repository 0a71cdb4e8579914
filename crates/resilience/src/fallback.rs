//! Fallback: another answer where the first call fails, known as such.

/// An answer, and where it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<T, E> {
    /// It is what was asked for.
    First(T),
    /// It stands in for what was asked for.
    Instead {
        /// The answer.
        value: T,
        /// Why there is no better one.
        because: E,
    },
}

impl<T, E> Answer<T, E> {
    /// The answer, wherever it is from.
    pub fn into_value(self) -> T {
        match self {
            Self::First(value) | Self::Instead { value, .. } => value,
        }
    }

    /// Does it only stand in?
    pub fn is_instead(&self) -> bool {
        matches!(self, Self::Instead { .. })
    }
}

/// There is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FallbackError<E> {
    /// The first call failed, and nothing may stand in for it.
    #[error("{0}")]
    First(#[source] E),
    /// Both failed.
    #[error("{first}; and what should stand in for it: {instead}")]
    Both {
        /// Why the first did.
        first: E,
        /// Why the other did.
        #[source]
        instead: E,
    },
}

/// Answers with `first`, or where that fails with an error that `applies`, with `instead`.
///
/// # Errors
///
/// [`FallbackError`], with every error there was.
///
/// ```
/// use resilience::{Answer, ManualClock, fallback};
///
/// let first = async { Err("the store is away") };
/// let instead = || async { Ok("what it said yesterday") };
/// let answer = ManualClock::new().run(fallback(first, |_| true, instead));
/// let expected = Answer::Instead { value: "what it said yesterday", because: "the store is away" };
/// assert_eq!(answer, Some(Ok(expected)));
/// ```
pub async fn fallback<T, E, F>(
    first: impl Future<Output = Result<T, E>>,
    applies: impl FnOnce(&E) -> bool,
    instead: impl FnOnce() -> F,
) -> Result<Answer<T, E>, FallbackError<E>>
where
    F: Future<Output = Result<T, E>>,
{
    let because = match first.await {
        Ok(value) => return Ok(Answer::First(value)),
        Err(error) if !applies(&error) => return Err(FallbackError::First(error)),
        Err(error) => error,
    };
    match instead().await {
        Ok(value) => Ok(Answer::Instead { value, because }),
        Err(instead) => Err(FallbackError::Both { first: because, instead }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;

    type Outcome = Result<u32, &'static str>;

    fn check(
        first: Outcome,
        applies: bool,
        instead: Option<Outcome>,
    ) -> Result<Answer<u32, &'static str>, FallbackError<&'static str>> {
        let instead = || async move { instead.expect("must not be asked") };
        ManualClock::new().run(fallback(async move { first }, |_| applies, instead)).unwrap()
    }

    #[test]
    fn every_way_it_can_go() {
        assert_eq!(check(Ok(1), true, None), Ok(Answer::First(1)));
        assert_eq!(check(Err("a"), false, None), Err(FallbackError::First("a")));
        let stands_in = Answer::Instead { value: 2, because: "a" };
        assert_eq!(check(Err("a"), true, Some(Ok(2))), Ok(stands_in));
        assert!(stands_in.is_instead() && !Answer::<_, ()>::First(1).is_instead());
        assert_eq!(stands_in.into_value(), 2);
        let both = FallbackError::Both { first: "a", instead: "b" };
        assert_eq!(check(Err("a"), true, Some(Err("b"))), Err(both));
        assert_eq!(both.to_string(), "a; and what should stand in for it: b");
    }
}
