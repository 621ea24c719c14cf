//! Generators and transformers with configurations of their own.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{BuildError, Result, fail};
use crate::field::FieldSpec;
use crate::generate::{self, IamPolicyArgs};
use crate::gotext;
use crate::json_patch::{JsonPatch, TextError};
use crate::kustomization::{
    ConfigMapArgs, Image, Metadata, Patch, Replacement, Replica, SecretArgs, shapes, typed,
    unmarshal, yaml_to_json,
};
use crate::load::Loader;
use crate::read;
use crate::resource::Resource;
use crate::schema::Schemas;
use crate::selector::Selector;
use crate::shape::{Reading, Record, Scalars, Unknown};
use crate::transform::{
    Affix, Affixes, Annotations, Containers, Images, JsonPatches, Labels, Names, Namespace,
    PatchText, Replacements, Replicas, StrategicMerges, Subjects, Transformer, ValueAdd,
    ValueTarget,
};

/// What a plugin is configured with.
pub(crate) struct Plugins<'a> {
    pub(crate) loader: &'a Loader<'a>,
    pub(crate) schemas: &'a Schemas,
}

/// A plugin that was configured.
enum Plugin {
    Generator(Vec<Resource>),
    Transformer(Box<Transformer>),
}

const NO_HELM: &str = "must specify --enable-helm";

impl Plugins<'_> {
    /// Runs the generator that a resource configures.
    pub(crate) fn generate(&self, config: &Resource) -> Result<Vec<Resource>> {
        let failed = |error: BuildError| error.context("failed to load generator");
        match self.configure(config).map_err(failed)? {
            Plugin::Generator(resources) => Ok(resources),
            Plugin::Transformer(_) => {
                fail!("failed to load generator: plugin {} not a generator", config.original_id())
            }
        }
    }

    /// Makes the transformer that a resource configures.
    pub(crate) fn transformer(&self, config: &Resource) -> Result<Transformer> {
        match self.configure(config)? {
            Plugin::Transformer(transformer) => Ok(*transformer),
            Plugin::Generator(_) => fail!("plugin {} not a transformer", config.original_id()),
        }
    }

    fn configure(&self, resource: &Resource) -> Result<Plugin> {
        let gvk = resource.gvk();
        if !gvk.group.is_empty() || gvk.version != "builtin" {
            let kind = resource.original_id().gvk.kind;
            return fail!("external plugins disabled; unable to load external plugin '{kind}'");
        }
        let mut exposed = resource.clone();
        exposed.expose_traces()?;
        let id = resource.original_id();
        let marshalling =
            |error: BuildError| error.context(format!("marshalling yaml from res {id}"));
        let config = exposed.to_value().map_err(marshalling)?;
        let at = |error: BuildError| error.context(format!("plugin {id} fails configuration"));
        match self.built_in(gvk.kind, &config) {
            Some(plugin) => plugin.map_err(at),
            None => fail!("unable to load builtin {gvk}"),
        }
    }

    /// Configures a built-in plugin by its kind.
    fn built_in(&self, kind: &str, config: &Value) -> Option<Result<Plugin>> {
        let transformer = match kind {
            "NamespaceTransformer" => namespace(config),
            "PrefixTransformer" => {
                affix(config, Affix::Prefix).map(|names| vec![names]).map(affixes)
            }
            "SuffixTransformer" => {
                affix(config, Affix::Suffix).map(|names| vec![names]).map(affixes)
            }
            "PrefixSuffixTransformer" => affix(config, Affix::Prefix)
                .and_then(|prefix| Ok(affixes(vec![prefix, affix(config, Affix::Suffix)?]))),
            "LabelTransformer" => labels(config),
            "AnnotationsTransformer" => annotations(config),
            "ImageTagTransformer" => images(config, Containers::Anywhere),
            "ReplicaCountTransformer" => replicas(config),
            "ReplacementTransformer" => parsed(config, &shapes::REPLACEMENT_TRANSFORMER)
                .and_then(|config: ReplacementConfig| self.replacements(config.replacements)),
            "PatchTransformer" => parsed(config, &shapes::PATCH_TRANSFORMER)
                .and_then(|patch| self.patch(&patch, &flux_yaml::to_string(config))),
            "PatchStrategicMergeTransformer" => {
                parsed(config, &shapes::PATCH_STRATEGIC_MERGE_TRANSFORMER)
                    .and_then(|config| self.strategic_merges(&config))
            }
            "PatchJson6902Transformer" => parsed(config, &shapes::PATCH_JSON_6902_TRANSFORMER)
                .and_then(|config| self.json_patches(&config)),
            "ValueAddTransformer" => self.value_add(config),
            "HashTransformer" => Ok(Transformer::Hash),
            _ => return self.generator(kind, config).map(|made| made.map(Plugin::Generator)),
        };
        Some(transformer.map(|transformer| Plugin::Transformer(Box::new(transformer))))
    }

    fn generator(&self, kind: &str, config: &Value) -> Option<Result<Vec<Resource>>> {
        let named = |args: &mut ConfigMapArgs| {
            let Metadata { name, namespace, .. } = args.metadata.take().unwrap_or_default();
            if args.name.is_empty() {
                args.name = name;
            }
            if args.namespace.is_empty() {
                args.namespace = namespace;
            }
        };
        Some(match kind {
            "ConfigMapGenerator" => parsed(config, &shapes::CONFIG_MAP_GENERATOR)
                .and_then(|mut args: ConfigMapArgs| {
                    named(&mut args);
                    generate::config_map(self.loader, &args, args.options.as_ref())
                })
                .map(|made| vec![made]),
            "SecretGenerator" => parsed(config, &shapes::SECRET_GENERATOR)
                .and_then(|mut args: SecretArgs| {
                    named(&mut args);
                    generate::secret(self.loader, &args, args.options.as_ref())
                })
                .map(|made| vec![made]),
            "IAMPolicyGenerator" => parsed(config, &shapes::IAM_POLICY_GENERATOR)
                .and_then(|args: IamPolicyArgs| generate::iam_policy(&args, &self.schemas.scopes)),
            "HelmChartInflationGenerator" => fail!("{NO_HELM}"),
            _ => return None,
        })
    }

    /// Reads an entry of `patches`; `config` is how error texts show it.
    pub(crate) fn patch(&self, patch: &Patch, config: &str) -> Result<Transformer> {
        let text = patch.patch.trim();
        let (content, source) = match (text.is_empty(), patch.path.is_empty()) {
            (true, true) => return fail!("must specify one of patch and path in\n{config}"),
            (false, false) => {
                return fail!("patch and path can't be set at the same time\n{config}");
            }
            (false, true) => (text.as_bytes().into(), format!("[patch: {}]", gotext::quoted(text))),
            (true, false) => {
                let context = format!("failed to get the patch file from path({})", patch.path);
                let loaded = self.loader.load(&patch.path);
                let loaded = loaded.map_err(|error| error.context(context))?;
                (loaded, format!("[path: {}]", gotext::quoted(&patch.path)))
            }
        };
        Ok(Transformer::Patch(PatchText {
            content: PatchText::parse(&content, source.clone(), self.schemas)?,
            target: patch.target.clone(),
            options: patch.options.clone().unwrap_or_default(),
            source,
        }))
    }

    /// Reads strategic merges, each of which may be a text or a path.
    pub(crate) fn strategic_merges(&self, config: &StrategicMergeConfig) -> Result<Transformer> {
        if config.paths.is_empty() && config.patches.is_empty() {
            return fail!("empty file path and empty patch content");
        }
        let scopes = &self.schemas.scopes;
        let mut patches = Vec::new();
        for path in &config.paths {
            if let Ok(inline) = read::resources(path.as_bytes(), scopes) {
                patches.extend(inline);
                continue;
            }
            let text = self.loader.load(path)?;
            let loaded = read::resources(&text, scopes);
            patches.extend(loaded.map_err(|error| in_file(error, path))?);
        }
        patches.extend(read::resources(config.patches.as_bytes(), scopes)?);
        if patches.is_empty() {
            return fail!(
                "patch appears to be empty; files={}, Patch={}",
                gotext::list(&config.paths),
                config.patches
            );
        }
        Ok(Transformer::StrategicMerges(StrategicMerges { patches }))
    }

    /// Reads a JSON patch in the deprecated form.
    pub(crate) fn json_patches(&self, config: &JsonPatchConfig) -> Result<Transformer> {
        let Some(target) = config.target.as_ref().filter(|target| !target.name.is_empty()) else {
            return fail!("must specify the target name");
        };
        let text = match (config.path.is_empty(), config.json_op.is_empty()) {
            (true, true) => return fail!("empty file path and empty jsonOp"),
            (false, false) => return fail!("must specify a file path or jsonOp, not both"),
            (true, false) => config.json_op.clone(),
            (false, true) => {
                let text = self.loader.load(&config.path)?;
                if text.is_empty() {
                    return fail!("patch file '{}' empty seems to be empty", config.path);
                }
                String::from_utf8_lossy(&text).into_owned()
            }
        };
        let patch = JsonPatch::parse(&text).map_err(|error| match error {
            TextError::Yaml(error) => error,
            TextError::NoPatch(error, json) => error.context(format!("decoding {json}")),
        })?;
        if patch.is_empty() {
            let json = yaml_to_json(text.as_bytes()).map_or(text, |value| gotext::json(&value));
            return fail!("patch appears to be empty; file={}, JsonOp={json}", config.path);
        }
        Ok(Transformer::JsonPatches(JsonPatches { patch, target: target.clone() }))
    }

    /// Completes replacements by the files that they name.
    pub(crate) fn replacements(&self, replacements: Vec<Replacement>) -> Result<Transformer> {
        let mut complete = Vec::new();
        for replacement in replacements {
            let has_targets = replacement.targets.as_ref().is_some_and(|list| !list.is_empty());
            if replacement.path.is_empty() {
                complete.push(replacement);
                continue;
            }
            if replacement.source.is_some() || has_targets {
                return fail!("cannot specify both path and inline replacement");
            }
            let text = self.loader.load(&replacement.path)?;
            match yaml_to_json(&text)? {
                Value::Array(items) => {
                    for item in &items {
                        complete.push(parsed(item, &shapes::REPLACEMENT)?);
                    }
                }
                value @ Value::Object(_) => complete.push(parsed(&value, &shapes::REPLACEMENT)?),
                other => {
                    let kind = match other {
                        Value::Null => "invalid",
                        Value::Bool(_) => "bool",
                        Value::String(_) => "string",
                        _ => "float64",
                    };
                    return fail!(
                        "unsupported replacement type encountered within replacement path: {kind}"
                    );
                }
            }
        }
        Ok(Transformer::Replacements(Replacements(complete)))
    }

    fn value_add(&self, config: &Value) -> Result<Transformer> {
        let mut values: ValueAdd = parsed(config, &shapes::VALUE_ADD_TRANSFORMER)?;
        values.value = values.value.trim().to_owned();
        if values.value.is_empty() {
            let root = self.loader.root();
            values.value = root.rsplit('/').next().unwrap_or_default().to_owned();
        }
        if !values.target_file_path.is_empty() {
            let text = self.loader.load(&values.target_file_path)?;
            let more: ValueAdd = unmarshal(&text, &shapes::VALUE_ADD_TRANSFORMER, Unknown::Ignore)?;
            values.targets.extend(more.targets);
        }
        if values.targets.is_empty() {
            return fail!("must specify at least one target");
        }
        for target in &values.targets {
            if target.field_path.is_empty() {
                return fail!("fieldPath cannot be empty");
            }
            if target.file_path_position < 0 {
                let position = target.file_path_position;
                return fail!("value of FilePathPosition ({position}) cannot be negative");
            }
        }
        Ok(Transformer::ValueAdd(values))
    }
}

/// Says in an error which file it is about, as the original does.
pub(crate) fn in_file(error: BuildError, path: &str) -> BuildError {
    let text = error.text().to_owned();
    let is_conversion = ["error converting YAML to JSON", "error unmarshaling JSON"]
        .iter()
        .any(|part| text.contains(part));
    if is_conversion {
        error.reworded(format!("YAML file [{path}] encounters a format error.\n{text}\n"))
    } else if error.is_malformed_yaml() {
        error.reworded(format!("{text} in File: {path}"))
    } else {
        error
    }
}

fn parsed<T: DeserializeOwned>(config: &Value, record: &'static Record) -> Result<T> {
    let decoding = "error unmarshaling JSON: while decoding JSON";
    let reading = Reading { unknown: Unknown::Ignore, scalars: Scalars::AsText };
    typed(config, record, reading).map_err(|error| error.context(decoding))
}

fn affixes(names: Vec<Names>) -> Transformer {
    Transformer::Affixes(Affixes(names))
}

fn affix(config: &Value, affix: Affix) -> Result<Names> {
    let record = match affix {
        Affix::Prefix => &shapes::PREFIX_TRANSFORMER,
        Affix::Suffix => &shapes::SUFFIX_TRANSFORMER,
    };
    let config: AffixConfig = parsed(config, record)?;
    let Some(fields) = config.field_specs else {
        return fail!("fieldSpecs is not expected to be nil");
    };
    let text = match affix {
        Affix::Prefix => config.prefix,
        Affix::Suffix => config.suffix,
    };
    Ok(Names { affix, text, fields })
}

fn namespace(config: &Value) -> Result<Transformer> {
    let at = |error: BuildError| error.context("unmarshalling NamespaceTransformer config");
    let config: NamespaceConfig = parsed(config, &shapes::NAMESPACE_TRANSFORMER).map_err(at)?;
    Ok(Transformer::Namespace(Namespace {
        namespace: config.metadata.namespace,
        fields: config.field_specs,
        unset_only: config.unset_only,
        subjects: Subjects::parse(&config.set_role_binding_subjects)?,
    }))
}

/// Makes a namespace filter, whose namespace stands at the top of its configuration.
pub(crate) fn namespace_filter(config: &Value) -> Result<Namespace> {
    let text = config.get("namespace").and_then(Value::as_str).unwrap_or_default();
    let config: NamespaceConfig = parsed(config, &shapes::NAMESPACE_TRANSFORMER)?;
    Ok(Namespace {
        namespace: text.to_owned(),
        fields: config.field_specs,
        unset_only: config.unset_only,
        subjects: Subjects::parse(&config.set_role_binding_subjects)?,
    })
}

/// Makes a replacement filter.
pub(crate) fn replacement_filter(config: &Value) -> Result<Transformer> {
    let config: ReplacementConfig = parsed(config, &shapes::REPLACEMENT_TRANSFORMER)?;
    Ok(Transformer::Replacements(Replacements(config.replacements)))
}

/// Makes a filter that applies a JSON patch to everything.
pub(crate) fn json_patch_filter(config: &Value) -> Result<Transformer> {
    let text = config.get("patch").and_then(Value::as_str).unwrap_or_default();
    let patch = JsonPatch::parse(text).map_err(|error| match error {
        TextError::Yaml(error) | TextError::NoPatch(error, _) => error,
    })?;
    Ok(Transformer::JsonPatches(JsonPatches { patch, target: Selector::default() }))
}

/// Makes a filter that sets a value in everything.
pub(crate) fn value_filter(config: &Value) -> Result<Transformer> {
    let text = |key: &str| config.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let position = ["filePathPosition", "filepathposition"].iter().find_map(|key| config.get(*key));
    let target = ValueTarget {
        selector: None,
        field_path: text("fieldpath"),
        file_path_position: position.and_then(Value::as_i64).unwrap_or_default(),
    };
    let targets = vec![target];
    Ok(Transformer::ValueAdd(ValueAdd { value: text("value"), targets, ..ValueAdd::default() }))
}

/// Makes the ServiceAccount that the filter makes.
pub(crate) fn iam_policy(config: &Value, schemas: &Schemas) -> Result<Vec<Resource>> {
    let args: IamPolicyArgs = parsed(config, &shapes::IAM_POLICY_GENERATOR)?;
    generate::iam_policy(&args, &schemas.scopes)
}

pub(crate) fn labels(config: &Value) -> Result<Transformer> {
    let config: LabelConfig = parsed(config, &shapes::LABEL_TRANSFORMER)?;
    Ok(Transformer::Labels(Labels { labels: config.labels, fields: config.field_specs }))
}

pub(crate) fn annotations(config: &Value) -> Result<Transformer> {
    let config: LabelConfig = parsed(config, &shapes::ANNOTATIONS_TRANSFORMER)?;
    let (annotations, fields) = (config.annotations, config.field_specs);
    Ok(Transformer::Annotations(Annotations { annotations, fields }))
}

pub(crate) fn images(config: &Value, containers: Containers) -> Result<Transformer> {
    let config: ImageConfig = parsed(config, &shapes::IMAGE_TAG_TRANSFORMER)?;
    let (image, fields) = (config.image_tag, config.field_specs);
    Ok(Transformer::Images(Images { image, fields, containers }))
}

fn replicas(config: &Value) -> Result<Transformer> {
    let config: ReplicaConfig = parsed(config, &shapes::REPLICA_COUNT_TRANSFORMER)?;
    Ok(Transformer::Replicas(Replicas { replica: config.replica, fields: config.field_specs }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NamespaceConfig {
    metadata: Metadata,
    field_specs: Vec<FieldSpec>,
    unset_only: bool,
    set_role_binding_subjects: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AffixConfig {
    prefix: String,
    suffix: String,
    field_specs: Option<Vec<FieldSpec>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LabelConfig {
    labels: std::collections::BTreeMap<String, String>,
    annotations: std::collections::BTreeMap<String, String>,
    field_specs: Vec<FieldSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ImageConfig {
    image_tag: Image,
    field_specs: Vec<FieldSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ReplicaConfig {
    replica: Replica,
    field_specs: Vec<FieldSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReplacementConfig {
    replacements: Vec<Replacement>,
}

/// Strategic merges as a plugin is configured with them.
#[derive(Debug, Default, Deserialize, serde::Serialize)]
#[serde(default)]
pub(crate) struct StrategicMergeConfig {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) paths: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) patches: String,
}

/// A JSON patch as a plugin is configured with it.
#[derive(Debug, Default, Deserialize, serde::Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct JsonPatchConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<Selector>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) json_op: String,
}
