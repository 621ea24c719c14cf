//! Google's store, by its JSON interface.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::{Client, Response, Url};
use serde::Deserialize;
use serde_json::json;

use crate::http::{escape, read, save, send};
use crate::{Entry, Error};

/// Where the store is.
const ENDPOINT: &str = "https://storage.googleapis.com";

/// What may be done with a token.
const SCOPE: &str = "https://www.googleapis.com/auth/devstorage.read_only";

/// Where machines of Google's cloud get tokens.
const METADATA: &str =
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token";

/// Who asks.
#[derive(Clone)]
pub enum GoogleAccess {
    /// The owner of a key in JSON.
    Key(Vec<u8>),
    /// The machine that this runs on. The text is where it gets tokens, if not at the usual place.
    Machine(Option<String>),
}

#[derive(Deserialize)]
struct ServiceAccount {
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
    token_uri: Option<String>,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
    #[serde(default)]
    expires_in: i64,
}

/// A bucket.
pub(crate) struct Google {
    http: Client,
    endpoint: String,
    bucket: String,
    access: GoogleAccess,
    /// A token and until when it is used.
    token: Mutex<Option<(String, i64)>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    items: Vec<Item>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    name: String,
    #[serde(default)]
    etag: String,
}

impl Google {
    pub(crate) fn new(
        bucket: &str,
        access: GoogleAccess,
        (http, endpoint): (Client, Option<&str>),
    ) -> Self {
        let endpoint = endpoint.unwrap_or(ENDPOINT).trim_end_matches('/').to_owned();
        Self { http, endpoint, bucket: bucket.to_owned(), access, token: Mutex::default() }
    }

    fn base(&self) -> String {
        format!("{}/storage/v1/b/{}", self.endpoint, escape(&self.bucket, b""))
    }

    pub(crate) async fn exists(&self, now: i64) -> Result<(), Error> {
        self.ask(&self.base(), now).await.map(|_| ())
    }

    pub(crate) async fn list(
        &self,
        prefix: &str,
        now: i64,
        visit: &mut (dyn FnMut(Entry) + Send),
    ) -> Result<(), Error> {
        let mut token = String::new();
        loop {
            let url = format!(
                "{}/o?fields=items(name,etag),nextPageToken&maxResults=1000&prefix={}&pageToken={}",
                self.base(),
                escape(prefix, b""),
                escape(&token, b"")
            );
            let bytes = read(self.ask(&url, now).await?).await?;
            let page: Page = serde_json::from_slice(&bytes)
                .map_err(|error| Error::Malformed(format!("invalid list: {error}")))?;
            for Item { name, etag } in page.items {
                visit(Entry { key: name, etag });
            }
            match page.next_page_token {
                Some(next) if next == token => {
                    return Err(Error::Malformed("list does not go on where it ended".to_owned()));
                }
                Some(next) if !next.is_empty() => token = next,
                _ => return Ok(()),
            }
        }
    }

    pub(crate) async fn fetch(
        &self,
        key: &str,
        now: i64,
        sink: &mut (dyn Write + Send),
    ) -> Result<String, Error> {
        let object = format!("{}/o/{}", self.base(), escape(key, b""));
        // Content and etag must be of the same generation.
        let bytes = read(self.ask(&object, now).await?).await?;
        let facts: serde_json::Value = serde_json::from_slice(&bytes)
            .map_err(|error| Error::Malformed(format!("invalid object: {error}")))?;
        let text = |key: &str| facts.get(key).and_then(|it| it.as_str()).unwrap_or_default();
        let (etag, generation) = (text("etag").to_owned(), text("generation"));
        let mut url = format!("{object}?alt=media");
        if !generation.is_empty() {
            url = format!("{url}&ifGenerationMatch={generation}");
        }
        save(self.ask(&url, now).await?, sink).await?;
        Ok(etag)
    }

    async fn ask(&self, url: &str, now: i64) -> Result<Response, Error> {
        let token = self.token(now).await?;
        let url = Url::parse(url).map_err(|error| Error::Setup(error.to_string()))?;
        send(&url, || self.http.get(url.clone()).bearer_auth(&token)).await
    }

    async fn token(&self, now: i64) -> Result<String, Error> {
        let known = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((token, _)) = known.filter(|(_, until)| now < *until) {
            return Ok(token);
        }
        let failed = |error: Error| Error::Credentials(format!("cannot get a token: {error}"));
        let response = match &self.access {
            GoogleAccess::Key(key) => self.exchange(key, now).await.map_err(failed)?,
            GoogleAccess::Machine(place) => {
                let url = Url::parse(place.as_deref().unwrap_or(METADATA))
                    .map_err(|error| Error::Setup(error.to_string()))?;
                let ask = || self.http.get(url.clone()).header("metadata-flavor", "Google");
                send(&url, ask).await.map_err(failed)?
            }
        };
        let bytes = read(response).await?;
        let token: Token = serde_json::from_slice(&bytes)
            .map_err(|_| Error::Credentials("the answer holds no token".to_owned()))?;
        let until = now + token.expires_in * 8 / 10;
        let kept = Some((token.access_token.clone(), until));
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        Ok(token.access_token)
    }

    /// Proves who asks with a key, and gets a token for that.
    async fn exchange(&self, key: &[u8], now: i64) -> Result<Response, Error> {
        let bad = |why: &str| Error::Credentials(format!("invalid service account key: {why}"));
        let account: ServiceAccount =
            serde_json::from_slice(key).map_err(|_| bad("it is no JSON of that form"))?;
        let place = account.token_uri.unwrap_or("https://oauth2.googleapis.com/token".to_owned());
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": account.private_key_id });
        let claims = json!({
            "iss": account.client_email, "scope": SCOPE, "aud": place, "iat": now, "exp": now + 3600,
        });
        let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", encode(&header), encode(&claims));
        let body: String =
            account.private_key.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = STANDARD.decode(body.trim()).map_err(|_| bad("its private key is no PEM"))?;
        let pair = KeyPair::from_pkcs8(&der).map_err(|_| bad("its private key is no RSA key"))?;
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .map_err(|_| bad("its private key cannot sign"))?;
        let proof = format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature));
        let url = Url::parse(&place).map_err(|_| bad("its token address is none"))?;
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", proof.as_str()),
        ];
        send(&url, || self.http.post(url.clone()).form(&form)).await
    }
}
