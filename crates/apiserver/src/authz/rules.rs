//! One rule of a role: what it allows, what it covers, how it is printed.

use flux_manifest::LabelSelector;
use serde_json::{Map, Value};

use super::Attributes;

/// A policy rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rule {
    pub(crate) groups: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) names: Vec<String>,
    pub(crate) urls: Vec<String>,
    pub(crate) verbs: Vec<String>,
}

/// Returns the rules of all roles that an aggregating role selects, through further aggregating
/// ones too.
pub(super) fn aggregated(role: &Value, all: &[Value]) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut waiting = vec![role];
    let mut seen = vec![crate::meta::name(role)];
    while let Some(role) = waiting.pop() {
        let selectors = selectors(role);
        for one in all {
            let labels = one.pointer("/metadata/labels");
            let name = crate::meta::name(one);
            let chosen = selectors.iter().any(|selector| selector.matches_map(labels));
            if !chosen || seen.contains(&name) {
                continue;
            }
            seen.push(name);
            match one.get("aggregationRule") {
                Some(_) => waiting.push(one),
                None => rules.extend(Rule::list(one)),
            }
        }
    }
    rules.sort();
    rules.dedup();
    rules
}

fn selectors(role: &Value) -> Vec<LabelSelector> {
    let selectors = role.pointer("/aggregationRule/clusterRoleSelectors").and_then(Value::as_array);
    let selectors = selectors.into_iter().flatten();
    selectors.filter_map(|selector| LabelSelector::from_value(selector).ok()).collect()
}

impl Rule {
    /// Reads the rules of a role.
    pub(crate) fn list(role: &Value) -> Vec<Self> {
        let rules = role.get("rules").and_then(Value::as_array);
        rules.into_iter().flatten().map(Self::read).collect()
    }

    fn read(value: &Value) -> Self {
        let texts = |key: &str| {
            let list = value.get(key).and_then(Value::as_array);
            let list = list.into_iter().flatten().filter_map(Value::as_str);
            list.map(str::to_owned).collect()
        };
        Self {
            groups: texts("apiGroups"),
            resources: texts("resources"),
            names: texts("resourceNames"),
            urls: texts("nonResourceURLs"),
            verbs: texts("verbs"),
        }
    }

    /// Returns the rule as reviews print it.
    pub(crate) fn to_value(&self) -> Value {
        let mut out = Map::new();
        for (key, list) in [
            ("verbs", &self.verbs),
            ("apiGroups", &self.groups),
            ("resources", &self.resources),
            ("resourceNames", &self.names),
            ("nonResourceURLs", &self.urls),
        ] {
            if !list.is_empty() {
                out.insert(key.into(), list.clone().into());
            }
        }
        Value::Object(out)
    }

    /// Tells whether the rule allows a request.
    pub(crate) fn allows(&self, wanted: &Attributes) -> bool {
        if !has(&self.verbs, &wanted.verb) {
            return false;
        }
        match &wanted.path {
            Some(path) => self.urls.iter().any(|url| url_covers(url, path)),
            None => {
                has(&self.groups, &wanted.group)
                    && self.has_resource(wanted)
                    && (self.names.is_empty() || self.names.contains(&wanted.name))
            }
        }
    }

    fn has_resource(&self, wanted: &Attributes) -> bool {
        let full = wanted.full_resource();
        self.resources.iter().any(|one| {
            one == "*" || *one == full || !wanted.subresource.is_empty() && is_any(one, &full)
        })
    }

    /// Splits the rule into rules of one verb, one group, one resource, one name.
    pub(crate) fn break_down(&self) -> Vec<Self> {
        let mut parts = Vec::new();
        let names: Vec<Vec<String>> = match self.names.is_empty() {
            true => vec![Vec::new()],
            false => self.names.iter().map(|name| vec![name.clone()]).collect(),
        };
        for group in &self.groups {
            for resource in &self.resources {
                for verb in &self.verbs {
                    for names in &names {
                        parts.push(Self {
                            groups: vec![group.clone()],
                            resources: vec![resource.clone()],
                            verbs: vec![verb.clone()],
                            names: names.clone(),
                            urls: Vec::new(),
                        });
                    }
                }
            }
        }
        for url in &self.urls {
            for verb in &self.verbs {
                parts.push(Self {
                    urls: vec![url.clone()],
                    verbs: vec![verb.clone()],
                    ..Self::default()
                });
            }
        }
        parts
    }

    /// Tells whether everything that `part`, a result of [`Rule::break_down`], allows is allowed.
    pub(crate) fn covers(&self, part: &Self) -> bool {
        let all = |own: &[String], wanted: &[String]| wanted.iter().all(|one| has(own, one));
        if !all(&self.verbs, &part.verbs) {
            return false;
        }
        if !part.urls.is_empty() {
            return part.urls.iter().all(|url| self.urls.iter().any(|own| url_covers(own, url)));
        }
        let resource = |one: &String| {
            self.resources.iter().any(|own| own == "*" || own == one || is_any(own, one))
        };
        let names = self.names.is_empty()
            || !part.names.is_empty() && part.names.iter().all(|name| self.names.contains(name));
        all(&self.groups, &part.groups) && part.resources.iter().all(resource) && names
    }

    /// Returns the rule in one line, as refusals print it.
    pub(crate) fn to_text(&self) -> String {
        let fields = [
            ("APIGroups", &self.groups),
            ("Resources", &self.resources),
            ("ResourceNames", &self.names),
            ("NonResourceURLs", &self.urls),
            ("Verbs", &self.verbs),
        ];
        let parts: Vec<String> = fields
            .iter()
            .filter(|(_, list)| !list.is_empty())
            .map(|(name, list)| {
                let list: Vec<String> =
                    list.iter().map(|one| Value::from(one.as_str()).to_string()).collect();
                format!("{name}:[{}]", list.join(" "))
            })
            .collect();
        format!("{{{}}}", parts.join(", "))
    }
}

/// Joins rules that differ in nothing but their verbs.
pub(super) fn compact(rules: Vec<Rule>) -> Vec<Rule> {
    let mut out: Vec<Rule> = Vec::new();
    for rule in rules {
        let same = |one: &&mut Rule| {
            one.groups == rule.groups
                && one.resources == rule.resources
                && one.names == rule.names
                && one.urls.is_empty()
                && rule.urls.is_empty()
        };
        match out.iter_mut().find(same) {
            Some(one) => {
                for verb in rule.verbs {
                    if !one.verbs.contains(&verb) {
                        one.verbs.push(verb);
                    }
                }
            }
            None => out.push(rule),
        }
    }
    out
}

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|one| one == "*" || one == wanted)
}

/// Tells whether `*/scale` names `deployments/scale`.
fn is_any(own: &str, full: &str) -> bool {
    let sub = own.strip_prefix("*/").filter(|sub| !sub.is_empty());
    sub.is_some_and(|sub| full.split_once('/').is_some_and(|(_, wanted)| wanted == sub))
}

fn url_covers(own: &str, wanted: &str) -> bool {
    own == "*"
        || own == wanted
        || own.strip_suffix('*').is_some_and(|start| wanted.starts_with(start))
}
