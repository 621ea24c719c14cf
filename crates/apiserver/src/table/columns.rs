//! The columns of built-in kinds; descriptions come from the definitions of the kinds.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::Value;

use super::Column;

/// `kind GROUP/KIND…`, then a line for each column; the head of the file explains its form.
static COLUMNS: &str = include_str!("../../data/table-columns.txt");

type Kinds = HashMap<(String, String), Vec<Column>>;

/// Returns the columns of a kind; kinds without own ones have name and time of creation.
pub(super) fn of_kind(group: &str, kind: &str) -> Vec<Column> {
    static KINDS: OnceLock<Kinds> = OnceLock::new();
    let kinds = KINDS.get_or_init(read);
    let own = kinds.get(&(group.to_owned(), kind.to_owned()));
    let default = || kinds.get(&(String::new(), String::new()));
    own.or_else(default).cloned().unwrap_or_default()
}

/// Tells whether a kind has own columns.
pub(super) fn has_own(group: &str, kind: &str) -> bool {
    COLUMNS.lines().filter_map(|line| line.strip_prefix("kind ")).any(|names| {
        names.split(' ').filter_map(|name| name.split_once('/')).any(|one| one == (group, kind))
    })
}

fn read() -> Kinds {
    let mut kinds = Kinds::new();
    let mut current: Vec<(String, String)> = Vec::new();
    for line in COLUMNS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(names) = line.strip_prefix("kind ") {
            let names = names.split(' ').filter_map(|name| name.split_once('/'));
            current = names.map(|(group, kind)| (group.to_owned(), kind.to_owned())).collect();
            continue;
        }
        let Some(column) = column(line) else { continue };
        for key in &current {
            kinds.entry(key.clone()).or_default().push(column.clone());
        }
    }
    kinds
}

fn column(line: &str) -> Option<Column> {
    let mut parts = line.splitn(4, '|');
    let (name, type_name) = (parts.next()?, parts.next()?);
    let priority = parts.next()?.parse().ok()?;
    let description = describe(parts.next()?);
    let format = if name == "Name" { "name" } else { "" };
    Some(Column {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        format: format.to_owned(),
        description,
        priority,
    })
}

/// Resolves `@GROUP.KIND.FIELD` to the description of a field; other texts stand for themselves.
pub(super) fn describe(text: &str) -> String {
    let Some(reference) = text.strip_prefix('@') else { return text.to_owned() };
    let Some((kind, field)) = reference.rsplit_once('.') else { return String::new() };
    let name = match kind.strip_prefix("meta.") {
        Some(kind) => format!("io.k8s.apimachinery.pkg.apis.meta.v1.{kind}"),
        None => format!("io.k8s.api.{kind}"),
    };
    let definition = flux_schema::openapi::definition(&name).unwrap_or_default();
    let field = definition.pointer(&format!("/properties/{field}/description"));
    field.and_then(Value::as_str).unwrap_or_default().to_owned()
}
