//! The numbers, names and types of the fields of the kinds that are read from protobuf.

use super::message::Form::{
    BytesMap, Count, Flag, Json, Many, MicroTime, Number, One, Text, TextMap, Texts, TextsMap, Time,
};
use super::message::{Field, Fields, Form};

/// Numbers of the fields around every object.
pub(super) const TYPE_META: u64 = 1;
pub(super) const RAW: u64 = 2;

/// What names the type of an object.
pub(super) const TYPE_META_FIELDS: Fields = &[f(1, "apiVersion", Text), f(2, "kind", Text)];

/// Returns the fields of a kind, if it is known.
pub(super) fn of_kind(api_version: &str, kind: &str) -> Option<Fields> {
    Some(match (api_version, kind) {
        (_, "DeleteOptions") => DELETE_OPTIONS,
        ("v1", "Namespace") => NAMESPACE,
        ("v1", "ConfigMap") => CONFIG_MAP,
        ("v1", "Secret") => SECRET,
        ("v1", "ServiceAccount") => SERVICE_ACCOUNT,
        ("v1", "Event") => EVENT,
        ("coordination.k8s.io/v1", "Lease") => LEASE,
        ("rbac.authorization.k8s.io/v1", "Role" | "ClusterRole") => ROLE,
        ("rbac.authorization.k8s.io/v1", "RoleBinding" | "ClusterRoleBinding") => BINDING,
        ("authentication.k8s.io/v1", "TokenRequest") => TOKEN_REQUEST,
        ("authentication.k8s.io/v1", "TokenReview") => TOKEN_REVIEW,
        ("authentication.k8s.io/v1", "SelfSubjectReview") => ONLY_METADATA,
        ("authorization.k8s.io/v1", "SelfSubjectAccessReview") => ACCESS_REVIEW,
        ("authorization.k8s.io/v1", "SubjectAccessReview" | "LocalSubjectAccessReview") => {
            ACCESS_REVIEW
        }
        ("authorization.k8s.io/v1", "SelfSubjectRulesReview") => RULES_REVIEW,
        _ => return super::workloads::of_kind(api_version, kind),
    })
}

pub(super) const fn f(number: u64, name: &'static str, form: Form) -> Field {
    Field { number, name, form }
}

pub(super) const OBJECT_META: Fields = &[
    f(1, "name", Text),
    f(2, "generateName", Text),
    f(3, "namespace", Text),
    f(4, "selfLink", Text),
    f(5, "uid", Text),
    f(6, "resourceVersion", Text),
    f(7, "generation", Count),
    f(8, "creationTimestamp", Time),
    f(9, "deletionTimestamp", Time),
    f(10, "deletionGracePeriodSeconds", Number),
    f(11, "labels", TextMap),
    f(12, "annotations", TextMap),
    f(13, "ownerReferences", Many(OWNER_REFERENCE)),
    f(14, "finalizers", Texts),
    f(17, "managedFields", Many(MANAGED_FIELDS_ENTRY)),
];

const OWNER_REFERENCE: Fields = &[
    f(1, "kind", Text),
    f(3, "name", Text),
    f(4, "uid", Text),
    f(5, "apiVersion", Text),
    f(6, "controller", Flag),
    f(7, "blockOwnerDeletion", Flag),
];

const MANAGED_FIELDS_ENTRY: Fields = &[
    f(1, "manager", Text),
    f(2, "operation", Text),
    f(3, "apiVersion", Text),
    f(4, "time", Time),
    f(6, "fieldsType", Text),
    f(7, "fieldsV1", Json),
    f(8, "subresource", Text),
];

const ONLY_METADATA: Fields = &[METADATA];
pub(super) const METADATA: Field = f(1, "metadata", One(OBJECT_META));

const DELETE_OPTIONS: Fields = &[
    f(1, "gracePeriodSeconds", Number),
    f(2, "preconditions", One(&[f(1, "uid", Text), f(2, "resourceVersion", Text)])),
    f(3, "orphanDependents", Flag),
    f(4, "propagationPolicy", Text),
    f(5, "dryRun", Texts),
    f(6, "ignoreStoreReadErrorWithClusterBreakingPotential", Flag),
];

const NAMESPACE: Fields = &[
    METADATA,
    f(2, "spec", One(&[f(1, "finalizers", Texts)])),
    f(3, "status", One(&[f(1, "phase", Text), f(2, "conditions", Many(NAMESPACE_CONDITION))])),
];

const NAMESPACE_CONDITION: Fields = &[
    f(1, "type", Text),
    f(2, "status", Text),
    f(4, "lastTransitionTime", Time),
    f(5, "reason", Text),
    f(6, "message", Text),
];

const CONFIG_MAP: Fields =
    &[METADATA, f(2, "data", TextMap), f(3, "binaryData", BytesMap), f(4, "immutable", Flag)];

const SECRET: Fields = &[
    METADATA,
    f(2, "data", BytesMap),
    f(3, "type", Text),
    f(4, "stringData", TextMap),
    f(5, "immutable", Flag),
];

const SERVICE_ACCOUNT: Fields = &[
    METADATA,
    f(2, "secrets", Many(OBJECT_REFERENCE)),
    f(3, "imagePullSecrets", Many(&[f(1, "name", Text)])),
    f(4, "automountServiceAccountToken", Flag),
];

const OBJECT_REFERENCE: Fields = &[
    f(1, "kind", Text),
    f(2, "namespace", Text),
    f(3, "name", Text),
    f(4, "uid", Text),
    f(5, "apiVersion", Text),
    f(6, "resourceVersion", Text),
    f(7, "fieldPath", Text),
];

const EVENT: Fields = &[
    METADATA,
    f(2, "involvedObject", One(OBJECT_REFERENCE)),
    f(3, "reason", Text),
    f(4, "message", Text),
    f(5, "source", One(&[f(1, "component", Text), f(2, "host", Text)])),
    f(6, "firstTimestamp", Time),
    f(7, "lastTimestamp", Time),
    f(8, "count", Count),
    f(9, "type", Text),
    f(10, "eventTime", MicroTime),
    f(11, "series", One(&[f(1, "count", Count), f(2, "lastObservedTime", MicroTime)])),
    f(12, "action", Text),
    f(13, "related", One(OBJECT_REFERENCE)),
    f(14, "reportingComponent", Text),
    f(15, "reportingInstance", Text),
];

const LEASE: Fields = &[METADATA, f(2, "spec", One(LEASE_SPEC))];

const LEASE_SPEC: Fields = &[
    f(1, "holderIdentity", Text),
    f(2, "leaseDurationSeconds", Number),
    f(3, "acquireTime", MicroTime),
    f(4, "renewTime", MicroTime),
    f(5, "leaseTransitions", Number),
    f(6, "strategy", Text),
    f(7, "preferredHolder", Text),
];

/// Of roles in and out of namespaces; only the latter have an `aggregationRule`.
const ROLE: Fields = &[
    METADATA,
    f(2, "rules", Many(POLICY_RULE)),
    f(3, "aggregationRule", One(&[f(1, "clusterRoleSelectors", Many(LABEL_SELECTOR))])),
];

const POLICY_RULE: Fields = &[
    f(1, "verbs", Texts),
    f(2, "apiGroups", Texts),
    f(3, "resources", Texts),
    f(4, "resourceNames", Texts),
    f(5, "nonResourceURLs", Texts),
];

pub(super) const LABEL_SELECTOR: Fields =
    &[f(1, "matchLabels", TextMap), f(2, "matchExpressions", Many(REQUIREMENT))];

const REQUIREMENT: Fields = &[f(1, "key", Text), f(2, "operator", Text), f(3, "values", Texts)];

const BINDING: Fields = &[
    METADATA,
    f(2, "subjects", Many(SUBJECT)),
    f(3, "roleRef", One(&[f(1, "apiGroup", Text), f(2, "kind", Text), f(3, "name", Text)])),
];

const SUBJECT: Fields =
    &[f(1, "kind", Text), f(2, "apiGroup", Text), f(3, "name", Text), f(4, "namespace", Text)];

const TOKEN_REQUEST: Fields = &[METADATA, f(2, "spec", One(TOKEN_REQUEST_SPEC))];

const TOKEN_REQUEST_SPEC: Fields = &[
    f(1, "audiences", Texts),
    f(3, "boundObjectRef", One(BOUND_OBJECT_REFERENCE)),
    f(4, "expirationSeconds", Number),
];

const BOUND_OBJECT_REFERENCE: Fields =
    &[f(1, "kind", Text), f(2, "apiVersion", Text), f(3, "name", Text), f(4, "uid", Text)];

const TOKEN_REVIEW: Fields =
    &[METADATA, f(2, "spec", One(&[f(1, "token", Text), f(2, "audiences", Texts)]))];

/// Of every review of one access; reviews of oneself end at the second field.
const ACCESS_REVIEW: Fields = &[METADATA, f(2, "spec", One(ACCESS_REVIEW_SPEC))];

const ACCESS_REVIEW_SPEC: Fields = &[
    f(1, "resourceAttributes", One(RESOURCE_ATTRIBUTES)),
    f(2, "nonResourceAttributes", One(&[f(1, "path", Text), f(2, "verb", Text)])),
    f(3, "user", Text),
    f(4, "groups", Texts),
    f(5, "extra", TextsMap),
    f(6, "uid", Text),
];

const RESOURCE_ATTRIBUTES: Fields = &[
    f(1, "namespace", Text),
    f(2, "verb", Text),
    f(3, "group", Text),
    f(4, "version", Text),
    f(5, "resource", Text),
    f(6, "subresource", Text),
    f(7, "name", Text),
    f(8, "fieldSelector", One(ATTRIBUTE_SELECTOR)),
    f(9, "labelSelector", One(ATTRIBUTE_SELECTOR)),
];

const ATTRIBUTE_SELECTOR: Fields =
    &[f(1, "rawSelector", Text), f(2, "requirements", Many(REQUIREMENT))];

const RULES_REVIEW: Fields = &[METADATA, f(2, "spec", One(&[f(1, "namespace", Text)]))];
