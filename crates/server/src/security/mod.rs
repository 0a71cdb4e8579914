//! Who calls, and what they may do: credentials become a [`Caller`], which carries the tenant and
//! the role; nothing in a request's path or body can name another tenant.

mod audit;
mod jwt;
mod keys;
mod role;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};

use observe::{Counter, Metrics};
use resilience::rate::{self, Decision};
use resilience::{Clock, RateLimit};
use store::{Store, TenantId};

pub(crate) use audit::{Audit, AuditEntry, Verdict};
pub(crate) use keys::{KeyInfo, KeySpec, Keys, NewKey};
pub(crate) use role::{Access, Role};

use crate::config::{self, Config};
use crate::error::{RequestError, ServeError};

/// The tenant of callers that need not say who they are.
pub(crate) const DEFAULT_TENANT: &str = "default";

/// Callers whose rate is kept; the one heard of longest ago goes first.
const MAX_RATED: usize = 100_000;

/// Whoever sent a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The tenant whose sessions and records it reaches.
    pub(crate) tenant: TenantId,
    /// What it may do.
    pub(crate) role: Role,
    /// Its name in the audit log.
    pub(crate) subject: String,
    /// The models that it may use; none means all.
    pub(crate) models: Option<Vec<String>>,
}

/// Everything that decides about callers.
pub(crate) struct Security {
    required: Option<bool>,
    jwt: Option<jwt::Verifier>,
    pub(crate) keys: Keys,
    pub(crate) audit: Audit,
    rate: RwLock<Option<RateLimit<String>>>,
    clock: Arc<dyn Clock>,
    /// By reason: none, key, token.
    refused: [Counter; 3],
    denied: [Counter; Role::ALL.len()],
    limited: Counter,
}

impl Security {
    /// # Errors
    /// [`ServeError::File`] for a key file, [`ServeError::Open`] where strangers could call.
    pub(crate) async fn open(
        config: &Config,
        store: &Store,
        metrics: &Metrics,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ServeError> {
        let settings = &config.security;
        let jwt = settings.jwt.clone().map(jwt::Verifier::open).transpose()?;
        let keys = Keys::open(store).await?;
        let strangers = !config.listen.ip().is_loopback();
        let answers = settings.required.unwrap_or(true) && (jwt.is_some() || !keys.is_empty());
        if strangers && !answers {
            return Err(ServeError::Open { address: config.listen });
        }
        let rate = RwLock::new(rate_of(settings, &clock)?);
        Ok(Self {
            required: settings.required.or(strangers.then_some(true)),
            jwt,
            keys,
            audit: Audit::new(store, metrics),
            rate,
            clock,
            refused: ["none", "key", "token"]
                .map(|r| metrics.counter("striatum_authentication_failures_total", &[r])),
            denied: Role::ALL.map(|role| metrics.counter("striatum_denied_total", &[role.name()])),
            limited: metrics.counter("striatum_rate_limited_total", &[]),
        })
    }

    /// Whether callers must say who they are.
    pub(crate) fn is_required(&self) -> bool {
        self.required.unwrap_or(self.jwt.is_some() || !self.keys.is_empty())
    }

    /// The caller of a credential: what `Authorization: Bearer` or `X-API-Key` says.
    ///
    /// # Errors
    /// [`RequestError::Unauthenticated`].
    pub(crate) async fn caller(
        &self,
        credential: Option<&str>,
        now_ms: u64,
    ) -> Result<Caller, RequestError> {
        let caller = match credential {
            None if self.is_required() => {
                Err(RequestError::Unauthenticated("a key or a token is needed"))
            }
            None => open_caller(),
            Some(key) if keys::looks_like_key(key) => self.keys.caller(key, now_ms).await,
            Some(token) => match &self.jwt {
                Some(jwt) => jwt.caller(token),
                None => Err(RequestError::Unauthenticated("the key is not known")),
            },
        };
        if let Err(RequestError::Unauthenticated(_)) = caller {
            let reason = match credential {
                None => 0,
                Some(key) if keys::looks_like_key(key) => 1,
                Some(_) => 2,
            };
            self.refused[reason].inc();
        }
        caller
    }

    /// Whether a caller that was let in before still would be, as far as its key says.
    ///
    /// # Errors
    /// [`RequestError::Unauthenticated`], [`RequestError::Unavailable`].
    pub(crate) async fn stands(&self, caller: &Caller, now_ms: u64) -> Result<(), RequestError> {
        match caller.subject.strip_prefix(keys::SUBJECT) {
            Some(id) => self.keys.stands(id, now_ms).await,
            None => Ok(()),
        }
    }

    /// Takes one request of a caller; an address that is not known by a credential counts as one
    /// caller.
    pub(crate) fn rate(&self, caller: String) -> Option<Decision> {
        let rate = self.rate.read().unwrap_or_else(PoisonError::into_inner);
        let decision = rate.as_ref()?.check(caller, 1);
        if !decision.allowed {
            self.limited.inc();
        }
        Some(decision)
    }

    /// Changes how often callers may ask; what they have used is forgotten.
    pub(crate) fn set_rate(&self, settings: &config::Security) -> Result<(), ServeError> {
        let new = rate_of(settings, &self.clock)?;
        *self.rate.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// Counts that a caller of a role was denied something.
    pub(crate) fn denied(&self, role: Role) {
        self.denied[role as usize].inc();
    }

    /// Reads the files of keys again.
    pub(crate) fn reload(&self) -> Result<(), ServeError> {
        self.jwt.as_ref().map_or(Ok(()), jwt::Verifier::reload)
    }
}

/// What a call is told of the limits that it stands under, where there are any.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rates {
    /// Requests of the caller.
    pub(crate) requests: Option<Decision>,
    /// Calls of its tenant in a minute.
    pub(crate) minute: Option<Decision>,
    /// Calls of its tenant on a day.
    pub(crate) day: Option<Decision>,
}

impl Rates {
    /// The headers `ratelimit-policy` and `ratelimit`, where there is a limit.
    pub(crate) fn headers(&self) -> Option<[(&'static str, String); 2]> {
        let all = [("requests", self.requests), ("minute", self.minute), ("day", self.day)];
        let told = |tell: fn(&Decision, &str) -> String| {
            let told = all.iter().filter_map(|(name, d)| Some(tell(d.as_ref()?, name)));
            told.collect::<Vec<_>>().join(", ")
        };
        let policy = told(Decision::policy_header);
        let some = !policy.is_empty();
        some.then(|| [("ratelimit-policy", policy), ("ratelimit", told(Decision::header))])
    }
}

impl Caller {
    /// Whether the caller may use a model.
    pub(crate) fn may_use(&self, model: &str) -> bool {
        self.models.as_ref().is_none_or(|models| models.iter().any(|m| m == model))
    }

    /// Refuses a model that the caller may not use as if it were not there.
    pub(crate) fn uses(&self, model: &str) -> Result<(), RequestError> {
        if self.may_use(model) {
            return Ok(());
        }
        Err(RequestError::NotFound("this key may not use such a model".into()))
    }
}

fn rate_of(
    settings: &config::Security,
    clock: &Arc<dyn Clock>,
) -> Result<Option<RateLimit<String>>, ServeError> {
    Ok(match settings.requests_per_second {
        0.0 => None,
        rate => Some(RateLimit::new(limit(rate, settings.burst), Arc::clone(clock))?),
    })
}

/// So many requests a second, as units of a window that is long enough for a rate below one.
fn limit(per_second: f64, burst: u32) -> rate::Config {
    let window_seconds = (1.0 / per_second).max(1.0);
    let limit = (per_second * window_seconds).round().max(1.0) as u32;
    rate::Config { limit, window_seconds, burst, max_keys: MAX_RATED }
}

fn open_caller() -> Result<Caller, RequestError> {
    let tenant = TenantId::parse(DEFAULT_TENANT)?;
    Ok(Caller { tenant, role: Role::Admin, subject: "anyone".into(), models: None })
}

/// The name under which an address's rate is kept: a whole network of IPv6 is one.
pub(crate) fn rated_address(address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) => format!("ip:{ip}"),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("ip:{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}
