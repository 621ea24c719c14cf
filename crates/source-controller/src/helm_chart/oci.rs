//! Charts of registries.

use std::sync::Arc;

use flux_api::{HelmChartSpec, HelmRepository};
use flux_oci::{
    Client, Credentials, Fixed, Insecure, Options, Reference, Repository, docker, media,
};
use flux_semver::{Constraint, Version};

use super::HelmChartSource;
use super::build::{Found, pull_failed};
use crate::pass::{Failure, Seen};
use crate::{pull_secrets, secrets};

impl HelmChartSource {
    /// Takes a chart from a registry.
    pub(super) async fn chart_of_registry(
        &self,
        seen: &Seen<HelmChartSpec>,
        repository: &HelmRepository,
    ) -> Result<Found, Failure> {
        let spec = &seen.object.spec;
        let client = self.client(repository).await?;
        let base = repository.spec.url.trim_start_matches("oci://").trim_end_matches('/');
        let insecure = match repository.spec.insecure {
            true => Insecure::Allowed,
            false => Insecure::Refused,
        };
        let name = format!("{base}/{}", spec.chart);
        let place = Repository::parse(&name, insecure).map_err(|error| pull_failed(&error))?;
        let version = self.version(&client, &place, spec.version.as_deref()).await?;
        if self.is_stored(seen, &spec.chart, &version) {
            return Ok(Found::Stored);
        }
        let tag = version.replace('+', "_");
        let reference = place.tag(&tag).map_err(|error| pull_failed(&error))?;
        let bytes = self.chart(&client, &reference).await.map_err(|why| {
            pull_failed(format!(
                "failed to download chart for remote reference: failed to get \
                 'oci://{reference}': {why}"
            ))
        })?;
        self.read(bytes).await.map(Found::New)
    }

    /// Pulls the layer that holds the chart.
    async fn chart(&self, client: &Client, reference: &Reference) -> Result<Vec<u8>, String> {
        let content = client.manifest(reference).await.map_err(|error| {
            if error.is_not_found() {
                return format!(
                    "failed to perform \"FetchReference\" on source: {reference}: not found"
                );
            }
            error.to_string()
        })?;
        let manifest = content.manifest().map_err(|error| error.to_string())?;
        let layer = manifest.layers.iter().find(|layer| layer.media_type == media::HELM_CHART);
        let layer = layer.ok_or_else(|| {
            format!("manifest does not contain a layer with mediatype {}", media::HELM_CHART)
        })?;
        let bytes = client.blob(reference.repository(), layer, self.limits.chart).await;
        bytes.map(|bytes| bytes.to_vec()).map_err(|error| error.to_string())
    }

    /// Finds the version that is meant. A whole one needs no list.
    async fn version(
        &self,
        client: &Client,
        place: &Repository,
        wanted: Option<&str>,
    ) -> Result<String, Failure> {
        let wanted = wanted.filter(|wanted| !wanted.is_empty()).unwrap_or("*");
        if Version::parse_strict(wanted).is_ok() {
            return Ok(wanted.to_owned());
        }
        let failed = |why: &dyn std::fmt::Display| {
            pull_failed(format!("failed to get chart version for remote reference: {why}"))
        };
        let tags = client.tags(place).await.map_err(|error| {
            failed(&format!("could not fetch tags for \"oci://{place}\": {error}"))
        })?;
        let tags: Vec<String> = tags.iter().map(|tag| tag.replace('_', "+")).collect();
        if let Some(exact) = tags.iter().find(|tag| *tag == wanted) {
            return Ok(exact.clone());
        }
        let constraint = Constraint::parse(wanted).map_err(|error| failed(&error))?;
        let versions = tags.iter().filter_map(|tag| Version::parse_strict(tag).ok());
        let best = versions.filter(|version| constraint.matches(version)).max();
        best.map(|version| version.original().to_owned()).ok_or_else(|| {
            failed(&format!("could not locate a version matching provided version string {wanted}"))
        })
    }

    /// Prepares the client of a repository.
    async fn client(&self, repository: &HelmRepository) -> Result<Client, Failure> {
        let spec = &repository.spec;
        let (cluster, namespace) = (&self.means.ctx.cluster, &repository.metadata.namespace);
        let host = spec.url.trim_start_matches("oci://").split('/').next().unwrap_or_default();
        let mut credentials = Credentials::Anonymous;
        if let Some(reference) = &spec.secret_ref {
            let full = format!("{namespace}/{}", reference.name);
            let data = secrets::read(cluster, namespace, &reference.name).await;
            let data = data.map_err(|error| {
                authentication(format!("failed to get authentication secret '{full}': {error}"))
            })?;
            credentials = login(&data, (&full, host)).map_err(authentication)?;
        } else if spec.provider.as_deref().is_some_and(|it| !matches!(it, "" | "generic")) {
            return Err(authentication("logins of clouds are not supported yet".to_owned()));
        }
        let tls = match &spec.cert_secret_ref {
            None => flux_oci::Tls::default(),
            Some(reference) => {
                let full = format!("{namespace}/{}", reference.name);
                let data = secrets::read(cluster, namespace, &reference.name).await;
                let data = data.map_err(|error| {
                    authentication(format!("failed to get TLS secret '{full}': {error}"))
                })?;
                secrets::certificates(&data, &full).map_err(authentication)?
            }
        };
        let options = Options {
            keychain: Arc::new(Fixed(credentials)),
            tls,
            user_agent: "flux/v2/helm/v4/oras/v2".to_owned(),
            ..Options::default()
        };
        Client::new(options).map_err(|error| authentication(error.to_string()))
    }
}

/// Says that nobody knows who asks. Conditions call whatever fails while building by one name.
fn authentication(why: String) -> Failure {
    Failure::authentication(why.clone()).shown_as("Unknown", format!("unknown build error: {why}"))
}

/// Reads user and password, or a pull secret that names exactly this registry.
fn login(data: &secrets::Data, (secret, host): (&str, &str)) -> Result<Credentials, String> {
    if data.contains_key(docker::CONFIG_JSON) {
        let config = pull_secrets::config(data)?;
        return config.find_exact(host).ok_or_else(|| {
            format!("no auth config for '{host}' in the docker-registry Secret '{secret}'")
        });
    }
    let text = |key: &str| {
        let bytes = data.get(key).filter(|bytes| !bytes.is_empty())?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    };
    match (text("username"), text("password")) {
        (Some(username), Some(password)) => Ok(Credentials::Basic { username, password }),
        (None, None) => Ok(Credentials::Anonymous),
        _ => Err(format!(
            "invalid '{secret}' secret data: required fields 'username' and 'password'"
        )),
    }
}
