//! Plans: what tenants may use, by name.

use std::collections::BTreeMap;

use resilience::rate::MAX_UNITS;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// The plan without limits of its own.
const UNLIMITED: &str = "unlimited";

/// Plans of an installation.
const MAX_PLANS: usize = 100;

/// The longest name of a plan.
const MAX_PLAN_BYTES: usize = 64;

/// Calls a day at most, where they are limited.
const MAX_CALLS_PER_DAY: u64 = u32::MAX as u64;

/// Calls a minute at most, where they are limited.
const MAX_CALLS_PER_MINUTE: u64 = MAX_UNITS as u64;

/// Plans, and which one a tenant has that was given none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tenants {
    /// The plan of tenants that were given none.
    pub default_plan: String,
    /// Plans by name; `free`, `pro` and `unlimited` are there unless they are described anew.
    #[serde(deserialize_with = "beside_ready_made")]
    pub plans: BTreeMap<String, Plan>,
}

/// What a tenant may use; what is 0 or not said is not limited here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// Memories, deleted ones that can be had back among them; where 0, `memory.max_memories`.
    pub max_memories: u64,
    /// Bytes of texts and metadata; where 0, `memory.max_bytes`.
    pub max_bytes: u64,
    /// Calls a day, which begins at midnight UTC.
    pub calls_per_day: u64,
    /// Calls a minute.
    pub calls_per_minute: u64,
}

/// Quotas that stand in place of those of a tenant's plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OwnQuotas {
    /// As in a plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_memories: Option<u64>,
    /// As in a plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_bytes: Option<u64>,
    /// As in a plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) calls_per_day: Option<u64>,
    /// As in a plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) calls_per_minute: Option<u64>,
}

impl Default for Tenants {
    fn default() -> Self {
        Self { default_plan: UNLIMITED.into(), plans: ready_made() }
    }
}

/// The plans that every installation has.
fn ready_made() -> BTreeMap<String, Plan> {
    let free = Plan {
        max_memories: 10_000,
        max_bytes: 500_000_000,
        calls_per_day: 10_000,
        calls_per_minute: 100,
    };
    let pro = Plan { max_memories: 100_000, max_bytes: 10_000_000_000, ..Plan::default() };
    [("free", free), ("pro", pro), (UNLIMITED, Plan::default())]
        .map(|(name, plan)| (name.to_owned(), plan))
        .into()
}

fn beside_ready_made<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Plan>, D::Error> {
    let mut plans = ready_made();
    plans.extend(BTreeMap::<String, Plan>::deserialize(deserializer)?);
    Ok(plans)
}

impl Tenants {
    /// Every setting that cannot be, as `key: expected ..., found ...`.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.plans.contains_key(&self.default_plan) {
            let (known, found) = (self.known(), &self.default_plan);
            problems.push(format!("default_plan: expected one of {known}, found {found}"));
        }
        if self.plans.len() > MAX_PLANS {
            let found = self.plans.len();
            problems.push(format!("plans: expected at most {MAX_PLANS}, found {found}"));
        }
        for (name, plan) in &self.plans {
            if name.is_empty() || name.len() > MAX_PLAN_BYTES {
                let found = name.len();
                problems.push(format!(
                    "plans: expected names of 1 to {MAX_PLAN_BYTES} bytes, found {found}"
                ));
            }
            problems.extend(plan.problems().into_iter().map(|p| format!("plans.{name}.{p}")));
        }
        problems
    }

    /// The names of the plans.
    pub(crate) fn known(&self) -> String {
        let names: Vec<&str> = self.plans.keys().map(String::as_str).collect();
        names.join(", ")
    }
}

impl Plan {
    /// Every quota that cannot be, as `key: expected ..., found ...`.
    pub(crate) fn problems(&self) -> Vec<String> {
        let most = i64::MAX as u64;
        [
            ("max_memories", self.max_memories, most),
            ("max_bytes", self.max_bytes, most),
            ("calls_per_day", self.calls_per_day, MAX_CALLS_PER_DAY),
            ("calls_per_minute", self.calls_per_minute, MAX_CALLS_PER_MINUTE),
        ]
        .into_iter()
        .filter(|(_, found, most)| found > most)
        .map(|(key, found, most)| format!("{key}: expected 0 to {most}, found {found}"))
        .collect()
    }

    /// The plan with quotas of the tenant's own.
    pub(crate) fn with(&self, own: &OwnQuotas) -> Self {
        Self {
            max_memories: own.max_memories.unwrap_or(self.max_memories),
            max_bytes: own.max_bytes.unwrap_or(self.max_bytes),
            calls_per_day: own.calls_per_day.unwrap_or(self.calls_per_day),
            calls_per_minute: own.calls_per_minute.unwrap_or(self.calls_per_minute),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{OwnQuotas, Plan, Tenants};

    fn read(text: &str) -> Tenants {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn plans_stand_beside_those_that_are_ready_made() {
        assert_eq!(read(""), Tenants::default());
        let tenants = read("default_plan = \"team\"\n[plans.team]\ncalls_per_day = 7\n");
        assert_eq!(tenants.problems(), [""; 0]);
        assert_eq!(tenants.known(), "free, pro, team, unlimited");
        assert_eq!(tenants.plans["team"], Plan { calls_per_day: 7, ..Plan::default() });
        assert_eq!(tenants.plans["free"].calls_per_minute, 100);
        let free = read("[plans.free]\nmax_memories = 5\n").plans["free"];
        assert_eq!(free, Plan { max_memories: 5, ..Plan::default() });
    }

    #[test]
    fn what_cannot_be_is_named() {
        let wrong = read("default_plan = \"gold\"\n[plans.fast]\ncalls_per_minute = 1000001\n");
        assert_eq!(
            wrong.problems(),
            [
                "default_plan: expected one of fast, free, pro, unlimited, found gold",
                "plans.fast.calls_per_minute: expected 0 to 1000000, found 1000001",
            ]
        );
    }

    #[test]
    fn quotas_of_its_own_stand_in_place_of_the_plans() {
        let plan = Plan { max_memories: 1, max_bytes: 2, calls_per_day: 3, calls_per_minute: 4 };
        let own = OwnQuotas { max_bytes: Some(0), calls_per_day: Some(9), ..OwnQuotas::default() };
        let with = Plan { max_bytes: 0, calls_per_day: 9, ..plan };
        assert_eq!((plan.with(&own), plan.with(&OwnQuotas::default())), (with, plan));
    }
}
