//! The kinds of Kubernetes itself.

use std::sync::Arc;

use crate::registry::{PlainStrategy, ResourceInfo};

/// Returns every built-in resource.
pub fn resources() -> Vec<ResourceInfo> {
    let plain = Arc::new(PlainStrategy);
    let table = flux_schema::resources::all();
    table.iter().map(|resource| ResourceInfo::from_table(resource, plain.clone())).collect()
}
