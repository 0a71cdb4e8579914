//! Where what is known is looked for: a branch of a server, and entities by number or name.

use anyhow::{Result, bail};
use clap::Args;
use serde_json::Value;

use super::results;
use crate::command::client::Client;
use crate::watched::ServerFlags;

/// Which branch of which server.
#[derive(Args)]
pub(super) struct Place {
    /// The branch, by its number [default: the main one].
    #[arg(long)]
    branch: Option<u64>,
    #[command(flatten)]
    server: ServerFlags,
}

/// Which branch of which server, as of when.
#[derive(Args)]
pub(super) struct Then {
    /// As it was known then: RFC 3339 [default: now].
    #[arg(long, value_name = "TIME")]
    known_at: Option<String>,
    /// What was true then: RFC 3339 [default: whenever].
    #[arg(long, value_name = "TIME")]
    valid_at: Option<String>,
    #[command(flatten)]
    pub(super) place: Place,
}

impl Place {
    /// The main branch.
    pub(super) fn main(server: ServerFlags) -> Self {
        Self { branch: None, server }
    }

    pub(super) fn client(&self) -> Client {
        Client::of(&self.server)
    }

    /// As the names and values of a query, with others.
    pub(super) fn query<'a>(
        branch: Option<&'a str>,
        others: &[(&'a str, Option<&'a str>)],
    ) -> Vec<(&'a str, &'a str)> {
        let branch = ("branch", branch);
        let all = others.iter().copied().chain([branch]);
        all.filter_map(|(name, value)| Some((name, value?))).collect()
    }

    pub(super) fn branch(&self) -> Option<String> {
        self.branch.map(|branch| branch.to_string())
    }

    /// The number of an entity that is told by it, or by a name.
    pub(super) fn number(&self, client: &Client, what: &str, entity: &str) -> Result<u64> {
        entity.parse().or_else(|_| self.named(client, what, entity, None))
    }

    /// The number of the one entity that has a name on this branch, now or as it was known then.
    pub(super) fn named(
        &self,
        client: &Client,
        what: &str,
        name: &str,
        known_at: Option<&str>,
    ) -> Result<u64> {
        let branch = self.branch();
        let query = [("name", Some(name)), ("known_at", known_at)];
        let found = client.get("/v1/entities", &Self::query(branch.as_deref(), &query))?;
        match results(&found) {
            [entity] => Ok(entity["id"].as_u64().unwrap_or_default()),
            [] => bail!("{what}: nothing is known of {name:?}"),
            several => bail!("{what}: {} entities are called {name:?}", several.len()),
        }
    }

    /// Into a document.
    pub(super) fn fill(&self, document: &mut Value) {
        if let Some(branch) = self.branch {
            document["branch"] = branch.into();
        }
    }

    /// Takes something back, or erases it; gives the server's answer.
    pub(super) fn remove(&self, path: &str, erase: bool) -> Result<Value> {
        let branch = self.branch();
        let erase = erase.then_some("true");
        let query = Self::query(branch.as_deref(), &[("erase", erase)]);
        self.client().bare("DELETE", path, &query)
    }
}

impl Then {
    /// The number of an entity that is told by it, or by a name that it had then.
    pub(super) fn number(&self, client: &Client, what: &str, entity: &str) -> Result<u64> {
        let known_at = self.known_at.as_deref();
        entity.parse().or_else(|_| self.place.named(client, what, entity, known_at))
    }

    /// The times, as the names and values of a query.
    pub(super) fn times(&self) -> [(&str, Option<&str>); 2] {
        [("known_at", self.known_at.as_deref()), ("valid_at", self.valid_at.as_deref())]
    }
}
