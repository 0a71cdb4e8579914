//! Who may do what: keys, tokens, roles, tenants, origins, rates, the audit log; and that nothing
//! is open to strangers.

use std::net::SocketAddr;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use server::{Config, Jwt, Security, ServeError, State};
use tempfile::TempDir;

use crate::client::{Running, models, refused};

const NETWORK: &str = "nir/snntorch_srnn12_zero_nodelay.nir";
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn running(security: Security) -> Running {
    Running::start(models(NETWORK, ""), Config { security, ..Config::default() })
}

fn key(server: &Running, admin: Option<&str>, role: &str, tenant: &str) -> String {
    let spec = json!({ "name": format!("{role} of {tenant}"), "role": role, "tenant": tenant });
    let made = server.ask("POST", "/v1/keys", admin, spec).of(201);
    made["key"].as_str().unwrap().to_owned()
}

#[test]
fn the_first_key_closes_the_door() {
    let server = running(Security::default());
    assert_eq!(server.get("/v2/models").0, 200);
    let admin = key(&server, None, "admin", "acme");
    let refused = server.ask("GET", "/v2/models", None, Value::Null);
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
    assert_eq!(refused.headers["content-type"], "application/problem+json");
    assert_eq!(refused.of(401)["title"], "Unauthorized");
    server.ask("GET", "/v2/models", Some(&admin), Value::Null).of(200);
    // What is kept and listed is not the key.
    let list = server.ask("GET", "/v1/keys", Some(&admin), Value::Null).of(200);
    assert!(!list.to_string().contains(&admin[20..]), "{list}");
    let id = list["keys"][0]["id"].as_str().unwrap();
    server.ask("DELETE", &format!("/v1/keys/{id}"), Some(&admin), Value::Null).of(200);
    server.ask("GET", "/v2/models", Some(&admin), Value::Null).of(401);
    server.ask("GET", "/metrics", None, Value::Null).of(401);
}

#[test]
fn forged_and_ended_keys_are_refused() {
    let server = running(Security::default());
    let admin = key(&server, None, "admin", "acme");
    let mut wrong = admin.clone();
    let last = if wrong.pop() == Some('0') { '1' } else { '0' };
    wrong.push(last);
    let spec = json!({ "name": "short", "role": "reader", "tenant": "acme", "expires_ms": 1 });
    assert_eq!(server.ask("POST", "/v1/keys", Some(&admin), spec).status, 400);
    for forged in [&wrong, &admin[..30], "sk_", "sk__", "sk_0000000000000000_00", "", "x y z"] {
        assert_eq!(
            server.ask("GET", "/v2/models", Some(forged), Value::Null).status,
            401,
            "{forged}"
        );
    }
}

#[test]
fn each_role_may_what_the_table_says() {
    let server = running(Security::default());
    let admin = key(&server, None, "admin", "acme");
    let of = |role| key(&server, Some(&admin), role, "acme");
    let roles = ["scraper", "reader", "writer", "operator"].map(|role| (role, of(role)));
    let document: Value = serde_json::from_str(&server.get("/openapi.json").1).unwrap();
    let mut checked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let description = operation["description"].as_str().unwrap();
            let needed = description.split(": ").nth(1).unwrap().trim_end_matches('.');
            let order = ["anyone", "scraper", "reader", "writer", "operator", "admin"];
            // What is of all tenants together is for scrapers, and for operators and above.
            let watching = needed == "scraper, or operator";
            let least = order.iter().position(|r| *r == needed);
            let least = if watching { 4 } else { least.unwrap() };
            let url =
                path.replace("{name}", "none").replace("{version}", "1").replace("{id}", "none");
            for (role, key) in &roles {
                let has = order.iter().position(|r| r == role).unwrap();
                let answer = server.ask(&method.to_uppercase(), &url, Some(key), Value::Null);
                let denied = has < least && !(watching && *role == "scraper");
                assert_eq!(answer.status == 403, denied, "{role} {method} {path}");
                checked += 1;
            }
            let nobody = server.ask(&method.to_uppercase(), &url, None, Value::Null);
            assert_eq!(nobody.status == 401, needed != "anyone", "nobody {method} {path}");
        }
    }
    assert!(checked > 100, "{checked}");
}

#[test]
fn another_tenants_sessions_are_not_there() {
    let server = running(Security::default());
    let admin = key(&server, None, "admin", "acme");
    let tenants: Vec<(String, String)> = ["red", "green", "blue"]
        .map(|tenant| (tenant.to_owned(), key(&server, Some(&admin), "writer", tenant)))
        .to_vec();
    // Random operations of three tenants on the same names, beside what each must see.
    let mut open = [const { std::collections::BTreeSet::new() }; 3];
    let mut seed = 5u64;
    for _ in 0..400 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let who = (seed >> 33) as usize % 3;
        let id = format!("s{}", (seed >> 40) % 6);
        let (own, credential) = (&mut open[who], Some(tenants[who].1.as_str()));
        let path = format!("/v1/sessions/{id}");
        match (seed >> 50) % 5 {
            0 => {
                let body = json!({ "model": "good", "id": id });
                server.ask("POST", "/v1/sessions", credential, body).of(201);
                own.insert(id);
            }
            1 => {
                let closed = server.ask("DELETE", &path, credential, Value::Null).status;
                assert_eq!(closed, if own.remove(&id) { 204 } else { 404 });
            }
            2 => {
                let snapshot = format!("{path}/snapshot");
                let seen = server.ask("GET", &snapshot, credential, Value::Null).status;
                assert_eq!(seen, if own.contains(&id) { 200 } else { 404 });
            }
            3 => {
                let seen = server.ask("GET", &path, credential, Value::Null);
                let known = own.contains(&id);
                assert_eq!(seen.status, if known { 200 } else { 404 });
            }
            _ => {
                let list = server.ask("GET", "/v1/sessions", credential, Value::Null).of(200);
                let ids = list["sessions"].as_array().unwrap().iter().map(|s| s["id"].as_str());
                let expected: Vec<Option<&str>> = own.iter().map(|id| Some(id.as_str())).collect();
                assert_eq!(ids.collect::<Vec<_>>(), expected);
            }
        }
    }
    // What is not there and what is another's read the same, word for word.
    server
        .ask(
            "POST",
            "/v1/sessions",
            Some(&tenants[0].1),
            json!({ "model": "good", "id": "theirs" }),
        )
        .of(201);
    let theirs = server.ask("GET", "/v1/sessions/theirs", Some(&tenants[1].1), Value::Null).of(404);
    let none = server.ask("GET", "/v1/sessions/nobody", Some(&tenants[1].1), Value::Null).of(404);
    assert_eq!(theirs.to_string().replace("theirs", "nobody"), none.to_string());
}

#[test]
fn a_key_for_some_models_sees_no_others() {
    let server = running(Security::default());
    let admin = key(&server, None, "admin", "acme");
    let spec = json!({ "name": "one", "role": "operator", "tenant": "acme", "models": ["other"] });
    let made = server.ask("POST", "/v1/keys", Some(&admin), spec).of(201);
    let key = made["key"].as_str();
    let list = server.ask("GET", "/v2/models", key, Value::Null).of(200);
    assert_eq!(list["models"], json!([]));
    for (method, path) in [
        ("GET", "/v2/models/good"),
        ("POST", "/v2/models/good/infer"),
        ("GET", "/v2/models/good/stats"),
        ("POST", "/v2/repository/models/good/unload"),
    ] {
        assert_eq!(server.ask(method, path, key, Value::Null).status, 404, "{path}");
    }
}

/// A server that takes tokens signed with [`SECRET`] and with the Ed25519 key of the fixtures.
fn with_tokens() -> (Running, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    let jwks = folder.path().join("jwks.json");
    std::fs::write(&jwks, include_str!("../fixtures/jwks.json")).unwrap();
    let jwt = Jwt {
        issuer: "https://issuer".into(),
        audience: "striatum".into(),
        jwks: Some(jwks),
        secret: Some(secret),
        tenant_claim: "tenant".into(),
        roles_claim: "roles".into(),
        leeway_seconds: 5,
    };
    let security = Security { jwt: Some(jwt), ..Security::default() };
    (running(security), folder)
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

fn claims() -> Value {
    json!({ "iss": "https://issuer", "aud": "striatum", "exp": now() + 600, "sub": "me",
            "tenant": "acme", "roles": ["writer", "reader"] })
}

fn signed(claims: &Value) -> String {
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(SECRET)).unwrap()
}

fn status(server: &Running, token: &str) -> u16 {
    server.ask("GET", "/v1/sessions", Some(token), Value::Null).status
}

#[test]
fn tokens_are_taken_by_what_signed_them() {
    let (server, _folder) = with_tokens();
    assert_eq!(status(&server, &signed(&claims())), 200);
    let private = EncodingKey::from_ed_pem(include_bytes!("../fixtures/ed25519.pem")).unwrap();
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some("ed".into());
    assert_eq!(status(&server, &encode(&header, &claims(), &private).unwrap()), 200);
    let private = EncodingKey::from_ec_pem(include_bytes!("../fixtures/p256.pem")).unwrap();
    let token = encode(&Header::new(Algorithm::ES256), &claims(), &private).unwrap();
    assert_eq!(status(&server, &token), 200);
    let private = EncodingKey::from_rsa_pem(include_bytes!("../fixtures/rsa.pem")).unwrap();
    let token = encode(&Header::new(Algorithm::RS256), &claims(), &private).unwrap();
    assert_eq!(status(&server, &token), 200);
    // A role of the token, not of the caller's wish.
    let answer = server.ask("GET", "/v1/keys", Some(&signed(&claims())), Value::Null);
    assert_eq!(answer.status, 403);
}

#[test]
fn forged_tokens_of_every_known_kind_are_refused() {
    let (server, _folder) = with_tokens();
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        signed(&claims)
    };
    let without = |name: &str| {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        signed(&claims)
    };
    let good = signed(&claims());
    let (head, rest) = good.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let base64 = |text: &str| {
        // Base64url without padding, by hand: the alphabet of RFC 4648, 5.
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut out = String::new();
        for chunk in text.as_bytes().chunks(3) {
            let n =
                chunk.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
            for k in 0..=chunk.len() {
                out.push(ALPHABET[(n >> (18 - 6 * k)) as usize & 63] as char);
            }
        }
        out
    };
    let headed = |header: &str| format!("{}.{payload}.{signature}", base64(header));
    let jwks: Value = serde_json::from_str(include_str!("../fixtures/jwks.json")).unwrap();
    let public = jwks["keys"][0]["x"].as_str().unwrap();
    let confused = encode(
        &Header::new(Algorithm::HS256),
        &claims(),
        &EncodingKey::from_secret(public.as_bytes()),
    );
    let mut foreign = Header::new(Algorithm::HS256);
    foreign.jku = Some("https://evil/jwks.json".into());
    let foreign =
        encode(&foreign, &claims(), &EncodingKey::from_secret(b"another secret of 32 bytes......"));
    let mut odd = Header::new(Algorithm::HS256);
    odd.typ = Some("secevent+jwt".into());
    let odd = encode(&odd, &claims(), &EncodingKey::from_secret(SECRET)).unwrap();
    let changed = base64(&claims().to_string().replace("writer", "admin"));
    let forged = [
        ("alg none", format!("{}.{payload}.", base64(r#"{"alg":"none","typ":"JWT"}"#))),
        ("alg None", headed(r#"{"alg":"None","typ":"JWT"}"#)),
        ("alg none with the signature", headed(r#"{"alg":"none"}"#)),
        ("another algorithm named", headed(r#"{"alg":"RS256","typ":"JWT"}"#)),
        ("no algorithm", headed("{}")),
        ("a public key as the secret", confused.unwrap()),
        ("a key from elsewhere", foreign.unwrap()),
        ("a key inside", headed(r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}"#)),
        ("another type", odd),
        ("changed claims", format!("{head}.{changed}.{signature}")),
        ("no signature", format!("{head}.{payload}.")),
        ("two parts", format!("{head}.{payload}")),
        ("expired", with("exp", json!(now() - 60))),
        ("expiry as text", with("exp", json!("9999999999"))),
        ("no expiry", without("exp")),
        ("expiry null", with("exp", Value::Null)),
        ("not yet", with("nbf", json!(now() + 60))),
        ("not yet as text", with("nbf", json!("0"))),
        ("another issuer", with("iss", json!("https://evil"))),
        ("no issuer", without("iss")),
        ("another audience", with("aud", json!("other"))),
        ("no audience", without("aud")),
        ("no tenant", without("tenant")),
        ("the system's tenant", with("tenant", json!("_system"))),
        ("a path for a tenant", with("tenant", json!("../other"))),
        ("no role", without("roles")),
        ("an unknown role", with("roles", json!(["root"]))),
        ("too long", with("sub", json!("x".repeat(10_000)))),
    ];
    for (what, token) in forged {
        assert_eq!(status(&server, &token), 401, "{what}");
    }
    assert_eq!(status(&server, &good), 200);
}

#[test]
fn strangers_are_not_served_without_authentication() {
    let folder = tempfile::tempdir().unwrap();
    let state = State { folder: folder.path().to_owned(), postgresql: None };
    let models = models(NETWORK, "");
    let config = Config {
        listen: SocketAddr::from(([0, 0, 0, 0], 0)),
        models: models.path().to_owned(),
        state,
        ..Config::default()
    };
    for required in [None, Some(false), Some(true)] {
        let security = Security { required, ..Security::default() };
        let config = Config { security, ..config.clone() };
        let error = refused(config);
        assert!(matches!(error, ServeError::Open { .. }), "{error}");
    }
}

#[test]
fn pages_of_other_sites_are_kept_out() {
    let cors_origins = vec!["https://console.example".to_owned()];
    let server = running(Security { cors_origins, ..Security::default() });
    let ask = |method: &str, origin: &str, host: Option<&str>| {
        let mut head = format!("{method} /v2/models HTTP/1.1\r\norigin: {origin}\r\n");
        head += &format!(
            "host: {}\r\nconnection: close\r\n\r\n",
            host.map_or_else(|| server.address.to_string(), String::from)
        );
        server.raw(head.as_bytes())
    };
    assert!(ask("GET", "https://evil.example", None).starts_with("HTTP/1.1 403"));
    let own = format!("http://{}", server.address);
    assert!(ask("GET", &own, None).starts_with("HTTP/1.1 200"));
    // A name of the page's own that leads here.
    let rebound = ask("GET", "http://evil.example", Some("evil.example"));
    assert!(rebound.starts_with("HTTP/1.1 403"), "{rebound}");
    let allowed = ask("OPTIONS", "https://console.example", None);
    assert!(allowed.starts_with("HTTP/1.1 204"), "{allowed}");
    assert!(allowed.contains("access-control-allow-origin: https://console.example"), "{allowed}");
    let plain = server.ask("GET", "/health", None, Value::Null);
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(plain.headers[name], value);
    }
    assert!(!plain.headers.contains_key("access-control-allow-origin"));
    assert!(!plain.headers.contains_key("server"));
}

#[test]
fn whoever_asks_too_often_is_told_when_to_come_back() {
    let security = Security { requests_per_second: 1.0, burst: 3, ..Security::default() };
    let server = running(security);
    let answers: Vec<_> =
        (0..5).map(|_| server.ask("GET", "/v2/models", None, Value::Null)).collect();
    let statuses: Vec<u16> = answers.iter().map(|a| a.status).collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    assert_eq!(answers[0].headers["ratelimit-policy"], "\"requests\";q=3;w=3");
    assert_eq!(answers[0].headers["ratelimit"], "\"requests\";r=2;t=1");
    assert_eq!(answers[4].headers["retry-after"], "1");
    assert_eq!(server.get("/health").0, 200, "health is never limited");
}

#[test]
fn the_audit_log_shows_who_did_what_and_that_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let state = State { folder: folder.path().to_owned(), postgresql: None };
    let config = || Config { state: state.clone(), ..Config::default() };
    let mut server = Running::start(models(NETWORK, ""), config());
    let admin = key(&server, None, "admin", "acme");
    server.ask("POST", "/v2/repository/models/good/unload", Some(&admin), Value::Null).of(200);
    server.ask("POST", "/v2/repository/models/gone/load", Some(&admin), Value::Null).of(404);
    let log = server.ask("GET", "/v1/audit", Some(&admin), Value::Null).of(200);
    let entries = log["entries"].as_array().unwrap();
    let said: Vec<String> = entries
        .iter()
        .map(|e| format!("{} {} {}", e["action"], e["target"], e["outcome"]).replace('"', ""))
        .collect();
    assert_eq!(
        said,
        [
            "repository_load /v2/repository/models/gone/load 404",
            "repository_unload /v2/repository/models/good/unload 200",
            "key_create /v1/keys 201",
        ]
    );
    assert!(!log.to_string().contains(&admin[20..]), "no secret");
    let verdict = server.ask("GET", "/v1/audit/verify", Some(&admin), Value::Null).of(200);
    assert_eq!(verdict, json!({ "entries": 3, "whole": true }));
    server.stop();
    for (change, problem) in [
        (
            "UPDATE records SET value = replace(value, 'unload', 'reload') WHERE collection = 'audit'",
            "entry 2 was changed",
        ),
        ("DELETE FROM records WHERE collection = 'audit' AND key LIKE '%2'", "entry 2 is missing"),
        (
            "DELETE FROM records WHERE collection = 'audit' AND key LIKE '%3'",
            "entries after 2 are missing",
        ),
    ] {
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(folder.path().join("store.db"), copy.path().join("store.db")).unwrap();
        let database = rusqlite::Connection::open(copy.path().join("store.db")).unwrap();
        let change = change.replace(
            "replace(value, 'unload', 'reload')",
            "CAST(replace(CAST(value AS TEXT), 'unload', 'reload') AS BLOB)",
        );
        assert!(database.execute(&change, []).unwrap() > 0);
        drop(database);
        let state = State { folder: copy.path().to_owned(), postgresql: None };
        let server = Running::start(models(NETWORK, ""), Config { state, ..Config::default() });
        let verdict = server.ask("GET", "/v1/audit/verify", Some(&admin), Value::Null).of(200);
        assert_eq!(verdict["whole"], false);
        assert_eq!(verdict["problem"], problem);
    }
}
