//! ResourceQuotas: what an object uses of them, and whether there is enough left.

use std::collections::BTreeMap;

use flux_schema::Quantity;
use serde_json::{Value, json};

use crate::meta;
use crate::registry::{ResourceInfo, View};
use crate::status::Status;
use crate::store::{Collection, Target, Writer, key};
use crate::write::Scope;

/// Amounts by the names that quotas have for them.
pub(crate) type Amounts = BTreeMap<String, Quantity>;

const COMPUTED: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Returns what an object of a kind counts for; nothing for Pods that have ended.
pub(crate) fn usage(group: &str, plural: &str, object: &Value) -> Amounts {
    let mut used = Amounts::new();
    let one = Quantity::from_int(1);
    let full = match group {
        "" => plural.to_owned(),
        group => format!("{plural}.{group}"),
    };
    used.insert(format!("count/{full}"), one);
    match (group, plural) {
        ("", "pods") => {
            if matches!(meta::text(object, "/status/phase"), "Succeeded" | "Failed") {
                return Amounts::new();
            }
            used.insert("pods".to_owned(), one);
            pod_usage(object, &mut used);
        }
        ("", "services") => {
            used.insert("services".to_owned(), one);
            let ports = object.pointer("/spec/ports").and_then(Value::as_array).map_or(0, Vec::len);
            let ports = Quantity::from_int(i64::try_from(ports).unwrap_or(i64::MAX));
            match meta::text(object, "/spec/type") {
                "NodePort" => {
                    used.insert("services.nodeports".to_owned(), ports);
                }
                "LoadBalancer" => {
                    used.insert("services.loadbalancers".to_owned(), one);
                    if object.pointer("/spec/allocateLoadBalancerNodePorts") != Some(&json!(false))
                    {
                        used.insert("services.nodeports".to_owned(), ports);
                    }
                }
                _ => {}
            }
        }
        ("", "persistentvolumeclaims") => {
            used.insert("persistentvolumeclaims".to_owned(), one);
            let size = amount(object.pointer("/spec/resources/requests/storage"));
            used.insert("requests.storage".to_owned(), size);
            let class = meta::text(object, "/spec/storageClassName");
            if !class.is_empty() {
                let suffix = format!("{class}.storageclass.storage.k8s.io");
                used.insert(format!("{suffix}/requests.storage"), size);
                used.insert(format!("{suffix}/persistentvolumeclaims"), one);
            }
        }
        ("", "configmaps" | "secrets" | "replicationcontrollers" | "resourcequotas") => {
            used.insert(plural.to_owned(), one);
        }
        _ => {}
    }
    used
}

fn amount(value: Option<&Value>) -> Quantity {
    value.and_then(Value::as_str).and_then(|text| text.parse().ok()).unwrap_or(Quantity::ZERO)
}

/// Adds what the containers of a Pod ask for: those that run together, or the largest that runs
/// before them.
fn pod_usage(pod: &Value, used: &mut Amounts) {
    for (list, prefix) in [("requests", "requests."), ("limits", "limits.")] {
        let mut all = sum(pod, "containers", list);
        for container in containers(pod, "initContainers") {
            for (name, amount) in amounts(container, list) {
                let known = all.entry(name).or_insert(Quantity::ZERO);
                *known = (*known).max(amount);
            }
        }
        for (name, amount) in all {
            if list == "requests" && COMPUTED.contains(&name.as_str()) {
                used.insert(name.clone(), amount);
            }
            used.insert(format!("{prefix}{name}"), amount);
        }
    }
}

fn containers<'a>(pod: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    let all = pod.get("spec").and_then(|spec| spec.get(list)).and_then(Value::as_array);
    all.into_iter().flatten()
}

fn amounts<'a>(container: &'a Value, list: &str) -> impl Iterator<Item = (String, Quantity)> + 'a {
    let all = container.get("resources").and_then(|resources| resources.get(list));
    let all = all.and_then(Value::as_object).into_iter().flatten();
    all.map(|(name, value)| (name.clone(), amount(Some(value))))
}

fn sum(pod: &Value, which: &str, list: &str) -> Amounts {
    let mut all = Amounts::new();
    for (name, amount) in containers(pod, which).flat_map(|one| amounts(one, list)) {
        let known = all.entry(name).or_insert(Quantity::ZERO);
        *known = known.plus(amount);
    }
    all
}

/// Tells whether a quota is about an object: scopes choose among Pods.
pub(crate) fn covers(quota: &Value, plural: &str, object: &Value) -> bool {
    let scopes = quota.pointer("/spec/scopes").and_then(Value::as_array);
    let scopes: Vec<&str> = scopes.into_iter().flatten().filter_map(Value::as_str).collect();
    let selector = quota.pointer("/spec/scopeSelector/matchExpressions").and_then(Value::as_array);
    let selected = selector.into_iter().flatten();
    let mut selected = selected.map(|one| (meta::text(one, "/scopeName"), Some(one)));
    scopes
        .into_iter()
        .map(|scope| (scope, None))
        .chain(&mut selected)
        .all(|(scope, expression)| plural == "pods" && in_scope(scope, expression, object))
}

fn in_scope(scope: &str, expression: Option<&Value>, pod: &Value) -> bool {
    let ends = pod.pointer("/spec/activeDeadlineSeconds").is_some_and(|it| !it.is_null());
    let nothing =
        containers(pod, "containers").chain(containers(pod, "initContainers")).all(|one| {
            let asks = |list| amounts(one, list).any(|(name, _)| COMPUTED[..2].contains(&&*name));
            !asks("requests") && !asks("limits")
        });
    match scope {
        "Terminating" => ends,
        "NotTerminating" => !ends,
        "BestEffort" => nothing,
        "NotBestEffort" => !nothing,
        "PriorityClass" => {
            let class = meta::text(pod, "/spec/priorityClassName");
            let values = expression.and_then(|one| one.get("values")).and_then(Value::as_array);
            let listed = values.into_iter().flatten().any(|one| one == class);
            match expression.map_or("Exists", |one| meta::text(one, "/operator")) {
                "In" => listed,
                "NotIn" => !class.is_empty() && !listed,
                "DoesNotExist" => class.is_empty(),
                _ => !class.is_empty(),
            }
        }
        _ => false,
    }
}

fn read(value: Option<&Value>) -> Amounts {
    let map = value.and_then(Value::as_object).into_iter().flatten();
    map.map(|(name, value)| (name.clone(), amount(Some(value)))).collect()
}

/// A quota with what it will have been used for once an object is stored.
pub(crate) struct Charge {
    quota: Value,
    used: Amounts,
}

/// Finds out what a new object uses of the quotas of its namespace.
///
/// # Errors
/// 403 if there is not enough left, or if nobody knows.
pub(crate) fn check(scope: &Scope<'_>, object: &Value) -> Result<Vec<Charge>, Status> {
    let info: &ResourceInfo = scope.info;
    let mut charges = Vec::new();
    if !info.is_namespaced() || !scope.subresource().is_empty() {
        return Ok(charges);
    }
    let quotas = View::new(&scope.core.store).list("", "resourcequotas", scope.namespace());
    if quotas.is_empty() {
        return Ok(charges);
    }
    let wanted = usage(&info.storage.group, &info.plural, object);
    for quota in quotas.into_iter().filter(|quota| covers(quota, &info.plural, object)) {
        let refuse =
            |why: String| Err(Status::forbidden(info.group_resource(), meta::name(object), &why));
        let (name, limits) = (meta::name(&quota).to_owned(), read(quota.pointer("/spec/hard")));
        let interesting: Vec<&String> =
            limits.keys().filter(|key| wanted.contains_key(*key) || needs(info, key)).collect();
        if interesting.is_empty() {
            continue;
        }
        let missing: Vec<String> = interesting
            .iter()
            .filter(|key| needs(info, key))
            .filter_map(|key| unset(object, key))
            .collect();
        if !missing.is_empty() {
            return refuse(format!("failed quota: {name}: must specify {}", missing.join("; ")));
        }
        let (hard, used) =
            (read(quota.pointer("/status/hard")), read(quota.pointer("/status/used")));
        if interesting.iter().any(|key| !hard.contains_key(*key) || !used.contains_key(*key)) {
            let list: Vec<&str> = interesting.iter().map(|key| key.as_str()).collect();
            return refuse(format!(
                "status unknown for quota: {name}, resources: {}",
                list.join(",")
            ));
        }
        let mut after = used.clone();
        let mut over = Vec::new();
        for (key, amount) in wanted.iter().filter(|(key, _)| hard.contains_key(*key)) {
            let total = used.get(key).copied().unwrap_or(Quantity::ZERO).plus(*amount);
            if !amount.is_zero() && hard.get(key).is_some_and(|limit| total > *limit) {
                over.push(key);
            }
            after.insert(key.clone(), total);
        }
        if !over.is_empty() {
            let print = |of: &Amounts| {
                let parts = over.iter().filter_map(|key| Some(format!("{key}={}", of.get(*key)?)));
                parts.collect::<Vec<_>>().join(",")
            };
            return refuse(format!(
                "exceeded quota: {name}, requested: {}, used: {}, limited: {}",
                print(&wanted),
                print(&used),
                print(&hard)
            ));
        }
        charges.push(Charge { quota, used: after });
    }
    Ok(charges)
}

/// Tells whether every container has to say how much it wants of something.
fn needs(info: &ResourceInfo, name: &str) -> bool {
    let bare = name.strip_prefix("requests.").or_else(|| name.strip_prefix("limits."));
    info.group.is_empty() && info.plural == "pods" && COMPUTED[..2].contains(&bare.unwrap_or(name))
}

/// Names the containers that do not say how much they want.
fn unset(pod: &Value, name: &str) -> Option<String> {
    let (list, bare) = match name.strip_prefix("limits.") {
        Some(bare) => ("limits", bare),
        None => ("requests", name.strip_prefix("requests.").unwrap_or(name)),
    };
    let all = containers(pod, "containers").chain(containers(pod, "initContainers"));
    let silent: Vec<&str> = all
        .filter(|one| !amounts(one, list).any(|(own, _)| own == bare))
        .map(|one| meta::text(one, "/name"))
        .collect();
    (!silent.is_empty()).then(|| format!("{name} for: {}", silent.join(",")))
}

/// Books what a stored object uses.
pub(crate) fn charge(writer: &mut Writer<'_>, charges: Vec<Charge>) {
    let collection = Collection::new("", "resourcequotas");
    for Charge { mut quota, used } in charges {
        if read(quota.pointer("/status/used")) == used {
            continue;
        }
        quota["status"]["used"] = to_value(&used);
        let key = key(meta::namespace(&quota), meta::name(&quota));
        writer.put(Target { collection: &collection, key: &key, shape: 0 }, &mut quota);
    }
}

/// Prints amounts as objects hold them.
pub(crate) fn to_value(amounts: &Amounts) -> Value {
    amounts.iter().map(|(name, amount)| (name.clone(), Value::from(amount.to_string()))).collect()
}
