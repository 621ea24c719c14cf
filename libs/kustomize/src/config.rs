//! Which fields the transformers change.

use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use serde_json::Value;

use crate::error::{BuildError, Result};
use crate::field::{self, FieldSpec};
use crate::id::Gvk;
use crate::kustomization::{shapes, unmarshal, yaml_to_json};
use crate::load::Loader;
use crate::shape::Unknown;

/// The order of kinds in which fields are looked at.
const FIRST_KINDS: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
const LAST_KINDS: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// The kinds that come first and last in the output unless somebody says otherwise.
pub(crate) fn default_order() -> (Vec<String>, Vec<String>) {
    (FIRST_KINDS.map(str::to_owned).to_vec(), LAST_KINDS.map(str::to_owned).to_vec())
}

/// Fields that hold the names of objects of one kind.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct NameReference {
    /// The kind whose names they hold.
    #[serde(flatten)]
    pub(crate) gvk: Gvk,
    /// The fields.
    pub(crate) field_specs: Vec<FieldSpec>,
}

/// Which fields the transformers change.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Config {
    pub(crate) name_prefix: Vec<FieldSpec>,
    pub(crate) name_suffix: Vec<FieldSpec>,
    pub(crate) namespace: Vec<FieldSpec>,
    pub(crate) common_labels: Vec<FieldSpec>,
    pub(crate) labels: Vec<FieldSpec>,
    pub(crate) template_labels: Vec<FieldSpec>,
    pub(crate) common_annotations: Vec<FieldSpec>,
    pub(crate) name_reference: Vec<NameReference>,
    pub(crate) var_reference: Vec<FieldSpec>,
    pub(crate) images: Vec<FieldSpec>,
    pub(crate) replicas: Vec<FieldSpec>,
}

static DEFAULT: LazyLock<Arc<Config>> = LazyLock::new(|| {
    let text = include_str!("../data/field-specs.json");
    let mut all: Config = serde_json::from_str(text).unwrap_or_default();
    all.sort();
    // Merging drops what is said twice; the data does not contradict itself.
    let mut config = Config::default();
    if config.merge(&all).is_err() { Arc::new(all) } else { Arc::new(config) }
});

impl Config {
    /// The built-in configuration.
    pub(crate) fn built_in() -> Arc<Self> {
        Arc::clone(&DEFAULT)
    }

    /// Returns the built-in configuration, completed by files.
    pub(crate) fn load(loader: &Loader<'_>, files: &[String]) -> Result<Self> {
        let mut more = Self::default();
        for file in files {
            let text = loader.load(file)?;
            let mut config: Self = unmarshal(&text, &shapes::TRANSFORMER_CONFIG, Unknown::Refuse)?;
            config.sort();
            more.merge(&config)?;
        }
        let mut config = Self::clone(&DEFAULT);
        if !files.is_empty() {
            config.merge(&more)?;
        }
        Ok(config)
    }

    /// Adds what another configuration says.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<()> {
        if *self == *other || *other == Self::default() {
            self.sort();
            return Ok(());
        }
        let lists = [
            ("NamePrefix", &mut self.name_prefix, &other.name_prefix),
            ("NameSuffix", &mut self.name_suffix, &other.name_suffix),
            ("NameSpace", &mut self.namespace, &other.namespace),
            ("CommonAnnotations", &mut self.common_annotations, &other.common_annotations),
            ("CommonLabels", &mut self.common_labels, &other.common_labels),
            ("Labels", &mut self.labels, &other.labels),
            ("TemplateLabels", &mut self.template_labels, &other.template_labels),
            ("VarReference", &mut self.var_reference, &other.var_reference),
            ("Images", &mut self.images, &other.images),
            ("Replicas", &mut self.replicas, &other.replicas),
        ];
        let at = |name: &str, error: BuildError| {
            error.context(format!("failed to merge {name} fieldSpec"))
        };
        for (name, own, more) in lists {
            field::merge_all(own, more).map_err(|error| at(name, error))?;
        }
        for reference in &other.name_reference {
            self.merge_reference(reference).map_err(|error| at("NameReference", error))?;
        }
        self.sort();
        Ok(())
    }

    fn merge_reference(&mut self, reference: &NameReference) -> Result<()> {
        match self.name_reference.iter_mut().find(|own| own.gvk == reference.gvk) {
            Some(own) => field::merge_all(&mut own.field_specs, &reference.field_specs),
            None => {
                self.name_reference.push(reference.clone());
                Ok(())
            }
        }
    }

    fn sort(&mut self) {
        let lists = [
            &mut self.name_prefix,
            &mut self.name_suffix,
            &mut self.namespace,
            &mut self.common_labels,
            &mut self.labels,
            &mut self.template_labels,
            &mut self.common_annotations,
            &mut self.var_reference,
            &mut self.images,
            &mut self.replicas,
        ];
        for list in lists {
            list.sort_by_cached_key(|spec| sort_key(&spec.gvk));
        }
        self.name_reference.sort_by_cached_key(|reference| sort_key(&reference.gvk));
    }

    /// Adds what files with OpenAPI definitions say about references.
    pub(crate) fn merge_crds(&mut self, loader: &Loader<'_>, files: &[String]) -> Result<()> {
        for file in files {
            let text = loader.load(file)?;
            let parsed = yaml_to_json(&text);
            let context = format!("unable to parse open API definition from '{file}'");
            let definitions = parsed.map_err(|error| error.context(context))?;
            let config = crd_config(&definitions)?;
            self.merge(&config)?;
        }
        Ok(())
    }
}

fn sort_key(gvk: &Gvk) -> (usize, String) {
    let first = FIRST_KINDS.iter().position(|kind| *kind == gvk.kind);
    let last = LAST_KINDS.iter().position(|kind| *kind == gvk.kind);
    let middle = FIRST_KINDS.len();
    let rank = first.or(last.map(|at| middle + 1 + at)).unwrap_or(middle);
    (rank, gvk.as_ref().sort_key())
}

/// Reads a map of names to definitions.
fn crd_config(definitions: &Value) -> Result<Config> {
    let mut config = Config::default();
    for (name, definition) in definitions.as_object().into_iter().flatten() {
        let properties = properties(definition);
        let is_type = ["kind", "apiVersion", "metadata"]
            .iter()
            .all(|field| properties.is_some_and(|properties| properties.get(*field).is_some()));
        if !is_type {
            continue;
        }
        let kind = name.rsplit('.').next().unwrap_or(name);
        let mut crd = Crd { definitions, kind, config: Config::default(), path: Vec::new() };
        crd.read(name)?;
        config.merge(&crd.config)?;
    }
    Ok(config)
}

fn properties(definition: &Value) -> Option<&Value> {
    definition.get("Schema").or_else(|| definition.get("schema"))?.get("properties")
}

struct Crd<'a> {
    definitions: &'a Value,
    kind: &'a str,
    config: Config,
    path: Vec<&'a str>,
}

impl<'a> Crd<'a> {
    fn spec(&self, more: &[&str]) -> FieldSpec {
        let path: Vec<&str> = self.path.iter().chain(more).copied().collect();
        let gvk = Gvk { kind: self.kind.to_owned(), ..Gvk::default() };
        FieldSpec { gvk, path: path.join("/"), create: false }
    }

    fn read(&mut self, name: &str) -> Result<()> {
        // A definition that contains itself has no end.
        if self.path.len() > 64 {
            return Ok(());
        }
        let definitions = self.definitions;
        let properties = definitions.get(name).and_then(properties).and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let text = |key| property.get(key).and_then(Value::as_str);
            self.path.push(name);
            if text("x-kubernetes-annotation").is_some() {
                let spec = self.spec(&[]);
                field::merge_one(&mut self.config.common_annotations, &spec)?;
            }
            if text("x-kubernetes-label-selector").is_some() {
                let spec = self.spec(&[]);
                field::merge_one(&mut self.config.common_labels, &spec)?;
            }
            if text("x-kubernetes-identity").is_some() {
                let spec = self.spec(&[]);
                field::merge_one(&mut self.config.name_prefix, &spec)?;
            }
            let version = text("x-kubernetes-object-ref-api-version");
            if let (Some(version), Some(kind)) = (version, text("x-kubernetes-object-ref-kind")) {
                let key = text("x-kubernetes-object-ref-name-key").unwrap_or("name");
                let gvk =
                    Gvk { kind: kind.to_owned(), version: version.to_owned(), ..Gvk::default() };
                let field_specs = vec![self.spec(&[key])];
                self.config.merge_reference(&NameReference { gvk, field_specs })?;
            }
            if let Some(target) = text("$ref") {
                self.read(target)?;
            }
            self.path.pop();
        }
        Ok(())
    }
}
