//! `striatum session learning` and `reward`.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::of_session;
use crate::Outcome;
use crate::command::client::Client;
use crate::command::document::{Switch, print};
use crate::watched::ServerFlags;

/// Turn learning on or off, as its model allows.
#[derive(Args)]
pub(super) struct Learning {
    /// The session.
    id: String,
    /// Whether it learns.
    to: Switch,
    #[command(flatten)]
    server: ServerFlags,
}

/// Give a reward to the synapses that wait for one.
#[derive(Args)]
pub(super) struct Reward {
    /// The session.
    id: String,
    /// How good it was, -1000 to 1000; below 0 for what was bad.
    #[arg(allow_hyphen_values = true)]
    reward: f32,
    #[command(flatten)]
    server: ServerFlags,
}

impl Learning {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let to = json!({ "learning": self.to == Switch::On });
        let path = of_session(&self.id, "/learning");
        print(&Client::of(&self.server).send("PUT", &path, &to)?, json);
        Ok(Outcome::Done)
    }
}

impl Reward {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let (given, path) = (json!({ "reward": self.reward }), of_session(&self.id, "/reward"));
        print(&Client::of(&self.server).send("POST", &path, &given)?, json);
        Ok(Outcome::Done)
    }
}
