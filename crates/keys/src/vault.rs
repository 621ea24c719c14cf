//! The transit engine of HashiCorp Vault and OpenBao.

use reqwest::Method;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::http::{Answer, Request, Services};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A key of a transit engine.
pub(crate) struct Key<'a> {
    pub(crate) address: &'a str,
    pub(crate) engine: &'a str,
    pub(crate) name: &'a str,
}

impl Key<'_> {
    fn path(&self, action: &str) -> String {
        let parts = [self.engine, action, self.name];
        let parts = parts.iter().flat_map(|part| part.split('/')).filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join("/")
    }
}

/// Decrypts what [`encrypt`] returned.
pub(crate) fn decrypt(
    services: &Services,
    token: &str,
    key: &Key<'_>,
    encrypted: &str,
) -> Result<Zeroizing<Vec<u8>>, String> {
    let path = key.path("decrypt");
    let at = |error: String| {
        format!("failed to decrypt sops data key from Vault transit backend '{path}': {error}")
    };
    let data =
        write(services, Some(token), key.address, &path, &json!({ "ciphertext": encrypted }))
            .map_err(at)?;
    let plain = match data.get("data").map(|data| data.get("plaintext")) {
        None => return Err(at("transit backend is empty".to_owned())),
        Some(None) => return Err(at("no decrypted data".to_owned())),
        Some(Some(Value::String(plain))) => plain,
        Some(Some(_)) => {
            return Err(at("decrypted plaintext data cannot be cast to string".to_owned()));
        }
    };
    let plain = STANDARD.decode(plain);
    let plain =
        plain.map_err(|_| at("cannot decode base64 plaintext into data key bytes".to_owned()))?;
    Ok(Zeroizing::new(plain))
}

/// Encrypts a part of a data key.
pub(crate) fn encrypt(
    services: &Services,
    token: &str,
    key: &Key<'_>,
    part: &[u8],
) -> Result<String, String> {
    let path = key.path("encrypt");
    let at = |error: String| {
        format!("failed to encrypt sops data key to Vault transit backend '{path}': {error}")
    };
    let plain = json!({ "plaintext": STANDARD.encode(part) });
    let data = write(services, Some(token), key.address, &path, &plain).map_err(at)?;
    match data.get("data").map(|data| data.get("ciphertext")) {
        None => Err(at("transit backend is empty".to_owned())),
        Some(None) => Err(at("no encrypted data".to_owned())),
        Some(Some(Value::String(text))) => Ok(text.clone()),
        Some(Some(_)) => Err(at("encrypted ciphertext cannot be cast to string".to_owned())),
    }
}

/// Exchanges a signed statement of a service account for a token.
pub(crate) fn login(
    services: &Services,
    address: &str,
    path: &str,
    role: &str,
    jwt: &str,
) -> Result<Zeroizing<String>, String> {
    let data = write(services, None, address, path, &json!({ "role": role, "jwt": jwt }));
    let data = data.map_err(|error| {
        format!(
            "failed to authenticate with Vault '{address}' at login path '{path}' as role '{role}': \
             {error}"
        )
    })?;
    let token = data.pointer("/auth/client_token").and_then(Value::as_str).unwrap_or_default();
    if token.is_empty() {
        return Err(format!(
            "Vault '{address}' returned no token for login at '{path}' as role '{role}'"
        ));
    }
    Ok(Zeroizing::new(token.to_owned()))
}

/// Writes to a path and returns what the server says.
fn write(
    services: &Services,
    token: Option<&str>,
    address: &str,
    path: &str,
    body: &Value,
) -> Result<Value, String> {
    let url = format!("{}/v1/{path}", address.trim_end_matches('/'));
    let mut request =
        Request::new(Method::PUT, url.as_str()).json(body).header("x-vault-request", "true");
    if let Some(token) = token {
        request = request.header("x-vault-token", token);
    }
    let answer = services.send(request)?;
    if answer.status.is_success() || answer.status.as_u16() == 404 {
        return Ok(answer.json());
    }
    Err(refused(&url, &answer))
}

fn refused(url: &str, answer: &Answer) -> String {
    let code = answer.status.as_u16();
    let json = answer.json();
    let Some(errors) = json.get("errors").and_then(Value::as_array) else {
        return format!(
            "Error making API request.\n\nURL: PUT {url}\nCode: {code}. Raw Message:\n\n"
        );
    };
    let errors: Vec<&str> = errors.iter().filter_map(Value::as_str).collect();
    let errors: Vec<String> = errors.iter().map(|error| format!("* {error}")).collect();
    let errors = errors.join("\n");
    format!("Error making API request.\n\nURL: PUT {url}\nCode: {code}. Errors:\n\n{errors}")
}
