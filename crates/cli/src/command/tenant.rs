//! `striatum tenant`: what tenants of a running server may use, and what they have used.

use std::str::FromStr;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::client::{Client, encoded};
use super::document::{print, word};
use crate::watched::ServerFlags;
use crate::{Outcome, draw};

/// See and set what tenants of a running server may use; suspend, resume and delete them.
///
/// Everything goes over HTTP. It needs the key of an administrator, but for a tenant's own account.
#[derive(Args)]
pub(crate) struct Tenant {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List every tenant that has keys, data or settings.
    List(List),
    /// Show what a tenant may use and has used.
    Show(Show),
    /// Give a tenant a plan, or quotas of its own.
    Set(Set),
    /// Refuse every call of a tenant.
    Suspend(Named),
    /// Answer the calls of a suspended tenant again.
    Resume(Named),
    /// Erase everything of a tenant for good, its keys too.
    Delete(Delete),
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Args)]
struct Show {
    /// Its name; the tenant of the key where none is given.
    name: Option<String>,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Args)]
struct Set {
    /// Its name.
    name: String,
    /// The plan, as the configuration names it.
    #[arg(long)]
    plan: Option<String>,
    /// The plan of tenants that were given none.
    #[arg(long, conflicts_with = "plan")]
    default_plan: bool,
    #[command(flatten)]
    quotas: Quotas,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Args)]
struct Quotas {
    /// Memories at most; 0 for no limit but the installation's, `plan` for that of its plan.
    #[arg(long, value_name = "N|plan")]
    max_memories: Option<Quota>,
    /// Bytes of texts and metadata at most, likewise.
    #[arg(long, value_name = "N|plan")]
    max_bytes: Option<Quota>,
    /// Calls a day at most; 0 for no limit, `plan` for that of its plan.
    #[arg(long, value_name = "N|plan")]
    calls_per_day: Option<Quota>,
    /// Calls a minute at most, likewise.
    #[arg(long, value_name = "N|plan")]
    calls_per_minute: Option<Quota>,
}

#[derive(Args)]
struct Named {
    /// Its name.
    name: String,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Args)]
struct Delete {
    /// Its name.
    name: String,
    /// The name again: nothing brings back what is erased.
    #[arg(long, value_name = "NAME")]
    confirm: String,
    #[command(flatten)]
    server: ServerFlags,
}

/// A quota of the tenant's own, or the plan's.
#[derive(Clone, Copy)]
struct Quota(Option<u64>);

impl FromStr for Quota {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "plan" => Ok(Self(None)),
            _ => {
                text.parse().map(|n| Self(Some(n))).map_err(|_| "expected a number or plan".into())
            }
        }
    }
}

impl Tenant {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        let answer = match self.command {
            Command::List(list) => return list.run(json),
            Command::Show(Show { name, server }) => {
                let path = name.map_or_else(|| "/v1/tenant".to_owned(), |name| of_tenant(&name));
                Client::of(&server).get(&path, &[])?
            }
            Command::Set(set) => set.send()?,
            Command::Suspend(named) => named.suspend(true)?,
            Command::Resume(named) => named.suspend(false)?,
            Command::Delete(Delete { name, confirm, server }) => {
                let query = [("confirm", confirm.as_str())];
                Client::of(&server).bare("DELETE", &of_tenant(&name), &query)?
            }
        };
        print(&answer, json);
        Ok(Outcome::Done)
    }
}

impl List {
    fn run(self, json: bool) -> Result<Outcome> {
        let tenants = self.tenants()?;
        if json {
            print(&json!({ "tenants": tenants }), json);
            return Ok(Outcome::Done);
        }
        let row = |one: &Value| {
            let used = |used: &str, quota: &str| {
                let (used, quota) = (word(&one["use"][used]), &one["quotas"][quota]);
                if *quota == 0 { used } else { format!("{used} of {quota}") }
            };
            let state = match (&one["deleting"], &one["suspended"]) {
                (Value::Bool(true), _) => "being deleted",
                (_, Value::Bool(true)) => "suspended",
                _ => "",
            };
            let [name, plan, keys] = [&one["tenant"], &one["plan"], &one["keys"]].map(word);
            let memories = used("memories", "max_memories");
            vec![name, plan, keys, memories, used("calls_today", "calls_per_day"), state.into()]
        };
        let rows: Vec<_> = tenants.iter().map(row).collect();
        print!("{}", draw::table(&["name", "plan", "keys", "memories", "calls today", ""], &rows));
        Ok(Outcome::Done)
    }

    /// Page by page.
    fn tenants(&self) -> Result<Vec<Value>> {
        let client = Client::of(&self.server);
        let (mut tenants, mut after) = (Vec::new(), String::new());
        loop {
            let page = client.get("/v1/tenants", &[("after", &after)])?;
            tenants.extend(page["tenants"].as_array().into_iter().flatten().cloned());
            let Some(next) = page["next"].as_str() else { return Ok(tenants) };
            after = next.to_owned();
        }
    }
}

impl Set {
    fn send(self) -> Result<Value> {
        let Quotas { max_memories, max_bytes, calls_per_day, calls_per_minute } = self.quotas;
        let quotas = [
            ("max_memories", max_memories),
            ("max_bytes", max_bytes),
            ("calls_per_day", calls_per_day),
            ("calls_per_minute", calls_per_minute),
        ];
        let said = |(name, quota): (&str, Option<Quota>)| Some((name.to_owned(), json!(quota?.0)));
        let quotas: Map<String, Value> = quotas.into_iter().filter_map(said).collect();
        let mut change = json!({ "quotas": quotas });
        if self.default_plan || self.plan.is_some() {
            change["plan"] = json!(self.plan);
        }
        Client::of(&self.server).send("PUT", &of_tenant(&self.name), &change)
    }
}

impl Named {
    fn suspend(self, suspended: bool) -> Result<Value> {
        let change = json!({ "suspended": suspended });
        Client::of(&self.server).send("PUT", &of_tenant(&self.name), &change)
    }
}

/// The path of a tenant.
fn of_tenant(name: &str) -> String {
    format!("/v1/tenants/{}", encoded(name))
}
