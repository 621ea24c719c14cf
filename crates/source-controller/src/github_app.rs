//! Tokens of a GitHub App, which open repositories for an hour.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flux_git::{Credentials, Tls};
use serde_json::{Value, json};

use crate::secrets::Data;

#[cfg(test)]
mod tests;

/// The user that a token belongs to.
const USER: &str = "x-access-token";

/// Where GitHub is, unless the Secret says otherwise.
const API: &str = "https://api.github.com";

/// Clocks may differ by this much, in seconds.
const DRIFT: i64 = 30;

/// A proof of who asks is good for so many seconds.
const PROOF_LIFE: i64 = 120;

/// A token is used for this part of its life only, in percent.
const USED_LIFE: i64 = 80;

/// No more tokens than this are kept.
const MAX_TOKENS: usize = 100;

/// An answer is no longer than this.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which installation of which app, and how to prove that.
#[derive(Clone)]
pub(crate) struct App {
    id: i64,
    installation: Installation,
    key: Vec<u8>,
    api: String,
}

#[derive(Clone)]
enum Installation {
    Id(i64),
    Owner(String),
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppError {
    #[error("app ID must be provided to use github app authentication")]
    NoId,
    #[error("app installation owner or ID must be provided to use github app authentication")]
    NoInstallation,
    #[error(
        "only one of app installation owner or ID must be provided to use github app authentication"
    )]
    TwoInstallations,
    #[error("private key must be provided to use github app authentication")]
    NoKey,
    #[error("could not parse private key: {0}")]
    Key(String),
    #[error("{method} {url}: {status} {message} []")]
    Refused { method: &'static str, url: String, status: u16, message: String },
    #[error("{0}")]
    Connection(String),
}

impl App {
    /// Reads what a Secret says.
    pub(crate) fn from_secret(data: &Data) -> Result<Self, AppError> {
        let text = |key: &str| {
            let text = data.get(key).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
            text.filter(|text| !text.is_empty())
        };
        let number = |key: &str| text(key).and_then(|text| text.parse::<i64>().ok());
        let id = number("githubAppID").filter(|id| *id != 0).ok_or(AppError::NoId)?;
        let owner = text("githubAppInstallationOwner");
        let installation = number("githubAppInstallationID").filter(|id| *id != 0);
        let installation = match (owner, installation) {
            (Some(_), Some(_)) => return Err(AppError::TwoInstallations),
            (Some(owner), None) => Installation::Owner(owner),
            (None, Some(id)) => Installation::Id(id),
            (None, None) => return Err(AppError::NoInstallation),
        };
        let key = data.get("githubAppPrivateKey").filter(|key| !key.is_empty());
        let key = key.ok_or(AppError::NoKey)?.clone();
        let api = text("githubAppBaseURL").unwrap_or_else(|| API.to_owned());
        Ok(Self { id, installation, key, api: api.trim_end_matches('/').to_owned() })
    }

    /// Returns a text that tells installations apart.
    fn cache_key(&self) -> String {
        let installation = match &self.installation {
            Installation::Id(id) => id.to_string(),
            Installation::Owner(owner) => format!("@{owner}"),
        };
        let mut hasher = flux_artifact::Hasher::new(flux_artifact::Algorithm::Sha256);
        hasher.update(&self.key);
        format!("{}/{installation}/{}/{}", self.id, self.api, hasher.finish())
    }

    /// Makes a signed statement of who asks, at a moment in seconds since 1970.
    fn proof(&self, now: i64) -> Result<String, AppError> {
        let issued = now - DRIFT;
        let header = json!({ "alg": "RS256", "typ": "JWT" });
        let claims =
            json!({ "iss": self.id.to_string(), "iat": issued, "exp": issued + PROOF_LIFE });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let statement = format!("{}.{}", encode(&header), encode(&claims));
        let key = rsa_key(&self.key)?;
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), statement.as_bytes(), &mut signature)
            .map_err(|_| AppError::Key("it cannot sign".to_owned()))?;
        Ok(format!("{statement}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    async fn token(&self, client: &reqwest::Client, now: i64) -> Result<Token, AppError> {
        let proof = self.proof(now)?;
        let id = match &self.installation {
            Installation::Id(id) => *id,
            Installation::Owner(owner) => self.installation_of(client, &proof, owner).await?,
        };
        let url = format!("{}/app/installations/{id}/access_tokens", self.api);
        let answer = ask(client.post(&url), &proof, ("POST", &url)).await?;
        let text = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default();
        let expires = text("expires_at").parse::<jiff::Timestamp>();
        let expires = expires.map_or(now, |moment| moment.as_second());
        Ok(Token {
            text: text("token").to_owned(),
            good_until: now + (expires - now) * USED_LIFE / 100,
        })
    }

    /// Finds the installation of an organization, or of a user.
    async fn installation_of(
        &self,
        client: &reqwest::Client,
        proof: &str,
        owner: &str,
    ) -> Result<i64, AppError> {
        let mut answer = Err(AppError::NoInstallation);
        for kind in ["orgs", "users"] {
            let url = format!("{}/{kind}/{owner}/installation", self.api);
            answer = ask(client.get(&url), proof, ("GET", &url)).await;
            if !matches!(answer, Err(AppError::Refused { status: 404, .. })) {
                break;
            }
        }
        let id = answer?.get("id").and_then(Value::as_i64);
        id.ok_or(AppError::NoInstallation)
    }
}

async fn ask(
    request: reqwest::RequestBuilder,
    proof: &str,
    (method, url): (&'static str, &str),
) -> Result<Value, AppError> {
    let request = request
        .bearer_auth(proof)
        .header("Accept", "application/vnd.github+json")
        .header("User-Agent", "flux-rs");
    let broken = |error: reqwest::Error| AppError::Connection(error.to_string());
    let response = request.send().await.map_err(broken)?;
    let status = response.status();
    let body = response.bytes().await.map_err(broken)?;
    let value: Value = serde_json::from_slice(&body).unwrap_or_default();
    if status.is_success() {
        return Ok(value);
    }
    let message = value.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
    Err(AppError::Refused { method, url: url.to_owned(), status: status.as_u16(), message })
}

/// Reads an RSA key in PEM, of either of its two formats.
fn rsa_key(pem: &[u8]) -> Result<KeyPair, AppError> {
    let text = String::from_utf8_lossy(pem);
    let lines = text.lines().map(str::trim);
    let body: String = lines.filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(body).map_err(|error| AppError::Key(error.to_string()))?;
    let key = if text.contains("BEGIN RSA PRIVATE KEY") {
        KeyPair::from_der(&der)
    } else {
        KeyPair::from_pkcs8(&der)
    };
    key.map_err(|error| AppError::Key(error.to_string()))
}

#[derive(Clone)]
struct Token {
    text: String,
    good_until: i64,
}

/// Tokens that are still good.
#[derive(Default)]
pub(crate) struct Tokens {
    known: Mutex<BTreeMap<String, Token>>,
}

/// How to reach GitHub.
pub(crate) struct Way<'a> {
    pub(crate) proxy: Option<&'a str>,
    pub(crate) tls: &'a Tls,
}

impl Tokens {
    /// Returns credentials for the repositories of an installation.
    pub(crate) async fn credentials(
        &self,
        app: &App,
        way: Way<'_>,
        now: i64,
    ) -> Result<Credentials, AppError> {
        let key = app.cache_key();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let token = match known.filter(|token| token.good_until > now) {
            Some(token) => token,
            None => {
                let token = app.token(&client(&way)?, now).await?;
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                known.retain(|_, token| token.good_until > now);
                if known.len() < MAX_TOKENS {
                    known.insert(key, token.clone());
                }
                token
            }
        };
        Ok(Credentials::Basic { username: USER.to_owned(), password: token.text })
    }
}

fn client(way: &Way<'_>) -> Result<reqwest::Client, AppError> {
    let broken = |error: reqwest::Error| AppError::Connection(error.to_string());
    let mut builder = reqwest::Client::builder().timeout(PATIENCE);
    if let Some(pem) = &way.tls.authorities {
        let authorities = reqwest::Certificate::from_pem_bundle(pem).map_err(broken)?;
        builder = authorities.into_iter().fold(builder, |b, ca| b.add_root_certificate(ca));
    }
    if let Some(proxy) = way.proxy {
        builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(broken)?);
    }
    builder.build().map_err(broken)
}
