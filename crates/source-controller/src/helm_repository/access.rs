//! Who asks a repository, and how.

use flux_api::HelmRepository;
use flux_cluster::Cluster;

use super::TIMEOUT;
use crate::helm::getter::Way;
use crate::pass::Failure;
use crate::secrets::{self, Data};

/// Finds out how a repository is asked.
pub(crate) async fn way(cluster: &Cluster, object: &HelmRepository) -> Result<Way, Failure> {
    let spec = &object.spec;
    let namespace = &object.metadata.namespace;
    let mut way = Way {
        passes_credentials: spec.pass_credentials,
        timeout: spec.timeout.map_or(TIMEOUT, |timeout| timeout.get()),
        ..Way::default()
    };
    if let Some(reference) = &spec.secret_ref {
        let full = format!("{namespace}/{}", reference.name);
        let data = secrets::read(cluster, namespace, &reference.name).await.map_err(|error| {
            let message = format!("failed to get authentication secret '{full}': {error}");
            Failure::authentication(message)
        })?;
        way.credentials = credentials(&data, &full)?;
        // The old place of certificates, which counts only without the new one.
        if spec.cert_secret_ref.is_none() {
            way.tls = secrets::certificates(&data, &full).unwrap_or_default();
        }
    }
    if let Some(reference) = &spec.cert_secret_ref {
        let full = format!("{namespace}/{}", reference.name);
        let data = secrets::read(cluster, namespace, &reference.name).await;
        let data = data.map_err(|error| {
            let message = format!("failed to get TLS authentication secret '{full}': {error}");
            Failure::authentication(message)
        })?;
        way.tls = secrets::certificates(&data, &full).map_err(|why| {
            Failure::authentication(format!("failed to construct Helm client's TLS config: {why}"))
        })?;
    }
    Ok(way)
}

/// Reads user and password, of which one alone is a mistake.
fn credentials(data: &Data, secret: &str) -> Result<Option<(String, String)>, Failure> {
    let text = |key: &str| {
        let bytes = data.get(key).filter(|bytes| !bytes.is_empty())?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    };
    match (text("username"), text("password")) {
        (Some(username), Some(password)) => Ok(Some((username, password))),
        (None, None) => Ok(None),
        _ => Err(Failure::authentication(format!(
            "invalid '{secret}' secret data: required fields 'username' and 'password'"
        ))),
    }
}
