//! Whose rights are used to apply.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flux_api::{KubeConfigReference, Kustomization, SecretKeyReference};
use flux_cluster::{Cluster, Identity, Target, Trust};
use flux_manifest::GroupVersionKind;

use crate::health::Reader;
use crate::options::Options;
use crate::remote::Identities;

/// A connection for the objects of one Kustomization.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) cluster: Cluster,
    /// Tells that something changed.
    pub(crate) watcher: Cluster,
    pub(crate) reader: Reader,
}

/// Returns the service account that acts for a Kustomization, if not the controller itself.
fn account<'a>(kustomization: &'a Kustomization, options: &'a Options) -> Option<&'a str> {
    let own = kustomization.spec.service_account_name.as_deref().filter(|it| !it.is_empty());
    let default = Some(options.default_service_account.as_str()).filter(|it| !it.is_empty());
    own.or(default)
}

/// Opens a connection with the rights that a Kustomization asks for.
pub(crate) async fn access(
    identities: &Identities<'_>,
    kustomization: &Kustomization,
) -> Result<Access, String> {
    let Identities { cluster, options, .. } = identities;
    let namespace = &kustomization.metadata.namespace;
    let remote = match &kustomization.spec.kube_config {
        None => None,
        Some(KubeConfigReference { secret_ref: Some(secret), .. }) => {
            Some(remote(cluster, namespace, (secret, options.trust)).await?)
        }
        Some(KubeConfigReference { config_map_ref: Some(map), .. }) => {
            Some(identities.connect(namespace, &map.name).await?)
        }
        // The definition refuses it.
        Some(_) => return Err("spec.kubeConfig names neither Secret nor ConfigMap".to_owned()),
    };
    let is_remote = remote.is_some();
    let watcher = remote.unwrap_or_else(|| (*cluster).clone());
    let Some(name) = account(kustomization, options) else {
        let reader = if is_remote { Reader::Impersonated } else { Reader::Controller };
        return Ok(Access { cluster: watcher.clone(), watcher, reader });
    };
    let identity = Identity::service_account(&kustomization.metadata.namespace, name);
    let cluster = watcher.impersonate(&identity);
    Ok(Access { cluster, watcher, reader: Reader::Impersonated })
}

/// Connects with the kubeconfig in a Secret.
async fn remote(
    cluster: &Cluster,
    namespace: &str,
    (reference, trust): (&SecretKeyReference, Trust),
) -> Result<Cluster, String> {
    let name = format!("{namespace}/{}", reference.name);
    let kind = GroupVersionKind::new("", "v1", "Secret");
    let secret = cluster.get(&Target::new(kind, namespace, &reference.name)).await;
    let secret =
        secret.map_err(|e| format!("unable to read KubeConfig secret '{name}' error: {e}"))?;
    let wanted = reference.key.as_deref().filter(|key| !key.is_empty());
    let data = |key: &str| {
        let text = secret.pointer("/data")?.get(key)?.as_str()?;
        STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok())
    };
    let text = match wanted {
        Some(key) => data(key),
        None => data("value").or_else(|| data("value.yaml")),
    };
    let key = wanted.unwrap_or("value");
    let text = text.ok_or_else(|| {
        format!("KubeConfig secret '{name}' does not contain a '{key}' key with a kubeconfig")
    })?;
    Cluster::from_kubeconfig(&text, trust).await.map_err(|error| error.to_string())
}

/// Tells whether the account that acts for a Kustomization is still there.
pub(crate) async fn can_act(
    cluster: &Cluster,
    kustomization: &Kustomization,
    options: &Options,
) -> bool {
    let Some(name) = account(kustomization, options) else { return true };
    let kind = GroupVersionKind::new("", "v1", "ServiceAccount");
    let target = Target::new(kind, &kustomization.metadata.namespace, name);
    cluster.get(&target).await.is_ok()
}
