//! Accounts over days: what is refused, what is kept, and that no two tenants share anything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use observe::Metrics;
use resilience::{Chance, Clock, ManualClock};
use store::{Store, TenantId};
use tempfile::TempDir;

use super::{Account, Accounts, DAY_MS, OwnQuotas, Plan, Settings, Tenants};
use crate::config::Config;
use crate::error::{RequestError, Used};
use crate::security::Rates;

/// Noon of some day (milliseconds since 1970).
const NOON: u64 = 20_000 * DAY_MS + DAY_MS / 2;

struct World {
    store: Store,
    clock: ManualClock,
    _folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::sqlite(folder.path()).unwrap();
        Self { store, clock: ManualClock::new(), _folder: folder }
    }

    /// The accounts of a server with plans.
    fn accounts(&self, plans: &[(&str, Plan)]) -> Accounts {
        let mut tenants = Tenants::default();
        tenants.plans.extend(plans.iter().map(|(name, plan)| ((*name).to_owned(), *plan)));
        let config = Config { tenants, ..Config::default() };
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        Accounts::new(&config, &self.store, &Metrics::new(), &clock)
    }
}

fn named(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

async fn give(accounts: &Accounts, tenant: &str, plan: &str) {
    let plan = Some(plan.to_owned());
    accounts.change(&named(tenant), |settings| settings.plan = plan).await.unwrap();
}

/// One call of a tenant, and what it was told.
async fn call(accounts: &Accounts, tenant: &str, now_ms: u64) -> (Result<(), RequestError>, Rates) {
    let account = accounts.of(&named(tenant), now_ms).await.unwrap();
    let mut rates = Rates::default();
    (accounts.call(&account, &mut rates, now_ms), rates)
}

async fn today(accounts: &Accounts, tenant: &str, now_ms: u64) -> u64 {
    accounts.standing(&named(tenant), now_ms).await.unwrap().calls
}

fn per_day(calls_per_day: u64) -> Plan {
    Plan { calls_per_day, ..Plan::default() }
}

#[tokio::test]
async fn the_calls_of_a_day_are_whole_again_at_midnight_utc() {
    let world = World::new();
    let accounts = world.accounts(&[("few", per_day(2))]);
    give(&accounts, "acme", "few").await;
    for left in [1, 0] {
        let (done, rates) = call(&accounts, "acme", NOON).await;
        assert_eq!((done, rates.day.unwrap().remaining), (Ok(()), left));
    }
    let (refused, rates) = call(&accounts, "acme", NOON).await;
    let midnight = Some(Duration::from_secs(12 * 3600));
    let used = Used { quota: "calls_per_day", used: 2, limit: 2, wait: midnight, whole: midnight };
    assert_eq!(refused, Err(RequestError::Quota(used)));
    let told = rates.headers().unwrap().map(|(_, value)| value);
    assert_eq!(told, ["\"day\";q=2;w=86400", "\"day\";r=0;t=43200"]);
    assert_eq!(today(&accounts, "acme", NOON).await, 2, "what is refused does not count");
    let last = NOON + DAY_MS / 2 - 1;
    assert!(call(&accounts, "acme", last).await.0.is_err());
    assert_eq!(call(&accounts, "acme", last + 1).await.0, Ok(()));
}

#[tokio::test]
async fn a_minute_refuses_what_comes_too_fast_and_the_day_does_not_count_it() {
    let world = World::new();
    let accounts = world.accounts(&[("slow", Plan { calls_per_minute: 2, ..per_day(9) })]);
    give(&accounts, "acme", "slow").await;
    let mut done = Vec::new();
    for _ in 0..3 {
        done.push(call(&accounts, "acme", NOON).await.0.is_ok());
    }
    assert_eq!(done, [true, true, false]);
    let (Err(RequestError::Quota(used)), rates) = call(&accounts, "acme", NOON).await else {
        panic!("it is let in")
    };
    assert_eq!((used.quota, used.used, used.limit), ("calls_per_minute", 2, 2));
    assert_eq!(used.wait, Some(Duration::from_secs(30)));
    let policy = &rates.headers().unwrap()[0].1;
    assert_eq!(policy, "\"minute\";q=2;w=60, \"day\";q=9;w=86400");
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(call(&accounts, "acme", NOON).await.0, Ok(()));
    assert_eq!(today(&accounts, "acme", NOON).await, 3);
}

#[tokio::test]
async fn the_count_outlives_a_restart_and_servers_add_to_one() {
    let world = World::new();
    let plans = [("few", per_day(5))];
    let (one, two) = (world.accounts(&plans), world.accounts(&plans));
    give(&one, "acme", "few").await;
    for _ in 0..2 {
        assert_eq!(call(&one, "acme", NOON).await.0, Ok(()));
        assert_eq!(call(&two, "acme", NOON).await.0, Ok(()));
    }
    // Each knows its own until both have written.
    assert_eq!([today(&one, "acme", NOON).await, today(&two, "acme", NOON).await], [2, 2]);
    one.write().await;
    two.write().await;
    assert_eq!([today(&one, "acme", NOON).await, today(&two, "acme", NOON).await], [2, 4]);
    let restarted = world.accounts(&plans);
    assert_eq!(today(&restarted, "acme", NOON).await, 4);
    assert_eq!(call(&restarted, "acme", NOON).await.0, Ok(()));
    assert!(call(&restarted, "acme", NOON).await.0.is_err());
    // The day after, what is kept is of the day before.
    let next = NOON + DAY_MS;
    assert_eq!(today(&world.accounts(&plans), "acme", next).await, 0);
    assert_eq!(call(&restarted, "acme", next).await.0, Ok(()));
    restarted.write().await;
    assert_eq!(today(&world.accounts(&plans), "acme", next).await, 1);
}

#[tokio::test]
async fn what_a_tenant_is_given_holds_at_once() {
    let world = World::new();
    let accounts = world.accounts(&[("few", Plan { max_memories: 7, ..per_day(1) })]);
    let account = accounts.of(&named("acme"), NOON).await.unwrap();
    let unlimited = Config::default().memory;
    let quota = |account: &Account| (account.quota.memories(), account.quota.bytes());
    assert_eq!(quota(&account), (unlimited.max_memories, unlimited.max_bytes));
    give(&accounts, "acme", "few").await;
    assert_eq!(quota(&account), (7, unlimited.max_bytes));
    assert_eq!(call(&accounts, "acme", NOON).await.0, Ok(()));
    assert!(call(&accounts, "acme", NOON).await.0.is_err());
    let own = OwnQuotas { calls_per_day: Some(2), max_bytes: Some(9), ..OwnQuotas::default() };
    accounts.change(&named("acme"), |settings| settings.quotas = own).await.unwrap();
    assert_eq!(quota(&account), (7, 9));
    assert_eq!(call(&accounts, "acme", NOON).await.0, Ok(()), "what was used stays used");
    assert!(call(&accounts, "acme", NOON).await.0.is_err());
    // A plan that is described anew, and one that is there no more.
    let mut tenants = Tenants::default();
    tenants.plans.insert("few".into(), Plan { max_memories: 8, ..Plan::default() });
    accounts.set_plans(&tenants);
    assert_eq!(quota(&account), (8, 9));
    accounts.set_plans(&Tenants::default());
    let standing = accounts.standing(&named("acme"), NOON).await.unwrap();
    assert_eq!((standing.plan.as_str(), standing.quotas.max_memories), ("unlimited", 1_000_000));
    for (plan, own) in [(Some("gold"), OwnQuotas::default()), (None, own)] {
        assert_eq!(accounts.check(plan, &own).is_ok(), plan.is_none());
    }
    let far = OwnQuotas { calls_per_minute: Some(u64::MAX), ..own };
    assert!(accounts.check(None, &far).is_err());
}

#[tokio::test]
async fn whoever_is_suspended_is_told_so_until_it_is_resumed() {
    let world = World::new();
    let accounts = world.accounts(&[]);
    let acme = named("acme");
    for suspended in [true, false] {
        let change = |settings: &mut Settings| settings.suspended = suspended;
        accounts.change(&acme, change).await.unwrap();
        let stands = accounts.of(&acme, NOON).await.unwrap().stands();
        assert_eq!(stands.is_err(), suspended);
        assert_eq!(accounts.of(&named("globex"), NOON).await.unwrap().stands(), Ok(()));
    }
}

#[tokio::test]
async fn accounts_of_yesterday_are_forgotten_and_what_is_held_is_not() {
    let world = World::new();
    let accounts = world.accounts(&[]);
    for tenant in ["idle", "open", "busy"] {
        assert_eq!(call(&accounts, tenant, NOON).await.0, Ok(()));
    }
    accounts.forget_idle(NOON);
    assert_eq!(accounts.all().len(), 3, "their calls of today are known nowhere else");
    let open = Arc::clone(&accounts.of(&named("open"), NOON).await.unwrap().quota);
    let busy = accounts.of(&named("busy"), NOON).await.unwrap();
    accounts.forget_idle(NOON + DAY_MS);
    let mut left: Vec<String> =
        accounts.all().iter().map(|account| account.tenant.as_str().to_owned()).collect();
    left.sort();
    assert_eq!(left, ["busy", "open"]);
    drop((open, busy));
    accounts.forget_idle(NOON + DAY_MS);
    assert_eq!(accounts.all().len(), 0);
}

/// Tenants with random plans, random calls over two days: each is told what it would be told if it
/// were alone.
#[tokio::test]
async fn no_tenant_uses_what_is_anothers() {
    let mut refused = 0;
    for seed in 0..20 {
        let chance = Chance::from_seed(seed);
        let upto = |n: u64| chance.bits() % n;
        let plans: Vec<(String, Plan)> = (0..2 + upto(6))
            .map(|k| {
                let (calls_per_day, calls_per_minute) = (upto(30), upto(12));
                let plan = Plan { calls_per_day, calls_per_minute, ..Plan::default() };
                (format!("t{k}"), plan)
            })
            .collect();
        let plans: Vec<(&str, Plan)> = plans.iter().map(|(name, p)| (name.as_str(), *p)).collect();
        let (together, all) = (World::new(), Chance::from_seed(seed + 1000));
        let accounts = together.accounts(&plans);
        let mut alone = BTreeMap::new();
        for (name, _) in &plans {
            give(&accounts, name, name).await;
            let world = World::new();
            let own = world.accounts(&plans);
            give(&own, name, name).await;
            alone.insert(*name, (world, own));
        }
        let mut now_ms = NOON + DAY_MS / 2 - 60_000;
        for _ in 0..200 {
            let passed = all.up_to(Duration::from_secs(2));
            now_ms += passed.as_millis() as u64;
            together.clock.advance(passed);
            alone.values().for_each(|(world, _)| world.clock.advance(passed));
            let name = plans[(all.bits() % plans.len() as u64) as usize].0;
            let (told, rates) = call(&accounts, name, now_ms).await;
            let (expected, expected_rates) = call(&alone[name].1, name, now_ms).await;
            assert_eq!(told, expected, "seed {seed}, {name}");
            assert_eq!(rates.headers(), expected_rates.headers(), "seed {seed}, {name}");
            refused += u32::from(told.is_err());
        }
    }
    assert!(refused > 200, "{refused}");
}
