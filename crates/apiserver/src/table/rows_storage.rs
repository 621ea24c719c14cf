//! The cells of volumes, claims and classes.

use serde_json::Value;

use super::rows::Row;

/// Returns the cells of one object.
pub(super) fn cells(kind: &str, row: &Row<'_>) -> Vec<Value> {
    match kind {
        "PersistentVolume" => volume(row),
        "PersistentVolumeClaim" => claim(row),
        _ => {
            let default =
                row.text("/metadata/annotations/storageclass.kubernetes.io~1is-default-class");
            let name = crate::meta::name(row.object);
            let name =
                if default == "true" { format!("{name} (default)") } else { name.to_owned() };
            let expands =
                row.object.get("allowVolumeExpansion").and_then(Value::as_bool) == Some(true);
            vec![
                name.into(),
                row.text("/provisioner").into(),
                row.text("/reclaimPolicy").into(),
                row.text("/volumeBindingMode").into(),
                expands.to_string().into(),
                row.age(),
            ]
        }
    }
}

fn modes(row: &Row<'_>, pointer: &str) -> Value {
    let short = |mode: &Value| match mode.as_str().unwrap_or_default() {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        _ => "",
    };
    let all: Vec<&str> = row.list(pointer).iter().map(short).collect();
    all.join(",").into()
}

fn phase(row: &Row<'_>) -> Value {
    match crate::meta::is_deleting(row.object) {
        true => "Terminating".into(),
        false => row.text("/status/phase").into(),
    }
}

fn or_unset(row: &Row<'_>, pointer: &str) -> Value {
    match row.text(pointer) {
        "" => "<unset>".into(),
        text => text.into(),
    }
}

fn volume(row: &Row<'_>) -> Vec<Value> {
    let claim = match row.text("/spec/claimRef/name") {
        "" => String::new(),
        name => format!("{}/{name}", row.text("/spec/claimRef/namespace")),
    };
    vec![
        row.name(),
        row.text("/spec/capacity/storage").into(),
        modes(row, "/spec/accessModes"),
        row.text("/spec/persistentVolumeReclaimPolicy").into(),
        phase(row),
        claim.into(),
        row.text("/spec/storageClassName").into(),
        or_unset(row, "/spec/volumeAttributesClassName"),
        row.text("/status/reason").into(),
        row.age(),
        or_unset(row, "/spec/volumeMode"),
    ]
}

fn claim(row: &Row<'_>) -> Vec<Value> {
    let bound = !row.text("/spec/volumeName").is_empty();
    let capacity = if bound { row.text("/status/capacity/storage") } else { "" };
    vec![
        row.name(),
        phase(row),
        row.text("/spec/volumeName").into(),
        capacity.into(),
        if bound { modes(row, "/status/accessModes") } else { "".into() },
        row.text("/spec/storageClassName").into(),
        or_unset(row, "/spec/volumeAttributesClassName"),
        row.age(),
        or_unset(row, "/spec/volumeMode"),
    ]
}
