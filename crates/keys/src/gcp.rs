//! Google Cloud Key Management Service.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::rsa::KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flux_gostd::Regexp;
use reqwest::Method;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::http::{Answer, Request, Services};
use crate::jwt;

const API: &str = "https://cloudkms.googleapis.com";
const SCOPE: &str =
    "https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/cloudkms";
const RESOURCE: &str = "^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$";
/// Seconds for which a statement holds.
const LIFE: i64 = 3600;

/// A service account and its key.
pub(crate) struct ServiceAccount {
    email: String,
    key_id: String,
    key: KeyPair,
    token_uri: String,
    /// The token in use and when it ends.
    token: Mutex<Option<(Zeroizing<String>, i64)>>,
}

impl ServiceAccount {
    /// Reads the file of a service account.
    ///
    /// # Errors
    /// It is none. The text holds nothing of it.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, String> {
        let file: Value = serde_json::from_slice(json).map_err(|error| {
            format!(
                "the credentials are no JSON (line {}, column {})",
                error.line(),
                error.column()
            )
        })?;
        let text = |name: &str| file.get(name).and_then(Value::as_str).unwrap_or_default();
        match text("type") {
            "service_account" => {}
            "" => return Err("missing 'type' field in credentials".to_owned()),
            other => {
                return Err(format!(
                    "credentials of the type {} are not supported",
                    flux_gostd::quote::quote(other)
                ));
            }
        }
        let token_uri = match text("token_uri") {
            "" => "https://oauth2.googleapis.com/token",
            uri => uri,
        };
        Ok(Self {
            email: text("client_email").to_owned(),
            key_id: text("private_key_id").to_owned(),
            key: jwt::rsa_key(text("private_key"))?,
            token_uri: token_uri.to_owned(),
            token: Mutex::new(None),
        })
    }

    fn token(&self, services: &Services) -> Result<Zeroizing<String>, String> {
        let now = services.now();
        let mut slot = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, end)) = &*slot
            && now < *end
        {
            return Ok(token.clone());
        }
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.key_id });
        let claims = json!({
            "iss": self.email, "scope": SCOPE, "aud": self.token_uri, "iat": now, "exp": now + LIFE,
        });
        let proof = jwt::sign(&header, &claims, &self.key)?;
        let request = Request::new(Method::POST, self.token_uri.as_str()).form(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", &proof),
        ]);
        let answer = services.send(request)?;
        let json = answer.json();
        let token = json.get("access_token").and_then(Value::as_str);
        let Some(token) = token.filter(|_| answer.status.is_success()) else {
            let text = |name| json.get(name).and_then(Value::as_str).unwrap_or_default();
            return Err(format!(
                "oauth2: cannot fetch token: {} {} {}",
                answer.status,
                text("error"),
                text("error_description")
            ));
        };
        let life = json.get("expires_in").and_then(Value::as_i64).unwrap_or(LIFE);
        let token = Zeroizing::new(token.to_owned());
        *slot = Some((token.clone(), now + life - 60));
        Ok(token)
    }
}

/// Decrypts a part of a data key.
pub(crate) fn decrypt(
    services: &Services,
    account: &ServiceAccount,
    resource: &str,
    encrypted: &str,
) -> Result<Zeroizing<Vec<u8>>, String> {
    check(resource)?;
    let at = |error| format!("failed to decrypt sops data key with GCP KMS key: {error}");
    STANDARD.decode(encrypted).map_err(|error| error.to_string())?;
    let body = json!({ "ciphertext": encrypted });
    let json = ask(services, account, &format!("{resource}:decrypt"), &body).map_err(at)?;
    let plain = json.get("plaintext").and_then(Value::as_str).unwrap_or_default();
    STANDARD.decode(plain).map(Zeroizing::new).map_err(|error| at(error.to_string()))
}

/// Encrypts a part of a data key.
pub(crate) fn encrypt(
    services: &Services,
    account: &ServiceAccount,
    resource: &str,
    part: &[u8],
) -> Result<String, String> {
    check(resource)?;
    let at = |error| format!("failed to encrypt sops data key with GCP KMS key: {error}");
    let body = json!({ "plaintext": STANDARD.encode(part) });
    let json = ask(services, account, &format!("{resource}:encrypt"), &body).map_err(at)?;
    let text = json.get("ciphertext").and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| at("no ciphertext".to_owned()))
}

fn check(resource: &str) -> Result<(), String> {
    match Regexp::new(RESOURCE) {
        Ok(form) if form.is_match(resource) => Ok(()),
        _ => {
            let shown = flux_gostd::quote::quote(resource);
            Err(format!("cannot create GCP KMS service: no valid resource ID found in {shown}"))
        }
    }
}

fn ask(
    services: &Services,
    account: &ServiceAccount,
    path: &str,
    body: &Value,
) -> Result<Value, String> {
    let token = account.token(services)?;
    let api = services.endpoints.gcp_kms.as_deref().unwrap_or(API);
    let request = Request::new(Method::POST, format!("{api}/v1/{path}"))
        .json(body)
        .header("authorization", format!("Bearer {}", token.as_str()));
    let answer = services.send(request)?;
    if answer.status.is_success() {
        return Ok(answer.json());
    }
    Err(refused(&answer))
}

/// Prints a refusal as Google's libraries do.
fn refused(answer: &Answer) -> String {
    let json = answer.json();
    let text = |at| json.pointer(at).and_then(Value::as_str).unwrap_or_default();
    let code: String = text("/error/status")
        .split('_')
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_owned() + &rest.to_ascii_lowercase()
        })
        .collect();
    let code = if code.is_empty() { answer.status.to_string() } else { code };
    format!("rpc error: code = {code} desc = {}", text("/error/message"))
}
