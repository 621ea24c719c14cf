//! Azure's store of blobs.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flux_gostd::Time;
use reqwest::{Client, Method, Response, Url};
use serde::Deserialize;

use crate::http::{escape, read, save, send};
use crate::{Entry, Error, xml};

/// The version of the interface.
const VERSION: &str = "2023-11-03";

/// What a token is for.
const SCOPE: &str = "https://storage.azure.com/.default";

/// Where tokens are given.
const AUTHORITY: &str = "https://login.microsoftonline.com/";

/// Where machines of the cloud get tokens.
const METADATA: &str = "http://169.254.169.254/metadata/identity/oauth2/token";

/// Who asks.
#[derive(Clone)]
pub enum AzureAccess {
    /// Nobody in particular.
    Anonymous,
    /// The owner of the account, whose key this is.
    AccountKey(String),
    /// Who has a signature, given as a query.
    Signature(String),
    /// An application with a secret.
    ClientSecret {
        /// The tenant.
        tenant: String,
        /// The application.
        client: String,
        /// Its secret.
        secret: String,
        /// Where tokens are given, if not at the usual place.
        authority: Option<String>,
    },
    /// The machine that this runs on.
    Machine {
        /// The identity, if it has several.
        client: Option<String>,
        /// Where it gets tokens, if not at the usual place.
        place: Option<String>,
    },
}

/// A container.
pub(crate) struct Azure {
    http: Client,
    endpoint: Url,
    container: String,
    access: AzureAccess,
    token: Mutex<Option<(String, i64)>>,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
    #[serde(default)]
    expires_in: serde_json::Value,
}

impl Azure {
    pub(crate) fn new(
        (endpoint, container): (&str, &str),
        access: AzureAccess,
        http: Client,
    ) -> Result<Self, Error> {
        let bad = |why: String| Error::Setup(format!("invalid endpoint '{endpoint}': {why}"));
        let mut url = Url::parse(endpoint).map_err(|error| bad(error.to_string()))?;
        if let AzureAccess::Signature(query) = &access {
            url.set_query(Some(query.trim_start_matches('?')));
        }
        Ok(Self {
            http,
            endpoint: url,
            container: container.to_owned(),
            access,
            token: Mutex::default(),
        })
    }

    pub(crate) async fn exists(&self, now: i64) -> Result<(), Error> {
        // A list is what those may do who may read.
        let query = [("restype", "container"), ("comp", "list"), ("maxresults", "1")];
        self.ask("", &query, now).await.map(|_| ())
    }

    pub(crate) async fn list(
        &self,
        prefix: &str,
        now: i64,
        visit: &mut (dyn FnMut(Entry) + Send),
    ) -> Result<(), Error> {
        let mut marker = String::new();
        loop {
            let mut query = vec![("restype", "container"), ("comp", "list")];
            if !prefix.is_empty() {
                query.push(("prefix", prefix));
            }
            if !marker.is_empty() {
                query.push(("marker", marker.as_str()));
            }
            let response = self.ask("", &query, now).await?;
            let text = String::from_utf8_lossy(&read(response).await?).into_owned();
            for blob in xml::elements(&text, "Blob") {
                let etag = xml::text(blob, "Etag");
                // As upstream has it, which the revision depends on.
                visit(Entry { key: xml::text(blob, "Name"), etag: hex::encode(etag) });
            }
            match xml::text(&text, "NextMarker") {
                next if next.is_empty() => return Ok(()),
                next if next == marker => {
                    return Err(Error::Malformed("list does not go on where it ended".to_owned()));
                }
                next => marker = next,
            }
        }
    }

    pub(crate) async fn fetch(
        &self,
        key: &str,
        now: i64,
        sink: &mut (dyn Write + Send),
    ) -> Result<String, Error> {
        save(self.ask(key, &[], now).await?, sink).await
    }

    async fn ask(&self, key: &str, query: &[(&str, &str)], now: i64) -> Result<Response, Error> {
        let mut url = self.endpoint.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        let mut path = format!("{base}/{}", escape(&self.container, b"$"));
        if !key.is_empty() {
            path = format!("{path}/{}", escape(key, b"/"));
        }
        url.set_path(&path);
        for (key, value) in query {
            url.query_pairs_mut().append_pair(key, value);
        }
        let date = Time::from_unix(now, 0).format("Mon, 02 Jan 2006 15:04:05 GMT");
        let authorization = match &self.access {
            AzureAccess::Anonymous | AzureAccess::Signature(_) => None,
            AzureAccess::AccountKey(key) => Some(self.sign(key, &url, (query, &date))?),
            AzureAccess::ClientSecret { .. } | AzureAccess::Machine { .. } => {
                Some(format!("Bearer {}", self.token(now).await?))
            }
        };
        send(&url, || {
            let mut request = self.http.request(Method::GET, url.clone());
            request = request.header("x-ms-version", VERSION).header("x-ms-date", &date);
            match &authorization {
                Some(value) => request.header("authorization", value),
                None => request,
            }
        })
        .await
    }

    /// Signs a request with the key of the account.
    fn sign(
        &self,
        key: &str,
        url: &Url,
        (query, date): (&[(&str, &str)], &str),
    ) -> Result<String, Error> {
        let account = account(&self.endpoint)?;
        let bytes = STANDARD
            .decode(key.trim())
            .map_err(|_| Error::Credentials("the account key is no base64".to_owned()))?;
        let mut resource = format!("/{account}{}", url.path());
        let mut sorted = query.to_vec();
        sorted.sort_unstable();
        for (key, value) in sorted {
            resource.push_str(&format!("\n{key}:{value}"));
        }
        // Method, eleven headers that are empty here, ours, and what is asked for.
        let text = format!(
            "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:{VERSION}\n{resource}"
        );
        let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        let signature = STANDARD.encode(hmac::sign(&key, text.as_bytes()));
        Ok(format!("SharedKey {account}:{signature}"))
    }

    async fn token(&self, now: i64) -> Result<String, Error> {
        let known = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((token, _)) = known.filter(|(_, until)| now < *until) {
            return Ok(token);
        }
        let failed = |error: Error| Error::Credentials(format!("cannot get a token: {error}"));
        let response = self.ask_token().await.map_err(failed)?;
        let bytes = read(response).await?;
        let token: Token = serde_json::from_slice(&bytes)
            .map_err(|_| Error::Credentials("the answer holds no token".to_owned()))?;
        // A number in one place, a text in the other.
        let life = match &token.expires_in {
            serde_json::Value::String(text) => text.parse().unwrap_or_default(),
            other => other.as_i64().unwrap_or_default(),
        };
        let kept = Some((token.access_token.clone(), now + life * 8 / 10));
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        Ok(token.access_token)
    }

    async fn ask_token(&self) -> Result<Response, Error> {
        let parse = |text: &str| Url::parse(text).map_err(|error| Error::Setup(error.to_string()));
        match &self.access {
            AzureAccess::ClientSecret { tenant, client, secret, authority } => {
                let authority = authority.as_deref().unwrap_or(AUTHORITY).trim_end_matches('/');
                let tenant = escape(tenant, b"");
                let url = parse(&format!("{authority}/{tenant}/oauth2/v2.0/token"))?;
                let form = [
                    ("grant_type", "client_credentials"),
                    ("client_id", client.as_str()),
                    ("client_secret", secret.as_str()),
                    ("scope", SCOPE),
                ];
                send(&url, || self.http.post(url.clone()).form(&form)).await
            }
            AzureAccess::Machine { client, place } => {
                let mut url = parse(place.as_deref().unwrap_or(METADATA))?;
                url.query_pairs_mut()
                    .append_pair("api-version", "2018-02-01")
                    .append_pair("resource", "https://storage.azure.com/");
                if let Some(client) = client {
                    url.query_pairs_mut().append_pair("client_id", client);
                }
                send(&url, || self.http.get(url.clone()).header("metadata", "true")).await
            }
            AzureAccess::Anonymous | AzureAccess::AccountKey(_) | AzureAccess::Signature(_) => {
                Err(Error::Credentials("nobody has to be asked".to_owned()))
            }
        }
    }
}

/// Returns the name of the account, the first label of the endpoint's host.
fn account(endpoint: &Url) -> Result<String, Error> {
    let host = endpoint.host_str().unwrap_or_default();
    let mut labels = host.split('.');
    let first = labels.next().unwrap_or_default();
    if first.is_empty() || labels.count() < 2 {
        return Err(Error::Setup(format!("expected '<account>.<domain>' in host '{host}'")));
    }
    Ok(first.to_owned())
}
