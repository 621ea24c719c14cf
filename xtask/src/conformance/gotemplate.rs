//! Templates with Go's own functions, against Go's `text/template`.

use std::path::Path;

use anyhow::Context;
use flux_gotemplate::{Functions, Templates, Value};

use super::Case;
use super::goyaml::with_floats;

/// Renders each recorded template.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let file = root.join("gotemplate/cases.json");
    let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
    let recorded: serde_json::Value = serde_json::from_slice(&text)?;
    let values = flux_yaml::from_str(recorded["dataYaml"].as_str().context("no dataYaml")?)?;
    let dot = Value::from(&with_floats(&values));
    let cases = recorded["cases"].as_array().context("no cases")?;
    cases.iter().map(|case| run(case, &dot)).collect()
}

fn run(case: &serde_json::Value, dot: &Value) -> anyhow::Result<Case> {
    let id = case["id"].as_str().context("no id")?;
    let template = case["template"].as_str().context("no template")?;
    let got = render(case, template, dot).map_err(|error| error.to_string());
    let wanted = if case["go"].is_object() { &case["go"] } else { &case["helm"] };
    let want = match wanted["error"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => Ok(wanted["output"].as_str().unwrap_or_default().to_owned()),
    };
    Ok(Case::compare(format!("{id} {template:?}"), &got, &want))
}

fn render(
    case: &serde_json::Value,
    template: &str,
    dot: &Value,
) -> Result<String, flux_gotemplate::Error> {
    let mut templates = Templates::new("gotpl", Functions::new());
    for (name, text) in case["named"].as_object().into_iter().flatten() {
        templates.parse(name, text.as_str().unwrap_or_default())?;
    }
    templates.parse("test", template)?;
    templates.execute("test", dot)
}
