//! Values and ignore rules, against Helm's packages.

use std::path::Path;

use anyhow::Context;
use flux_helm::{Chart, HelmIgnore, set};
use serde_json::{Value, json};

use super::Case;
use super::helm::{load, read};

/// All recorded values.
pub(super) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    let strvals = read(&root.join("strvals-cases.json"))?;
    cases.extend(strvals.as_array().context("no cases")?.iter().map(assign));
    let ignore = read(&root.join("ignore-cases.json"))?;
    cases.extend(ignore.as_array().context("no cases")?.iter().map(self::ignore));
    let digests = read(&root.join("digest-cases.json"))?;
    for case in digests["cases"].as_array().context("no cases")? {
        cases.push(digest(case)?);
    }
    let coalesce = read(&root.join("coalesce-cases.json"))?;
    for case in coalesce.as_array().context("no cases")? {
        cases.push(self::coalesce(root, case)?);
    }
    Ok(cases)
}

/// Floats without fraction as whole numbers: the records do not tell them apart.
pub(super) fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            #[expect(clippy::cast_possible_truncation, reason = "checked")]
            Some(float) if float.fract() == 0.0 && float.abs() < 1e15 => json!(float as i64),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        _ => value.clone(),
    }
}

fn assign(case: &Value) -> Case {
    let input = case["input"].as_str().unwrap_or_default();
    let mode = case["mode"].as_str().unwrap_or_default();
    let mut values = case["dest"].as_object().cloned().unwrap_or_default();
    let result = match mode {
        "set-string" => set::set_string(input, &mut values),
        "set-literal" => set::set_literal(input, &mut values),
        "set-json" => set::set_json(input, &mut values),
        _ => set::set(input, &mut values),
    };
    let got = match result {
        Ok(()) => plain(&Value::Object(values)),
        Err(error) => json!({ "error": error.to_string() }),
    };
    let want = match case["error"].as_str() {
        Some(error) => json!({ "error": error }),
        None => plain(&case["expected"]),
    };
    Case::compare(format!("strvals {mode} {input}"), &got, &want)
}

fn ignore(case: &Value) -> Case {
    let rules = case["rules"].as_str().unwrap_or_default();
    let name = format!("ignore {rules:?} {}", case["test_path"].as_str().unwrap_or_default());
    match HelmIgnore::parse(rules.as_bytes()) {
        Err(error) => Case::compare(name, &json!(error.to_string()), &case["error"]),
        Ok(rules) => {
            let judged = |path: &String| {
                let is_directory = path.ends_with('/');
                rules.ignores(path.trim_end_matches('/'), is_directory)
            };
            let paths = case["ignored"].as_object().into_iter().flat_map(|paths| paths.keys());
            let got: Value = paths.map(|path| (path.clone(), Value::Bool(judged(path)))).collect();
            Case::compare(name, &got, &case["ignored"])
        }
    }
}

fn digest(case: &Value) -> anyhow::Result<Case> {
    let text = case["valuesYaml"].as_str().unwrap_or_default();
    let values = flux_helm::load_values(text)?;
    let got = [flux_helm::config_text(&values), flux_helm::config_digest(&values)].map(Value::from);
    let want = [case["encoded"].clone(), case["digest"].clone()];
    Ok(Case::compare(format!("digest {text:?}"), &got, &want))
}

fn chart(described: &Value) -> anyhow::Result<Chart> {
    let mut chart = Chart::default();
    chart.metadata.name = described["name"].as_str().unwrap_or_default().to_owned();
    let version = described["version"].as_str().or(described["metadata"]["version"].as_str());
    chart.metadata.version = version.unwrap_or("0.1.0").to_owned();
    chart.metadata.api_version = "v2".to_owned();
    let dependencies = match &described["metadata"]["dependencies"] {
        Value::Null => &described["dependencies"],
        dependencies => dependencies,
    };
    if dependencies.is_array() {
        chart.metadata.dependencies = serde_json::from_value(dependencies.clone())?;
    }
    chart.values = flux_helm::load_values(described["valuesYaml"].as_str().unwrap_or_default())?;
    for subchart in described["subcharts"].as_array().into_iter().flatten() {
        chart.dependencies.push(self::chart(subchart)?);
    }
    Ok(chart)
}

fn enabled(chart: &Chart) -> Value {
    let subcharts = chart.dependencies.iter();
    subcharts.map(|chart| (chart.name().to_owned(), enabled(chart))).collect()
}

fn coalesce(root: &Path, case: &Value) -> anyhow::Result<Case> {
    let name = format!("coalesce {}", case["id"].as_str().unwrap_or_default());
    let mut chart = match case["dir"].as_str() {
        Some(directory) => load(&root.join(directory)).map_err(anyhow::Error::msg)?,
        None => chart(&case["chart"])?,
    };
    let values = flux_helm::load_values(case["userYaml"].as_str().unwrap_or_default())?;
    let mut warnings = Vec::new();
    let result = flux_helm::process_dependencies(&mut chart, &values, &mut warnings)
        .and_then(|()| flux_helm::coalesce(&chart, &values, &mut warnings));
    let got = match result {
        Ok(values) => json!({"values": plain(&Value::Object(values)), "enabled": enabled(&chart)}),
        Err(error) => json!({ "error": error.to_string() }),
    };
    let want = match case["error"].as_str() {
        Some(error) => json!({ "error": error }),
        None => json!({"values": plain(&case["values"]), "enabled": case["enabled"]}),
    };
    Ok(Case::compare(name, &got, &want))
}
