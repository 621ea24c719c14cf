//! S3, and what speaks like it.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use reqwest::{Client, Method, Response, Url};

use crate::http::{escape, read, save, send, unescape};
use crate::sign::{self, Key, Unsigned};
use crate::{Entry, Error, xml};

/// The region of whoever says none.
const DEFAULT_REGION: &str = "us-east-1";

/// Who asks.
#[derive(Clone, Default)]
pub enum S3Access {
    /// Nobody in particular.
    #[default]
    Anonymous,
    /// The owner of a key.
    Key {
        /// Names the key.
        id: String,
        /// The key.
        secret: String,
        /// Proves that it is valid now; empty for one that is for ever.
        session: String,
    },
}

/// Which bucket, and how it is asked.
#[derive(Clone)]
pub struct S3Options {
    /// Host and port.
    pub endpoint: String,
    /// The bucket.
    pub bucket: String,
    /// Its region; empty to ask for it.
    pub region: String,
    /// Whether it is asked without TLS.
    pub is_plain: bool,
    /// Who asks.
    pub access: S3Access,
}

/// A key and a query that is not escaped.
type Target<'a> = (&'a str, &'a [(String, String)]);

/// A bucket.
pub(crate) struct S3 {
    http: Client,
    options: S3Options,
    region: Mutex<Option<String>>,
}

impl S3 {
    pub(crate) fn new(options: S3Options, http: Client) -> Result<Self, Error> {
        let region = Some(options.region.clone()).filter(|region| !region.is_empty());
        let s3 = Self { http, options, region: Mutex::new(region) };
        s3.address("", &[], DEFAULT_REGION)?;
        Ok(s3)
    }

    pub(crate) async fn exists(&self, now: i64) -> Result<(), Error> {
        self.region(now).await?;
        self.ask(Method::HEAD, ("", &[]), now).await.map(|_| ())
    }

    /// Returns the region, which is asked for once.
    async fn region(&self, now: i64) -> Result<String, Error> {
        let known = self.region.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(region) = known {
            return Ok(region);
        }
        let query = [("location".to_owned(), String::new())];
        let asked = self.ask_in(DEFAULT_REGION, Method::GET, (("", &query), now)).await;
        let region = match asked {
            Ok(response) => {
                let text = String::from_utf8_lossy(&read(response).await?).into_owned();
                match xml::text(&text, "LocationConstraint").as_str() {
                    "" => DEFAULT_REGION.to_owned(),
                    "EU" => "eu-west-1".to_owned(),
                    region => region.to_owned(),
                }
            }
            // Who may not ask for it may still read.
            Err(Error::Refused { status: 403, .. }) => DEFAULT_REGION.to_owned(),
            Err(error) => return Err(error),
        };
        *self.region.lock().unwrap_or_else(PoisonError::into_inner) = Some(region.clone());
        Ok(region)
    }

    pub(crate) async fn list(
        &self,
        prefix: &str,
        now: i64,
        visit: &mut (dyn FnMut(Entry) + Send),
    ) -> Result<(), Error> {
        // Google's gateway knows only the first version of lists.
        let is_old = self.options.endpoint.starts_with("storage.googleapis.com");
        let mut place: Option<(&'static str, String)> = None;
        loop {
            let mut query = vec![
                ("encoding-type".to_owned(), "url".to_owned()),
                ("max-keys".to_owned(), "1000".to_owned()),
                ("prefix".to_owned(), prefix.to_owned()),
            ];
            if !is_old {
                query.push(("list-type".to_owned(), "2".to_owned()));
            }
            query.extend(place.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
            let response = self.ask(Method::GET, ("", &query), now).await?;
            let text = String::from_utf8_lossy(&read(response).await?).into_owned();
            let mut last = String::new();
            for element in xml::elements(&text, "Contents") {
                let key = unescape(&xml::text(element, "Key"));
                last.clone_from(&key);
                let etag = xml::text(element, "ETag").trim_matches('"').to_owned();
                visit(Entry { key, etag });
            }
            if xml::text(&text, "IsTruncated") != "true" {
                return Ok(());
            }
            let next = match is_old {
                true => ("marker", last),
                false => ("continuation-token", xml::text(&text, "NextContinuationToken")),
            };
            if next.1.is_empty() || place.as_ref() == Some(&next) {
                return Err(Error::Malformed("list does not go on where it ended".to_owned()));
            }
            place = Some(next);
        }
    }

    pub(crate) async fn fetch(
        &self,
        key: &str,
        now: i64,
        sink: &mut (dyn Write + Send),
    ) -> Result<String, Error> {
        let response = self.ask(Method::GET, (key, &[]), now).await?;
        let etag = save(response, sink).await?;
        Ok(etag.trim_matches('"').to_owned())
    }

    async fn ask(&self, method: Method, target: Target<'_>, now: i64) -> Result<Response, Error> {
        let region = self.region(now).await?;
        self.ask_in(&region, method, (target, now)).await
    }

    async fn ask_in(
        &self,
        region: &str,
        method: Method,
        (target, now): (Target<'_>, i64),
    ) -> Result<Response, Error> {
        let (key, query) = target;
        let (url, path, host) = self.address(key, query, region)?;
        let request = Unsigned {
            method: method.as_str(),
            host: &host,
            path: &path,
            query,
            service: "s3",
            region,
            headers: &[],
        };
        let headers = match &self.options.access {
            S3Access::Anonymous => Vec::new(),
            S3Access::Key { id, secret, session } => {
                let key = Key { id: id.clone(), secret: secret.clone(), session: session.clone() };
                sign::headers(&request, &key, now)
            }
        };
        send(&url, || {
            let mut request = self.http.request(method.clone(), url.clone());
            for (name, value) in &headers {
                request = request.header(*name, value);
            }
            request
        })
        .await
    }

    /// Returns the address of an object, its escaped path and its host.
    fn address(
        &self,
        key: &str,
        query: &[(String, String)],
        region: &str,
    ) -> Result<(Url, String, String), Error> {
        let S3Options { endpoint, bucket, is_plain, .. } = &self.options;
        let bad = || Error::Setup(format!("endpoint '{endpoint}' is no host and port"));
        if endpoint.is_empty() || endpoint.contains(['/', '@', '?', '#', ' ']) {
            return Err(bad());
        }
        let is_aws = endpoint == "s3.amazonaws.com";
        let host = match is_aws {
            true if region.starts_with("cn-") => format!("s3.dualstack.{region}.amazonaws.com.cn"),
            true => format!("s3.dualstack.{region}.amazonaws.com"),
            false => endpoint.clone(),
        };
        // A certificate for `*.host` does not cover a bucket's dots.
        let is_virtual = (host.ends_with(".amazonaws.com")
            || host.ends_with(".amazonaws.com.cn")
            || host == "storage.googleapis.com")
            && (*is_plain || !bucket.contains('.'));
        let escaped = escape(key, b"/");
        let (host, path) = match is_virtual {
            true => (format!("{bucket}.{host}"), format!("/{escaped}")),
            false => (host, format!("/{}/{escaped}", escape(bucket, b""))),
        };
        let scheme = if *is_plain { "http" } else { "https" };
        let mut text = format!("{scheme}://{host}{path}");
        if !query.is_empty() {
            text = format!("{text}?{}", sign::query(query));
        }
        let url = Url::parse(&text).map_err(|_| bad())?;
        Ok((url, path, host))
    }
}
