//! Reads everything that a pass depends on, apart from the repository itself.

use std::sync::Arc;

use flux_api::names::reason;
use flux_api::{Artifact, GitRepository, GitRepositorySpec};
use flux_artifact::VerifyError;
use flux_git::{Credentials, Remote};

use super::Reconciler;
use super::outcome::Failure;
use crate::Override;
use crate::github_app::{App, AppError, Way};
use crate::secrets::{self, AccessError, Data};

/// What a pass depends on.
pub(super) struct Observed {
    /// The object as it was read.
    pub(super) object: GitRepository,
    /// Whether the artifact in its status is there.
    pub(super) artifact: Presence,
    /// How to get to the repository.
    pub(super) access: Result<Access, Failure>,
    /// The artifacts of the included repositories, in the order of the spec.
    pub(super) includes: Result<Vec<Artifact>, Failure>,
    /// The keys that signatures are checked with, if they are to be checked.
    pub(super) keys: Option<Result<Data, Failure>>,
}

/// Whether the store has an artifact.
#[derive(Debug)]
pub(super) enum Presence {
    /// The object has none yet.
    None,
    /// It is there and is what its digest says.
    Stored,
    /// It is gone.
    Gone,
    /// It is there and is something else.
    Corrupt(VerifyError),
}

/// How to get to a repository.
pub(super) enum Access {
    /// Over the network.
    Remote(Box<Remote>),
    /// From a directory on this machine.
    Local(Override),
}

impl Reconciler {
    /// Reads what the pass depends on. Objects that are deleted or suspended depend on nothing.
    pub(super) async fn observe(&self, object: GitRepository) -> Observed {
        if object.is_deleting() || object.spec.suspend {
            return Observed {
                object,
                artifact: Presence::None,
                access: Err(Failure::authentication(String::new())),
                includes: Ok(Vec::new()),
                keys: None,
            };
        }
        let artifact = self.presence(object.status.artifact.clone()).await;
        let access = self.access(&object).await;
        let includes = self.includes(&object).await;
        let keys = self.keys(&object).await;
        Observed { object, artifact, access, includes, keys }
    }

    async fn presence(&self, artifact: Option<Artifact>) -> Presence {
        let Some(artifact) = artifact else { return Presence::None };
        let store = Arc::clone(&self.store);
        let checked = tokio::task::spawn_blocking(move || {
            if !store.contains(&artifact) {
                return Presence::Gone;
            }
            match store.verify(&artifact) {
                Ok(()) => Presence::Stored,
                Err(error) => Presence::Corrupt(error),
            }
        });
        checked.await.unwrap_or(Presence::Gone)
    }

    async fn access(&self, object: &GitRepository) -> Result<Access, Failure> {
        if let Some(local) = self.overrides.get(&object.spec.url) {
            return Ok(Access::Local(local));
        }
        let proxy = self.proxy(object).await?;
        let data = self.credentials(object).await?;
        let invalid = |error: AccessError| match error {
            AccessError::Git(flux_git::GitError::Url(reason)) => {
                let url = &object.spec.url;
                let message = format!("failed to parse url '{url}': {reason}");
                Failure::fetch(reason::URL_INVALID, message).stalled()
            }
            other => Failure::authentication(format!(
                "failed to configure authentication options: {other}"
            )),
        };
        let mut remote = secrets::remote(&object.spec.url, &data).map_err(invalid)?;
        if remote.is_ssh() {
            return self.ssh(object, remote, (&data, proxy));
        }
        if check_provider(&object.spec, &data, &object.metadata.namespace)? == Provider::GitHub {
            let credentials = self.github(&data, proxy.as_deref()).await?;
            remote = remote.with_credentials(credentials);
        }
        Ok(Access::Remote(Box::new(match proxy {
            Some(address) => remote.with_proxy(address),
            None => remote,
        })))
    }

    /// Gets a token for the installation of a GitHub App.
    async fn github(&self, data: &Data, proxy: Option<&str>) -> Result<Credentials, Failure> {
        let failed = |error: AppError| {
            let message = format!("failed to configure authentication options: {error}");
            Failure::authentication(message)
        };
        let app = App::from_secret(data).map_err(failed)?;
        let way = Way { proxy, tls: &secrets::tls(data) };
        let now = self.ctx.clock.precise().as_second();
        self.tokens.credentials(&app, way, now).await.map_err(failed)
    }

    /// Prepares the client that logs in with the key of a Secret.
    fn ssh(
        &self,
        object: &GitRepository,
        remote: Remote,
        (data, proxy): (&Data, Option<String>),
    ) -> Result<Access, Failure> {
        check_provider(&object.spec, data, &object.metadata.namespace)?;
        let bytes = |key: &str| data.get(key).cloned().unwrap_or_default();
        let options = flux_ssh::Options {
            identity: bytes("identity"),
            password: String::from_utf8_lossy(&bytes("password")).into_owned(),
            known_hosts: bytes("known_hosts"),
            kex_algorithms: self.ssh.kex.clone(),
            host_key_algorithms: self.ssh.host_keys.clone(),
            proxy,
        };
        let runtime = tokio::runtime::Handle::current();
        let client = flux_ssh::Client::new(&options, runtime).map_err(|error| match error {
            flux_ssh::ClientError::PasswordNeeded => {
                let name = object.spec.secret_ref.as_ref().map_or("", |r| r.name.as_str());
                let namespace = &object.metadata.namespace;
                Failure::authentication(format!(
                    "SSH identity key is encrypted but no 'password' field was provided in the \
                     secret '{namespace}/{name}'"
                ))
            }
            other => {
                let message = format!(
                    "failed to checkout and determine revision: unable to construct auth method \
                     with options: {other}"
                );
                Failure::fetch(reason::GIT_OPERATION_FAILED, message)
            }
        })?;
        Ok(Access::Remote(Box::new(remote.with_shell(Arc::new(client)))))
    }

    async fn proxy(&self, object: &GitRepository) -> Result<Option<String>, Failure> {
        let Some(reference) = &object.spec.proxy_secret_ref else { return Ok(None) };
        let namespace = &object.metadata.namespace;
        let full = format!("{namespace}/{}", reference.name);
        let failed = |why: String| {
            Failure::authentication(format!("failed to configure proxy options: {why}"))
        };
        let data = match secrets::read(&self.ctx.cluster, namespace, &reference.name).await {
            Ok(data) => data,
            Err(error) if error.is_not_found() => {
                return Err(failed(format!("secret '{full}' not found")));
            }
            Err(error) => return Err(failed(format!("failed to get secret '{full}': {error}"))),
        };
        secrets::proxy(&data, &full).map(Some).map_err(failed)
    }

    async fn credentials(&self, object: &GitRepository) -> Result<Data, Failure> {
        let Some(reference) = &object.spec.secret_ref else { return Ok(Data::new()) };
        let namespace = &object.metadata.namespace;
        secrets::read(&self.ctx.cluster, namespace, &reference.name).await.map_err(|error| {
            // Twice, as upstream has it.
            let prefix = format!("failed to get secret '{namespace}/{}'", reference.name);
            Failure::authentication(format!("{prefix}: {prefix}: {error}"))
        })
    }

    async fn includes(&self, object: &GitRepository) -> Result<Vec<Artifact>, Failure> {
        let mut artifacts = Vec::new();
        for include in &object.spec.include {
            let name = &include.repository.name;
            let namespace = &object.metadata.namespace;
            let found = self.ctx.cluster.fetch::<GitRepositorySpec>(namespace, name).await;
            let included = found.map_err(|error| {
                let why = if error.is_not_found() {
                    format!("GitRepository.source.toolkit.fluxcd.io {name:?} not found")
                } else {
                    error.to_string()
                };
                let message = format!("could not get resource for include '{name}': {why}");
                Failure::include("NotFound", message)
            })?;
            artifacts.push(included.status.artifact.ok_or_else(|| {
                let message = format!("no artifact available for include '{name}'");
                Failure::include("NoArtifact", message)
            })?);
        }
        Ok(artifacts)
    }

    async fn keys(&self, object: &GitRepository) -> Option<Result<Data, Failure>> {
        let verification = object.spec.verify.as_ref()?;
        let name = &verification.secret_ref.name;
        let read = secrets::read(&self.ctx.cluster, &object.metadata.namespace, name).await;
        Some(read.map_err(|error| {
            let message = format!("public keys secret error: {error}");
            Failure::unverified(reason::VERIFICATION_FAILED, message)
        }))
    }
}

/// Where credentials come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Provider {
    /// From the Secret itself.
    Generic,
    /// From GitHub, for an app that the Secret describes.
    GitHub,
}

/// Checks that the provider and the Secret fit together.
fn check_provider(
    spec: &GitRepositorySpec,
    data: &Data,
    namespace: &str,
) -> Result<Provider, Failure> {
    let provider = spec.provider.as_deref().unwrap_or_default();
    let secret = spec.secret_ref.as_ref().map_or("", |reference| reference.name.as_str());
    let has_app = data.get("githubAppID").is_some_and(|id| !id.is_empty());
    let invalid =
        |message: &str| Failure::fetch("InvalidProviderConfiguration", message.to_owned());
    let needs_app =
        "secretRef with github app data must be specified when provider is set to github";
    match provider {
        "" | "generic" if has_app => Err(invalid(&format!(
            "secretRef '{namespace}/{secret}' has github app data but provider is not set to github"
        ))),
        "" | "generic" => Ok(Provider::Generic),
        "github" if secret.is_empty() => Err(invalid(needs_app).stalled()),
        "github" if !has_app => Err(invalid(needs_app)),
        "github" => Ok(Provider::GitHub),
        other => Err(Failure::authentication(format!(
            "failed to configure authentication options: provider '{other}' is not supported yet"
        ))),
    }
}
