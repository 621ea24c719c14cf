//! Azure Key Vault.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest;
use aws_lc_rs::rsa::KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::http::{Answer, Request, Services, escaped};
use crate::jwt;

const AUTHORITY: &str = "https://login.microsoftonline.com/";
const METADATA: &str = "http://169.254.169.254";
const API_VERSION: &str = "7.5";
const ALGORITHM: &str = "RSA-OAEP-256";

/// Who asks for tokens, and the tokens in use.
pub(crate) struct Credential {
    kind: Kind,
    authority: String,
    /// Tokens by what they are for, and when they end.
    tokens: Mutex<BTreeMap<String, (Zeroizing<String>, i64)>>,
}

enum Kind {
    Secret {
        tenant: String,
        client: String,
        secret: Zeroizing<String>,
    },
    Certificate {
        tenant: String,
        client: String,
        key: Box<KeyPair>,
        thumbprint: String,
        chain: Vec<String>,
    },
    Managed {
        client: String,
    },
}

impl Credential {
    /// Reads the file with credentials: YAML or JSON, in UTF-8 or UTF-16.
    ///
    /// # Errors
    /// It is none, or lacks what is needed.
    pub(crate) fn parse(file: &[u8]) -> Result<Self, String> {
        let text = Zeroizing::new(decoded(file));
        let file = flux_yaml::from_str(&text)
            .map_err(|error| format!("failed to unmarshal Azure authentication file: {error}"))?;
        let text =
            |name: &str| file.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (tenant, client) = (text("tenantId"), text("clientId"));
        let (secret, certificate) = (text("clientSecret"), text("clientCertificate"));
        let az = (text("tenant"), text("appId"), text("password"));
        let kind = if !tenant.is_empty() && !client.is_empty() && !secret.is_empty() {
            Kind::Secret { tenant, client, secret: Zeroizing::new(secret) }
        } else if !tenant.is_empty() && !client.is_empty() && !certificate.is_empty() {
            if !text("clientCertificatePassword").is_empty() {
                return Err("client certificates with a password are not supported".to_owned());
            }
            let sends_chain = file.get("clientCertificateSendChain") == Some(&Value::Bool(true));
            Self::certificate(tenant, client, &certificate, sends_chain)?
        } else if !az.0.is_empty() && !az.1.is_empty() && !az.2.is_empty() {
            Kind::Secret { tenant: az.0, client: az.1, secret: Zeroizing::new(az.2) }
        } else if !client.is_empty() {
            Kind::Managed { client }
        } else {
            return Err("invalid data: requires a 'clientId' field, a combination of 'tenantId', \
                        'clientId' and 'clientSecret', or 'tenantId', 'clientId' and \
                        'clientCertificate'"
                .to_owned());
        };
        let authority = match text("authorityHost") {
            host if host.is_empty() => AUTHORITY.to_owned(),
            host => host,
        };
        Ok(Self { kind, authority, tokens: Mutex::default() })
    }

    fn certificate(
        tenant: String,
        client: String,
        pem: &str,
        sends_chain: bool,
    ) -> Result<Kind, String> {
        let key = Box::new(jwt::rsa_key(pem)?);
        let certificate = jwt::block(pem, "CERTIFICATE").ok_or("found no certificate")?;
        let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &certificate);
        let thumbprint = URL_SAFE_NO_PAD.encode(digest.as_ref());
        let chain = if sends_chain { vec![STANDARD.encode(&*certificate)] } else { Vec::new() };
        Ok(Kind::Certificate { tenant, client, key, thumbprint, chain })
    }

    /// Returns a token for a resource.
    fn token(&self, services: &Services, resource: &str) -> Result<Zeroizing<String>, String> {
        let now = services.now();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, end)) = tokens.get(resource)
            && now < *end
        {
            return Ok(token.clone());
        }
        let answer = services.send(self.token_request(services, resource, now)?)?;
        let json = answer.json();
        let token = json.get("access_token").and_then(Value::as_str);
        let Some(token) = token.filter(|_| answer.status.is_success()) else {
            let text = |name| json.get(name).and_then(Value::as_str).unwrap_or_default();
            let (status, error) = (answer.status, text("error"));
            return Err(format!("{status}: {error} {}", text("error_description")));
        };
        let life = match json.get("expires_in") {
            Some(Value::String(text)) => text.parse().ok(),
            other => other.and_then(Value::as_i64),
        };
        let token = Zeroizing::new(token.to_owned());
        tokens.insert(resource.to_owned(), (token.clone(), now + life.unwrap_or(600) - 60));
        Ok(token)
    }

    fn token_request(
        &self,
        services: &Services,
        resource: &str,
        now: i64,
    ) -> Result<Request, String> {
        let scope = format!("{resource}/.default");
        let url = |tenant: &str| {
            format!("{}/{tenant}/oauth2/v2.0/token", self.authority.trim_end_matches('/'))
        };
        Ok(match &self.kind {
            Kind::Secret { tenant, client, secret } => Request::new(Method::POST, url(tenant))
                .form(&[
                    ("grant_type", "client_credentials"),
                    ("client_id", client),
                    ("client_secret", secret),
                    ("scope", &scope),
                ]),
            Kind::Certificate { tenant, client, key, thumbprint, chain } => {
                let url = url(tenant);
                let mut header = json!({ "alg": "RS256", "typ": "JWT", "x5t": thumbprint });
                if !chain.is_empty() {
                    header["x5c"] = json!(chain);
                }
                let mut id = [0; 16];
                aws_lc_rs::rand::fill(&mut id).map_err(|_| "no randomness".to_owned())?;
                let claims = json!({
                    "aud": url, "iss": client, "sub": client, "jti": hex::encode(id),
                    "nbf": now, "exp": now + 600,
                });
                let proof = jwt::sign(&header, &claims, key)?;
                Request::new(Method::POST, url).form(&[
                    ("grant_type", "client_credentials"),
                    ("client_id", client),
                    (
                        "client_assertion_type",
                        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    ),
                    ("client_assertion", &proof),
                    ("scope", &scope),
                ])
            }
            Kind::Managed { client } => {
                let host = services.endpoints.azure_metadata.as_deref().unwrap_or(METADATA);
                let (resource, client) = (escaped(resource), escaped(client));
                let url = format!(
                    "{host}/metadata/identity/oauth2/token?api-version=2018-02-01&resource={resource}\
                     &client_id={client}"
                );
                Request::new(Method::GET, url).header("metadata", "true")
            }
        })
    }
}

/// Reads text in UTF-16 if it begins with that mark, UTF-8 otherwise.
fn decoded(file: &[u8]) -> String {
    let units = |read: fn([u8; 2]) -> u16, rest: &[u8]| {
        let units = rest.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(read));
        String::from_utf16_lossy(&units.collect::<Vec<u16>>())
    };
    match file {
        [0xFF, 0xFE, rest @ ..] => units(u16::from_le_bytes, rest),
        [0xFE, 0xFF, rest @ ..] => units(u16::from_be_bytes, rest),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(file).into_owned(),
    }
}

/// A key in a vault.
pub(crate) struct Key<'a> {
    pub(crate) url: &'a str,
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
}

impl Key<'_> {
    fn shown(&self) -> String {
        format!("{}/keys/{}/{}", self.url, self.name, self.version)
    }
}

/// Decrypts a part of a data key.
pub(crate) fn decrypt(
    services: &Services,
    credential: &Credential,
    key: &Key<'_>,
    encrypted: &str,
) -> Result<Zeroizing<Vec<u8>>, String> {
    URL_SAFE_NO_PAD.decode(encrypted).map_err(|error| {
        format!("failed to base64 decode Azure Key Vault encrypted key: {error}")
    })?;
    let value = ask(services, credential, key, ("decrypt", encrypted))?;
    URL_SAFE_NO_PAD.decode(&value).map(Zeroizing::new).map_err(|error| error.to_string())
}

/// Encrypts a part of a data key.
pub(crate) fn encrypt(
    services: &Services,
    credential: &Credential,
    key: &Key<'_>,
    part: &[u8],
) -> Result<String, String> {
    let value = Zeroizing::new(URL_SAFE_NO_PAD.encode(part));
    ask(services, credential, key, ("encrypt", &value))
}

fn ask(
    services: &Services,
    credential: &Credential,
    key: &Key<'_>,
    (action, value): (&str, &str),
) -> Result<String, String> {
    let at = |error: String| {
        let shown = key.shown();
        format!("failed to {action} sops data key with Azure Key Vault key '{shown}': {error}")
    };
    let vault = key.url.trim_end_matches('/');
    let url =
        format!("{vault}/keys/{}/{}/{action}?api-version={API_VERSION}", key.name, key.version);
    // The vault itself says for what a token has to be; only then is one sent.
    let challenge = services.send(Request::new(Method::POST, url.as_str())).map_err(at)?;
    let resource = resource(&challenge, &url).map_err(at)?;
    let token = credential.token(services, &resource).map_err(at)?;
    let request = Request::new(Method::POST, url.as_str())
        .json(&json!({ "alg": ALGORITHM, "value": value }))
        .header("authorization", format!("Bearer {}", token.as_str()));
    let answer = services.send(request).map_err(at)?;
    let json = answer.json();
    match json.get("value").and_then(Value::as_str) {
        Some(value) if answer.status.is_success() => Ok(value.to_owned()),
        _ => {
            let text = |at| json.pointer(at).and_then(Value::as_str).unwrap_or_default();
            let (status, code) = (answer.status, text("/error/code"));
            let message = text("/error/message");
            Err(at(format!(
                "RESPONSE {}: {status}, ERROR CODE: {code}: {message}",
                status.as_u16()
            )))
        }
    }
}

/// Reads from a challenge what a token has to be for, and checks that the vault belongs to it.
///
/// Without the check any server that a document names would be given a token for all vaults.
fn resource(challenge: &Answer, url: &str) -> Result<String, String> {
    let header = challenge.header("www-authenticate");
    let field = |name: &str| {
        let (_, rest) = header.split_once(&format!("{name}=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let found = field("resource");
    let found = found.or_else(|| field("scope").map(|scope| scope.replace("/.default", "")));
    let resource = found.ok_or_else(|| {
        format!("the server did not ask for a token, it answered {}", challenge.status)
    })?;
    let host = |url: &str| Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let belongs = match (host(url), host(&resource)) {
        (Some(vault), Some(domain)) => vault.ends_with(&format!(".{domain}")),
        _ => false,
    };
    if belongs {
        return Ok(resource.trim_end_matches('/').to_owned());
    }
    Err(format!("challenge resource \"{resource}\" doesn't match the requested domain"))
}
