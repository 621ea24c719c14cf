//! The definitions of the custom resources, as upstream ships them without descriptions.

use std::sync::OnceLock;

use flux_manifest::Object;

/// File contents in the order of their names.
const FILES: [&str; 18] = [
    include_str!("../crds/alertproviders.flagger.app.json"),
    include_str!("../crds/alerts.notification.toolkit.fluxcd.io.json"),
    include_str!("../crds/artifactgenerators.source.extensions.fluxcd.io.json"),
    include_str!("../crds/buckets.source.toolkit.fluxcd.io.json"),
    include_str!("../crds/canaries.flagger.app.json"),
    include_str!("../crds/externalartifacts.source.toolkit.fluxcd.io.json"),
    include_str!("../crds/gitrepositories.source.toolkit.fluxcd.io.json"),
    include_str!("../crds/helmcharts.source.toolkit.fluxcd.io.json"),
    include_str!("../crds/helmreleases.helm.toolkit.fluxcd.io.json"),
    include_str!("../crds/helmrepositories.source.toolkit.fluxcd.io.json"),
    include_str!("../crds/imagepolicies.image.toolkit.fluxcd.io.json"),
    include_str!("../crds/imagerepositories.image.toolkit.fluxcd.io.json"),
    include_str!("../crds/imageupdateautomations.image.toolkit.fluxcd.io.json"),
    include_str!("../crds/kustomizations.kustomize.toolkit.fluxcd.io.json"),
    include_str!("../crds/metrictemplates.flagger.app.json"),
    include_str!("../crds/ocirepositories.source.toolkit.fluxcd.io.json"),
    include_str!("../crds/providers.notification.toolkit.fluxcd.io.json"),
    include_str!("../crds/receivers.notification.toolkit.fluxcd.io.json"),
];

/// Returns every CustomResourceDefinition of Flux and Flagger, sorted by name.
///
/// # Upstream
/// Groups, versions, names, columns, defaults, validation and rules are those of Flux 2.9;
/// descriptions are left out.
pub fn crds() -> &'static [Object] {
    static PARSED: OnceLock<Vec<Object>> = OnceLock::new();
    PARSED.get_or_init(|| {
        let parse = |text: &&str| {
            let value = serde_json::from_str::<serde_json::Value>(text).ok()?;
            Object::try_from(value).ok()
        };
        FILES.iter().filter_map(parse).collect()
    })
}

#[cfg(test)]
mod tests;
