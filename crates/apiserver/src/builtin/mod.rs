//! The kinds of Kubernetes itself.

use std::sync::Arc;

use crate::registry::{PlainStrategy, ResourceInfo, Scope};

/// Returns every built-in resource.
pub fn resources() -> Vec<ResourceInfo> {
    let plain = Arc::new(PlainStrategy);
    vec![
        ResourceInfo::new("v1", "Namespace", Scope::Cluster, plain.clone()),
        ResourceInfo::new("v1", "ConfigMap", Scope::Namespaced, plain),
    ]
}
