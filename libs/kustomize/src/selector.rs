//! Which resources a patch or a replacement is for.

use std::collections::BTreeMap;

use flux_manifest::LabelSelector;

use crate::error::{BuildError, Result};
use crate::id::{Gvk, GvkRef};
use crate::pattern::Pattern;
use crate::resource::Resource;

/// Selects resources by kind, name, namespace, labels and annotations.
///
/// All but the last two are regular expressions that have to match as a whole; what is empty
/// selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Selector {
    /// The kind.
    #[serde(flatten)]
    pub gvk: Gvk,
    /// The name, present or original.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The namespace, present or original.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Requirements on annotations, in the syntax of label selectors.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub annotation_selector: String,
    /// Requirements on labels.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label_selector: String,
}

impl Selector {
    /// Reports whether it names neither kind nor name nor namespace.
    pub(crate) fn has_no_id(&self) -> bool {
        self.gvk == Gvk::default() && self.name.is_empty() && self.namespace.is_empty()
    }

    pub(crate) fn compile(&self) -> Result<SelectorPatterns> {
        Ok(SelectorPatterns {
            group: Pattern::anchored(&self.gvk.group)?,
            version: Pattern::anchored(&self.gvk.version)?,
            kind: Pattern::anchored(&self.gvk.kind)?,
            name: Pattern::anchored(&self.name)?,
            namespace: Pattern::anchored(&self.namespace)?,
            labels: self.label_selector.clone(),
            annotations: self.annotation_selector.clone(),
        })
    }
}

/// Prints as `%q` of the original would before quoting.
impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = if self.name.is_empty() { "[noName]" } else { &self.name };
        let namespace = if self.namespace.is_empty() { "[noNs]" } else { &self.namespace };
        write!(f, "{}/{name}.{namespace}", self.gvk)?;
        write!(f, ":a={}:l={}", self.annotation_selector, self.label_selector)
    }
}

/// A selector whose expressions are compiled.
#[derive(Debug)]
pub(crate) struct SelectorPatterns {
    group: Option<Pattern>,
    version: Option<Pattern>,
    kind: Option<Pattern>,
    name: Option<Pattern>,
    namespace: Option<Pattern>,
    labels: String,
    annotations: String,
}

fn fits(pattern: Option<&Pattern>, text: &str) -> bool {
    pattern.is_none_or(|pattern| pattern.is_match(text))
}

impl SelectorPatterns {
    pub(crate) fn fits_kind(&self, gvk: GvkRef<'_>) -> bool {
        fits(self.group.as_ref(), gvk.group)
            && fits(self.version.as_ref(), gvk.version)
            && fits(self.kind.as_ref(), gvk.kind)
    }

    pub(crate) fn fits_name(&self, name: &str) -> bool {
        fits(self.name.as_ref(), name)
    }

    pub(crate) fn fits_namespace(&self, namespace: &str) -> bool {
        fits(self.namespace.as_ref(), namespace)
    }

    pub(crate) fn fits_labels(&self, resource: &Resource) -> Result<bool> {
        Ok(self.labels.is_empty() || matches(&self.labels, &resource.labels())?)
    }

    pub(crate) fn fits_annotations(&self, resource: &Resource) -> Result<bool> {
        Ok(self.annotations.is_empty() || matches(&self.annotations, &resource.annotations())?)
    }

    pub(crate) fn selects_resource(&self, resource: &Resource) -> Result<bool> {
        let (original, current) = (resource.original_id(), resource.id());
        let has_id = (self.fits_namespace(original.effective_namespace())
            || self.fits_namespace(current.effective_namespace()))
            && (self.fits_name(original.name) || self.fits_name(current.name))
            && self.fits_kind(current.gvk);
        Ok(has_id && self.fits_labels(resource)? && self.fits_annotations(resource)?)
    }
}

/// Reports whether labels meet the requirements of a Kubernetes label selector.
///
/// # Errors
/// The selector is malformed.
fn matches(selector: &str, labels: &BTreeMap<String, String>) -> Result<bool> {
    let selector = LabelSelector::parse(selector);
    let selector = selector.map_err(|error| BuildError::new(error.to_string()))?;
    Ok(selector.matches(|key| labels.get(key).map(String::as_str)))
}
