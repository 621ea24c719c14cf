//! Which subcharts count, under which name, and what they lend to their parent's values.

use flux_gotemplate::{Map, Value as Data};
use serde_json::{Value, json};

use crate::capabilities::is_compatible;
use crate::values::{
    Coalescing, Nulls, Values, ValuesError, path_value, table, to_data, to_values,
};
use crate::{Chart, Dependency};

/// Removes the subcharts that `values` turn off, renames those with an alias, and imports values
/// of subcharts into their parents; what is worth saying is added to `warnings`.
///
/// # Errors
/// A subchart's section in the values is no map.
pub fn process(
    chart: &mut Chart,
    values: &Values,
    warnings: &mut Vec<String>,
) -> Result<(), ValuesError> {
    enable(chart, values, ("", warnings))?;
    import(chart, warnings)
}

fn enable(
    chart: &mut Chart,
    values: &Values,
    (path, warnings): (&str, &mut Vec<String>),
) -> Result<(), ValuesError> {
    if chart.metadata.dependencies.is_empty() {
        return Ok(());
    }
    rename(chart);
    let mut coalescing = Coalescing::new(Nulls::Remove);
    let all = coalescing.values(chart, values)?;
    let dependencies = &mut chart.metadata.dependencies;
    dependencies.iter_mut().for_each(|dependency| dependency.enabled = true);
    by_tags(dependencies, &all, warnings);
    by_conditions(dependencies, &all, (path, warnings));
    let is_off = |name: &str| {
        dependencies.iter().any(|dependency| !dependency.enabled && dependency.name == name)
    };
    chart.dependencies.retain(|subchart| !is_off(subchart.name()));
    let off: Vec<String> = dependencies
        .iter()
        .filter(|dependency| !dependency.enabled)
        .map(|dependency| dependency.name.clone())
        .collect();
    dependencies.retain(|dependency| !off.contains(&dependency.name));
    for subchart in &mut chart.dependencies {
        let path = format!("{path}{}.", subchart.name());
        enable(subchart, &all, (&path, warnings))?;
    }
    Ok(())
}

fn is_for(dependency: &Dependency, subchart: &Chart) -> bool {
    subchart.name() == dependency.name
        && is_compatible(&dependency.version, &subchart.metadata.version)
}

/// Puts the subcharts in order: those that are not declared, then those that are, by their alias.
fn rename(chart: &mut Chart) {
    let declared = &mut chart.metadata.dependencies;
    let undeclared = chart
        .dependencies
        .iter()
        .filter(|subchart| !declared.iter().any(|dependency| is_for(dependency, subchart)));
    let mut subcharts: Vec<Chart> = undeclared.cloned().collect();
    for dependency in declared {
        if let Some(found) = chart.dependencies.iter().find(|chart| is_for(dependency, chart)) {
            let mut found = found.clone();
            if !dependency.alias.is_empty() {
                found.metadata.name.clone_from(&dependency.alias);
            }
            subcharts.push(found);
        }
        if !dependency.alias.is_empty() {
            dependency.name.clone_from(&dependency.alias);
        }
    }
    chart.dependencies = subcharts;
}

fn by_tags(dependencies: &mut [Dependency], values: &Values, warnings: &mut Vec<String>) {
    let Some(tags) = table(values, "tags") else { return };
    for dependency in dependencies {
        let (mut on, mut off) = (false, false);
        for tag in &dependency.tags {
            match tags.get(tag) {
                Some(Value::Bool(true)) => on = true,
                Some(Value::Bool(false)) => off = true,
                Some(_) => warnings.push(format!(
                    "returned non-bool value: tag {tag} of chart {}",
                    dependency.name
                )),
                None => {}
            }
        }
        dependency.enabled = on || !off;
    }
}

fn by_conditions(
    dependencies: &mut [Dependency],
    values: &Values,
    (path, warnings): (&str, &mut Vec<String>),
) {
    for dependency in dependencies {
        for condition in dependency.condition.trim().split(',').filter(|path| !path.is_empty()) {
            match path_value(values, &format!("{path}{condition}")) {
                Some(Value::Bool(enabled)) => {
                    dependency.enabled = *enabled;
                    break;
                }
                Some(_) => warnings.push(format!(
                    "returned non-bool value: path {condition} of chart {}",
                    dependency.name
                )),
                None => {}
            }
        }
    }
}

/// Imports values from the innermost charts outwards.
fn import(chart: &mut Chart, warnings: &mut Vec<String>) -> Result<(), ValuesError> {
    for subchart in &mut chart.dependencies {
        import(subchart, warnings)?;
    }
    if chart.metadata.dependencies.is_empty() {
        return Ok(());
    }
    let mut coalescing = Coalescing::new(Nulls::Keep);
    let own = coalescing.data(chart, &Values::new())?;
    // Imported tables are shared: what a later import adds to one shows wherever it went before.
    let imported = Map::default();
    for dependency in &mut chart.metadata.dependencies {
        let mut imports = Vec::new();
        for import in &dependency.import_values {
            let Some((child, parent)) = paths(import) else { continue };
            imports.push(json!({"child": child, "parent": parent}));
            match shared_table(&own, &format!("{}.{child}", dependency.name)) {
                Some(found) => {
                    coalescing.tables(&imported, &at_path(&parent, found), "", Nulls::Keep);
                }
                None => warnings.push(format!(
                    "ImportValues missing table from chart: {child} of chart {}",
                    dependency.name
                )),
            }
        }
        dependency.import_values = imports;
    }
    // What the parent sets itself goes before what it imports.
    let own = to_data(&to_values(&own));
    coalescing.tables(&own, &imported, "", Nulls::Keep);
    chart.values = to_values(&own);
    Ok(())
}

/// The table at a path with dots, shared with the whole.
fn shared_table(values: &Map, path: &str) -> Option<Map> {
    path.split('.').try_fold(values.clone(), |table, name| match table.get(name) {
        Some(Data::Map(inner)) => Some(inner),
        _ => None,
    })
}

/// Where imported values come from and where they go.
fn paths(import: &Value) -> Option<(String, String)> {
    let text = |map: &Values, key: &str| match map.get(key) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => "<nil>".to_owned(),
        Some(other) => other.to_string(),
    };
    match import {
        Value::String(name) => Some((format!("exports.{name}"), ".".to_owned())),
        Value::Object(map) => Some((text(map, "child"), text(map, "parent"))),
        _ => None,
    }
}

/// The values below a path.
fn at_path(path: &str, values: Map) -> Map {
    if path == "." {
        return values;
    }
    path.rsplit('.').fold(values, |inner, name| {
        let outer = Map::default();
        outer.entries.borrow_mut().insert(name.to_owned(), Data::Map(inner));
        outer
    })
}
