//! `.Capabilities` and `.Chart` as templates see them.

use std::any::Any;
use std::collections::BTreeMap;
use std::rc::Rc;

use flux_gotemplate::{CallError, Element, Executor, Map, Object, Value};
use serde_json::{Value as Json, json};

use crate::capabilities::KUBE_CLIENT_VERSION;
use crate::{Capabilities, Dependency, KubeVersion, Metadata};

/// The type that `.Values` has.
pub(crate) const VALUES: &str = "common.Values";
/// The Go that the original is built with.
const GO_VERSION: &str = "go1.26.5";

/// A struct with few methods.
#[derive(Debug)]
struct Record {
    type_name: &'static str,
    kind: &'static str,
    fields: Vec<(&'static str, Value)>,
    /// Methods without arguments, and what they return.
    methods: Vec<(&'static str, String)>,
    text: String,
    formatted: String,
    json: Json,
}

impl Object for Record {
    fn type_name(&self) -> String {
        self.type_name.to_owned()
    }

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn field(&self, name: &str) -> Option<Value> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.clone())
    }

    fn call(
        &self,
        _: &mut Executor<'_>,
        method: &str,
        _: &[Value],
    ) -> Option<Result<Value, CallError>> {
        let found = self.methods.iter().find(|(name, _)| *name == method);
        found.map(|(_, text)| Ok(text.as_str().into()))
    }

    fn text(&self) -> String {
        self.text.clone()
    }

    fn formatted(&self) -> String {
        self.formatted.clone()
    }

    fn json(&self) -> Json {
        self.json.clone()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `.Capabilities.APIVersions`.
#[derive(Debug)]
struct VersionSet(Vec<String>);

impl Object for VersionSet {
    fn type_name(&self) -> String {
        "common.VersionSet".to_owned()
    }

    fn kind(&self) -> &'static str {
        "slice"
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn call(
        &self,
        _: &mut Executor<'_>,
        method: &str,
        arguments: &[Value],
    ) -> Option<Result<Value, CallError>> {
        (method == "Has").then(|| match arguments {
            [Value::Str(version)] => Ok(self.0.iter().any(|known| **known == **version).into()),
            [other] => Err(CallError::new(format!(
                "wrong type for value; expected string; got {}",
                other.type_name()
            ))),
            _ => Err(CallError::new(format!(
                "wrong number of args for Has: want 1 got {}",
                arguments.len()
            ))),
        })
    }

    fn text(&self) -> String {
        format!("[{}]", self.0.join(" "))
    }

    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        let indexed = (0_i64..).zip(&self.0);
        Some(indexed.map(|(index, text)| (Value::Int(index), text.as_str().into())).collect())
    }

    fn json(&self) -> Json {
        self.0.iter().map(String::as_str).collect()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn record(record: Record) -> Value {
    Value::Object(Rc::new(record))
}

fn kube_version(version: &KubeVersion) -> (Value, String) {
    let KubeVersion { version: full, normalized, major, minor } = version;
    let formatted = format!("{{{full} {normalized} {major} {minor}}}");
    let string = version.for_constraints().to_owned();
    let value = record(Record {
        type_name: "common.KubeVersion",
        kind: "struct",
        fields: vec![
            ("Version", full.as_str().into()),
            ("Major", major.as_str().into()),
            ("Minor", minor.as_str().into()),
        ],
        methods: vec![("String", string.clone()), ("GitVersion", full.clone())],
        text: string,
        formatted: formatted.clone(),
        json: json!({"Version": full, "Major": major, "Minor": minor}),
    });
    (value, formatted)
}

/// Makes `.Capabilities`.
pub(crate) fn capabilities(capabilities: &Capabilities) -> Value {
    let (version, version_text) = kube_version(&capabilities.kube_version);
    let helm = capabilities.helm_version.as_str();
    let helm_text = format!("{{{helm}   {GO_VERSION} {KUBE_CLIENT_VERSION}}}");
    let helm_version = record(Record {
        type_name: "version.BuildInfo",
        kind: "struct",
        fields: vec![
            ("Version", helm.into()),
            ("GitCommit", "".into()),
            ("GitTreeState", "".into()),
            ("GoVersion", GO_VERSION.into()),
            ("KubeClientVersion", KUBE_CLIENT_VERSION.into()),
        ],
        methods: Vec::new(),
        text: helm_text.clone(),
        formatted: helm_text.clone(),
        json: json!({
            "version": helm,
            "go_version": GO_VERSION,
            "kube_client_version": KUBE_CLIENT_VERSION,
        }),
    });
    let versions = VersionSet(capabilities.api_versions.clone());
    let text = format!("&{{{version_text} {} {helm_text}}}", versions.text());
    record(Record {
        type_name: "*common.Capabilities",
        kind: "ptr",
        fields: vec![
            ("KubeVersion", version),
            ("APIVersions", Value::Object(Rc::new(versions))),
            ("HelmVersion", helm_version),
        ],
        methods: Vec::new(),
        text: text.clone(),
        formatted: text,
        json: json!({"APIVersions": capabilities.api_versions}),
    })
}

fn map(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn texts(texts: &[String]) -> Value {
    Value::list(texts.iter().map(|text| text.as_str().into()).collect())
}

fn dependency(dependency: &Dependency) -> Value {
    let imports = dependency.import_values.iter().map(Value::from).collect();
    map([
        ("Name", dependency.name.as_str().into()),
        ("Version", dependency.version.as_str().into()),
        ("Repository", dependency.repository.as_str().into()),
        ("Condition", dependency.condition.as_str().into()),
        ("Tags", texts(&dependency.tags)),
        ("Enabled", dependency.enabled.into()),
        ("ImportValues", Value::list(imports)),
        ("Alias", dependency.alias.as_str().into()),
    ])
}

/// Makes `.Chart`.
pub(crate) fn chart_metadata(metadata: &Metadata, is_root: bool) -> Value {
    let annotations: BTreeMap<String, Value> = metadata
        .annotations
        .iter()
        .map(|(key, value)| (key.clone(), value.as_str().into()))
        .collect();
    let annotations =
        Map { entries: Rc::new(std::cell::RefCell::new(annotations)), element: Element::Str };
    let maintainers = metadata.maintainers.iter().map(|maintainer| {
        map([
            ("Name", maintainer.name.as_str().into()),
            ("Email", maintainer.email.as_str().into()),
            ("URL", maintainer.url.as_str().into()),
        ])
    });
    map([
        ("Name", metadata.name.as_str().into()),
        ("Home", metadata.home.as_str().into()),
        ("Sources", texts(&metadata.sources)),
        ("Version", metadata.version.as_str().into()),
        ("Description", metadata.description.as_str().into()),
        ("Keywords", texts(&metadata.keywords)),
        ("Maintainers", Value::list(maintainers.collect())),
        ("Icon", metadata.icon.as_str().into()),
        ("APIVersion", metadata.api_version.as_str().into()),
        ("Condition", metadata.condition.as_str().into()),
        ("Tags", metadata.tags.as_str().into()),
        ("AppVersion", metadata.app_version.as_str().into()),
        ("Deprecated", metadata.deprecated.into()),
        ("Annotations", Value::Map(annotations)),
        ("KubeVersion", metadata.kube_version.as_str().into()),
        ("Dependencies", Value::list(metadata.dependencies.iter().map(dependency).collect())),
        ("Type", metadata.kind.as_str().into()),
        ("IsRoot", is_root.into()),
    ])
}
