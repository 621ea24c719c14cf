//! Templates, against Go's `text/template` and Helm's engine.

use std::path::Path;

use anyhow::Context;
use flux_gotemplate::{Error, MissingKey, Templates, Value};

use super::Case;
use super::goyaml::with_floats;
use super::helm::render_options;

/// Renders each recorded template by Helm's rules, and by Go's where those give something else.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let file = root.join("gotemplate/cases.json");
    let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
    let recorded: serde_json::Value = serde_json::from_slice(&text)?;
    let values = flux_yaml::from_str(recorded["dataYaml"].as_str().context("no dataYaml")?)?;
    let values = with_floats(&values);
    let cases = recorded["cases"].as_array().context("no cases")?;
    cases.iter().map(|case| run(case, &values)).collect()
}

fn run(case: &serde_json::Value, values: &serde_json::Value) -> anyhow::Result<Case> {
    let id = case["id"].as_str().context("no id")?;
    let template = case["template"].as_str().context("no template")?;
    let dot = || Value::from(values);
    let mut files: Vec<(&str, &str)> = Vec::new();
    for (name, text) in case["named"].as_object().into_iter().flatten() {
        files.push((name, text.as_str().unwrap_or_default()));
    }
    files.push(("test", template));
    let helm = flux_helm::render_text(&files, &dot(), &render_options("v1.33.4", &[]))
        .map_err(|error| error.to_string());
    let mut got = vec![helm];
    let mut want = vec![expected(&case["helm"])];
    if case["go"].is_object() {
        got.push(by_go(&files, &dot()).map_err(|error| error.to_string()));
        want.push(expected(&case["go"]));
    }
    Ok(Case::compare(format!("{id} {template:?}"), &got, &want))
}

/// The recorded result.
fn expected(recorded: &serde_json::Value) -> Result<String, String> {
    match recorded["error"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => Ok(recorded["output"].as_str().unwrap_or_default().to_owned()),
    }
}

/// Renders with the same functions by the rules of `text/template` alone.
pub(super) fn by_go(files: &[(&str, &str)], dot: &Value) -> Result<String, Error> {
    let functions = flux_helm::template_functions(&render_options("v1.33.4", &[]));
    let mut templates = Templates::new("gotpl", functions).with_missing_key(MissingKey::Invalid);
    for (name, text) in files {
        templates.parse(name, text)?;
    }
    templates.execute("test", dot)
}
