//! Whose rights are used to apply.

use flux_api::Kustomization;
use flux_cluster::{Cluster, Identity, Target};
use flux_manifest::GroupVersionKind;

use crate::health::Reader;
use crate::options::Options;

/// A connection for the objects of one Kustomization.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) cluster: Cluster,
    pub(crate) reader: Reader,
}

/// Returns the service account that acts for a Kustomization, if not the controller itself.
fn account<'a>(kustomization: &'a Kustomization, options: &'a Options) -> Option<&'a str> {
    let own = kustomization.spec.service_account_name.as_deref().filter(|it| !it.is_empty());
    let default = Some(options.default_service_account.as_str()).filter(|it| !it.is_empty());
    own.or(default)
}

/// Opens a connection with the rights that a Kustomization asks for.
pub(crate) fn access(
    cluster: &Cluster,
    kustomization: &Kustomization,
    options: &Options,
) -> Result<Access, String> {
    if kustomization.spec.kube_config.is_some() {
        return Err("remote clusters are not supported yet".to_owned());
    }
    Ok(match account(kustomization, options) {
        None => Access { cluster: cluster.clone(), reader: Reader::Controller },
        Some(name) => {
            let identity = Identity::service_account(&kustomization.metadata.namespace, name);
            Access { cluster: cluster.impersonate(&identity), reader: Reader::Impersonated }
        }
    })
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
