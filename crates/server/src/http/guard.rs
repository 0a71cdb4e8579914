//! What stands before every handler: who calls, may they, how often; and after it: the audit entry
//! and the headers.

#![allow(clippy::disallowed_methods, reason = "the edge measures how long requests take")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::body::HttpBody;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, HOST, HeaderMap, ORIGIN,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Span;

use crate::accounts::Account;
use crate::error::RequestError;
use crate::record::RouteSignals;
use crate::request::{Server, now_ms};
use crate::security::{Access, Caller, Rates, Role, rated_address};
use crate::traced::Traced;

/// An operation behind its guard.
#[derive(Clone)]
pub(crate) struct Guarded {
    pub(crate) server: Arc<Server>,
    pub(crate) id: &'static str,
    pub(crate) access: Access,
    /// Whether it counts as a call of the caller's tenant.
    pub(crate) counts: bool,
    pub(crate) signals: Arc<RouteSignals>,
}

/// Who calls, may they, how often.
pub(crate) async fn guard(
    State(guarded): State<Guarded>,
    request: Request,
    next: Next,
) -> Response {
    let signals = Arc::clone(&guarded.signals);
    let server = Arc::clone(&guarded.server);
    let head = (name_of(request.method()), signals.route());
    let traced = Traced::http(&server.telemetry, head, request.headers());
    let ended = |response: &Response| {
        let status = response.status();
        ("http.response.status_code", i64::from(status.as_u16()), status.is_server_error())
    };
    let passed = guarded.pass(request, next);
    let mut response = traced.run(&server.telemetry, passed, ended).await;
    response.extensions_mut().insert(signals);
    response
}

impl Guarded {
    async fn pass(self, mut request: Request, next: Next) -> Response {
        let Guarded { server, id, access, counts, .. } = self;
        if access == Access::Anyone {
            return next.run(request).await;
        }
        let (rates, admitted) = admit(&server, access, counts, Asked::of(&request)).await;
        let mut response = match admitted {
            Ok(Admitted { caller, _account }) => {
                let subject = caller.subject.clone();
                let target = request.uri().path().to_owned();
                Span::current().record("striatum.tenant", caller.tenant.as_str());
                let audited = is_audited(access) && request.method() != Method::GET;
                request.extensions_mut().insert(caller);
                let response = next.run(request).await;
                if audited {
                    let status = response.status().as_u16().to_string();
                    server.security.audit.note(&subject, id, &target, &status).await;
                }
                response
            }
            Err(error) => error.into_response(),
        };
        with_rates(&mut response, &rates);
        response
    }
}

/// What a request says of its caller.
pub(crate) struct Asked {
    credential: Result<Option<String>, RequestError>,
    address: Option<SocketAddr>,
}

impl Asked {
    pub(crate) fn of(request: &Request) -> Self {
        let info = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let credential = credential(request.headers());
        Self { credential: credential.map(|c| c.map(String::from)), address: info.map(|i| i.0) }
    }
}

/// A caller that was let in.
pub(crate) struct Admitted {
    pub(crate) caller: Caller,
    /// Held until the request is answered: nothing of the tenant is erased meanwhile.
    pub(crate) _account: Option<Arc<Account>>,
}

/// The caller of a request, where it may do this, does not ask too often, and its tenant has calls
/// left; `counts` where the request is one of those calls.
pub(crate) async fn admit(
    server: &Server,
    access: Access,
    counts: bool,
    asked: Asked,
) -> (Rates, Result<Admitted, RequestError>) {
    let mut rates = Rates::default();
    let caller = match known(server, access, asked, &mut rates).await {
        Ok(caller) => caller,
        Err(error) => return (rates, Err(error)),
    };
    // Whoever watches or runs the installation can do so whatever becomes of the tenant of its key.
    let runs = access == Access::Watching || access == Access::AtLeast(Role::Admin) && !counts;
    if runs {
        return (rates, Ok(Admitted { caller, _account: None }));
    }
    let accounted = account(server, &caller, counts, &mut rates).await;
    (rates, accounted.map(|account| Admitted { caller, _account: Some(account) }))
}

/// The account of a caller's tenant, with one call more where that counts.
async fn account(
    server: &Server,
    caller: &Caller,
    counts: bool,
    rates: &mut Rates,
) -> Result<Arc<Account>, RequestError> {
    let now = now_ms();
    let account = server.accounts.standing_of(&caller.tenant, now).await?;
    if counts {
        server.accounts.call(&account, rates, now)?;
    }
    Ok(account)
}

/// The caller of a request, where it may do this and does not ask too often.
async fn known(
    server: &Server,
    access: Access,
    Asked { credential, address }: Asked,
    rates: &mut Rates,
) -> Result<Caller, RequestError> {
    let now = now_ms();
    let caller = match credential {
        Ok(credential) => server.security.caller(credential.as_deref(), now).await,
        Err(error) => Err(error),
    };
    // Whoever guesses at keys pays from what its address has.
    let payer = match &caller {
        Ok(caller) if caller.subject != "anyone" => caller.subject.clone(),
        _ => address.map_or_else(|| "ip:none".into(), rated_address),
    };
    rates.requests = server.security.rate(payer);
    if let Some(decision) = rates.requests.filter(|decision| !decision.allowed) {
        let wait = decision.retry_after.unwrap_or(decision.reset_after);
        return Err(RequestError::RateLimited { wait });
    }
    caller.and_then(|caller| match access.check(caller.role) {
        Ok(()) => Ok(caller),
        Err(error) => {
            server.security.denied(caller.role);
            Err(error)
        }
    })
}

/// Changes by operators and above are audited.
const AUDITED: Role = Role::Operator;

/// Whether a change by this way is audited.
fn is_audited(access: Access) -> bool {
    matches!(access, Access::AtLeast(role) if role >= AUDITED)
}

/// The one credential of a request; a query never holds one.
fn credential(headers: &HeaderMap) -> Result<Option<&str>, RequestError> {
    let wrong = RequestError::Unauthenticated("one credential is expected: Bearer or X-API-Key");
    let mut found = None;
    for value in headers.get_all(AUTHORIZATION) {
        let text = value.to_str().unwrap_or_default();
        let Some((scheme, rest)) = text.split_once(' ') else { return Err(wrong) };
        if !scheme.eq_ignore_ascii_case("bearer") || found.replace(rest.trim()).is_some() {
            return Err(wrong);
        }
    }
    for value in headers.get_all("x-api-key") {
        let Ok(text) = value.to_str() else { return Err(wrong) };
        if found.replace(text.trim()).is_some() {
            return Err(wrong);
        }
    }
    Ok(found)
}

/// What holds for every answer: browsers of other sites are kept out, and headers say how the
/// answer may be used.
pub(crate) async fn finish(
    State(server): State<Arc<Server>>,
    request: Request,
    next: Next,
) -> Response {
    let since = Instant::now();
    let method = name_of(request.method());
    let asked = length(request.headers());
    let origin = request.headers().get(ORIGIN).cloned();
    let allowed = origin.clone().filter(|origin| is_listed(&server, origin));
    let preflight = request.method() == Method::OPTIONS && origin.is_some();
    let mut response = if !host_is_ours(&server, request.headers()) {
        RequestError::Forbidden { needed: "a request to this host" }.into_response()
    } else if !origin_is_ours(&server, request.headers()) {
        RequestError::Forbidden { needed: "an allowed origin" }.into_response()
    } else if preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let signals = response.extensions_mut().remove::<Arc<RouteSignals>>();
    let answered = response.body().size_hint().exact();
    let status = response.status().as_u16();
    let signals = signals.as_ref().unwrap_or(&server.unrouted);
    signals.record((method, status), since.elapsed(), (asked, answered));
    server.health.answered(status >= 500);
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(X_FRAME_OPTIONS, "DENY");
    set(REFERRER_POLICY, "no-referrer");
    set(CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    if server.config.tls.is_some() {
        set(STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if let Some(origin) = allowed {
        headers.insert("access-control-allow-origin", origin);
        headers.insert(VARY, HeaderValue::from_static("origin"));
        if preflight {
            let methods = HeaderValue::from_static("GET, POST, PUT, DELETE");
            let names = HeaderValue::from_static(
                "authorization, content-type, x-api-key, mcp-protocol-version, mcp-method, mcp-name",
            );
            headers.insert("access-control-allow-methods", methods);
            headers.insert("access-control-allow-headers", names);
        }
    }
    response
}

/// The method where it is one of those that the table has.
fn name_of(method: &Method) -> &'static str {
    const KNOWN: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// The size of a body as the head says it.
fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_listed(server: &Server, origin: &HeaderValue) -> bool {
    server.config.security.cors_origins.iter().any(|known| known.as_bytes() == origin.as_bytes())
}

/// Whether a browser's page may send this: it comes from this server or from a listed origin.
fn origin_is_ours(server: &Server, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let own = headers.get(HOST).and_then(|host| host.to_str().ok()).is_some_and(|host| {
        let origin = origin.to_str().unwrap_or_default();
        origin == format!("http://{host}") || origin == format!("https://{host}")
    });
    own || is_listed(server, origin)
}

/// While anyone may call, a page must not reach this server under a name of its own that leads
/// here: only names of this machine are answered.
fn host_is_ours(server: &Server, headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return true };
    if server.security.is_required() || !headers.contains_key(ORIGIN) {
        return true;
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    ["localhost", "127.0.0.1", "[::1]"].contains(&name)
}

/// Tells a caller of the limits that it stands under.
pub(crate) fn with_rates(response: &mut Response, rates: &Rates) {
    for (name, value) in rates.headers().into_iter().flatten() {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
}
