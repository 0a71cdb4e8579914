//! `striatum memory entity`: whom and what a tenant knows.

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::place::Place;
use super::{field, given, happened, line, list, listed, paged};
use crate::Outcome;
use crate::watched::ServerFlags;

/// Characters of an alias or a value on its line.
const TEXT: usize = 60;

/// Whom and what a tenant knows.
///
/// An entity is named by its number, or by the name or alias that it alone has.
#[derive(Args)]
pub(super) struct Entity {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Add an entity.
    Add(Add),
    /// List entities.
    List(List),
    /// Show an entity.
    Get(Get),
    /// Change an entity; what is not given stays.
    Update(Update),
    /// Take an entity back, or erase it with its facts.
    Delete(Delete),
    /// Make an entity stand for another, which is the same.
    Merge(Merge),
    /// A property of an entity, its own or inherited.
    Property(Property),
    /// What happened to an entity.
    History(Of),
    /// What is at most two relations from an entity, the nearest first.
    Neighbours(Of),
    /// Kinds of entities, with how many there are of each.
    Kinds(Kinds),
    /// Say once at a class what its members have in common; no property changes.
    Reorganise(Reorganise),
}

#[derive(Args)]
struct Add {
    /// Its name.
    name: String,
    /// What kind of thing: person, concept, file.
    #[arg(long, default_value = "thing")]
    kind: String,
    /// Another name; can be repeated.
    #[arg(long, value_name = "NAME")]
    alias: Vec<String>,
    /// Its properties: JSON, as in {"wings": 2}.
    #[arg(long, value_name = "JSON")]
    properties: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct List {
    /// Only those of this name or alias.
    #[arg(long, conflicts_with = "prefix")]
    name: Option<String>,
    /// Only those with a name or alias that begins so.
    #[arg(long)]
    prefix: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct Get {
    /// The entity.
    entity: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct Update {
    /// The entity.
    entity: String,
    /// Another name; the one before becomes an alias.
    #[arg(long)]
    name: Option<String>,
    /// Another kind.
    #[arg(long)]
    kind: Option<String>,
    /// A name to add; can be repeated.
    #[arg(long, value_name = "NAME")]
    add_alias: Vec<String>,
    /// A name to take away; can be repeated.
    #[arg(long, value_name = "NAME")]
    remove_alias: Vec<String>,
    /// Properties to set: JSON; null takes one away.
    #[arg(long, value_name = "JSON")]
    properties: Option<String>,
    /// What it does not inherit: JSON, as in {"flies": {"value": false, "reason": "a penguin"}}.
    #[arg(long, value_name = "JSON")]
    exceptions: Option<String>,
    /// What it says of all below it, and not of itself: JSON; null takes one away.
    #[arg(long, value_name = "JSON")]
    template: Option<String>,
    /// What it is a kind of, the first before others; can be repeated, and stands for all.
    #[arg(long, value_name = "ENTITY")]
    parent: Vec<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct Delete {
    /// The entity.
    entity: String,
    /// For good, with its history and its facts.
    #[arg(long)]
    erase: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct Merge {
    /// The entity that goes.
    from: String,
    /// The entity that stays.
    into: String,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Args)]
struct Property {
    /// The entity.
    entity: String,
    /// The property.
    name: String,
    #[command(flatten)]
    place: Place,
}

/// An entity, on the main branch.
#[derive(Args)]
struct Of {
    /// The entity.
    entity: String,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Args)]
struct Kinds {
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct Reorganise {
    /// A class says something new only for so many members.
    #[arg(long, default_value_t = 2)]
    least: usize,
    /// How many moves are told, 1 to 1000.
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// Only tell what could be.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

impl Entity {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        match self.command {
            Command::Add(c) => c.run(json),
            Command::List(c) => c.run(json),
            Command::Get(c) => c.run(json),
            Command::Update(c) => c.run(json),
            Command::Delete(c) => c.run(json),
            Command::Merge(c) => c.run(json),
            Command::Property(c) => c.run(json),
            Command::History(c) => c.history(json),
            Command::Neighbours(c) => c.neighbours(json),
            Command::Kinds(c) => c.run(json),
            Command::Reorganise(c) => c.run(json),
        }
    }
}

impl Add {
    fn run(self, json: bool) -> Result<Outcome> {
        let mut spec = json!({ "name": self.name, "kind": self.kind, "aliases": self.alias });
        if let Some(properties) = &self.properties {
            spec["properties"] = given("--properties", properties)?;
        }
        self.place.fill(&mut spec);
        let added = self.place.client().send("POST", "/v1/entities", &spec)?;
        let id = added["id"].as_u64().context("the server's answer has no number")?;
        changed(&added, id, json)
    }
}

impl List {
    fn run(self, json: bool) -> Result<Outcome> {
        let branch = self.place.branch();
        let named = [("name", self.name.as_deref()), ("prefix", self.prefix.as_deref())];
        let query = Place::query(branch.as_deref(), &named);
        let all = paged(&self.place.client(), "/v1/entities", &query, self.limit)?;
        let row = |entity: &Value| {
            let aliases: Vec<&str> =
                list(entity, "aliases").iter().filter_map(Value::as_str).collect();
            vec![
                field(entity, "id"),
                line(&field(entity, "name"), TEXT),
                field(entity, "kind"),
                line(&aliases.join(", "), TEXT),
            ]
        };
        listed(&all, &["id", "name", "kind", "aliases"], row, "no entities", json)
    }
}

impl Get {
    fn run(self, json: bool) -> Result<Outcome> {
        let client = self.place.client();
        let id = self.place.number(&client, "ENTITY", &self.entity)?;
        let branch = self.place.branch();
        let query = Place::query(branch.as_deref(), &[]);
        let entity = client.get(&format!("/v1/entities/{id}"), &query)?;
        if json {
            println!("{entity:#}");
            return Ok(Outcome::Done);
        }
        for (name, value) in entity.as_object().into_iter().flatten() {
            let empty = value.is_null() || *value == json!([]) || *value == json!({});
            if !empty {
                println!("{name:14} {}", field(&entity, name));
            }
        }
        Ok(Outcome::Done)
    }
}

impl Update {
    fn run(self, json: bool) -> Result<Outcome> {
        let client = self.place.client();
        let id = self.place.number(&client, "ENTITY", &self.entity)?;
        let mut patch =
            json!({ "add_aliases": self.add_alias, "remove_aliases": self.remove_alias });
        for (name, value) in [("name", &self.name), ("kind", &self.kind)] {
            if let Some(value) = value {
                patch[name] = value.as_str().into();
            }
        }
        for (name, flag, value) in [
            ("properties", "--properties", &self.properties),
            ("exceptions", "--exceptions", &self.exceptions),
            ("template", "--template", &self.template),
        ] {
            if let Some(value) = value {
                patch[name] = given(flag, value)?;
            }
        }
        if !self.parent.is_empty() {
            let number = |parent: &String| self.place.number(&client, "--parent", parent);
            patch["parents"] = self.parent.iter().map(number).collect::<Result<Vec<u64>>>()?.into();
        }
        self.place.fill(&mut patch);
        changed(&client.send("PATCH", &format!("/v1/entities/{id}"), &patch)?, id, json)
    }
}

impl Delete {
    fn run(self, json: bool) -> Result<Outcome> {
        let id = self.place.number(&self.place.client(), "ENTITY", &self.entity)?;
        changed(&self.place.remove(&format!("/v1/entities/{id}"), self.erase)?, id, json)
    }
}

impl Merge {
    fn run(self, json: bool) -> Result<Outcome> {
        let place = Place::main(self.server);
        let client = place.client();
        let from = place.number(&client, "FROM", &self.from)?;
        let into = place.number(&client, "INTO", &self.into)?;
        let path = format!("/v1/entities/{into}/merge");
        changed(&client.send("POST", &path, &json!({ "from": from }))?, into, json)
    }
}

impl Property {
    fn run(self, json: bool) -> Result<Outcome> {
        let client = self.place.client();
        let id = self.place.number(&client, "ENTITY", &self.entity)?;
        let branch = self.place.branch();
        let query = Place::query(branch.as_deref(), &[("name", Some(self.name.as_str()))]);
        let found = client.get(&format!("/v1/entities/{id}/property"), &query)?;
        if json {
            println!("{found:#}");
            return Ok(Outcome::Done);
        }
        for name in ["value", "origin", "from", "reason"] {
            if name == "value" || !found[name].is_null() {
                println!("{name:8} {}", field(&found, name));
            }
        }
        Ok(Outcome::Done)
    }
}

impl Of {
    /// What the server tells of it.
    fn ask(self, what: &str) -> Result<Value> {
        let place = Place::main(self.server);
        let client = place.client();
        let id = place.number(&client, "ENTITY", &self.entity)?;
        client.get(&format!("/v1/entities/{id}/{what}"), &[])
    }

    fn history(self, json: bool) -> Result<Outcome> {
        happened::shown(&self.ask("history")?, json);
        Ok(Outcome::Done)
    }

    fn neighbours(self, json: bool) -> Result<Outcome> {
        let row = |near: &Value| {
            let [entity, memory] = ["entity", "memory"].map(|name| field(&near["vertex"], name));
            vec![field(near, "hops"), entity, line(&field(near, "name"), TEXT), memory]
        };
        let head = ["hops", "entity", "name", "memory"];
        listed(&self.ask("neighbours")?, &head, row, "no neighbours", json)
    }
}

impl Kinds {
    fn run(self, json: bool) -> Result<Outcome> {
        let branch = self.place.branch();
        let query = Place::query(branch.as_deref(), &[]);
        let all = paged(&self.place.client(), "/v1/kinds", &query, usize::MAX)?;
        let row = |kind: &Value| vec![field(kind, "kind"), field(kind, "entities")];
        listed(&all, &["kind", "entities"], row, "no entities", json)
    }
}

impl Reorganise {
    fn run(self, json: bool) -> Result<Outcome> {
        let mut body = json!({ "least": self.least, "limit": self.limit, "dry_run": self.dry_run });
        self.place.fill(&mut body);
        let done = self.place.client().send("POST", "/v1/classes/reorganise", &body)?;
        if json {
            println!("{done:#}");
            return Ok(Outcome::Done);
        }
        let row = |one: &Value| {
            vec![
                field(one, "class"),
                line(&field(one, "class_name"), TEXT),
                field(one, "property"),
                line(&field(one, "value"), TEXT),
                field(one, "members"),
                field(one, "exceptions"),
            ]
        };
        let heads = ["id", "class", "property", "value", "members", "exceptions"];
        listed(&json!({ "results": done["moves"] }), &heads, row, "nothing to move", false)?;
        for (name, at) in [("before", &done["before"]), ("after", &done["after"])] {
            let ratio = at["ratio"].as_f64().unwrap_or_default();
            println!("{name:14} {} values, {ratio:.2} properties for each", field(at, "stored"));
        }
        if done["more"] == true {
            println!("more           ask again");
        }
        Ok(Outcome::Done)
    }
}

/// What became of an entity.
fn changed(answer: &Value, id: u64, json: bool) -> Result<Outcome> {
    if json {
        println!("{answer:#}");
    } else {
        println!("entity         {id}");
    }
    Ok(Outcome::Done)
}
