//! `striatum memory collection`: collections of vectors, and where their vectors come from.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::{field, line, listed};
use crate::Outcome;
use crate::command::client::Client;
use crate::watched::ServerFlags;

/// Characters of a name in a table.
const TEXT: usize = 60;

/// Collections of vectors.
#[derive(Args)]
pub(super) struct Collection {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a collection of vectors of one dimension.
    Create(Create),
    /// List collections.
    List(List),
}

#[derive(Args)]
struct Create {
    /// Its name.
    name: String,
    /// Values of a vector, 1 to 4096 [default: those of the encoder].
    #[arg(long)]
    dimension: Option<usize>,
    /// Where vectors come from.
    #[arg(long, value_enum, default_value = "given")]
    encoder: Encoder,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Clone, Copy, ValueEnum)]
enum Encoder {
    /// The caller gives them.
    Given,
    /// The encoder that is built in.
    BuiltIn,
    /// The endpoint that is configured, by its model.
    Endpoint,
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    server: ServerFlags,
}

impl Collection {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        match self.command {
            Command::Create(c) => c.run(json),
            Command::List(c) => c.run(json),
        }
    }
}

impl Encoder {
    /// As the server names it.
    fn name(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::BuiltIn => "built_in",
            Self::Endpoint => "endpoint",
        }
    }
}

impl Create {
    fn run(self, json: bool) -> Result<Outcome> {
        let mut spec = json!({ "name": self.name, "encoder": self.encoder.name() });
        if let Some(dimension) = self.dimension {
            spec["dimension"] = dimension.into();
        }
        let made = Client::of(&self.server).send("POST", "/v1/collections", &spec)?;
        if json {
            println!("{made:#}");
        } else {
            println!("collection     {}", field(&made, "name"));
            println!("dimension      {}", field(&made, "dimension"));
        }
        Ok(Outcome::Done)
    }
}

impl List {
    fn run(self, json: bool) -> Result<Outcome> {
        let answer = Client::of(&self.server).get("/v1/collections", &[])?;
        let row = |one: &Value| {
            let [name, encoder] = ["name", "encoder"].map(|name| line(&field(one, name), TEXT));
            vec![name, field(one, "dimension"), encoder, field(one, "items")]
        };
        listed(&answer, &["name", "dimension", "encoder", "memories"], row, "no collections", json)
    }
}
