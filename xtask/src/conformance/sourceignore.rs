//! Matching of `.sourceignore` patterns.

use std::path::Path;

use anyhow::Context;
use flux_tree::Kind;
use flux_tree::ignore::{Matcher, Pattern, Verdict, parse};
use serde_json::Value;

use super::Case;

pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let file = root.join("sourceignore/cases.json");
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let recorded: Vec<Value> = serde_json::from_str(&text)?;
    recorded.iter().enumerate().map(|(at, case)| run(at, case)).collect()
}

fn run(at: usize, case: &Value) -> anyhow::Result<Case> {
    let op = case["op"].as_str().context("no op")?;
    let name = format!("{at:03}-{op}");
    match op {
        "matcher" => {
            let patterns = case["patterns"].as_array().context("no patterns")?;
            let patterns = patterns.iter().map(pattern).collect();
            let got = Matcher::new(patterns).ignores(&texts(&case["path"]), kind(&case["isDir"]));
            Ok(Case::compare(name, &Value::from(got), &case["ignored"]))
        }
        "pattern" => {
            let got = match pattern(case).judge(&texts(&case["path"]), kind(&case["isDir"])) {
                Verdict::NoMatch => "NoMatch",
                Verdict::Exclude => "Exclude",
                Verdict::Include => "Include",
            };
            Ok(Case::compare(name, &Value::from(got), &case["result"]))
        }
        "file" => Ok(file(name, case)),
        other => anyhow::bail!("unknown op {other}"),
    }
}

fn file(name: String, case: &Value) -> Case {
    let domain = texts(&case["domain"]);
    let patterns = parse(case["sourceignore"].as_str().unwrap_or_default(), &domain);
    let alone = Matcher::new(patterns.clone());
    let with_defaults = Matcher::with_defaults(patterns, &domain);
    let checks = case["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let (mut got, mut want) = (Vec::new(), Vec::new());
    for check in checks {
        let path = check["path"].as_str().unwrap_or_default();
        let kind = kind(&check["isDir"]);
        want.push((path, check["ignored"] == true, check["ignoredWithDefaults"] == true));
        got.push((path, alone.is_ignored(path, kind), with_defaults.is_ignored(path, kind)));
    }
    Case::compare(name, &got, &want)
}

fn pattern(value: &Value) -> Pattern {
    Pattern::parse(value["pattern"].as_str().unwrap_or_default(), &texts(&value["domain"]))
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn kind(is_directory: &Value) -> Kind {
    if is_directory == true { Kind::Directory } else { Kind::File { executable: false } }
}
