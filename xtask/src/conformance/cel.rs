//! Expressions of Flux resources: what is accepted, what they come to, what is said about errors.

use std::path::Path;

use anyhow::Context;
use flux_cel::{Expression, Type};
use flux_health::HealthExpressions;
use serde_json::{Map, Value, json};

use super::Case;

/// Runs every recorded expression.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let path = root.join("cel/cases.json");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let rows: Vec<Value> = serde_json::from_str(&text)?;
    let mut cases: Vec<_> = rows.iter().enumerate().map(|(index, row)| case(index, row)).collect();
    cases.extend(rules(root)?);
    Ok(cases)
}

fn case(index: usize, row: &Value) -> Case {
    let op = row["op"].as_str().unwrap_or_default();
    let got = run(op, row).unwrap_or_else(|error| json!({ "error": error }));
    let wanted = ["ok", "result", "status", "error"]
        .into_iter()
        .find_map(|key| Some(json!({ key: row.get(key)? })))
        .unwrap_or_default();
    Case::compare(format!("{op}-{index}"), &got, &wanted)
}

fn run(op: &str, row: &Value) -> Result<Value, String> {
    match op {
        "parse" => expression(row).map(|_| json!({ "ok": true })),
        "healthCheckExprs" => {
            let verdict = health(row)?.judge(&row["object"]);
            match verdict.status {
                flux_health::Status::Unknown => Err(verdict.message),
                status => Ok(json!({ "status": status.as_str() })),
            }
        }
        "healthCheckExprsInvalid" => health(row).map(|_| json!({ "ok": true })),
        op => {
            let expression = expression(row)?;
            let empty = Map::new();
            let data = row["data"].as_object().unwrap_or(&empty);
            let result = match op {
                "bool" => expression.evaluate_bool(&data).map(Value::from),
                "string" => expression.evaluate_string(&data).map(Value::from),
                _ => expression.evaluate_strings(&data).map(Value::from),
            };
            result.map(|value| json!({ "result": value })).map_err(|error| error.to_string())
        }
    }
}

fn expression(row: &Value) -> Result<Expression, String> {
    let text = row["expr"].as_str().unwrap_or_default();
    let variables = row["structVariables"].as_u64();
    let output = row["outputType"].as_str();
    if !row["compile"].as_bool().unwrap_or(false) {
        if output.is_some() || variables.is_some_and(|count| count > 0) {
            return Err("output type and variables can only be set when compiling the expression"
                .to_owned());
        }
        return Expression::parse(text).map_err(|error| error.to_string());
    }
    // The rows say how many variables there are, and use these names for them.
    let count = variables.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(0));
    let names: Vec<_> = ["foo", "bar", "baz"].into_iter().take(count).collect();
    let output = output.map(|_| Type::Bool);
    Expression::compile(text, &names, output).map_err(|error| error.to_string())
}

fn health(row: &Value) -> Result<HealthExpressions, String> {
    let text = |key: &str| row["exprs"][key].as_str().unwrap_or_default();
    HealthExpressions::parse(text("current"), text("inProgress"), text("failed"))
        .map_err(|error| error.to_string())
}

/// Validation rules of published custom resources, all of which are well-formed.
fn rules(root: &Path) -> anyhow::Result<Vec<Case>> {
    let path = root.join("cel/crd-rules.json");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let rules: Vec<String> = serde_json::from_str(&text)?;
    let env = flux_cel::Env::kubernetes()
        .with_variable("self", Type::Dyn)
        .with_variable("oldSelf", Type::Dyn);
    let case = |(index, rule): (usize, &String)| Case {
        name: format!("crd-rule-{index}"),
        outcome: env.compile(rule).map(|_| ()).map_err(|error| error.to_string()),
    };
    Ok(rules.iter().enumerate().map(case).collect())
}
