//! One bucket, wherever it is.

use std::io::Write;

use crate::azure::Azure;
use crate::gcs::Google;
use crate::http::Connection;
use crate::s3::{S3, S3Options};
use crate::{AzureAccess, GoogleAccess};

/// Why a store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It answered, but not with what was asked for.
    #[error("{message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it says is wrong.
        message: String,
    },
    /// It did not answer.
    #[error("{0}")]
    Connection(String),
    /// The address or a setting makes no sense.
    #[error("{0}")]
    Setup(String),
    /// The answer makes no sense.
    #[error("{0}")]
    Malformed(String),
    /// Credentials could not be had.
    #[error("{0}")]
    Credentials(String),
    /// What comes cannot be written.
    #[error("cannot keep what was fetched: {0}")]
    Sink(#[source] std::io::Error),
}

impl Error {
    /// Reports whether what was asked for is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }
}

/// An object of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// Changes with its content.
    pub etag: String,
}

enum Kind {
    S3(S3),
    Google(Google),
    Azure(Azure),
}

/// A client for one bucket.
pub struct Client {
    kind: Kind,
}

impl Client {
    /// Makes a client for S3 or what speaks like it.
    ///
    /// # Errors
    /// The address makes no sense, or certificates or the proxy cannot be used.
    pub fn s3(options: S3Options, connection: &Connection) -> Result<Self, Error> {
        Ok(Self { kind: Kind::S3(S3::new(options, connection.client()?)?) })
    }

    /// Makes a client for Google's store. `endpoint` is for tests; usually it is `None`.
    ///
    /// # Errors
    /// Certificates or the proxy cannot be used.
    pub fn google(
        bucket: &str,
        access: GoogleAccess,
        (connection, endpoint): (&Connection, Option<&str>),
    ) -> Result<Self, Error> {
        let google = Google::new(bucket, access, (connection.client()?, endpoint));
        Ok(Self { kind: Kind::Google(google) })
    }

    /// Makes a client for a container of Azure, whose endpoint is that of the account.
    ///
    /// # Errors
    /// The address makes no sense, or certificates or the proxy cannot be used.
    pub fn azure(
        (endpoint, container): (&str, &str),
        access: AzureAccess,
        connection: &Connection,
    ) -> Result<Self, Error> {
        let azure = Azure::new((endpoint, container), access, connection.client()?)?;
        Ok(Self { kind: Kind::Azure(azure) })
    }

    /// Reports whether the bucket is there. `now` is the time of day in seconds.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn exists(&self, now: i64) -> Result<bool, Error> {
        let found = match &self.kind {
            Kind::S3(s3) => s3.exists(now).await,
            Kind::Google(google) => google.exists(now).await,
            Kind::Azure(azure) => azure.exists(now).await,
        };
        match found {
            Ok(()) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Lists the objects whose keys begin with `prefix`, page by page.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn list(
        &self,
        prefix: &str,
        now: i64,
        visit: &mut (dyn FnMut(Entry) + Send),
    ) -> Result<(), Error> {
        match &self.kind {
            Kind::S3(s3) => s3.list(prefix, now, visit).await,
            Kind::Google(google) => google.list(prefix, now, visit).await,
            Kind::Azure(azure) => azure.list(prefix, now, visit).await,
        }
    }

    /// Fetches an object into `sink` and returns its etag.
    ///
    /// # Errors
    /// See [`Error`]. What `sink` has is worth nothing then.
    pub async fn fetch(
        &self,
        key: &str,
        now: i64,
        sink: &mut (dyn Write + Send),
    ) -> Result<String, Error> {
        match &self.kind {
            Kind::S3(s3) => s3.fetch(key, now, sink).await,
            Kind::Google(google) => google.fetch(key, now, sink).await,
            Kind::Azure(azure) => azure.fetch(key, now, sink).await,
        }
    }
}
