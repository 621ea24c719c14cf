//! The structures that kustomization files and plugin configurations are read into.

use crate::shape::{Record, Shape};

const TEXT: Shape = Shape::Text("string");
const INT: Shape = Shape::Integer("int");
const TEXTS: Shape = Shape::List(&TEXT);
/// Texts of embedded structures.
const INNER: Shape = Shape::Embedded(&TEXT);
const INNER_TEXTS: Shape = Shape::Embedded(&TEXTS);
const INNER_OPTIONS: Shape = Shape::Embedded(&Shape::Record(&GENERATOR_OPTIONS));

macro_rules! record {
    ($(#[$doc:meta])* $id:ident = $package:literal $name:literal { $($field:literal: $shape:expr),* $(,)? }) => {
        $(#[$doc])*
        pub(crate) static $id: Record =
            Record { package: $package, name: $name, fields: &[$(($field, $shape)),*] };
    };
}

record!(METADATA = "types" "ObjectMeta" {
    "name": TEXT, "namespace": TEXT, "labels": Shape::TextMap, "annotations": Shape::TextMap,
});
record!(FIELD_SPEC = "types" "FieldSpec" {
    "group": INNER, "version": INNER, "kind": INNER, "path": TEXT, "create": Shape::Flag,
});
record!(LABEL = "types" "Label" {
    "pairs": Shape::TextMap, "includeSelectors": Shape::Flag, "includeTemplates": Shape::Flag,
    "fields": FIELD_SPECS,
});
record!(SELECTOR = "types" "Selector" {
    "group": INNER, "version": INNER, "kind": INNER, "name": INNER, "namespace": INNER,
    "annotationSelector": TEXT, "labelSelector": TEXT,
});
record!(PATCH_ARGS = "types" "PatchArgs" {
    "allowNameChange": Shape::Flag, "allowKindChange": Shape::Flag,
});
record!(PATCH = "types" "Patch" {
    "path": TEXT, "patch": TEXT, "target": Shape::Record(&SELECTOR),
    "options": Shape::Record(&PATCH_ARGS),
});
record!(IMAGE = "types" "Image" {
    "name": TEXT, "newName": TEXT, "tagSuffix": TEXT, "newTag": TEXT, "digest": TEXT,
});
record!(FIELD_OPTIONS = "types" "FieldOptions" {
    "delimiter": TEXT, "index": INT, "encoding": TEXT, "create": Shape::Flag,
});
record!(SOURCE_SELECTOR = "types" "SourceSelector" {
    "group": INNER, "version": INNER, "kind": INNER, "name": INNER, "namespace": INNER,
    "fieldPath": TEXT, "options": Shape::Record(&FIELD_OPTIONS),
});
record!(TARGET_SELECTOR = "types" "TargetSelector" {
    "select": Shape::Record(&SELECTOR), "reject": Shape::List(&Shape::Record(&SELECTOR)),
    "fieldPaths": TEXTS, "options": Shape::Record(&FIELD_OPTIONS),
});
record!(REPLACEMENT_FIELD = "types" "ReplacementField" {
    "source": Shape::Embedded(&Shape::Record(&SOURCE_SELECTOR)),
    "targets": Shape::Embedded(&Shape::List(&Shape::Record(&TARGET_SELECTOR))),
    "sourceValue": INNER, "path": TEXT,
});
record!(REPLACEMENT = "types" "Replacement" {
    "source": Shape::Record(&SOURCE_SELECTOR),
    "targets": Shape::List(&Shape::Record(&TARGET_SELECTOR)),
    "sourceValue": TEXT,
});
record!(REPLICA = "types" "Replica" { "name": TEXT, "count": Shape::Integer("int64") });
record!(VAR_TARGET = "types" "Target" {
    "apiVersion": TEXT, "group": INNER, "version": INNER, "kind": INNER, "name": TEXT, "namespace": TEXT,
});
record!(FIELD_SELECTOR = "types" "FieldSelector" { "fieldPath": TEXT });
record!(VAR = "types" "Var" {
    "name": TEXT, "objref": Shape::Record(&VAR_TARGET), "fieldref": Shape::Record(&FIELD_SELECTOR),
});
record!(LEGACY_SORT_OPTIONS = "types" "LegacySortOptions" {
    "orderFirst": TEXTS, "orderLast": TEXTS,
});
record!(SORT_OPTIONS = "types" "SortOptions" {
    "order": Shape::Text("types.SortOrder"),
    "legacySortOptions": Shape::Record(&LEGACY_SORT_OPTIONS),
});
record!(GENERATOR_OPTIONS = "types" "GeneratorOptions" {
    "labels": Shape::TextMap, "annotations": Shape::TextMap,
    "disableNameSuffixHash": Shape::Flag, "immutable": Shape::Flag,
});
record!(CONFIG_MAP_ARGS = "types" "ConfigMapArgs" {
    "namespace": INNER, "name": INNER, "behavior": INNER, "literals": INNER_TEXTS,
    "files": INNER_TEXTS, "envs": INNER_TEXTS, "env": INNER, "options": INNER_OPTIONS,
});
record!(SECRET_ARGS = "types" "SecretArgs" {
    "namespace": INNER, "name": INNER, "behavior": INNER, "literals": INNER_TEXTS,
    "files": INNER_TEXTS, "envs": INNER_TEXTS, "env": INNER, "options": INNER_OPTIONS, "type": TEXT,
});
record!(HELM_GLOBALS = "types" "HelmGlobals" { "chartHome": TEXT, "configHome": TEXT });
record!(HELM_CHART = "types" "HelmChart" {
    "name": TEXT, "version": TEXT, "repo": TEXT, "releaseName": TEXT, "namespace": TEXT,
    "additionalValuesFiles": TEXTS, "valuesFile": TEXT, "valuesInline": Shape::AnyMap,
    "valuesMerge": TEXT, "includeCRDs": Shape::Flag, "skipHooks": Shape::Flag,
    "apiVersions": TEXTS, "kubeVersion": TEXT, "nameTemplate": TEXT, "skipTests": Shape::Flag,
    "debug": Shape::Flag, "devel": Shape::Flag,
});
record!(HELM_CHART_ARGS = "types" "HelmChartArgs" {
    "chartName": TEXT, "chartVersion": TEXT, "chartRepoUrl": TEXT, "chartHome": TEXT,
    "chartRepoName": TEXT, "helmBin": TEXT, "helmHome": TEXT, "values": TEXT,
    "valuesLocal": Shape::AnyMap, "valuesMerge": TEXT, "releaseName": TEXT,
    "releaseNamespace": TEXT, "extraArgs": TEXTS,
});

const FIELD_SPECS: Shape = Shape::List(&Shape::Record(&FIELD_SPEC));
const PATCHES: Shape = Shape::List(&Shape::Record(&PATCH));
const IMAGES: Shape = Shape::List(&Shape::Record(&IMAGE));
const SM_PATCHES: Shape = Shape::List(&Shape::Text("types.PatchStrategicMerge"));

record!(
    /// The kustomization file.
    KUSTOMIZATION = "types" "Kustomization" {
        "kind": INNER, "apiVersion": INNER, "metadata": Shape::Record(&METADATA),
        "openapi": Shape::TextMap, "namePrefix": TEXT, "nameSuffix": TEXT, "namespace": TEXT,
        "commonLabels": Shape::TextMap, "labels": Shape::List(&Shape::Record(&LABEL)),
        "commonAnnotations": Shape::TextMap, "patchesStrategicMerge": SM_PATCHES,
        "patchesJson6902": PATCHES, "patches": PATCHES, "images": IMAGES, "imageTags": IMAGES,
        "replacements": Shape::List(&Shape::Record(&REPLACEMENT_FIELD)),
        "replicas": Shape::List(&Shape::Record(&REPLICA)),
        "vars": Shape::List(&Shape::Record(&VAR)), "sortOptions": Shape::Record(&SORT_OPTIONS),
        "resources": TEXTS, "components": TEXTS, "crds": TEXTS, "bases": TEXTS,
        "configMapGenerator": Shape::List(&Shape::Record(&CONFIG_MAP_ARGS)),
        "secretGenerator": Shape::List(&Shape::Record(&SECRET_ARGS)),
        "helmGlobals": Shape::Record(&HELM_GLOBALS),
        "helmCharts": Shape::List(&Shape::Record(&HELM_CHART)),
        "helmChartInflationGenerator": Shape::List(&Shape::Record(&HELM_CHART_ARGS)),
        "generatorOptions": Shape::Record(&GENERATOR_OPTIONS), "configurations": TEXTS,
        "generators": TEXTS, "transformers": TEXTS, "validators": TEXTS, "buildMetadata": TEXTS,
    }
);

record!(NAME_BACK_REFERENCES = "builtinconfig" "NameBackReferences" {
    "group": INNER, "version": INNER, "kind": INNER, "fieldSpecs": FIELD_SPECS,
});
record!(
    /// A file that `configurations` names.
    TRANSFORMER_CONFIG = "builtinconfig" "TransformerConfig" {
        "namePrefix": FIELD_SPECS, "nameSuffix": FIELD_SPECS, "namespace": FIELD_SPECS,
        "commonLabels": FIELD_SPECS, "labels": FIELD_SPECS, "templateLabels": FIELD_SPECS,
        "commonAnnotations": FIELD_SPECS,
        "nameReference": Shape::List(&Shape::Record(&NAME_BACK_REFERENCES)),
        "varReference": FIELD_SPECS, "images": FIELD_SPECS, "replicas": FIELD_SPECS,
    }
);

record!(NAMESPACE_TRANSFORMER = "builtins" "NamespaceTransformerPlugin" {
    "metadata": Shape::Record(&METADATA), "fieldSpecs": FIELD_SPECS, "unsetOnly": Shape::Flag,
    "setRoleBindingSubjects": Shape::Text("namespace.RoleBindingSubjectMode"),
});
record!(PREFIX_TRANSFORMER = "builtins" "PrefixTransformerPlugin" {
    "prefix": TEXT, "fieldSpecs": FIELD_SPECS,
});
record!(SUFFIX_TRANSFORMER = "builtins" "SuffixTransformerPlugin" {
    "suffix": TEXT, "fieldSpecs": FIELD_SPECS,
});
record!(LABEL_TRANSFORMER = "builtins" "LabelTransformerPlugin" {
    "labels": Shape::TextMap, "fieldSpecs": FIELD_SPECS,
});
record!(ANNOTATIONS_TRANSFORMER = "builtins" "AnnotationsTransformerPlugin" {
    "annotations": Shape::TextMap, "fieldSpecs": FIELD_SPECS,
});
record!(IMAGE_TAG_TRANSFORMER = "builtins" "ImageTagTransformerPlugin" {
    "imageTag": Shape::Record(&IMAGE), "fieldSpecs": FIELD_SPECS,
});
record!(REPLICA_COUNT_TRANSFORMER = "builtins" "ReplicaCountTransformerPlugin" {
    "replica": Shape::Record(&REPLICA), "fieldSpecs": FIELD_SPECS,
});
record!(REPLACEMENT_TRANSFORMER = "builtins" "ReplacementTransformerPlugin" {
    "replacements": Shape::List(&Shape::Record(&REPLACEMENT_FIELD)),
});
record!(PATCH_TRANSFORMER = "builtins" "PatchTransformerPlugin" {
    "path": TEXT, "patch": TEXT, "target": Shape::Record(&SELECTOR),
    "options": Shape::Record(&PATCH_ARGS),
});
record!(PATCH_STRATEGIC_MERGE_TRANSFORMER = "builtins" "PatchStrategicMergeTransformerPlugin" {
    "paths": SM_PATCHES, "patches": TEXT,
});
record!(PATCH_JSON_6902_TRANSFORMER = "builtins" "PatchJson6902TransformerPlugin" {
    "target": Shape::Record(&SELECTOR), "path": TEXT, "jsonOp": TEXT,
});
record!(VALUE_ADD_TARGET = "builtins" "Target" {
    "selector": Shape::Record(&SELECTOR), "fieldPath": TEXT, "filePathPosition": INT,
});
record!(VALUE_ADD_TRANSFORMER = "builtins" "ValueAddTransformerPlugin" {
    "value": TEXT, "targets": Shape::List(&Shape::Record(&VALUE_ADD_TARGET)),
    "targetFilePath": TEXT,
});
record!(CONFIG_MAP_GENERATOR = "builtins" "ConfigMapGeneratorPlugin" {
    "metadata": Shape::Record(&METADATA),
    "namespace": INNER, "name": INNER, "behavior": INNER, "literals": INNER_TEXTS,
    "files": INNER_TEXTS, "envs": INNER_TEXTS, "env": INNER, "options": INNER_OPTIONS,
});
record!(SECRET_GENERATOR = "builtins" "SecretGeneratorPlugin" {
    "metadata": Shape::Record(&METADATA),
    "namespace": INNER, "name": INNER, "behavior": INNER, "literals": INNER_TEXTS,
    "files": INNER_TEXTS, "envs": INNER_TEXTS, "env": INNER, "options": INNER_OPTIONS, "type": INNER,
});
record!(IAM_KUBERNETES_SERVICE = "types" "KubernetesService" { "name": TEXT, "namespace": TEXT });
record!(IAM_SERVICE_ACCOUNT = "types" "ServiceAccount" { "name": TEXT, "projectId": TEXT });
record!(IAM_POLICY_GENERATOR = "builtins" "IAMPolicyGeneratorPlugin" {
    "cloud": Shape::Embedded(&Shape::Text("types.Cloud")),
    "kubernetesService": Shape::Embedded(&Shape::Record(&IAM_KUBERNETES_SERVICE)),
    "serviceAccount": Shape::Embedded(&Shape::Record(&IAM_SERVICE_ACCOUNT)),
});
