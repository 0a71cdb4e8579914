//! Names: of tenants, of collections, and the keys of records.

use std::fmt;

use crate::error::StoreError;

/// The longest name of a tenant or a collection.
pub const MAX_NAME_BYTES: usize = 64;

/// The longest key of a record.
pub const MAX_KEY_BYTES: usize = 512;

/// The name of a tenant: 1 to 64 of `a-z`, `0-9`, `-` and `_`, the first a letter or a digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(String);

/// The name of a collection, of the same letters as a tenant's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Collection(&'static str);

impl TenantId {
    /// Reads a name.
    ///
    /// # Errors
    /// [`StoreError::Name`].
    pub fn parse(name: &str) -> Result<Self, StoreError> {
        if is_name(name) {
            return Ok(Self(name.to_owned()));
        }
        let found = name.chars().take(MAX_NAME_BYTES).collect();
        Err(StoreError::Name { what: "tenant", found })
    }

    /// The tenant that the program's own state belongs to; no text parses to it.
    pub fn system() -> Self {
        Self("_system".into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name that a database gave back.
    pub(crate) fn known(name: String) -> Self {
        Self(name)
    }
}

impl Collection {
    /// A collection of the program.
    ///
    /// # Panics
    /// Where the name is none; in a constant this is found when the program is built.
    pub const fn new(name: &'static str) -> Self {
        assert!(is_name(name), "a collection is named by a-z, 0-9, - and _");
        Self(name)
    }

    /// The name.
    pub fn as_str(&self) -> &'static str {
        self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes.len() > MAX_NAME_BYTES || !is_word(bytes[0]) {
        return false;
    }
    let mut k = 1;
    while k < bytes.len() {
        if !is_word(bytes[k]) && bytes[k] != b'-' && bytes[k] != b'_' {
            return false;
        }
        k += 1;
    }
    true
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Refuses what cannot be a key: a text of no or too many bytes, or with a NUL.
pub(crate) fn check_key(key: &str) -> Result<(), StoreError> {
    match key.len() {
        0 => Err(StoreError::Name { what: "key", found: String::new() }),
        n if n > MAX_KEY_BYTES => {
            Err(StoreError::TooLarge { what: "key", limit: MAX_KEY_BYTES, found: n })
        }
        _ if key.contains('\0') => {
            Err(StoreError::Name { what: "key", found: key.escape_debug().to_string() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::TenantId;

    #[test]
    fn names_are_plain_words() {
        let longest = "a".repeat(64);
        for name in ["a", "acme", "acme-2_x", "0", longest.as_str()] {
            assert_eq!(TenantId::parse(name).unwrap().as_str(), name);
        }
        let longer = "a".repeat(65);
        for name in ["", "_system", "-a", "A", "a b", "a/b", "ä", "a\0", longer.as_str()] {
            assert!(TenantId::parse(name).is_err(), "{name:?}");
        }
    }
}
