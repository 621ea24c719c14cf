//! The fields of a kustomization file.

use std::collections::BTreeMap;
use std::ops::Not;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::field::FieldSpec;
use crate::id::Gvk;
use crate::selector::Selector;

/// Declares a structure whose fields are left out of the text where they are empty.
macro_rules! fields {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty = $skip:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        pub struct $name {
            $($(#[$field_meta])* #[serde(skip_serializing_if = $skip)] pub $field: $type,)*
        }
    };
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

fields!(
    /// The kustomization file, in the fields of the original.
    Kustomization {
        /// `Kustomization` or `Component`.
        kind: String = "String::is_empty",
        /// The version of the format.
        api_version: String = "String::is_empty",
        /// Read and ignored.
        metadata: Option<Metadata> = "Option::is_none",
        /// `path` or `version` of a schema.
        openapi: BTreeMap<String, String> = "BTreeMap::is_empty",
        /// Put in front of every name.
        name_prefix: String = "String::is_empty",
        /// Put behind every name.
        name_suffix: String = "String::is_empty",
        /// The namespace that everything gets.
        namespace: String = "String::is_empty",
        /// Deprecated: labels that selectors get too.
        common_labels: Option<BTreeMap<String, String>> = "is_none_or_empty",
        /// Labels.
        labels: Vec<Label> = "Vec::is_empty",
        /// Annotations.
        common_annotations: BTreeMap<String, String> = "BTreeMap::is_empty",
        /// Deprecated: paths or texts of strategic merges.
        patches_strategic_merge: Option<Vec<String>> = "is_no_list",
        /// Deprecated: JSON patches.
        patches_json6902: Option<Vec<Patch>> = "is_no_list",
        /// Patches of both kinds.
        patches: Vec<Patch> = "Vec::is_empty",
        /// New names, tags and digests of images.
        images: Vec<Image> = "Vec::is_empty",
        /// Deprecated: `images`.
        image_tags: Option<Vec<Image>> = "is_no_list",
        /// Values copied from one resource to others.
        replacements: Vec<Replacement> = "Vec::is_empty",
        /// Numbers of replicas.
        replicas: Vec<Replica> = "Vec::is_empty",
        /// Deprecated: variables.
        vars: Option<Vec<Variable>> = "is_no_list",
        /// The order of the output.
        sort_options: Option<SortOptions> = "Option::is_none",
        /// Files and directories.
        resources: Vec<String> = "Vec::is_empty",
        /// Directories that hold components.
        components: Vec<String> = "Vec::is_empty",
        /// Files with OpenAPI definitions.
        crds: Vec<String> = "Vec::is_empty",
        /// Deprecated: directories.
        bases: Option<Vec<String>> = "is_no_list",
        /// ConfigMaps to be made.
        config_map_generator: Vec<ConfigMapArgs> = "Vec::is_empty",
        /// Secrets to be made.
        secret_generator: Vec<SecretArgs> = "Vec::is_empty",
        /// Where charts and Helm's configuration are.
        helm_globals: Option<Map<String, Value>> = "Option::is_none",
        /// Charts to be rendered.
        helm_charts: Vec<Map<String, Value>> = "Vec::is_empty",
        /// Deprecated: `helmCharts`.
        helm_chart_inflation_generator: Vec<Map<String, Value>> = "Vec::is_empty",
        /// Options of all generators.
        generator_options: Option<GeneratorOptions> = "Option::is_none",
        /// Files that say which fields transformers change.
        configurations: Vec<String> = "Vec::is_empty",
        /// Generators, as files or texts.
        generators: Vec<String> = "Vec::is_empty",
        /// Transformers, as files or texts.
        transformers: Vec<String> = "Vec::is_empty",
        /// Validators, as files or texts.
        validators: Vec<String> = "Vec::is_empty",
        /// What the output says about how it was made.
        build_metadata: Vec<String> = "Vec::is_empty",
        /// Whether a field was there that holds nothing; such a file is not taken for an empty one.
        #[serde(skip_deserializing)]
        has_empty_fields: bool = "always",
    }
);

fn always<T>(_value: &T) -> bool {
    true
}

fn is_none_or_empty(map: &Option<BTreeMap<String, String>>) -> bool {
    map.as_ref().is_none_or(BTreeMap::is_empty)
}

fn is_no_list<T>(list: &Option<Vec<T>>) -> bool {
    list.as_ref().is_none_or(Vec::is_empty)
}

fields!(
    /// Metadata of the file itself, or of a plugin's configuration.
    Metadata {
        /// The name.
        name: String = "String::is_empty",
        /// The namespace.
        namespace: String = "String::is_empty",
        /// Labels.
        labels: BTreeMap<String, String> = "BTreeMap::is_empty",
        /// Annotations.
        annotations: BTreeMap<String, String> = "BTreeMap::is_empty",
    }
);

fields!(
    /// Labels to be set.
    Label {
        /// The labels.
        pairs: BTreeMap<String, String> = "BTreeMap::is_empty",
        /// Whether selectors get them too.
        include_selectors: bool = "Not::not",
        /// Whether templates get them too.
        include_templates: bool = "Not::not",
        /// Other fields that get them.
        fields: Vec<FieldSpec> = "Vec::is_empty",
    }
);

fields!(
    /// A patch and what it is for.
    Patch {
        /// A file.
        path: String = "String::is_empty",
        /// The text itself.
        patch: String = "String::is_empty",
        /// What is patched.
        target: Option<Selector> = "Option::is_none",
        /// What the patch may do.
        options: Option<PatchOptions> = "Option::is_none",
    }
);

fields!(
    /// What a patch may do.
    PatchOptions {
        /// Whether it may change names.
        allow_name_change: bool = "Not::not",
        /// Whether it may change kinds.
        allow_kind_change: bool = "Not::not",
    }
);

fields!(
    /// What becomes of an image.
    Image {
        /// The image, an expression.
        name: String = "String::is_empty",
        /// Its new name.
        new_name: String = "String::is_empty",
        /// What is appended to its tag.
        tag_suffix: String = "String::is_empty",
        /// Its new tag.
        new_tag: String = "String::is_empty",
        /// Its new digest.
        digest: String = "String::is_empty",
    }
);

fields!(
    /// A value copied from one resource to others.
    Replacement {
        /// Where the value comes from.
        source: Option<SourceSelector> = "Option::is_none",
        /// Where it goes.
        targets: Option<Vec<TargetSelector>> = "is_no_list",
        /// The value itself.
        source_value: Option<String> = "Option::is_none",
        /// A file that says all that.
        path: String = "String::is_empty",
    }
);

fields!(
    /// One field of one resource.
    SourceSelector {
        /// The kind.
        #[serde(flatten)]
        gvk: Gvk = "gvk_is_flat",
        /// The name.
        name: String = "String::is_empty",
        /// The namespace.
        namespace: String = "String::is_empty",
        /// The field; `metadata.name` if empty.
        field_path: String = "String::is_empty",
        /// Which part of the value.
        options: Option<FieldOptions> = "Option::is_none",
    }
);

fn gvk_is_flat(_gvk: &Gvk) -> bool {
    false
}

fields!(
    /// Fields of several resources.
    TargetSelector {
        /// Which resources.
        select: Option<Selector> = "Option::is_none",
        /// And which not.
        reject: Vec<Selector> = "Vec::is_empty",
        /// The fields; `metadata.name` if there is none.
        field_paths: Vec<String> = "Vec::is_empty",
        /// Which part of the fields.
        options: Option<FieldOptions> = "Option::is_none",
    }
);

fields!(
    /// Which part of a value is meant.
    FieldOptions {
        /// Separates the parts.
        delimiter: String = "String::is_empty",
        /// The part.
        index: i64 = "is_zero",
        /// Read and ignored.
        encoding: String = "String::is_empty",
        /// Whether missing fields are created.
        create: bool = "Not::not",
    }
);

fields!(
    /// A number of replicas.
    Replica {
        /// The name of the resource.
        name: String = "String::is_empty",
        /// The number.
        count: i64 = "never",
    }
);

fn never<T>(_value: &T) -> bool {
    false
}

fields!(
    /// A variable, replaced where `$(NAME)` stands.
    Variable {
        /// The name.
        name: String = "never",
        /// The resource that holds the value.
        objref: VariableTarget = "never",
        /// The field that holds it.
        fieldref: FieldSelector = "never",
    }
);

fields!(
    /// The resource that a variable refers to.
    VariableTarget {
        /// Group and version.
        api_version: String = "String::is_empty",
        /// The kind, and group and version unless `apiVersion` names them.
        #[serde(flatten)]
        gvk: Gvk = "gvk_is_flat",
        /// The name.
        name: String = "never",
        /// The namespace.
        namespace: String = "String::is_empty",
    }
);

fields!(
    /// The field that a variable refers to.
    FieldSelector {
        /// The field; `metadata.name` if empty.
        field_path: String = "String::is_empty",
    }
);

fields!(
    /// The order of the output.
    SortOptions {
        /// `fifo` or `legacy`.
        order: String = "String::is_empty",
        /// The kinds that come first and last.
        legacy_sort_options: Option<LegacySortOptions> = "Option::is_none",
    }
);

fields!(
    /// The kinds that come first and last.
    LegacySortOptions {
        /// Come first.
        order_first: Vec<String> = "Vec::is_empty",
        /// Come last.
        order_last: Vec<String> = "Vec::is_empty",
    }
);

fields!(
    /// Options of a generator.
    GeneratorOptions {
        /// Labels of what is made.
        labels: Option<BTreeMap<String, String>> = "is_none_or_empty",
        /// Annotations of what is made.
        annotations: Option<BTreeMap<String, String>> = "is_none_or_empty",
        /// Whether the name gets no hash.
        disable_name_suffix_hash: bool = "Not::not",
        /// Whether the object is immutable.
        immutable: bool = "Not::not",
    }
);

fields!(
    /// A ConfigMap to be made.
    ConfigMapArgs {
        /// The namespace.
        namespace: String = "String::is_empty",
        /// The name.
        name: String = "String::is_empty",
        /// `create`, `merge` or `replace`.
        behavior: String = "String::is_empty",
        /// `key=value`
        literals: Vec<String> = "Vec::is_empty",
        /// `path` or `key=path`
        files: Vec<String> = "Vec::is_empty",
        /// Files of `key=value` lines.
        envs: Vec<String> = "Vec::is_empty",
        /// Deprecated: one such file.
        env: Option<String> = "is_no_text",
        /// Options.
        options: Option<GeneratorOptions> = "Option::is_none",
        /// Metadata, in a file of its own only.
        metadata: Option<Metadata> = "Option::is_none",
    }
);

fn is_no_text(text: &Option<String>) -> bool {
    text.as_ref().is_none_or(String::is_empty)
}

fields!(
    /// A Secret to be made.
    SecretArgs {
        /// What it has in common with a ConfigMap.
        #[serde(flatten)]
        args: ConfigMapArgs = "never",
        /// The type; `Opaque` if empty.
        r#type: String = "String::is_empty",
    }
);

impl std::ops::Deref for SecretArgs {
    type Target = ConfigMapArgs;

    fn deref(&self) -> &ConfigMapArgs {
        &self.args
    }
}

impl std::ops::DerefMut for SecretArgs {
    fn deref_mut(&mut self) -> &mut ConfigMapArgs {
        &mut self.args
    }
}
