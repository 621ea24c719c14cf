//! Which requests a policy, a binding or a webhook is about.

use std::sync::Arc;

use flux_manifest::LabelSelector;
use serde_json::Value;

use super::Attributes;
use crate::meta;
use crate::registry::{ResourceInfo, View};

/// What a request is matched against: `matchConstraints`, `matchResources`, or a webhook.
pub(super) struct Matching<'a> {
    pub(super) value: &'a Value,
    /// The field of the rules.
    pub(super) rules: &'static str,
    /// What no rules mean.
    pub(super) without_rules: bool,
}

impl Matching<'_> {
    /// Returns the resource by which the request is matched: that of the path, or one that shows
    /// the same objects in another version.
    pub(super) fn find(&self, of: &Attributes<'_>) -> Option<Arc<ResourceInfo>> {
        if !self.selects_namespace(of) || !self.selects_object(of) {
            return None;
        }
        let own = of.scope.info;
        let resources = of.scope.core.registry.resources();
        let own_info = resources.get(&own.group, &own.version, &own.plural)?;
        let equivalent = meta::text(self.value, "/matchPolicy") != "Exact";
        let same = || {
            let others = resources.iter().filter(|info| {
                info.storage == own.storage
                    && (&info.group, &info.version) != (&own.group, &own.version)
            });
            std::iter::once(own_info).chain(others.filter(|_| equivalent))
        };
        let excluded = rules(self.value, "excludeResourceRules");
        if same().any(|info| excluded.iter().any(|rule| fits(rule, info, of))) {
            return None;
        }
        let wanted = rules(self.value, self.rules);
        if wanted.is_empty() {
            return self.without_rules.then(|| own_info.clone());
        }
        same().find(|info| wanted.iter().any(|rule| fits(rule, info, of))).cloned()
    }

    fn selects_namespace(&self, of: &Attributes<'_>) -> bool {
        let Some(selector) = selector(self.value, "namespaceSelector") else { return true };
        if of.is_namespace() {
            let labels = of.object.or(of.old).and_then(|object| object.pointer("/metadata/labels"));
            return selector.matches_map(labels);
        }
        if of.namespace().is_empty() {
            return true;
        }
        let namespace = View::new(&of.scope.core.store).get("", "namespaces", "", of.namespace());
        let labels = namespace.as_ref().and_then(|one| one.pointer("/metadata/labels"));
        selector.matches_map(labels)
    }

    fn selects_object(&self, of: &Attributes<'_>) -> bool {
        let Some(selector) = selector(self.value, "objectSelector") else { return true };
        let both = [of.object, of.old];
        both.into_iter()
            .flatten()
            .any(|object| selector.matches_map(object.pointer("/metadata/labels")))
    }
}

/// Returns a selector that leaves something out.
fn selector(value: &Value, key: &str) -> Option<LabelSelector> {
    let selector = LabelSelector::from_value(value.get(key)?).ok()?;
    (!selector.is_empty()).then_some(selector)
}

fn rules<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn has(rule: &Value, key: &str, wanted: &str) -> bool {
    rules(rule, key).iter().any(|one| one == "*" || one == wanted)
}

fn fits(rule: &Value, info: &ResourceInfo, of: &Attributes<'_>) -> bool {
    let scope = match meta::text(rule, "/scope") {
        "Namespaced" => info.is_namespaced(),
        // Namespaces count as being beside namespaces.
        "Cluster" => !info.is_namespaced(),
        _ => true,
    };
    let names = rules(rule, "resourceNames");
    scope
        && has(rule, "apiGroups", &info.group)
        && has(rule, "apiVersions", &info.version)
        && has(rule, "operations", of.operation.as_str())
        && rules(rule, "resources")
            .iter()
            .filter_map(Value::as_str)
            .any(|one| names_it(one, info, of))
        && (names.is_empty() || names.iter().any(|one| one == of.name()))
}

/// Tells whether `pods`, `pods/status`, `*`, `*/scale` or the like names what is written to.
fn names_it(text: &str, info: &ResourceInfo, of: &Attributes<'_>) -> bool {
    let (resource, sub) = text.split_once('/').unwrap_or((text, ""));
    (resource == "*" || resource == info.plural) && (sub == "*" || sub == of.subresource())
}
