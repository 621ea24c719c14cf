//! The tables of workloads, of what leads to them and of what limits them. Whatever the tables of
//! this file lack is refused where it has content: nothing is lost on the way.

use super::message::Form::{
    Count, Flag, Inline, IntOrString, Many, Number, Numbers, One, Quantity, QuantityMap, Text,
    TextMap, Texts, Time, Unread,
};
use super::message::{Field, Fields};
use super::tables::{LABEL_SELECTOR, METADATA, OBJECT_META, f};

/// Returns the fields of a kind, if it is known.
pub(super) fn of_kind(api_version: &str, kind: &str) -> Option<Fields> {
    Some(match (api_version, kind) {
        ("v1", "Pod") => POD,
        ("v1", "Service") => SERVICE,
        ("v1", "ResourceQuota") => RESOURCE_QUOTA,
        ("v1", "PersistentVolumeClaim") => CLAIM,
        ("apps/v1", "Deployment") => DEPLOYMENT,
        ("apps/v1", "ReplicaSet") => REPLICA_SET,
        ("apps/v1", "StatefulSet") => STATEFUL_SET,
        ("apps/v1", "DaemonSet") => DAEMON_SET,
        ("batch/v1", "Job") => JOB,
        ("batch/v1", "CronJob") => CRON_JOB,
        ("networking.k8s.io/v1", "Ingress") => INGRESS,
        ("policy/v1", "PodDisruptionBudget") => DISRUPTION_BUDGET,
        ("scheduling.k8s.io/v1", "PriorityClass") => PRIORITY_CLASS,
        ("autoscaling/v1", "HorizontalPodAutoscaler") => AUTOSCALER_V1,
        ("autoscaling/v2", "HorizontalPodAutoscaler") => AUTOSCALER_V2,
        ("autoscaling/v1", "Scale") => SCALE,
        _ => return None,
    })
}

/// Stands in tables that do not list all fields.
const REST: Field = f(0, "", Unread);
const STATUS: Field = f(3, "status", Unread);

const POD: Fields = &[METADATA, f(2, "spec", One(POD_SPEC)), STATUS, REST];
const TEMPLATE: Fields = &[METADATA, f(2, "spec", One(POD_SPEC))];

const POD_SPEC: Fields = &[
    f(1, "volumes", Many(VOLUME)),
    f(2, "containers", Many(CONTAINER)),
    f(3, "restartPolicy", Text),
    f(4, "terminationGracePeriodSeconds", Number),
    f(5, "activeDeadlineSeconds", Number),
    f(6, "dnsPolicy", Text),
    f(7, "nodeSelector", TextMap),
    f(8, "serviceAccountName", Text),
    f(9, "serviceAccount", Text),
    f(10, "nodeName", Text),
    f(11, "hostNetwork", Flag),
    f(12, "hostPID", Flag),
    f(13, "hostIPC", Flag),
    f(14, "securityContext", One(POD_SECURITY)),
    f(15, "imagePullSecrets", Many(LOCAL_REFERENCE)),
    f(16, "hostname", Text),
    f(17, "subdomain", Text),
    f(18, "affinity", One(AFFINITY)),
    f(19, "schedulerName", Text),
    f(20, "initContainers", Many(CONTAINER)),
    f(21, "automountServiceAccountToken", Flag),
    f(22, "tolerations", Many(TOLERATION)),
    f(23, "hostAliases", Many(&[f(1, "ip", Text), f(2, "hostnames", Texts)])),
    f(24, "priorityClassName", Text),
    f(25, "priority", Number),
    f(26, "dnsConfig", One(DNS_CONFIG)),
    f(27, "shareProcessNamespace", Flag),
    f(28, "readinessGates", Many(&[f(1, "conditionType", Text)])),
    f(29, "runtimeClassName", Text),
    f(30, "enableServiceLinks", Flag),
    f(31, "preemptionPolicy", Text),
    f(32, "overhead", QuantityMap),
    f(33, "topologySpreadConstraints", Many(SPREAD)),
    f(35, "setHostnameAsFQDN", Flag),
    f(36, "os", One(&[f(1, "name", Text)])),
    f(37, "hostUsers", Flag),
    f(38, "schedulingGates", Many(&[f(1, "name", Text)])),
    REST,
];

const LOCAL_REFERENCE: Fields = &[f(1, "name", Text)];

const CONTAINER: Fields = &[
    f(1, "name", Text),
    f(2, "image", Text),
    f(3, "command", Texts),
    f(4, "args", Texts),
    f(5, "workingDir", Text),
    f(6, "ports", Many(CONTAINER_PORT)),
    f(7, "env", Many(ENV)),
    f(8, "resources", One(RESOURCES)),
    f(9, "volumeMounts", Many(MOUNT)),
    f(10, "livenessProbe", One(PROBE)),
    f(11, "readinessProbe", One(PROBE)),
    f(12, "lifecycle", One(LIFECYCLE)),
    f(13, "terminationMessagePath", Text),
    f(14, "imagePullPolicy", Text),
    f(15, "securityContext", One(SECURITY)),
    f(16, "stdin", Flag),
    f(17, "stdinOnce", Flag),
    f(18, "tty", Flag),
    f(19, "envFrom", Many(ENV_FROM)),
    f(20, "terminationMessagePolicy", Text),
    f(21, "volumeDevices", Many(&[f(1, "name", Text), f(2, "devicePath", Text)])),
    f(22, "startupProbe", One(PROBE)),
    f(23, "resizePolicy", Many(&[f(1, "resourceName", Text), f(2, "restartPolicy", Text)])),
    f(24, "restartPolicy", Text),
    REST,
];

const CONTAINER_PORT: Fields = &[
    f(1, "name", Text),
    f(2, "hostPort", Count),
    f(3, "containerPort", Count),
    f(4, "protocol", Text),
    f(5, "hostIP", Text),
];

const FIELD_REFERENCE: Fields = &[f(1, "apiVersion", Text), f(2, "fieldPath", Text)];
const RESOURCE_REFERENCE: Fields =
    &[f(1, "containerName", Text), f(2, "resource", Text), f(3, "divisor", Quantity)];
const KEY_REFERENCE: Fields =
    &[f(1, "", Inline(LOCAL_REFERENCE)), f(2, "key", Text), f(3, "optional", Flag)];

const ENV: Fields = &[f(1, "name", Text), f(2, "value", Text), f(3, "valueFrom", One(ENV_SOURCE))];

const ENV_SOURCE: Fields = &[
    f(1, "fieldRef", One(FIELD_REFERENCE)),
    f(2, "resourceFieldRef", One(RESOURCE_REFERENCE)),
    f(3, "configMapKeyRef", One(KEY_REFERENCE)),
    f(4, "secretKeyRef", One(KEY_REFERENCE)),
    REST,
];

const WHOLE_REFERENCE: Fields = &[f(1, "", Inline(LOCAL_REFERENCE)), f(2, "optional", Flag)];

const ENV_FROM: Fields = &[
    f(1, "prefix", Text),
    f(2, "configMapRef", One(WHOLE_REFERENCE)),
    f(3, "secretRef", One(WHOLE_REFERENCE)),
];

const RESOURCES: Fields = &[
    f(1, "limits", QuantityMap),
    f(2, "requests", QuantityMap),
    f(3, "claims", Many(&[f(1, "name", Text), f(2, "request", Text)])),
];

const MOUNT: Fields = &[
    f(1, "name", Text),
    f(2, "readOnly", Flag),
    f(3, "mountPath", Text),
    f(4, "subPath", Text),
    f(5, "mountPropagation", Text),
    f(6, "subPathExpr", Text),
    f(7, "recursiveReadOnly", Text),
];

const EXEC: Field = f(1, "exec", One(&[f(1, "command", Texts)]));
const HTTP_GET: Field = f(
    2,
    "httpGet",
    One(&[
        f(1, "path", Text),
        f(2, "port", IntOrString),
        f(3, "host", Text),
        f(4, "scheme", Text),
        f(5, "httpHeaders", Many(&[f(1, "name", Text), f(2, "value", Text)])),
    ]),
);
const TCP_SOCKET: Field = f(3, "tcpSocket", One(&[f(1, "port", IntOrString), f(2, "host", Text)]));
const GRPC: Field = f(4, "grpc", One(&[f(1, "port", Number), f(2, "service", Text)]));
const SLEEP: Field = f(4, "sleep", One(&[f(1, "seconds", Number)]));

const PROBE: Fields = &[
    f(1, "", Inline(&[EXEC, HTTP_GET, TCP_SOCKET, GRPC])),
    f(2, "initialDelaySeconds", Count),
    f(3, "timeoutSeconds", Count),
    f(4, "periodSeconds", Count),
    f(5, "successThreshold", Count),
    f(6, "failureThreshold", Count),
    f(7, "terminationGracePeriodSeconds", Number),
];

const HOOK: Fields = &[EXEC, HTTP_GET, TCP_SOCKET, SLEEP];
const LIFECYCLE: Fields =
    &[f(1, "postStart", One(HOOK)), f(2, "preStop", One(HOOK)), f(3, "stopSignal", Text)];

const SE_LINUX: Fields =
    &[f(1, "user", Text), f(2, "role", Text), f(3, "type", Text), f(4, "level", Text)];
const PROFILE: Fields = &[f(1, "type", Text), f(2, "localhostProfile", Text)];

const SECURITY: Fields = &[
    f(1, "capabilities", One(&[f(1, "add", Texts), f(2, "drop", Texts)])),
    f(2, "privileged", Flag),
    f(3, "seLinuxOptions", One(SE_LINUX)),
    f(4, "runAsUser", Number),
    f(5, "runAsNonRoot", Flag),
    f(6, "readOnlyRootFilesystem", Flag),
    f(7, "allowPrivilegeEscalation", Flag),
    f(8, "runAsGroup", Number),
    f(9, "procMount", Text),
    f(11, "seccompProfile", One(PROFILE)),
    f(12, "appArmorProfile", One(PROFILE)),
    REST,
];

const POD_SECURITY: Fields = &[
    f(1, "seLinuxOptions", One(SE_LINUX)),
    f(2, "runAsUser", Number),
    f(3, "runAsNonRoot", Flag),
    f(4, "supplementalGroups", Numbers),
    f(5, "fsGroup", Number),
    f(6, "runAsGroup", Number),
    f(7, "sysctls", Many(&[f(1, "name", Text), f(2, "value", Text)])),
    f(9, "fsGroupChangePolicy", Text),
    f(10, "seccompProfile", One(PROFILE)),
    f(11, "appArmorProfile", One(PROFILE)),
    f(12, "supplementalGroupsPolicy", Text),
    REST,
];

const VOLUME: Fields = &[f(1, "name", Text), f(2, "", Inline(VOLUME_SOURCE))];

const KEY_PATH: Fields = &[f(1, "key", Text), f(2, "path", Text), f(3, "mode", Number)];
const DOWNWARD_ITEM: Fields = &[
    f(1, "path", Text),
    f(2, "fieldRef", One(FIELD_REFERENCE)),
    f(3, "resourceFieldRef", One(RESOURCE_REFERENCE)),
    f(4, "mode", Number),
];
const PROJECTED_MAP: Fields =
    &[f(1, "", Inline(LOCAL_REFERENCE)), f(2, "items", Many(KEY_PATH)), f(4, "optional", Flag)];

const VOLUME_SOURCE: Fields = &[
    f(1, "hostPath", One(&[f(1, "path", Text), f(2, "type", Text)])),
    f(2, "emptyDir", One(&[f(1, "medium", Text), f(2, "sizeLimit", Quantity)])),
    f(
        6,
        "secret",
        One(&[
            f(1, "secretName", Text),
            f(2, "items", Many(KEY_PATH)),
            f(3, "defaultMode", Number),
            f(4, "optional", Flag),
        ]),
    ),
    f(7, "nfs", One(&[f(1, "server", Text), f(2, "path", Text), f(3, "readOnly", Flag)])),
    f(10, "persistentVolumeClaim", One(&[f(1, "claimName", Text), f(2, "readOnly", Flag)])),
    f(16, "downwardAPI", One(&[f(1, "items", Many(DOWNWARD_ITEM)), f(2, "defaultMode", Number)])),
    f(
        19,
        "configMap",
        One(&[
            f(1, "", Inline(LOCAL_REFERENCE)),
            f(2, "items", Many(KEY_PATH)),
            f(3, "defaultMode", Number),
            f(4, "optional", Flag),
        ]),
    ),
    f(26, "projected", One(&[f(1, "sources", Many(PROJECTION)), f(2, "defaultMode", Number)])),
    f(
        28,
        "csi",
        One(&[
            f(1, "driver", Text),
            f(2, "readOnly", Flag),
            f(3, "fsType", Text),
            f(4, "volumeAttributes", TextMap),
            f(5, "nodePublishSecretRef", One(LOCAL_REFERENCE)),
        ]),
    ),
    REST,
];

const PROJECTION: Fields = &[
    f(1, "secret", One(PROJECTED_MAP)),
    f(2, "downwardAPI", One(&[f(1, "items", Many(DOWNWARD_ITEM))])),
    f(3, "configMap", One(PROJECTED_MAP)),
    f(
        4,
        "serviceAccountToken",
        One(&[f(1, "audience", Text), f(2, "expirationSeconds", Number), f(3, "path", Text)]),
    ),
    REST,
];

const TOLERATION: Fields = &[
    f(1, "key", Text),
    f(2, "operator", Text),
    f(3, "value", Text),
    f(4, "effect", Text),
    f(5, "tolerationSeconds", Number),
];

const NODE_REQUIREMENT: Fields =
    &[f(1, "key", Text), f(2, "operator", Text), f(3, "values", Texts)];
const NODE_TERM: Fields = &[
    f(1, "matchExpressions", Many(NODE_REQUIREMENT)),
    f(2, "matchFields", Many(NODE_REQUIREMENT)),
];
const POD_TERM: Fields = &[
    f(1, "labelSelector", One(LABEL_SELECTOR)),
    f(2, "namespaces", Texts),
    f(3, "topologyKey", Text),
    f(4, "namespaceSelector", One(LABEL_SELECTOR)),
    f(5, "matchLabelKeys", Texts),
    f(6, "mismatchLabelKeys", Texts),
];
const WEIGHTED_TERM: Fields = &[f(1, "weight", Count), f(2, "podAffinityTerm", One(POD_TERM))];
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
const POD_AFFINITY: Fields =
    &[f(1, REQUIRED, Many(POD_TERM)), f(2, PREFERRED, Many(WEIGHTED_TERM))];

const AFFINITY: Fields = &[
    f(
        1,
        "nodeAffinity",
        One(&[
            f(1, REQUIRED, One(&[f(1, "nodeSelectorTerms", Many(NODE_TERM))])),
            f(2, PREFERRED, Many(&[f(1, "weight", Count), f(2, "preference", One(NODE_TERM))])),
        ]),
    ),
    f(2, "podAffinity", One(POD_AFFINITY)),
    f(3, "podAntiAffinity", One(POD_AFFINITY)),
];

const SPREAD: Fields = &[
    f(1, "maxSkew", Count),
    f(2, "topologyKey", Text),
    f(3, "whenUnsatisfiable", Text),
    f(4, "labelSelector", One(LABEL_SELECTOR)),
    f(5, "minDomains", Number),
    f(6, "nodeAffinityPolicy", Text),
    f(7, "nodeTaintsPolicy", Text),
    f(8, "matchLabelKeys", Texts),
];

const DNS_CONFIG: Fields = &[
    f(1, "nameservers", Texts),
    f(2, "searches", Texts),
    f(3, "options", Many(&[f(1, "name", Text), f(2, "value", Text)])),
];

const SERVICE: Fields = &[METADATA, f(2, "spec", One(SERVICE_SPEC)), STATUS];

const SERVICE_SPEC: Fields = &[
    f(1, "ports", Many(SERVICE_PORT)),
    f(2, "selector", TextMap),
    f(3, "clusterIP", Text),
    f(4, "type", Text),
    f(5, "externalIPs", Texts),
    f(7, "sessionAffinity", Text),
    f(8, "loadBalancerIP", Text),
    f(9, "loadBalancerSourceRanges", Texts),
    f(10, "externalName", Text),
    f(11, "externalTrafficPolicy", Text),
    f(12, "healthCheckNodePort", Count),
    f(13, "publishNotReadyAddresses", Flag),
    f(
        14,
        "sessionAffinityConfig",
        One(&[f(1, "clientIP", One(&[f(1, "timeoutSeconds", Number)]))]),
    ),
    f(17, "ipFamilyPolicy", Text),
    f(18, "clusterIPs", Texts),
    f(19, "ipFamilies", Texts),
    f(20, "allocateLoadBalancerNodePorts", Flag),
    f(21, "loadBalancerClass", Text),
    f(22, "internalTrafficPolicy", Text),
    f(23, "trafficDistribution", Text),
    REST,
];

const SERVICE_PORT: Fields = &[
    f(1, "name", Text),
    f(2, "protocol", Text),
    f(3, "port", Count),
    f(4, "targetPort", IntOrString),
    f(5, "nodePort", Count),
    f(6, "appProtocol", Text),
];

const RESOURCE_QUOTA: Fields = &[METADATA, f(2, "spec", One(QUOTA_SPEC)), STATUS];
const QUOTA_SPEC: Fields = &[
    f(1, "hard", QuantityMap),
    f(2, "scopes", Texts),
    f(
        3,
        "scopeSelector",
        One(&[f(
            1,
            "matchExpressions",
            Many(&[f(1, "scopeName", Text), f(2, "operator", Text), f(3, "values", Texts)]),
        )]),
    ),
];

const CLAIM: Fields = &[METADATA, f(2, "spec", One(CLAIM_SPEC)), STATUS];
const CLAIM_SPEC: Fields = &[
    f(1, "accessModes", Texts),
    f(2, "resources", One(&[f(1, "limits", QuantityMap), f(2, "requests", QuantityMap)])),
    f(3, "volumeName", Text),
    f(4, "selector", One(LABEL_SELECTOR)),
    f(5, "storageClassName", Text),
    f(6, "volumeMode", Text),
    f(9, "volumeAttributesClassName", Text),
    REST,
];

const SELECTOR: Field = f(2, "selector", One(LABEL_SELECTOR));

const DEPLOYMENT: Fields = &[
    METADATA,
    f(
        2,
        "spec",
        One(&[
            f(1, "replicas", Number),
            SELECTOR,
            f(3, "template", One(TEMPLATE)),
            f(
                4,
                "strategy",
                One(&[
                    f(1, "type", Text),
                    f(
                        2,
                        "rollingUpdate",
                        One(&[f(1, "maxUnavailable", IntOrString), f(2, "maxSurge", IntOrString)]),
                    ),
                ]),
            ),
            f(5, "minReadySeconds", Count),
            f(6, "revisionHistoryLimit", Number),
            f(7, "paused", Flag),
            f(9, "progressDeadlineSeconds", Number),
        ]),
    ),
    f(
        3,
        "status",
        One(&[
            f(1, "observedGeneration", Count),
            f(2, "replicas", Count),
            f(3, "updatedReplicas", Count),
            f(4, "availableReplicas", Count),
            f(5, "unavailableReplicas", Count),
            f(6, "conditions", Many(DEPLOYMENT_CONDITION)),
            f(7, "readyReplicas", Count),
            f(8, "collisionCount", Number),
            REST,
        ]),
    ),
];

const DEPLOYMENT_CONDITION: Fields = &[
    f(1, "type", Text),
    f(2, "status", Text),
    f(4, "reason", Text),
    f(5, "message", Text),
    f(6, "lastUpdateTime", Time),
    f(7, "lastTransitionTime", Time),
];

const REPLICA_SET: Fields = &[
    METADATA,
    f(
        2,
        "spec",
        One(&[
            f(1, "replicas", Number),
            SELECTOR,
            f(3, "template", One(TEMPLATE)),
            f(4, "minReadySeconds", Count),
        ]),
    ),
    STATUS,
];

const STATEFUL_SET: Fields = &[
    METADATA,
    f(
        2,
        "spec",
        One(&[
            f(1, "replicas", Number),
            SELECTOR,
            f(3, "template", One(TEMPLATE)),
            f(4, "volumeClaimTemplates", Many(CLAIM)),
            f(5, "serviceName", Text),
            f(6, "podManagementPolicy", Text),
            f(
                7,
                "updateStrategy",
                One(&[
                    f(1, "type", Text),
                    f(
                        2,
                        "rollingUpdate",
                        One(&[f(1, "partition", Number), f(2, "maxUnavailable", IntOrString)]),
                    ),
                ]),
            ),
            f(8, "revisionHistoryLimit", Number),
            f(9, "minReadySeconds", Count),
            f(
                10,
                "persistentVolumeClaimRetentionPolicy",
                One(&[f(1, "whenDeleted", Text), f(2, "whenScaled", Text)]),
            ),
            f(11, "ordinals", One(&[f(1, "start", Count)])),
        ]),
    ),
    STATUS,
];

const DAEMON_SET: Fields = &[
    METADATA,
    f(
        2,
        "spec",
        One(&[
            f(1, "selector", One(LABEL_SELECTOR)),
            f(2, "template", One(TEMPLATE)),
            f(
                3,
                "updateStrategy",
                One(&[
                    f(1, "type", Text),
                    f(
                        2,
                        "rollingUpdate",
                        One(&[f(1, "maxUnavailable", IntOrString), f(2, "maxSurge", IntOrString)]),
                    ),
                ]),
            ),
            f(4, "minReadySeconds", Count),
            f(6, "revisionHistoryLimit", Number),
        ]),
    ),
    STATUS,
];

const JOB: Fields = &[METADATA, f(2, "spec", One(JOB_SPEC)), STATUS];

const JOB_SPEC: Fields = &[
    f(1, "parallelism", Number),
    f(2, "completions", Number),
    f(3, "activeDeadlineSeconds", Number),
    f(4, "selector", One(LABEL_SELECTOR)),
    f(5, "manualSelector", Flag),
    f(6, "template", One(TEMPLATE)),
    f(7, "backoffLimit", Number),
    f(8, "ttlSecondsAfterFinished", Number),
    f(9, "completionMode", Text),
    f(10, "suspend", Flag),
    f(12, "backoffLimitPerIndex", Number),
    f(13, "maxFailedIndexes", Number),
    f(14, "podReplacementPolicy", Text),
    f(15, "managedBy", Text),
    REST,
];

const CRON_JOB: Fields = &[
    METADATA,
    f(
        2,
        "spec",
        One(&[
            f(1, "schedule", Text),
            f(2, "startingDeadlineSeconds", Number),
            f(3, "concurrencyPolicy", Text),
            f(4, "suspend", Flag),
            f(
                5,
                "jobTemplate",
                One(&[f(1, "metadata", One(OBJECT_META)), f(2, "spec", One(JOB_SPEC))]),
            ),
            f(6, "successfulJobsHistoryLimit", Number),
            f(7, "failedJobsHistoryLimit", Number),
            f(8, "timeZone", Text),
        ]),
    ),
    STATUS,
];

const TYPED_REFERENCE: Fields = &[f(1, "apiGroup", Text), f(2, "kind", Text), f(3, "name", Text)];
const BACKEND: Fields = &[
    f(3, "resource", One(TYPED_REFERENCE)),
    f(
        4,
        "service",
        One(&[f(1, "name", Text), f(2, "port", One(&[f(1, "name", Text), f(2, "number", Count)]))]),
    ),
];

const INGRESS: Fields = &[
    METADATA,
    f(
        2,
        "spec",
        One(&[
            f(1, "defaultBackend", One(BACKEND)),
            f(2, "tls", Many(&[f(1, "hosts", Texts), f(2, "secretName", Text)])),
            f(3, "rules", Many(INGRESS_RULE)),
            f(4, "ingressClassName", Text),
        ]),
    ),
    STATUS,
];

const INGRESS_RULE: Fields = &[
    f(1, "host", Text),
    f(2, "", Inline(&[f(1, "http", One(&[f(1, "paths", Many(INGRESS_PATH))]))])),
];
const INGRESS_PATH: Fields =
    &[f(1, "path", Text), f(2, "backend", One(BACKEND)), f(3, "pathType", Text)];

const DISRUPTION_BUDGET: Fields = &[
    METADATA,
    f(
        2,
        "spec",
        One(&[
            f(1, "minAvailable", IntOrString),
            SELECTOR,
            f(3, "maxUnavailable", IntOrString),
            f(4, "unhealthyPodEvictionPolicy", Text),
        ]),
    ),
    STATUS,
];

const PRIORITY_CLASS: Fields = &[
    METADATA,
    f(2, "value", Number),
    f(3, "globalDefault", Flag),
    f(4, "description", Text),
    f(5, "preemptionPolicy", Text),
];

const SCALED: Fields = &[f(1, "kind", Text), f(2, "name", Text), f(3, "apiVersion", Text)];

const AUTOSCALER_V1: Fields = &[
    METADATA,
    f(
        2,
        "spec",
        One(&[
            f(1, "scaleTargetRef", One(SCALED)),
            f(2, "minReplicas", Number),
            f(3, "maxReplicas", Count),
            f(4, "targetCPUUtilizationPercentage", Number),
        ]),
    ),
    STATUS,
];

const TARGET: Fields = &[
    f(1, "type", Text),
    f(2, "value", Quantity),
    f(3, "averageValue", Quantity),
    f(4, "averageUtilization", Number),
];
const METRIC: Fields = &[
    f(1, "type", Text),
    f(4, "resource", One(&[f(1, "name", Text), f(2, "target", One(TARGET))])),
    REST,
];

const AUTOSCALER_V2: Fields = &[
    METADATA,
    f(
        2,
        "spec",
        One(&[
            f(1, "scaleTargetRef", One(SCALED)),
            f(2, "minReplicas", Number),
            f(3, "maxReplicas", Count),
            f(4, "metrics", Many(METRIC)),
            REST,
        ]),
    ),
    STATUS,
];

const SCALE: Fields = &[METADATA, f(2, "spec", One(&[f(1, "replicas", Count)])), STATUS];
