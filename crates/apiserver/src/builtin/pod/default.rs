//! What is missing in a Pod or a template of Pods.

use serde_json::{Value, json};

use super::super::value::{each, fill, fill_empty, inside, int, is_set, make, text};
use crate::meta;

/// The lists of containers of a Pod.
pub(in super::super) const CONTAINERS: [&str; 3] =
    ["initContainers", "containers", "ephemeralContainers"];

/// Fills in the spec of a Pod or of a template.
pub(in super::super) fn default_spec(spec: &mut Value) {
    if spec.is_null() {
        return;
    }
    fill_empty(spec, "dnsPolicy", "ClusterFirst");
    fill_empty(spec, "restartPolicy", "Always");
    fill(spec, "securityContext", json!({}));
    fill(spec, "terminationGracePeriodSeconds", 30);
    fill_empty(spec, "schedulerName", "default-scheduler");
    // Both spellings of the account are kept in step.
    let account = match text(spec, "serviceAccountName") {
        "" => text(spec, "serviceAccount").to_owned(),
        name => name.to_owned(),
    };
    if !account.is_empty() {
        meta::map(spec).insert("serviceAccountName".into(), account.clone().into());
        meta::map(spec).insert("serviceAccount".into(), account.into());
    }
    for list in CONTAINERS {
        each(spec, list).for_each(default_container);
    }
    each(spec, "volumes").for_each(default_volume);
}

/// Fills in the template of a workload.
pub(in super::super) fn default_template(template: &mut Value) {
    if let Some(spec) = inside(template, "spec") {
        default_spec(spec);
    }
}

/// Fills in what only Pods have, not templates.
pub(super) fn default_pod(object: &mut Value) {
    let spec = make(object, "spec");
    for list in ["initContainers", "containers"] {
        for container in each(spec, list) {
            let limits = container["resources"]["limits"].clone();
            for (key, value) in limits.as_object().into_iter().flatten() {
                fill(make(make(container, "resources"), "requests"), key, value.clone());
            }
        }
    }
    fill(spec, "enableServiceLinks", true);
    if spec["hostNetwork"] == true {
        for list in ["initContainers", "containers"] {
            for container in each(spec, list) {
                for port in each(container, "ports") {
                    let number = int(port, "containerPort").unwrap_or(0);
                    fill_empty(port, "hostPort", number);
                }
            }
        }
    }
}

fn default_container(container: &mut Value) {
    let policy = match tag(text(container, "image")) {
        Some("latest") => "Always",
        _ => "IfNotPresent",
    };
    fill_empty(container, "imagePullPolicy", policy);
    fill_empty(container, "terminationMessagePath", "/dev/termination-log");
    fill_empty(container, "terminationMessagePolicy", "File");
    for port in each(container, "ports") {
        fill_empty(port, "protocol", "TCP");
    }
    for variable in each(container, "env") {
        if let Some(field) = inside(variable, "valueFrom").and_then(|from| inside(from, "fieldRef"))
        {
            fill_empty(field, "apiVersion", "v1");
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = inside(container, probe) {
            default_probe(probe);
        }
    }
    for hook in ["postStart", "preStop"] {
        if let Some(handler) =
            inside(container, "lifecycle").and_then(|lifecycle| inside(lifecycle, hook))
        {
            default_handler(handler);
        }
    }
    for resources in ["requests", "limits"] {
        if let Some(list) = inside(&mut container["resources"], resources)
            && let Some(map) = list.as_object_mut()
        {
            map.values_mut().for_each(round_up_to_milli);
        }
    }
}

/// Quantities of resources are never finer than a thousandth.
pub(in super::super) fn round_up_to_milli(value: &mut Value) {
    let Some(quantity) = value.as_str().and_then(|text| text.parse::<flux_schema::Quantity>().ok())
    else {
        return;
    };
    if quantity.nanos() % 1_000_000 != 0 {
        let milli = quantity.nanos().div_euclid(1_000_000) + 1;
        *value = format!("{milli}m").into();
    }
}

fn default_probe(probe: &mut Value) {
    for (key, value) in [
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ] {
        fill_empty(probe, key, value);
    }
    default_handler(probe);
    if let Some(grpc) = inside(probe, "grpc") {
        fill(grpc, "service", "");
    }
}

fn default_handler(handler: &mut Value) {
    if let Some(get) = inside(handler, "httpGet") {
        fill_empty(get, "path", "/");
        fill_empty(get, "scheme", "HTTP");
    }
}

fn default_volume(volume: &mut Value) {
    if volume.as_object().is_some_and(|fields| fields.keys().all(|key| key == "name")) {
        meta::map(volume).insert("emptyDir".into(), json!({}));
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = inside(volume, source) {
            fill(source, "defaultMode", 0o644);
        }
    }
    if let Some(path) = inside(volume, "hostPath") {
        fill(path, "type", "");
    }
    if let Some(image) = inside(volume, "image") {
        let policy = match tag(text(image, "reference")) {
            Some("latest") => "Always",
            _ => "IfNotPresent",
        };
        fill_empty(image, "pullPolicy", policy);
    }
    for (source, fields) in SOURCE_DEFAULTS {
        if let Some(source) = inside(volume, source) {
            for (key, value) in *fields {
                fill_empty(source, key, *value);
            }
        }
    }
    if let Some(disk) = inside(volume, "azureDisk") {
        fill(disk, "readOnly", false);
    }
    default_downward(inside(volume, "downwardAPI"));
    if let Some(projected) = inside(volume, "projected") {
        for source in each(projected, "sources") {
            default_downward(inside(source, "downwardAPI"));
            if let Some(token) = inside(source, "serviceAccountToken") {
                fill(token, "expirationSeconds", 3600);
            }
        }
    }
    if let Some(claim) = inside(volume, "ephemeral")
        .and_then(|ephemeral| inside(ephemeral, "volumeClaimTemplate"))
        .and_then(|template| inside(template, "spec"))
        && !is_set(claim, "volumeMode")
    {
        fill(claim, "volumeMode", "Filesystem");
    }
}

/// Texts that sources of volumes have when nobody says anything else.
const SOURCE_DEFAULTS: &[(&str, &[(&str, &str)])] = &[
    ("iscsi", &[("iscsiInterface", "default")]),
    ("rbd", &[("pool", "rbd"), ("user", "admin"), ("keyring", "/etc/ceph/keyring")]),
    ("scaleIO", &[("storageMode", "ThinProvisioned"), ("fsType", "xfs")]),
    ("azureDisk", &[("cachingMode", "ReadWrite"), ("fsType", "ext4"), ("kind", "Shared")]),
];

fn default_downward(source: Option<&mut Value>) {
    let Some(source) = source else { return };
    for item in each(source, "items") {
        if let Some(field) = inside(item, "fieldRef") {
            fill_empty(field, "apiVersion", "v1");
        }
    }
}

/// Returns the tag of an image: `latest` unless there is another or a digest; `None` where the
/// reference names no image.
fn tag(image: &str) -> Option<&str> {
    if image.is_empty() {
        return None;
    }
    let (name, digest) = match image.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (image, None),
    };
    let last = name.rsplit('/').next().unwrap_or(name);
    match (last.split_once(':'), digest) {
        (Some((_, tag)), _) => Some(tag),
        (None, Some(_)) => Some(""),
        (None, None) => Some("latest"),
    }
}
