//! From an object to the state of its bucket, and from there to an archive.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use flux_api::BucketSpec;
use flux_api::names::reason;
use flux_bucket::{Client, Entry};
use flux_tree::ignore::Matcher;
use flux_tree::{DiskTree, pack};
use futures::{StreamExt as _, stream};
use tempfile::TempDir;
use tokio::time::timeout;

use super::index::{Filter, IGNORE_FILE, Index};
use super::{BucketSource, TIMEOUT};
use crate::pass::{Drift, Failed, Failure, Outcome, Progress, Published, Seen, UpToDate};

/// So many objects are fetched at once.
const PARALLEL: usize = 100;

/// What came of one object.
enum Fetched {
    /// It is there, with this etag.
    Etag(String),
    /// It is gone.
    Gone,
}

impl BucketSource {
    /// Looks at the bucket, and stores what is new.
    pub(super) async fn download(&self, seen: &Seen<BucketSpec>) -> Outcome<usize> {
        let mut progress = Progress::default();
        match self.download_new(seen, &mut progress).await {
            Ok(outcome) => outcome,
            Err(failure) => Outcome::Failed(Box::new(Failed { failure, progress })),
        }
    }

    async fn download_new(
        &self,
        seen: &Seen<BucketSpec>,
        progress: &mut Progress,
    ) -> Result<Outcome<usize>, Failure> {
        let spec = &seen.object.spec;
        let client = self.client(&seen.object).await?;
        let directory = tempfile::Builder::new().prefix("bucket-").tempdir_in(&self.means.scratch);
        let directory = directory.map_err(|error| {
            let message = format!("failed to create temporary working directory: {error}");
            Failure::storage(reason::DIRECTORY_CREATION_FAILED, message)
        })?;
        let limit = spec.timeout.map_or(TIMEOUT, |timeout| timeout.get());
        let failed = |message: String| Failure::fetch("BucketOperationFailed", message);
        let listed = self.index(&client, (spec, directory.path()));
        let mut index = timeout(limit, listed)
            .await
            .unwrap_or_else(|_| Err("context deadline exceeded".to_owned()))
            .map_err(failed)?;
        if seen.has_revision(&index.revision()) {
            return Ok(up_to_date(&index, progress.clone()));
        }
        let message = format!("new upstream revision '{}'", index.revision());
        progress.drift = Some(Drift { reason: reason::NEW_REVISION, message });
        let fetched = self.objects(&client, directory.path(), &mut index);
        timeout(limit, fetched)
            .await
            .unwrap_or_else(|_| Err("context deadline exceeded".to_owned()))
            .map_err(|why| {
                failed(format!("fetch from bucket '{}' failed: {why}", spec.bucket_name))
            })?;
        progress.is_fetched = true;
        let revision = index.revision();
        // What was fetched may be what is stored, although the list said something else.
        if seen.has_revision(&revision) {
            return Ok(up_to_date(&index, progress.clone()));
        }
        self.store(seen, (index, directory), progress).await
    }

    async fn store(
        &self,
        seen: &Seen<BucketSpec>,
        (index, directory): (Index, TempDir),
        progress: &Progress,
    ) -> Result<Outcome<usize>, Failure> {
        let revision = index.revision();
        let hash = revision.rsplit(':').next().unwrap_or_default();
        let file = format!("{hash}.tar.gz");
        let content = move |out: &mut dyn io::Write| {
            let tree = DiskTree::open(directory.path()).map_err(io::Error::other)?;
            pack(&tree, &Matcher::default(), out).map(|_| ()).map_err(io::Error::other)
        };
        let artifact = self.means.publish(seen, (&file, &revision), content).await?;
        let stored = (reason::SUCCEEDED, format!("stored artifact: revision '{revision}'"));
        let (progress, note) = (progress.clone(), index.len());
        Ok(Outcome::Published(Box::new(Published { artifact, stored, progress, note })))
    }

    /// Lists what is of interest in the bucket.
    async fn index(
        &self,
        client: &Client,
        (spec, directory): (&BucketSpec, &Path),
    ) -> Result<Index, String> {
        let name = &spec.bucket_name;
        let exists = client.exists(self.now()).await;
        let exists = exists
            .map_err(|error| format!("failed to confirm existence of '{name}' bucket: {error}"))?;
        if !exists {
            return Err(format!("bucket '{name}' does not exist"));
        }
        let rules = self.rules(client, directory).await?;
        let filter = Filter::new(rules.as_deref(), spec.ignore.as_deref());
        let mut index = Index::default();
        let mut visit = |Entry { key, etag }: Entry| {
            if filter.takes(&key) {
                index.insert(key, etag);
            }
        };
        let prefix = spec.prefix.as_deref().unwrap_or_default();
        client.list(prefix, self.now(), &mut visit).await.map_err(|error| {
            format!("indexation of objects from bucket '{name}' failed: {error}")
        })?;
        Ok(index)
    }

    /// Fetches what the bucket itself says is left out. The object becomes part of the archive.
    async fn rules(&self, client: &Client, directory: &Path) -> Result<Option<String>, String> {
        let failed =
            |error: &dyn std::fmt::Display| format!("failed to get '{IGNORE_FILE}': {error}");
        let mut bytes = Vec::new();
        match client.fetch(IGNORE_FILE, self.now(), &mut bytes).await {
            Ok(_) => {}
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(failed(&error)),
        }
        let path = directory.join(IGNORE_FILE);
        tokio::fs::write(path, &bytes).await.map_err(|error| failed(&error))?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Fetches all objects of an index, and brings it to what came.
    async fn objects(
        &self,
        client: &Client,
        directory: &Path,
        index: &mut Index,
    ) -> Result<(), String> {
        let fetches = index.keys().into_iter().map(|key| {
            let path = directory.join(flux_tree::path::join_confined("", &key));
            async move {
                let fetched = self.object(client, &key, path).await;
                fetched
                    .map(|it| (key.clone(), it))
                    .map_err(|why| format!("failed to get '{key}' object: {why}"))
            }
        });
        let mut fetches = stream::iter(fetches).buffer_unordered(PARALLEL);
        while let Some(fetched) = fetches.next().await {
            match fetched? {
                (key, Fetched::Gone) => index.remove(&key),
                (key, Fetched::Etag(etag)) => {
                    if !etag.is_empty() && index.etag(&key) != Some(etag.as_str()) {
                        index.insert(key, etag);
                    }
                }
            }
        }
        Ok(())
    }

    async fn object(&self, client: &Client, key: &str, path: PathBuf) -> Result<Fetched, String> {
        let failed = |error: io::Error| error.to_string();
        if let Some(parent) = path.parent() {
            tokio::fs::create_dir_all(parent).await.map_err(failed)?;
        }
        let mut file = File::create(&path).map_err(failed)?;
        match client.fetch(key, self.now(), &mut file).await {
            Ok(etag) => Ok(Fetched::Etag(etag)),
            Err(error) if error.is_not_found() => {
                tokio::fs::remove_file(&path).await.map_err(failed)?;
                Ok(Fetched::Gone)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn now(&self) -> i64 {
        self.means.ctx.clock.precise().as_second()
    }
}

fn up_to_date(index: &Index, progress: Progress) -> Outcome<usize> {
    let revision = index.revision();
    let stored = Some((reason::SUCCEEDED, format!("stored artifact: revision '{revision}'")));
    let trace = format!("artifact up-to-date with remote revision: '{revision}'");
    Outcome::UpToDate(Box::new(UpToDate { stored, trace, progress, note: index.len() }))
}
