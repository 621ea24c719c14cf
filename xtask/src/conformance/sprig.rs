//! The functions of sprig, against sprig's own tests.

use std::path::Path;

use anyhow::Context;
use flux_gotemplate::Value;

use super::Case;
use super::gotemplate::by_go;
use super::helm::render_options;

/// Renders each recorded template by Go's rules and by Helm's.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let file = root.join("sprig/cases.json");
    let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
    let recorded: Vec<serde_json::Value> = serde_json::from_slice(&text)?;
    recorded.iter().enumerate().map(run).collect()
}

fn run((index, case): (usize, &serde_json::Value)) -> anyhow::Result<Case> {
    let template = case["template"].as_str().context("no template")?;
    let name = format!("{index} {template:?}");
    let files = [("test", template)];
    let go = by_go(&files, &with_ints(&case["data"])).map_err(|error| error.to_string());
    let options = render_options("v1.33.4", &[]);
    let helm = flux_helm::render_text(&files, &with_ints(&case["data"]), &options)
        .map_err(|error| error.to_string());
    let text = |key: &str| case[key].as_str().map(str::to_owned);
    let (want_go, want_helm) = if case["expect_error"] == true {
        let error = text("error").unwrap_or_default();
        (Err(error.clone()), Err(text("error_helm").unwrap_or(error)))
    } else {
        let output = text("expected").unwrap_or_default();
        let by_helm = text("expected_helm").unwrap_or_else(|| output.clone());
        (Ok(output), text("error_helm").map_or(Ok(by_helm), Err))
    };
    Ok(Case::compare(name, &[go, helm], &[want_go, want_helm]))
}

/// The data of sprig's tests, whose whole numbers are Go's `int`.
fn with_ints(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(int) => Value::Int(int),
            None => Value::from(value),
        },
        serde_json::Value::Array(items) => Value::list(items.iter().map(with_ints).collect()),
        serde_json::Value::Object(entries) => {
            let entry = |(key, value): (&String, _)| (key.clone(), with_ints(value));
            Value::map(entries.iter().map(entry).collect())
        }
        other => Value::from(other),
    }
}
