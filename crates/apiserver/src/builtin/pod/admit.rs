//! What admission does to new Pods: service account, limits of the namespace, priority, tolerations.

use flux_schema::Quantity;
use serde_json::{Value, json};

use super::super::value::{each, entries, fill, flag, is_set, items, make, text};
use crate::meta;
use crate::registry::Context;
use crate::status::Status;

const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Changes or refuses a new Pod.
pub(super) fn create(ctx: &Context<'_>, object: &mut Value) -> Result<(), Status> {
    let name = match meta::name(object) {
        "" => meta::text(object, "/metadata/generateName").to_owned(),
        name => name.to_owned(),
    };
    let forbid = |why: &str| Status::forbidden(ctx.resource.group_resource(), &name, why);
    limit_ranges(ctx, object).map_err(|why| forbid(&why))?;
    service_account(ctx, object).map_err(|why| forbid(&why))?;
    priority(ctx, object).map_err(|why| forbid(&why))?;
    tolerations(&mut object["spec"]);
    runtime_class(ctx, object).map_err(|why| forbid(&why))
}

/// Takes over what the runtime class of a Pod costs and where it can run.
fn runtime_class(ctx: &Context<'_>, object: &mut Value) -> Result<(), String> {
    let name = text(&object["spec"], "runtimeClassName").to_owned();
    if name.is_empty() {
        return Ok(());
    }
    let class = ctx.view.get("node.k8s.io", "runtimeclasses", "", &name);
    let class = class.ok_or_else(|| format!("pod rejected: RuntimeClass \"{name}\" not found"))?;
    let overhead = &class["overhead"]["podFixed"];
    if overhead.is_object() {
        let spec = make(object, "spec");
        if is_set(spec, "overhead") && spec["overhead"] != *overhead {
            return Err(
                "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
                    .to_owned(),
            );
        }
        spec["overhead"] = overhead.clone();
    }
    for (key, value) in entries(&class["scheduling"], "nodeSelector") {
        let selector = make(make(object, "spec"), "nodeSelector");
        if is_set(selector, key) && selector[key.as_str()] != *value {
            return Err(format!(
                "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {}; \
                 pod.spec.nodeSelector[{key}] = {}",
                value.as_str().unwrap_or_default(),
                text(selector, key)
            ));
        }
        fill(selector, key, value.clone());
    }
    Ok(())
}

fn service_account(ctx: &Context<'_>, object: &mut Value) -> Result<(), String> {
    if !meta::text(object, "/metadata/annotations/kubernetes.io~1config.mirror").is_empty() {
        return Ok(());
    }
    let spec = make(object, "spec");
    if text(spec, "serviceAccountName").is_empty() {
        spec["serviceAccountName"] = "default".into();
    }
    let account_name = text(spec, "serviceAccountName").to_owned();
    spec["serviceAccount"] = account_name.as_str().into();
    let found = ctx.view.get("", "serviceaccounts", ctx.namespace, &account_name);
    let account = found.ok_or_else(|| {
        format!(
            "error looking up service account {}/{account_name}: serviceaccount \"{account_name}\" \
             not found",
            ctx.namespace
        )
    })?;
    let mounts = match spec.get("automountServiceAccountToken").and_then(Value::as_bool) {
        Some(mounts) => mounts,
        None => account["automountServiceAccountToken"] != false,
    };
    if mounts {
        mount_token(ctx, spec);
    }
    if items(spec, "imagePullSecrets").is_empty() {
        let secrets = items(&account, "imagePullSecrets").to_vec();
        if !secrets.is_empty() {
            spec["imagePullSecrets"] = secrets.into();
        }
    }
    Ok(())
}

fn mount_token(ctx: &Context<'_>, spec: &mut Value) {
    let known = items(spec, "volumes").iter().map(|volume| text(volume, "name"));
    let existing = known.into_iter().find(|name| name.starts_with("kube-api-access-"));
    let name = match existing {
        Some(name) => name.to_owned(),
        None => format!("kube-api-access-{}", ctx.random.suffix(5)),
    };
    let mut needed = false;
    for list in ["initContainers", "containers"] {
        for container in each(spec, list) {
            let mounts = items(container, "volumeMounts");
            if mounts.iter().any(|mount| text(mount, "mountPath") == TOKEN_PATH) {
                continue;
            }
            needed = true;
            let mut mounts = mounts.to_vec();
            mounts.push(json!({"name": name, "readOnly": true, "mountPath": TOKEN_PATH}));
            container["volumeMounts"] = mounts.into();
        }
    }
    if !needed || items(spec, "volumes").iter().any(|volume| text(volume, "name") == name) {
        return;
    }
    let mut volumes = items(spec, "volumes").to_vec();
    volumes.push(json!({"name": name, "projected": {"defaultMode": 420, "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
        {"downwardAPI": {"items": [{"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
            "path": "namespace"}]}},
    ]}}));
    spec["volumes"] = volumes.into();
}

fn priority(ctx: &Context<'_>, object: &mut Value) -> Result<(), String> {
    let spec = make(object, "spec");
    let wanted = text(spec, "priorityClassName").to_owned();
    let class = if wanted.is_empty() {
        let all = ctx.view.list("scheduling.k8s.io", "priorityclasses", "");
        all.into_iter()
            .filter(|class| flag(class, "globalDefault"))
            .min_by_key(|class| class["value"].as_i64())
    } else {
        let found = ctx.view.get("scheduling.k8s.io", "priorityclasses", "", &wanted);
        Some(found.ok_or_else(|| format!("no PriorityClass with name {wanted} was found"))?)
    };
    let (value, policy) = match &class {
        Some(class) => {
            spec["priorityClassName"] = meta::name(class).into();
            let policy = match text(class, "preemptionPolicy") {
                "" => "PreemptLowerPriority",
                policy => policy,
            };
            (class["value"].as_i64().unwrap_or(0), policy.to_owned())
        }
        None => (0, "PreemptLowerPriority".to_owned()),
    };
    if let Some(given) =
        spec.get("priority").and_then(Value::as_i64).filter(|given| *given != value)
    {
        return Err(format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority \
             admission controller computed {value} from the given PriorityClass name"
        ));
    }
    spec["priority"] = value.into();
    fill(spec, "preemptionPolicy", policy);
    Ok(())
}

fn tolerations(spec: &mut Value) {
    let mut all = items(spec, "tolerations").to_vec();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerated = all.iter().any(|one| {
            let (own, effect) = (text(one, "key"), text(one, "effect"));
            (own == key || own.is_empty()) && (effect == "NoExecute" || effect.is_empty())
        });
        if !tolerated {
            all.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
        }
    }
    spec["tolerations"] = all.into();
}

fn limit_ranges(ctx: &Context<'_>, object: &mut Value) -> Result<(), String> {
    let ranges = ctx.view.list("", "limitranges", ctx.namespace);
    if ranges.is_empty() {
        return Ok(());
    }
    let mut notes = Vec::new();
    for range in &ranges {
        for limit in
            items(&range["spec"], "limits").iter().filter(|l| text(l, "type") == "Container")
        {
            for (list, word) in [("containers", "container"), ("initContainers", "init container")]
            {
                for container in each(&mut object["spec"], list) {
                    apply_defaults(container, limit, word, &mut notes);
                }
            }
        }
    }
    if !notes.is_empty() {
        let text = format!("LimitRanger plugin set: {}", notes.join("; "));
        make(make(object, "metadata"), "annotations")["kubernetes.io/limit-ranger"] = text.into();
    }
    for range in &ranges {
        for limit in items(&range["spec"], "limits") {
            check_limits(&object["spec"], limit)?;
        }
    }
    Ok(())
}

fn apply_defaults(container: &mut Value, limit: &Value, word: &str, notes: &mut Vec<String>) {
    let name = text(container, "name").to_owned();
    for (from, to, what) in
        [("defaultRequest", "requests", "request"), ("default", "limits", "limit")]
    {
        let mut set: Vec<&str> = Vec::new();
        for (key, value) in entries(limit, from) {
            let resources = make(container, "resources");
            if !is_set(&resources[to], key) {
                fill(make(resources, to), key, value.clone());
                set.push(key);
            }
        }
        if !set.is_empty() {
            notes.push(format!("{} {what} for {word} {name}", set.join(", ")));
        }
    }
}

fn check_limits(spec: &Value, limit: &Value) -> Result<(), String> {
    let kind = text(limit, "type");
    if kind != "Container" {
        return Ok(());
    }
    for container in items(spec, "containers").iter().chain(items(spec, "initContainers")) {
        let resources = &container["resources"];
        let quantity = |list: &str, key: &str| text(&resources[list], key).parse::<Quantity>().ok();
        let bound = |value: &Value| value.as_str().and_then(|text| text.parse::<Quantity>().ok());
        for (key, value) in entries(limit, "max") {
            let Some(max) = bound(value) else { continue };
            match (quantity("limits", key), quantity("requests", key)) {
                (None, _) => {
                    return Err(format!(
                        "maximum {key} usage per {kind} is {max}.  No limit is specified"
                    ));
                }
                (Some(own), _) if own > max => {
                    return Err(format!(
                        "maximum {key} usage per {kind} is {max}, but limit is {own}"
                    ));
                }
                (_, Some(own)) if own > max => {
                    return Err(format!(
                        "maximum {key} usage per {kind} is {max}, but request is {own}"
                    ));
                }
                _ => {}
            }
        }
        for (key, value) in entries(limit, "min") {
            let Some(min) = bound(value) else { continue };
            match quantity("requests", key) {
                None => {
                    return Err(format!(
                        "minimum {key} usage per {kind} is {min}.  No request is specified"
                    ));
                }
                Some(own) if own < min => {
                    return Err(format!(
                        "minimum {key} usage per {kind} is {min}, but request is {own}"
                    ));
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}
