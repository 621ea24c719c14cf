//! YAML as yaml.v3 and sigs.k8s.io/yaml read and write it.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use flux_yaml::{Documents, Emit, Error, Kind, Node, Style};
use serde_json::{Number, Value};

use super::Case;

/// Reads the recorded texts and writes the recorded values.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let inputs = load(root, "cases.json")?;
    let answers = load(root, "go.json")?;
    let mut cases = Vec::new();
    for (input, answer) in inputs.iter().zip(&answers) {
        let text = input[1].as_str().context("no input")?;
        cases.extend(read(text, answer));
    }
    let values = load(root, "emit.json")?;
    let texts = load(root, "goemit.json")?;
    for (index, (value, text)) in values.iter().zip(&texts).enumerate() {
        cases.extend(write(index, value, text));
    }
    Ok(cases)
}

fn load(root: &Path, name: &str) -> anyhow::Result<Vec<Value>> {
    let file = root.join("goyaml").join(name);
    let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
    Ok(serde_json::from_slice(&text)?)
}

fn read(text: &str, answer: &Value) -> Vec<Case> {
    let name = answer["name"].as_str().unwrap_or_default();
    let field = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
    let mut tree = String::new();
    let mut trouble = String::new();
    let mut first = None;
    for document in Documents::new(text.as_bytes()) {
        match document {
            Ok(root) => {
                tree.push('D');
                show(&root, &mut tree);
                first.get_or_insert(root);
            }
            Err(error) => trouble = error.to_string(),
        }
    }
    let mut cases = vec![Case::compare(
        format!("{name} tree"),
        &(tree, trouble),
        &(field("ev"), field("ev_err")),
    )];
    let want = match answer["json"].as_str() {
        Some(json) => Ok(serde_json::from_str::<Value>(json).unwrap_or_default()),
        None => Err(field("json_err")),
    };
    // Both sides pass serde_json's reader, which is off by one in the last digit of some floats.
    let got = flux_yaml::from_str(text)
        .map(|value| serde_json::from_str::<Value>(&value.to_string()).unwrap_or_default())
        .map_err(unwrap);
    cases.push(Case::compare(format!("{name} json"), &got, &want));
    let strict = flux_yaml::from_str_strict(text).err().map(unwrap).unwrap_or_default();
    cases.push(Case::compare(format!("{name} strict"), &strict, &field("strict_err")));
    if let (Some(root), Some(want)) = (first, answer["rt"].as_str()) {
        let got = flux_yaml::emit(&root, Emit::Wide);
        cases.push(Case::compare(format!("{name} round trip"), &got.as_str(), &want));
    }
    cases
}

/// The answers are those of YAMLToJSON, without what Unmarshal puts in front.
fn unwrap(error: Error) -> String {
    match error {
        Error::Convert(inner) => inner.to_string(),
        error => error.to_string(),
    }
}

fn show(node: &Node, out: &mut String) {
    let (open, close) = match node.kind {
        Kind::Mapping => ("{", "}"),
        Kind::Sequence => ("[", "]"),
        Kind::Alias => {
            let _ = write!(out, "*{} ", node.value);
            return;
        }
        Kind::Scalar => (letter(node.style), ""),
    };
    out.push_str(open);
    if let Some(anchor) = &node.anchor {
        let _ = write!(out, "&{anchor}");
    }
    if node.tagged {
        let _ = write!(out, "<{}>", node.tag);
    }
    if node.kind == Kind::Scalar {
        let text = Value::String(node.value.clone()).to_string();
        let text = text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        let text = text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
        let _ = write!(out, "{text} ");
    }
    for child in &node.content {
        show(child, out);
    }
    out.push_str(close);
}

fn letter(style: Style) -> &'static str {
    match style {
        Style::Plain | Style::Flow => "p",
        Style::SingleQuoted => "s",
        Style::DoubleQuoted => "d",
        Style::Literal => "l",
        Style::Folded => "f",
    }
}

fn write(index: usize, value: &Value, text: &Value) -> [Case; 2] {
    let label = value.to_string().chars().take(40).collect::<String>();
    let sigs = flux_yaml::marshal(value).unwrap_or_default();
    let v3 = flux_yaml::emit(&Node::from_value(&with_floats(value)), Emit::Wide);
    let want = |place: usize| text[place].as_str().unwrap_or_default().to_owned();
    [
        Case::compare(format!("{index} sigs {label}"), &sigs, &want(0)),
        Case::compare(format!("{index} v3 {label}"), &v3, &want(1)),
    ]
}

/// Makes every number a float, as encoding/json does when it is not told otherwise.
pub(super) fn with_floats(value: &Value) -> Value {
    match value {
        Value::Number(number) => {
            number.as_f64().and_then(Number::from_f64).map_or_else(|| value.clone(), Value::Number)
        }
        Value::Array(items) => items.iter().map(with_floats).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), with_floats(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}
