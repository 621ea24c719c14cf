//! Registry credentials in Secrets, named by an object or by its service account.

use flux_api::names::reason;
use flux_cluster::{Cluster, Target};
use flux_manifest::GroupVersionKind;
use flux_oci::docker::{self, Config};
use flux_runtime::{Event, Severity};

use crate::secrets::{self, Data};

/// Where credentials are looked for.
pub(crate) struct Pulls<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) namespace: &'a str,
    pub(crate) secret: Option<&'a str>,
    pub(crate) service_account: Option<&'a str>,
}

/// Collects the credentials of a Secret and of a service account; `None` if neither has any.
///
/// # Errors
/// Something is named that is not there, or is no pull secret.
pub(crate) async fn find(
    pulls: &Pulls<'_>,
    traces: &mut Vec<Event>,
) -> Result<Option<Config>, String> {
    let Pulls { cluster, namespace, secret, service_account } = pulls;
    let mut found = Vec::new();
    if let Some(name) = secret {
        let data = secrets::read(cluster, namespace, name).await.map_err(|error| {
            traces.push(missing(format!("auth secret '{name}' not found")));
            format!("failed to get secret '{namespace}/{name}': {error}")
        })?;
        found.push((*name, data));
    }
    let names = match service_account {
        Some(account) => image_pull_secrets(cluster, (namespace, account)).await?,
        None => Vec::new(),
    };
    let account = service_account.unwrap_or_default();
    for name in &names {
        let data = secrets::read(cluster, namespace, name).await.map_err(|error| {
            traces.push(missing(format!("image pull secret '{name}' not found")));
            format!(
                "failed to get image pull secret '{name}' for service account '{account}': {error}"
            )
        })?;
        found.push((name, data));
    }
    let mut all: Option<Config> = None;
    for (name, data) in found {
        let config = config(&data).map_err(|why| format!("secret '{namespace}/{name}': {why}"))?;
        match &mut all {
            Some(all) => all.merge(config),
            None => all = Some(config),
        }
    }
    Ok(all)
}

fn missing(message: String) -> Event {
    let reason = reason::AUTHENTICATION_FAILED.to_owned();
    Event { severity: Severity::Trace, reason, message, metadata: Default::default() }
}

/// Reads what a Secret holds; without a configuration it is empty.
pub(crate) fn config(data: &Data) -> Result<Config, String> {
    if let Some(text) = data.get(docker::CONFIG_JSON) {
        return Config::parse(text).map_err(|error| error.to_string());
    }
    if let Some(text) = data.get(docker::CONFIG) {
        return Config::parse_legacy(text).map_err(|error| error.to_string());
    }
    Ok(Config::default())
}

async fn image_pull_secrets(
    cluster: &Cluster,
    (namespace, account): (&str, &str),
) -> Result<Vec<String>, String> {
    let kind = GroupVersionKind::new("", "v1", "ServiceAccount");
    let object = cluster.get(&Target::new(kind, namespace, account)).await.map_err(|error| {
        format!("failed to get service account '{namespace}/{account}': {error}")
    })?;
    let listed = object.pointer("/imagePullSecrets").and_then(|it| it.as_array());
    let names = listed.into_iter().flatten().filter_map(|it| it.get("name")?.as_str());
    Ok(names.map(str::to_owned).collect())
}
