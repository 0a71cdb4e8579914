//! Secrets of the configuration: used, and never shown.

use std::fmt;

use hyper::Uri;
use serde::{Deserialize, Deserializer};

/// The longest secret, or URL (bytes).
pub const MAX_SECRET_BYTES: usize = 4096;

/// A text that nothing shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let fits = !text.is_empty() && text.len() <= MAX_SECRET_BYTES;
        if fits && !text.contains(char::is_control) {
            return Ok(Self(text));
        }
        Err(serde::de::Error::custom("expected a secret of one line, 1 to 4096 bytes"))
    }
}

/// Where requests go; of it only scheme, host and port are shown, as the rest may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Uri);

impl Endpoint {
    pub(crate) fn uri(&self) -> &Uri {
        &self.0
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    pub(crate) fn host(&self) -> &str {
        self.0.host().unwrap_or_default().trim_matches(['[', ']'])
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port_u16().unwrap_or(if self.is_tls() { 443 } else { 80 })
    }

    /// A URL that is known to be one.
    pub(crate) fn from_static(url: &'static str) -> Self {
        Self(Uri::from_static(url))
    }

    /// The same place with something after its path.
    pub(crate) fn join(&self, path: &str) -> Option<Self> {
        let base = self.0.to_string();
        format!("{}{path}", base.trim_end_matches('/')).parse().ok().map(Self)
    }

    fn new(text: &str) -> Result<Self, &'static str> {
        let wrong = "expected a URL as https://host/path";
        if text.len() > MAX_SECRET_BYTES {
            return Err("expected a URL of at most 4096 bytes");
        }
        let uri: Uri = text.parse().map_err(|_| wrong)?;
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        if !is_http || uri.host().is_none_or(str::is_empty) {
            return Err(wrong);
        }
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err("expected a URL without a name and a password");
        }
        Ok(Self(uri))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or_default();
        write!(f, "{scheme}://{}:{}/<secret>", self.host(), self.port())
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_shown() {
        let secret: Secret = serde_json::from_str("\"hunter2\"").unwrap();
        let endpoint: Endpoint = serde_json::from_str("\"https://a.example/T0/B0/x\"").unwrap();
        let shown = format!("{secret:?} {endpoint:?}");
        assert_eq!(shown, "<secret> https://a.example:443/<secret>");
        assert_eq!(endpoint.join("/b").unwrap().uri().path(), "/T0/B0/x/b");
    }

    #[test]
    fn what_cannot_be_is_refused_and_not_shown() {
        for text in ["ftp://a", "a/b", "http://", "http://u:hunter2@a/", "http://a/\r\nX: y", ""] {
            let found = serde_json::from_value::<Endpoint>(text.into()).unwrap_err().to_string();
            assert!(found.starts_with("expected a URL") && !found.contains("hunter2"), "{found}");
        }
        assert!(serde_json::from_value::<Secret>("a\r\nb".into()).is_err());
    }
}
