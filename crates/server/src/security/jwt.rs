//! JSON Web Tokens: signed by a key of a set that the operator gave, for this audience, by this
//! issuer, and not past their time. What a token says about its own key (`jku`, `x5u`, `jwk`) is
//! never used, and `none` is no algorithm.
//!
//! Source: RFC 7519, RFC 8725 (best current practices).

use std::sync::{PoisonError, RwLock};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;
use store::TenantId;

use super::{Caller, Role};
use crate::config::Jwt;
use crate::error::{RequestError, ServeError};

/// The longest token.
const MAX_TOKEN_BYTES: usize = 8192;

/// Keys of a set.
const MAX_KEYS: usize = 100;

/// The shortest shared secret (RFC 7518, 3.2).
const MIN_SECRET_BYTES: usize = 32;

/// Checks tokens.
pub(crate) struct Verifier {
    config: Jwt,
    keys: RwLock<Vec<Key>>,
}

/// A key and what it may sign with.
struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl Verifier {
    pub(crate) fn open(config: Jwt) -> Result<Self, ServeError> {
        let keys = RwLock::new(read(&config)?);
        Ok(Self { config, keys })
    }

    /// Reads the files of keys again; what was wrong with them leaves the old keys in place.
    pub(crate) fn reload(&self) -> Result<(), ServeError> {
        let keys = read(&self.config)?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// The caller of a token.
    ///
    /// # Errors
    /// [`RequestError::Unauthenticated`].
    pub(crate) fn caller(&self, token: &str) -> Result<Caller, RequestError> {
        let claims =
            self.claims(token).ok_or(RequestError::Unauthenticated("the token is not valid"))?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let tenant = text(&self.config.tenant_claim).and_then(|t| TenantId::parse(t).ok());
        let tenant = tenant.ok_or(RequestError::Unauthenticated("the token names no tenant"))?;
        let role = claims.get(&self.config.roles_claim).and_then(highest);
        let role = role.ok_or(RequestError::Unauthenticated("the token names no role"))?;
        let subject = format!("jwt:{}", text("sub").unwrap_or("-"));
        Ok(Caller { tenant, role, subject, models: None })
    }

    fn claims(&self, token: &str) -> Option<serde_json::Map<String, Value>> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let header = decode_header(token).ok()?;
        let kind = header.typ.as_deref().unwrap_or("JWT").to_ascii_lowercase();
        if !["jwt", "at+jwt", "application/at+jwt"].contains(&kind.as_str()) {
            return None;
        }
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let fits = |key: &&Key| {
            key.algorithms.contains(&header.alg)
                && (header.kid.is_none() || key.id.is_none() || key.id == header.kid)
        };
        keys.iter().filter(fits).find_map(|key| self.claims_by(key, header.alg, token))
    }

    fn claims_by(
        &self,
        key: &Key,
        algorithm: Algorithm,
        token: &str,
    ) -> Option<serde_json::Map<String, Value>> {
        let mut validation = Validation::new(algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&[&self.config.issuer]);
        validation.set_audience(&[&self.config.audience]);
        validation.validate_nbf = true;
        validation.leeway = self.config.leeway_seconds;
        let claims =
            decode::<serde_json::Map<String, Value>>(token, &key.key, &validation).ok()?.claims;
        // A time that is no number would pass for an absent one.
        let numeric = |name: &str| claims.get(name).is_none_or(Value::is_number);
        (["exp", "nbf", "iat"].into_iter().all(numeric)).then_some(claims)
    }
}

/// The highest of the roles that a claim names, as a text or a list.
fn highest(claim: &Value) -> Option<Role> {
    match claim {
        Value::String(text) => text.split_whitespace().filter_map(Role::named).max(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).filter_map(Role::named).max(),
        _ => None,
    }
}

fn read(config: &Jwt) -> Result<Vec<Key>, ServeError> {
    let mut keys = Vec::new();
    if let Some(path) = &config.secret {
        let wrong = |problem: String| ServeError::File { path: path.clone(), problem };
        let secret = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
        let secret = secret.trim_ascii();
        if secret.len() < MIN_SECRET_BYTES {
            let found = secret.len();
            let problem = format!("expected {MIN_SECRET_BYTES} bytes or more, found {found}");
            return Err(wrong(problem));
        }
        keys.push(Key {
            id: None,
            algorithms: vec![Algorithm::HS256, Algorithm::HS384, Algorithm::HS512],
            key: DecodingKey::from_secret(secret),
        });
    }
    if let Some(path) = &config.jwks {
        let wrong = |problem: String| ServeError::File { path: path.clone(), problem };
        let text = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
        let set: JwkSet = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        for jwk in set.keys.iter().take(MAX_KEYS) {
            let algorithms = algorithms(&jwk.algorithm);
            if algorithms.is_empty() {
                continue;
            }
            let key = DecodingKey::from_jwk(jwk).map_err(|e| wrong(e.to_string()))?;
            keys.push(Key { id: jwk.common.key_id.clone(), algorithms, key });
        }
        if keys.is_empty() {
            return Err(wrong("expected at least one RSA, EC or Ed25519 key, found none".into()));
        }
    }
    Ok(keys)
}

/// What a public key may have signed with: its kind decides, never the token.
fn algorithms(parameters: &AlgorithmParameters) -> Vec<Algorithm> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match parameters {
        AlgorithmParameters::RSA(_) => vec![RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => vec![ES256],
            EllipticCurve::P384 => vec![ES384],
            _ => Vec::new(),
        },
        AlgorithmParameters::OctetKeyPair(_) => vec![EdDSA],
        // A shared secret has no place among public keys.
        _ => Vec::new(),
    }
}
