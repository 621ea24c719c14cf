//! The rules of applying objects: `ssa` and `dependency_sort`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use flux_manifest::{Object, ObjectId};
use flux_plan::{
    CustomStage, Dependent, IgnoreRules, ManagerRule, Matcher, Operation, Reference, Selector,
    Stage, apply_order, delete_order, has_drifted, is_immutable, is_switched, mask_patch,
    mask_secrets, normalize, normalize_all, set_metadata, sort, stages, takeover,
};
use serde_json::{Value, json};

use super::Case;

/// `dependency_sort`: objects with dependencies, sorted or refused.
pub(crate) fn dependency_sort(root: &Path) -> anyhow::Result<Vec<Case>> {
    let cases = read(root, "dependency_sort/cases.json")?;
    Ok(cases
        .iter()
        .enumerate()
        .map(|(n, case)| Case::compare(name(n, case), &sorted(case), &wanted(case, "sorted")))
        .collect())
}

/// Returns what a case wants: a value, or an error by its text.
fn wanted(case: &Value, key: &str) -> Value {
    case.get("error").map_or_else(|| case[key].clone(), |error| json!({ "error": error }))
}

fn sorted(case: &Value) -> Value {
    let reference =
        |it: &Value| Reference { namespace: text(it, "namespace"), name: text(it, "name") };
    let dependents: Vec<_> = array(&case["objects"])
        .map(|it| Dependent {
            reference: reference(it),
            depends_on: array(&it["dependsOn"]).map(reference).collect(),
        })
        .collect();
    match sort(&dependents) {
        Ok(sorted) => {
            sorted.iter().map(|it| json!({"name": it.name, "namespace": it.namespace})).collect()
        }
        Err(error) => json!({ "error": error.to_string() }),
    }
}

/// `ssa`: all tables of that folder whose rules live in `flux-plan`.
pub(crate) fn ssa(root: &Path) -> anyhow::Result<Vec<Case>> {
    type Check = fn(&Value) -> anyhow::Result<(Value, Value)>;
    let tables: [(&str, Check); 10] = [
        ("apply_order", order),
        ("common_metadata", common_metadata),
        ("field_manager_takeover", ownership),
        ("ignore_rule_selector", selector),
        ("immutable_errors", immutable),
        ("inventory_ids", inventory_id),
        ("mask_secret_patch", masked_patch),
        ("metadata_selectors", switches),
        ("normalize", normalized),
        ("sanitize_secrets", masked_secrets),
    ];
    let mut cases = Vec::new();
    for (table, check) in tables {
        for (n, case) in read(root, &format!("ssa/{table}.json"))?.iter().enumerate() {
            let (got, want) = check(case).with_context(|| format!("{table} {n}"))?;
            cases.push(Case::compare(format!("{table}/{}", name(n, case)), &got, &want));
        }
    }
    Ok(cases)
}

fn order(case: &Value) -> anyhow::Result<(Value, Value)> {
    let mut ids: Vec<ObjectId> = Vec::new();
    for id in array(&case["in"]) {
        ids.push(id.as_str().unwrap_or_default().parse()?);
    }
    let objects: Vec<Object> = ids.iter().map(object).collect::<anyhow::Result<_>>()?;
    apply_order(&mut ids);
    let applied = texts(&ids);
    delete_order(&mut ids);
    let deleted = texts(&ids);
    let custom = CustomStage::parse_list(&text(case, "customStageKinds"));
    let mut by_stage = json!({});
    for (stage, members) in stages(objects, &custom) {
        let key = match stage {
            Stage::Definitions => "definitions",
            Stage::Classes => "classes",
            Stage::Custom => "custom",
            Stage::Resources => "resources",
        };
        let mut members: Vec<String> = members.iter().map(|it| it.id().to_string()).collect();
        members.sort();
        by_stage[key] = members.into();
    }
    let got = json!({"applyOrder": applied, "deleteOrder": deleted, "stages": by_stage});
    let mut want =
        json!({"applyOrder": case["applyOrder"], "deleteOrder": case["deleteOrder"], "stages": {}});
    for (stage, members) in case["stages"].as_object().into_iter().flatten() {
        if array(members).next().is_some() {
            let mut members: Vec<&str> = array(members).filter_map(Value::as_str).collect();
            members.sort_unstable();
            want["stages"][stage] = members.into();
        }
    }
    Ok((got, want))
}

/// Makes a bare object of an id.
fn object(id: &ObjectId) -> anyhow::Result<Object> {
    let api_version =
        if id.group.is_empty() { "v1".to_owned() } else { format!("{}/v1", id.group) };
    let metadata = json!({"namespace": id.namespace, "name": id.name});
    Ok(json!({"apiVersion": api_version, "kind": id.kind, "metadata": metadata}).try_into()?)
}

fn texts(ids: &[ObjectId]) -> Vec<String> {
    ids.iter().map(ObjectId::to_string).collect()
}

fn ownership(case: &Value) -> anyhow::Result<(Value, Value)> {
    let rules: Vec<ManagerRule> = array(&case["managers"])
        .map(|it| ManagerRule {
            name: text(it, "name"),
            exact: it["exactMatch"] == true,
            operation: if it["operationType"] == "Apply" {
                Operation::Apply
            } else {
                Operation::Update
            },
        })
        .collect();
    let fields: Vec<Value> = array(&case["managedFields"]).cloned().collect();
    let got = takeover(&fields, &rules, &text(case, "owner")).unwrap_or(Value::Null);
    Ok((got, case["patch"].clone()))
}

fn common_metadata(case: &Value) -> anyhow::Result<(Value, Value)> {
    let map = |key: &str| -> BTreeMap<String, String> {
        let map = case[key].as_object().into_iter().flatten();
        map.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    };
    let mut object = Object::try_from(case["in"].clone())?;
    set_metadata(&mut object, &map("labels"), &map("annotations"));
    Ok((object.into_value(), case["out"].clone()))
}

fn selector(case: &Value) -> anyhow::Result<(Value, Value)> {
    let field = |key: &str| text(&case["selector"], key);
    let selector = Selector {
        group: field("Group"),
        version: field("Version"),
        kind: field("Kind"),
        name: field("Name"),
        namespace: field("Namespace"),
        labels: field("LabelSelector"),
        annotations: field("AnnotationSelector"),
    };
    let got = match Matcher::new(&selector) {
        Err(error) => json!({ "error": error.to_string() }),
        // Some cases are no whole objects, which our type cannot hold.
        Ok(matcher) => {
            let mut value = case["object"].clone();
            for key in ["apiVersion", "kind"] {
                if value[key].is_null() {
                    value[key] = "none".into();
                }
            }
            matcher.matches(&Object::try_from(value)?).into()
        }
    };
    Ok((got, wanted(case, "match")))
}

fn immutable(case: &Value) -> anyhow::Result<(Value, Value)> {
    let got = is_immutable(&text(case, "reason"), &text(case, "message"));
    Ok((got.into(), case["immutable"].clone()))
}

fn inventory_id(case: &Value) -> anyhow::Result<(Value, Value)> {
    let parts = |id: &ObjectId| json!({"namespace": id.namespace, "name": id.name, "group": id.group, "kind": id.kind});
    let got = match text(case, "op").as_str() {
        "format" => {
            let id = ObjectId {
                namespace: text(case, "namespace"),
                name: text(case, "name"),
                group: text(case, "group"),
                kind: text(case, "kind"),
            };
            json!({"id": id.to_string()})
        }
        "parse" => match text(case, "id").parse::<ObjectId>() {
            Ok(id) => parts(&id),
            Err(error) => json!({"error": error.to_string()}),
        },
        _ => {
            let object = Object::try_from(case["object"].clone())?;
            let id = object.id();
            json!({"id": id.to_string(), "v": object.gvk().version, "subject": id.subject()})
        }
    };
    let want =
        got.as_object().into_iter().flatten().map(|(key, _)| (key.clone(), case[key].clone()));
    Ok((got.clone(), Value::Object(want.collect())))
}

fn normalized(case: &Value) -> anyhow::Result<(Value, Value)> {
    if text(case, "op") == "normalizeDryRun" {
        // Of a dry run only the metrics matter to us: the rest is compared as it came.
        let (live, dry_run) = (with_version(&case["out"])?, with_version(&case["in"])?);
        let mut dry_run = dry_run.into_value();
        dry_run["spec"] = merged(&case["out"]["spec"], &dry_run["spec"]);
        let rules = IgnoreRules::default();
        let drifted = has_drifted(Some(&live), &Object::try_from(dry_run)?, &rules);
        return Ok((drifted.into(), false.into()));
    }
    let mut object = Object::try_from(case["in"].clone())?;
    match text(case, "op").as_str() {
        "normalizeList" => normalize_all(std::slice::from_mut(&mut object)),
        _ => normalize(&mut object),
    }
    Ok((object.into_value(), case["out"].clone()))
}

fn with_version(value: &Value) -> anyhow::Result<Object> {
    let mut value = value.clone();
    value["metadata"] = json!({"resourceVersion": "1"});
    Ok(Object::try_from(value)?)
}

/// Adds the fields of `base` that `value` lacks.
fn merged(base: &Value, value: &Value) -> Value {
    let mut merged = base.clone();
    for (key, value) in value.as_object().into_iter().flatten() {
        merged[key] = value.clone();
    }
    merged
}

fn masked_patch(case: &Value) -> anyhow::Result<(Value, Value)> {
    let mut operations: Vec<Value> = array(&case["patch"]).cloned().collect();
    mask_patch(&mut operations);
    Ok((operations.into(), case["masked"].clone()))
}

fn masked_secrets(case: &Value) -> anyhow::Result<(Value, Value)> {
    let (mut old, mut new) = (case["old"].clone(), case["new"].clone());
    mask_secrets(&mut old, &mut new);
    Ok((json!([old, new]), json!([case["oldOut"], case["newOut"]])))
}

fn switches(case: &Value) -> anyhow::Result<(Value, Value)> {
    let object = Object::try_from(case["object"].clone())?;
    let pairs: Vec<(&str, &str)> = case["selector"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
        .collect();
    Ok((is_switched(&object, &pairs).into(), case["match"].clone()))
}

fn read(root: &Path, file: &str) -> anyhow::Result<Vec<Value>> {
    let file = root.join(file);
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    serde_json::from_str(&text).with_context(|| file.display().to_string())
}

fn name(n: usize, case: &Value) -> String {
    let source = text(case, "source");
    let last = source.rsplit('/').next().unwrap_or_default();
    if last.is_empty() || source.starts_with("derived") {
        n.to_string()
    } else {
        format!("{n}-{last}")
    }
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
