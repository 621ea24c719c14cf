//! AWS Key Management Service, and the Security Token Service for roles.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flux_gostd::{Regexp, Time};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::http::{Answer, Request, Services, escaped};

const ARN: &str = r"^arn:aws[\w-]*:kms:(.+):[0-9]+:(key|alias)/.+$";
const KMS: &str = "application/x-amz-json-1.1";

/// What proves who asks.
#[derive(Clone)]
pub(crate) struct Credentials {
    id: String,
    secret: Zeroizing<String>,
    session: Zeroizing<String>,
}

/// A key.
pub(crate) struct Key<'a> {
    pub(crate) arn: &'a str,
    pub(crate) role: &'a str,
    pub(crate) context: &'a BTreeMap<String, String>,
}

impl Credentials {
    /// Reads the file with credentials.
    ///
    /// # Errors
    /// It is none.
    pub(crate) fn parse(yaml: &[u8]) -> Result<Self, String> {
        let file = flux_yaml::from_str(&String::from_utf8_lossy(yaml))
            .map_err(|error| format!("failed to unmarshal AWS credentials file: {error}"))?;
        if !file.is_object() && !file.is_null() {
            return Err("failed to unmarshal AWS credentials file: it is no map".to_owned());
        }
        let text =
            |name: &str| file.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self {
            id: text("aws_access_key_id"),
            secret: Zeroizing::new(text("aws_secret_access_key")),
            session: Zeroizing::new(text("aws_session_token")),
        })
    }
}

/// Decrypts a part of a data key.
pub(crate) fn decrypt(
    services: &Services,
    credentials: &Credentials,
    key: &Key<'_>,
    encrypted: &str,
) -> Result<Zeroizing<Vec<u8>>, String> {
    STANDARD
        .decode(encrypted)
        .map_err(|error| format!("error base64-decoding encrypted data key: {error}"))?;
    let mut body = json!({ "CiphertextBlob": encrypted, "KeyId": key.arn });
    add_context(&mut body, key);
    let json = ask(services, credentials, key, "Decrypt", &body)?;
    let plain = json.get("Plaintext").and_then(Value::as_str).unwrap_or_default();
    STANDARD.decode(plain).map(Zeroizing::new).map_err(|error| error.to_string())
}

/// Encrypts a part of a data key.
pub(crate) fn encrypt(
    services: &Services,
    credentials: &Credentials,
    key: &Key<'_>,
    part: &[u8],
) -> Result<String, String> {
    let mut body = json!({ "Plaintext": STANDARD.encode(part), "KeyId": key.arn });
    add_context(&mut body, key);
    let json = ask(services, credentials, key, "Encrypt", &body)?;
    let text = json.get("CiphertextBlob").and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| "no ciphertext".to_owned())
}

fn add_context(body: &mut Value, key: &Key<'_>) {
    if !key.context.is_empty() {
        body["EncryptionContext"] = json!(key.context);
    }
}

fn ask(
    services: &Services,
    credentials: &Credentials,
    key: &Key<'_>,
    action: &str,
    body: &Value,
) -> Result<Value, String> {
    let found = Regexp::new(ARN).ok().and_then(|form| form.captures(key.arn));
    let region = found.and_then(|found| key.arn.get(found.get(1)?));
    let region = region.ok_or_else(|| format!("no valid ARN found in '{}'", key.arn))?;
    let assumed;
    let credentials = if key.role.is_empty() {
        credentials
    } else {
        assumed = assume(services, credentials, key.role, region)
            .map_err(|error| format!("failed to assume role '{}': {error}", key.role))?;
        &assumed
    };
    let at = |error| {
        format!("failed to {} sops data key with AWS KMS: {error}", action.to_ascii_lowercase())
    };
    let endpoint = services.endpoints.aws_kms.clone();
    let url = endpoint.unwrap_or_else(|| format!("https://kms.{region}.{}", suffix(region)));
    let mut request = Request::new(Method::POST, format!("{url}/"))
        .header("content-type", KMS)
        .header("x-amz-target", format!("TrentService.{action}"));
    request.body = Zeroizing::new(body.to_string().into_bytes());
    let request = signed(request, credentials, ("kms", region), services.now());
    let answer = services.send(request).map_err(at)?;
    if answer.status.is_success() {
        return Ok(answer.json());
    }
    Err(at(refused("KMS", action, &answer)))
}

/// Returns the domain of a region.
fn suffix(region: &str) -> &'static str {
    if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

/// Takes on a role.
fn assume(
    services: &Services,
    credentials: &Credentials,
    role: &str,
    region: &str,
) -> Result<Credentials, String> {
    let endpoint = services.endpoints.aws_sts.clone();
    let url = endpoint.unwrap_or_else(|| format!("https://sts.{region}.{}", suffix(region)));
    let request = Request::new(Method::POST, format!("{url}/")).form(&[
        ("Action", "AssumeRole"),
        ("Version", "2011-06-15"),
        ("RoleArn", role),
        ("RoleSessionName", "sops@flux"),
    ]);
    let request = signed(request, credentials, ("sts", region), services.now());
    let answer = services.send(request)?;
    let xml = Zeroizing::new(answer.text());
    if !answer.status.is_success() {
        return Err(refused("STS", "AssumeRole", &answer));
    }
    let tag = |name: &str| {
        let (_, rest) = xml.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(text, _)| text.to_owned())
    };
    let found = (tag("AccessKeyId"), tag("SecretAccessKey"), tag("SessionToken"));
    let (Some(id), Some(secret), Some(session)) = found else {
        return Err("no credentials in the answer".to_owned());
    };
    Ok(Credentials { id, secret: Zeroizing::new(secret), session: Zeroizing::new(session) })
}

/// Prints a refusal as the AWS SDK does.
fn refused(service: &str, action: &str, answer: &Answer) -> String {
    let json = answer.json();
    let text = |names: [&str; 2]| {
        names.iter().find_map(|name| json.get(*name)?.as_str()).unwrap_or_default().to_owned()
    };
    let xml = answer.text();
    let tag = |name: &str| {
        let (_, rest) = xml.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(text, _)| text.to_owned())
    };
    let kind = text(["__type", "code"]);
    let kind = kind.rsplit('#').next().unwrap_or_default().to_owned();
    let kind = if kind.is_empty() { tag("Code").unwrap_or_default() } else { kind };
    let message = text(["message", "Message"]);
    let message = if message.is_empty() { tag("Message").unwrap_or_default() } else { message };
    let (status, id) = (answer.status.as_u16(), answer.header("x-amzn-requestid"));
    format!(
        "operation error {service}: {action}, https response error StatusCode: {status}, RequestID: \
         {id}, {kind}: {message}"
    )
}

/// Signs a request (Signature Version 4).
pub(crate) fn signed(
    request: Request,
    credentials: &Credentials,
    (service, region): (&str, &str),
    now: i64,
) -> Request {
    let time = Time::from_unix(now, 0).format("20060102T150405Z");
    let day = time.get(..8).unwrap_or_default().to_owned();
    let mut request = request.header("x-amz-date", time.as_str());
    if !credentials.session.is_empty() {
        request = request.header("x-amz-security-token", credentials.session.as_str());
    }
    let (host, path) = host_and_path(&request.url);
    let mut headers: Vec<(&str, &str)> =
        request.headers.iter().map(|(name, value)| (*name, value.trim())).collect();
    headers.push(("host", &host));
    headers.sort_unstable();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let body = hex::encode(Sha256::digest(&*request.body));
    let path: Vec<String> = path.split('/').map(escaped).collect();
    let canonical = format!("{}\n{}\n\n{lines}\n{names}\n{body}", request.method, path.join("/"));
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let canonical = hex::encode(Sha256::digest(canonical.as_bytes()));
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{canonical}");
    let secret = Zeroizing::new(format!("AWS4{}", credentials.secret.as_str()));
    let mut key = Zeroizing::new(secret.as_bytes().to_vec());
    for part in [day.as_str(), region, service, "aws4_request"] {
        key = Zeroizing::new(mac(&key, part));
    }
    let signature = hex::encode(mac(&key, &text));
    let id = &credentials.id;
    let value = format!(
        "AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"
    );
    request.header("authorization", value)
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn host_and_path(url: &str) -> (String, String) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    match rest.split_once('/') {
        Some((host, path)) => (host.to_owned(), format!("/{path}")),
        None => (rest.to_owned(), "/".to_owned()),
    }
}
