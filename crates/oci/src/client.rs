//! What can be read from a registry.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, LINK};
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use crate::digest::Hasher;
use crate::error::connection;
use crate::session::{Ask, Sessions, read};
use crate::{
    Anonymous, Content, Descriptor, Digest, Error, Head, Index, Keychain, Reference, Repository,
    Version, link, media,
};

/// A manifest is no larger than this.
const MAX_MANIFEST: u64 = 16 * 1024 * 1024;

/// A page of a list is no larger than this.
const MAX_PAGE: u64 = 16 * 1024 * 1024;

/// A list has no more pages than this.
const MAX_PAGES: usize = 10_000;

/// The header in which registries tell a manifest's digest.
const DIGEST: &str = "docker-content-digest";

/// How a client speaks.
#[derive(Clone)]
pub struct Options {
    /// Who asks.
    pub keychain: Arc<dyn Keychain>,
    /// Certificates.
    pub tls: Tls,
    /// The address of a proxy, with its credentials in it.
    pub proxy: Option<String>,
    /// How the client names itself.
    pub user_agent: String,
    /// How often it asks.
    pub patience: Patience,
    /// How long one request may take without a sign of life.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keychain: Arc::new(Anonymous),
            tls: Tls::default(),
            proxy: None,
            user_agent: "flux/v2".to_owned(),
            patience: Patience::default(),
            timeout: Duration::from_secs(60),
        }
    }
}

/// Certificates.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Authorities in PEM that are trusted beside the system's.
    pub authorities: Option<Vec<u8>>,
    /// A client certificate and its key in PEM.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
    /// Whether any server is believed.
    pub trust_anybody: bool,
}

/// How often a request is repeated that may succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How many requests there are at most.
    pub attempts: u32,
    /// The first pause; each is three times the one before.
    pub first: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { attempts: 4, first: Duration::from_millis(300) }
    }
}

/// A client for any number of registries.
///
/// It remembers which of them speak TLS and what proves who asks.
#[derive(Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) options: Options,
    pub(crate) sessions: Arc<Sessions>,
}

impl Client {
    /// Makes a client.
    ///
    /// # Errors
    /// Certificates or the proxy cannot be used.
    pub fn new(options: Options) -> Result<Self, Error> {
        let failed = |error: reqwest::Error| {
            let mut text = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(inner) = source {
                text = format!("{text}: {inner}");
                source = inner.source();
            }
            Error::Setup(text)
        };
        let mut builder = reqwest::Client::builder()
            .user_agent(&options.user_agent)
            .read_timeout(options.timeout)
            .connect_timeout(options.timeout)
            .no_gzip();
        if let Some(pem) = &options.tls.authorities {
            let authorities = reqwest::Certificate::from_pem_bundle(pem).map_err(failed)?;
            builder = authorities.into_iter().fold(builder, |b, ca| b.add_root_certificate(ca));
        }
        if let Some((certificate, key)) = &options.tls.identity {
            let pem = [certificate.as_slice(), b"\n", key].concat();
            builder = builder.identity(reqwest::Identity::from_pem(&pem).map_err(failed)?);
        }
        if options.tls.trust_anybody {
            builder = builder.danger_accept_invalid_certs(true);
        }
        if let Some(proxy) = &options.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(failed)?);
        }
        let http = builder.build().map_err(failed)?;
        Ok(Self { http, options, sessions: Arc::default() })
    }

    /// Asks for the digest of a manifest without fetching it.
    ///
    /// # Errors
    /// See [`Error`]; also if the registry does not tell the digest.
    pub async fn head(&self, reference: &Reference) -> Result<Head, Error> {
        let response = self.ask(manifest_ask(Method::HEAD, reference)).await?;
        let header = |name: &str| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let malformed = |why: &str| Error::Malformed {
            what: format!("HEAD {}", response.url()),
            why: why.to_owned(),
        };
        let digest = header(DIGEST).parse();
        Ok(Head {
            media_type: header(CONTENT_TYPE.as_str()),
            digest: digest
                .map_err(|()| malformed("response did not include Docker-Content-Digest header"))?,
            size: header(CONTENT_LENGTH.as_str()).parse().unwrap_or_default(),
        })
    }

    /// Fetches a manifest or an index.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn manifest(&self, reference: &Reference) -> Result<Content, Error> {
        let response = self.ask(manifest_ask(Method::GET, reference)).await?;
        let media_type = response.headers().get(CONTENT_TYPE);
        let media_type = media_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_owned();
        let bytes = read(response, MAX_MANIFEST, "manifest").await?;
        let digest = match reference.version() {
            Version::Digest(wanted) => {
                let mut hasher = Hasher::like(wanted);
                hasher.update(&bytes);
                let got = hasher.finish();
                if got != *wanted {
                    return Err(mismatch("manifest", reference.repository(), wanted, &got));
                }
                got
            }
            Version::Tag(_) => Digest::of(&bytes),
        };
        Ok(Content { bytes, media_type, digest })
    }

    /// Fetches the manifest of an artifact; of an index, that for Linux on amd64.
    ///
    /// # Errors
    /// See [`Error`]; also if the index has none for that machine.
    pub async fn image(&self, reference: &Reference) -> Result<Content, Error> {
        let content = self.manifest(reference).await?;
        if !content.is_index() {
            return Ok(content);
        }
        let malformed = |why: String| Error::Malformed { what: reference.to_string(), why };
        let index = content.index().map_err(|error| malformed(error.to_string()))?;
        let child = index
            .for_default_platform()
            .ok_or_else(|| malformed("no child with platform linux/amd64 in index".to_owned()))?;
        let child = reference
            .repository()
            .digest(&child.digest)
            .map_err(|error| malformed(error.to_string()))?;
        self.manifest(&child).await
    }

    /// Lists the tags of a repository.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn tags(&self, repository: &Repository) -> Result<Vec<String>, Error> {
        #[derive(Deserialize)]
        struct Page {
            tags: Option<Vec<String>>,
        }
        let mut tags = Vec::new();
        let first = format!("/v2/{}/tags/list?n=1000", repository.path());
        self.pages(repository, first, &mut |bytes| {
            let page: Page = serde_json::from_slice(bytes)?;
            tags.extend(page.tags.unwrap_or_default());
            Ok(())
        })
        .await?;
        Ok(tags)
    }

    /// Lists the manifests that speak of a manifest, optionally of one artifact type only.
    ///
    /// Registries without that list keep it under a tag made of the digest.
    ///
    /// # Errors
    /// See [`Error`]; nobody speaking of it is no error.
    pub async fn referrers(
        &self,
        repository: &Repository,
        digest: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, Error> {
        let mut found = Vec::new();
        let first = format!("/v2/{}/referrers/{digest}", repository.path());
        let listed = self
            .pages(repository, first, &mut |bytes| {
                found.extend(serde_json::from_slice::<Index>(bytes)?.manifests);
                Ok(())
            })
            .await;
        match listed {
            Ok(()) => {}
            Err(Error::Refused { status: 400 | 404 | 405, .. }) => {
                found = self.referrers_by_tag(repository, digest).await?;
            }
            Err(error) => return Err(error),
        }
        found.retain(|it| {
            artifact_type.is_none_or(|wanted| it.artifact_type.as_deref() == Some(wanted))
        });
        Ok(found)
    }

    async fn referrers_by_tag(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Vec<Descriptor>, Error> {
        let tag = format!("{}-{}", digest.algorithm(), digest.hash());
        let malformed = |why: String| Error::Malformed { what: tag.clone(), why };
        let reference = repository.tag(&tag).map_err(|error| malformed(error.to_string()))?;
        match self.manifest(&reference).await {
            Ok(content) if content.is_index() => {
                let index = content.index().map_err(|error| malformed(error.to_string()))?;
                Ok(index.manifests)
            }
            Ok(_) => Ok(Vec::new()),
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Reads a list page by page.
    async fn pages(
        &self,
        repository: &Repository,
        first: String,
        keep: &mut (dyn FnMut(&[u8]) -> Result<(), serde_json::Error> + Send),
    ) -> Result<(), Error> {
        let mut next = Some(first);
        for _ in 0..MAX_PAGES {
            let Some(target) = next else { return Ok(()) };
            let response = self.ask(Ask::new(Method::GET, repository, target.clone())).await?;
            let link = response.headers().get(LINK).and_then(|value| value.to_str().ok());
            let url = response.url().clone();
            // A relative link belongs to where the page came from.
            next = link.and_then(link::next).and_then(|link| url.join(&link).ok()).map(Into::into);
            let bytes = read(response, MAX_PAGE, "list").await?;
            keep(&bytes).map_err(|error| Error::Malformed {
                what: url.to_string(),
                why: error.to_string(),
            })?;
            if next.as_ref() == Some(&target) {
                return Ok(());
            }
        }
        Err(Error::TooLarge { what: format!("list of {repository}"), limit: MAX_PAGES as u64 })
    }

    /// Reports whether a blob is there.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn has_blob(&self, repository: &Repository, digest: &Digest) -> Result<bool, Error> {
        let target = format!("/v2/{}/blobs/{digest}", repository.path());
        match self.ask(Ask::new(Method::HEAD, repository, target)).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Fetches a blob that is no larger than `limit`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn blob(
        &self,
        repository: &Repository,
        descriptor: &Descriptor,
        limit: u64,
    ) -> Result<Bytes, Error> {
        if descriptor.size > limit {
            return Err(Error::TooLarge { what: format!("blob {}", descriptor.digest), limit });
        }
        let mut bytes = Vec::new();
        self.pull(repository, descriptor, &mut bytes).await?;
        Ok(bytes.into())
    }

    /// Fetches a blob into `sink`, going on where a connection was cut.
    ///
    /// # Errors
    /// See [`Error`]. What `sink` has is worth nothing then.
    pub async fn pull(
        &self,
        repository: &Repository,
        descriptor: &Descriptor,
        sink: &mut (dyn Write + Send),
    ) -> Result<(), Error> {
        let wanted: Digest = descriptor.digest.parse().map_err(|()| Error::Malformed {
            what: format!("descriptor of {repository}"),
            why: format!("unsupported digest {:?}", descriptor.digest),
        })?;
        let mut pulled = Pulled { hasher: Hasher::like(&wanted), size: 0, sink };
        let mut attempts = 0;
        loop {
            let begun = pulled.size;
            match self.pull_on(repository, (descriptor, &wanted), &mut pulled).await {
                Ok(()) => break,
                Err(Error::Connection { text }) => {
                    // Progress makes patient, but a server may not cut for ever.
                    attempts += 1;
                    let is_worth = pulled.size > begun || attempts < self.options.patience.attempts;
                    if !is_worth || attempts >= 100 {
                        return Err(Error::Connection { text });
                    }
                    tokio::time::sleep(self.options.patience.first).await;
                }
                Err(error) => return Err(error),
            }
        }
        let got = pulled.hasher.finish();
        if got != wanted {
            return Err(mismatch("blob", repository, &wanted, &got));
        }
        Ok(())
    }

    /// Fetches the rest of a blob.
    async fn pull_on(
        &self,
        repository: &Repository,
        (descriptor, wanted): (&Descriptor, &Digest),
        pulled: &mut Pulled<'_>,
    ) -> Result<(), Error> {
        let target = format!("/v2/{}/blobs/{wanted}", repository.path());
        let mut ask = Ask::new(Method::GET, repository, target);
        if pulled.size > 0 {
            ask = ask.with("range", format!("bytes={}-", pulled.size));
        }
        let mut response = self.ask(ask).await?;
        let url = response.url().clone();
        // Who does not know ranges sends all of it again.
        let mut skip = match response.status() {
            StatusCode::PARTIAL_CONTENT => 0,
            _ => pulled.size,
        };
        while let Some(chunk) =
            response.chunk().await.map_err(|error| connection("GET", &url, &error))?
        {
            let known = usize::try_from(skip).unwrap_or(usize::MAX).min(chunk.len());
            skip -= known as u64;
            let bytes = chunk.get(known..).unwrap_or_default();
            if pulled.size + bytes.len() as u64 > descriptor.size {
                let what = format!("blob {wanted}");
                return Err(Error::TooLarge { what, limit: descriptor.size });
            }
            pulled.hasher.update(bytes);
            pulled.size += bytes.len() as u64;
            pulled.sink.write_all(bytes).map_err(Error::Sink)?;
        }
        if pulled.size < descriptor.size {
            let text = format!("Get \"{url}\": unexpected EOF");
            return Err(Error::Connection { text });
        }
        Ok(())
    }
}

/// What has come of a blob.
struct Pulled<'a> {
    hasher: Hasher,
    size: u64,
    sink: &'a mut (dyn Write + Send),
}

fn manifest_ask(method: Method, reference: &Reference) -> Ask<'_> {
    let repository = reference.repository();
    let target = format!("/v2/{}/manifests/{}", repository.path(), reference.version());
    Ask::new(method, repository, target).with("accept", media::MANIFESTS.join(","))
}

fn mismatch(what: &'static str, repository: &Repository, wanted: &Digest, got: &Digest) -> Error {
    Error::Digest {
        what,
        name: repository.to_string(),
        wanted: wanted.to_string(),
        got: got.to_string(),
    }
}
