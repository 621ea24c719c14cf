//! The kustomization file.

pub(crate) mod shapes;
mod types;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{BuildError, Result, fail};
use crate::shape::{self, Reading, Record, Scalars, Unknown};

pub use types::{
    ConfigMapArgs, FieldOptions, FieldSelector, GeneratorOptions, Image, Kustomization, Label,
    LegacySortOptions, Metadata, Patch, PatchOptions, Replacement, Replica, SecretArgs,
    SortOptions, SourceSelector, TargetSelector, Variable, VariableTarget,
};

/// The names of a kustomization file, in the order in which they are looked for.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The kind of a kustomization that may not be named by more than `resources`.
pub(crate) const COMPONENT: &str = "Component";
const KIND: &str = "Kustomization";
const VERSION: &str = "kustomize.config.k8s.io/v1beta1";
const COMPONENT_VERSION: &str = "kustomize.config.k8s.io/v1alpha1";

const EDIT_FIX: &str = "Run 'kustomize edit fix' to update your Kustomization automatically.";

/// Reads a value into one of the structures of this crate.
pub(crate) fn typed<T: DeserializeOwned>(
    value: &Value,
    record: &'static Record,
    reading: Reading,
) -> Result<T> {
    let value = shape::read(value, record, reading).map_err(BuildError::new)?;
    serde_json::from_value(value).map_err(|error| BuildError::new(error.to_string()))
}

/// Reads a YAML text as sigs.k8s.io/yaml's `Unmarshal` does.
pub(crate) fn unmarshal<T: DeserializeOwned>(
    text: &[u8],
    record: &'static Record,
    unknown: Unknown,
) -> Result<T> {
    let value = yaml_value(text, unknown)?;
    let decoding = "error unmarshaling JSON: while decoding JSON";
    let reading = Reading { unknown, scalars: Scalars::AsText };
    typed(&value, record, reading).map_err(|error| error.context(decoding))
}

fn yaml_value(text: &[u8], unknown: Unknown) -> Result<Value> {
    let text = String::from_utf8_lossy(text);
    let value = match unknown {
        Unknown::Refuse => flux_yaml::from_str_strict(&text),
        Unknown::Ignore => flux_yaml::from_str(&text),
    };
    Ok(value?)
}

/// Turns a YAML text into JSON as sigs.k8s.io/yaml's `YAMLToJSON` does.
pub(crate) fn yaml_to_json(text: &[u8]) -> Result<Value> {
    let text = String::from_utf8_lossy(text);
    // The original wraps the error only when it unmarshals.
    flux_yaml::from_str(&text).map_err(|error| match error {
        flux_yaml::Error::Convert(inner) => BuildError::from(*inner),
        other => BuildError::from(other),
    })
}

impl Kustomization {
    /// Reads a kustomization file, every field of which has to be known.
    ///
    /// # Errors
    /// The text is no YAML, or a field is unknown or of another type.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let invalid = |error: BuildError| error.context("invalid Kustomization");
        let value = yaml_to_json(text).map_err(invalid)?;
        if value.is_null() {
            return Ok(Self::default());
        }
        let reading = Reading { unknown: Unknown::Refuse, scalars: Scalars::Typed };
        let mut file: Self = typed(&value, &shapes::KUSTOMIZATION, reading).map_err(invalid)?;
        let moved = ["bases", "imagetags", "helmchartinflationgenerator"];
        file.has_empty_fields = value.as_object().into_iter().flatten().any(|(key, value)| {
            let is_moved = moved.contains(&key.to_lowercase().as_str());
            (value.is_array() || value.is_object()) && !is_moved
        });
        Ok(file)
    }

    /// Reads a kustomization file as Flux does before it merges its own fields in: what is
    /// unknown is ignored.
    ///
    /// # Errors
    /// The text is no YAML, or a field is of another type.
    pub fn parse_lenient(text: &[u8]) -> Result<Self> {
        unmarshal(text, &shapes::KUSTOMIZATION, Unknown::Ignore)
    }

    /// Prints the file as the original writes it.
    pub fn to_yaml(&self) -> String {
        flux_yaml::to_string(&serde_json::to_value(self).unwrap_or_default())
    }

    /// Returns a warning for each deprecated field that is used.
    pub(crate) fn deprecations(&self) -> Vec<String> {
        let fields = [
            (self.bases.is_some(), "bases", "resources"),
            (self.common_labels.is_some(), "commonLabels", "labels"),
            (self.image_tags.is_some(), "imageTags", "images"),
            (self.patches_json6902.is_some(), "patchesJson6902", "patches"),
            (self.patches_strategic_merge.is_some(), "patchesStrategicMerge", "patches"),
        ];
        let used = fields.into_iter().filter(|(is_used, ..)| *is_used);
        let mut warnings: Vec<String> = used
            .map(|(_, old, new)| {
                format!("# Warning: '{old}' is deprecated. Please use '{new}' instead. {EDIT_FIX}")
            })
            .collect();
        if self.vars.is_some() {
            let fix = format!("[EXPERIMENTAL] {EDIT_FIX}");
            let old = "# Warning: 'vars' is deprecated. Please use 'replacements' instead.";
            warnings.push(format!("{old} {fix}"));
        }
        warnings
    }

    /// Fills in defaults and moves deprecated fields to where they belong.
    pub(crate) fn fix(&mut self) {
        if self.kind.is_empty() {
            KIND.clone_into(&mut self.kind);
        }
        if self.api_version.is_empty() {
            let version = if self.kind == COMPONENT { COMPONENT_VERSION } else { VERSION };
            version.clone_into(&mut self.api_version);
        }
        self.resources.extend(self.bases.take().into_iter().flatten());
        self.images.extend(self.image_tags.take().into_iter().flatten());
        for generator in &mut self.config_map_generator {
            generator.fix();
        }
        for generator in &mut self.secret_generator {
            generator.args.fix();
        }
        self.fix_helm();
    }

    /// Turns `helmChartInflationGenerator` into `helmCharts`.
    fn fix_helm(&mut self) {
        let mut globals = serde_json::Map::new();
        for old in std::mem::take(&mut self.helm_chart_inflation_generator) {
            let names = [
                ("chartName", "name"),
                ("chartVersion", "version"),
                ("chartRepoUrl", "repo"),
                ("values", "valuesFile"),
                ("valuesLocal", "valuesInline"),
                ("valuesMerge", "valuesMerge"),
                ("releaseName", "releaseName"),
            ];
            let field = |(from, to): (&str, &str)| Some((to.to_owned(), old.get(from)?.clone()));
            self.helm_charts.push(names.into_iter().filter_map(field).collect());
            for (from, to) in [("helmHome", "configHome"), ("chartHome", "chartHome")] {
                globals.extend(old.get(from).map(|home| (to.to_owned(), home.clone())));
            }
        }
        if self.helm_globals.is_none() && !globals.is_empty() {
            self.helm_globals = Some(globals);
        }
    }

    /// Refuses a file that says nothing, and other kinds and versions.
    pub(crate) fn check(&self, directory: &str) -> Result<()> {
        let empty = Self {
            kind: self.kind.clone(),
            api_version: self.api_version.clone(),
            ..Self::default()
        };
        if *self == empty && !self.has_empty_fields {
            return fail!("kustomization.yaml is empty");
        }
        let mut problems = Vec::new();
        if self.kind != KIND && self.kind != COMPONENT {
            problems.push("kind should be Kustomization or Component".to_owned());
        }
        let version = if self.kind == COMPONENT { COMPONENT_VERSION } else { VERSION };
        if self.api_version != version {
            problems.push(format!("apiVersion for {} should be {version}", self.kind));
        }
        if problems.is_empty() {
            return Ok(());
        }
        fail!("Failed to read kustomization file under {directory}:\n{}", problems.join("\n"))
    }

    /// Returns the generator's options, completed by the file's.
    pub(crate) fn options_for(&self, local: Option<&GeneratorOptions>) -> Option<GeneratorOptions> {
        let Some(global) = &self.generator_options else { return local.cloned() };
        let mut options = local.cloned().unwrap_or_default();
        let complete = |local: &mut Option<BTreeMap<String, String>>,
                        global: &Option<BTreeMap<_, _>>| {
            if let Some(global) = global {
                let mut all: BTreeMap<String, String> = global.clone();
                all.extend(local.take().unwrap_or_default());
                *local = Some(all);
            }
        };
        complete(&mut options.labels, &global.labels);
        complete(&mut options.annotations, &global.annotations);
        options.disable_name_suffix_hash |= global.disable_name_suffix_hash;
        options.immutable |= global.immutable;
        Some(options)
    }
}

impl ConfigMapArgs {
    /// Moves the deprecated `env` to `envs`.
    fn fix(&mut self) {
        self.envs.extend(self.env.take().filter(|env| !env.is_empty()));
    }
}
