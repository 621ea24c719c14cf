//! What can be written to a registry.

use bytes::Bytes;
use reqwest::header::{LOCATION, RANGE};
use reqwest::{Method, Response, Url};

use crate::client::Client;
use crate::session::Ask;
use crate::{Descriptor, Digest, Error, Reference, Repository};

/// So much goes in one request.
const CHUNK: usize = 8 * 1024 * 1024;

impl Client {
    /// Sends a blob unless it is there, going on where a connection was cut.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn push_blob(
        &self,
        repository: &Repository,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Descriptor, Error> {
        let digest = Digest::of(&bytes);
        let descriptor = Descriptor {
            media_type: media_type.to_owned(),
            digest: digest.to_string(),
            size: bytes.len() as u64,
            ..Descriptor::default()
        };
        if self.has_blob(repository, &digest).await? {
            return Ok(descriptor);
        }
        let target = format!("/v2/{}/blobs/uploads/", repository.path());
        let begun = self.ask(Ask::new(Method::POST, repository, target)).await?;
        let mut upload = Upload { location: location(&begun)?, sent: 0 };
        while upload.sent < bytes.len() {
            upload = self.send_chunk(repository, &bytes, upload).await?;
        }
        let mut url = upload.location;
        url.query_pairs_mut().append_pair("digest", &digest.to_string());
        self.ask(Ask::new(Method::PUT, repository, url.into())).await?;
        Ok(descriptor)
    }

    /// Sends one piece; after a failure, asks how much arrived.
    async fn send_chunk(
        &self,
        repository: &Repository,
        bytes: &Bytes,
        upload: Upload,
    ) -> Result<Upload, Error> {
        let mut upload = upload;
        let mut attempt = 0;
        loop {
            let end = bytes.len().min(upload.sent + CHUNK);
            let ask = Ask::new(Method::PATCH, repository, upload.location.to_string())
                .with("content-type", "application/octet-stream")
                .with("content-range", format!("{}-{}", upload.sent, end.saturating_sub(1)))
                .body(bytes.slice(upload.sent..end));
            let failure = match self.ask(ask).await {
                Ok(response) => {
                    return Ok(Upload { location: location(&response)?, sent: end });
                }
                Err(error) => error,
            };
            attempt += 1;
            let may_help = matches!(failure, Error::Connection { .. })
                || matches!(failure.status(), Some(416 | 500..));
            if !may_help || attempt >= self.options.patience.attempts {
                return Err(failure);
            }
            tokio::time::sleep(self.options.patience.first).await;
            let status = Ask::new(Method::GET, repository, upload.location.to_string());
            let Ok(response) = self.ask(status).await else { return Err(failure) };
            upload.sent = received(&response).min(bytes.len());
            upload.location = location(&response).unwrap_or(upload.location);
            if upload.sent == bytes.len() {
                return Ok(upload);
            }
        }
    }

    /// Sends a manifest under a tag or its digest. Returns its digest.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn push_manifest(
        &self,
        reference: &Reference,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Digest, Error> {
        let digest = Digest::of(&bytes);
        let repository = reference.repository();
        let target = format!("/v2/{}/manifests/{}", repository.path(), reference.version());
        let ask =
            Ask::new(Method::PUT, repository, target).with("content-type", media_type).body(bytes);
        self.ask(ask).await?;
        Ok(digest)
    }

    /// Removes a manifest, or only its tag where the registry knows the difference.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn delete_manifest(&self, reference: &Reference) -> Result<(), Error> {
        let repository = reference.repository();
        let target = format!("/v2/{}/manifests/{}", repository.path(), reference.version());
        self.ask(Ask::new(Method::DELETE, repository, target)).await.map(|_| ())
    }
}

/// An upload that has begun.
struct Upload {
    location: Url,
    sent: usize,
}

/// Returns where an upload goes on.
fn location(response: &Response) -> Result<Url, Error> {
    let header = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let joined = header.and_then(|header| response.url().join(header).ok());
    joined.ok_or_else(|| Error::Malformed {
        what: format!("upload {}", response.url()),
        why: "no location to go on with".to_owned(),
    })
}

/// Returns how many bytes a registry has of an upload.
fn received(response: &Response) -> usize {
    let header = response.headers().get(RANGE).and_then(|value| value.to_str().ok());
    let last = header.and_then(|range| range.rsplit_once('-')).map(|(_, last)| last.trim());
    last.and_then(|last| last.parse::<usize>().ok()).map_or(0, |last| last + 1)
}
