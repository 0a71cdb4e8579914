//! Roles, and what each may do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::RequestError;

/// What a caller may do; each role but the scraper may do all that the one before may.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Reads metrics, and nothing else.
    Scraper,
    /// Reads what models there are and what its tenant has.
    Reader,
    /// Infers, and keeps sessions and experiments.
    Writer,
    /// Loads models, rolls out, degrades.
    Operator,
    /// Makes keys, reads the audit log.
    Admin,
}

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anyone: health, and pages without data.
    Anyone,
    /// Scrapers, and operators and above: what is of all tenants together.
    Watching,
    /// Whoever has at least this role.
    AtLeast(Role),
}

impl Role {
    /// Every role, the least first.
    pub(crate) const ALL: [Self; 5] =
        [Self::Scraper, Self::Reader, Self::Writer, Self::Operator, Self::Admin];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Scraper => "scraper",
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl Access {
    /// # Errors
    /// [`RequestError::Forbidden`].
    pub(crate) fn check(self, role: Role) -> Result<(), RequestError> {
        match self {
            Self::AtLeast(needed) if role < needed => {
                Err(RequestError::Forbidden { needed: needed.name() })
            }
            Self::Watching if role != Role::Scraper && role < Role::Operator => {
                Err(RequestError::Forbidden { needed: "scraper, or operator" })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, Role};

    #[test]
    fn each_role_may_what_the_one_before_may() {
        let all = Role::ALL;
        for (k, role) in all.into_iter().enumerate() {
            assert_eq!(Role::named(role.name()), Some(role));
            assert_eq!(Access::Anyone.check(role), Ok(()));
            let watches = ![Role::Reader, Role::Writer].contains(&role);
            assert_eq!(Access::Watching.check(role).is_ok(), watches);
            for (n, needed) in all.into_iter().enumerate() {
                assert_eq!(Access::AtLeast(needed).check(role).is_ok(), k >= n);
            }
        }
        assert_eq!(Role::named("root"), None);
    }
}
