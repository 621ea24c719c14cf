//! A chart's default values below those that somebody set, subcharts included.
//!
//! The maps are shared as Go shares them: tables below `global` may be the same map in a chart and
//! its subcharts, so that what goes into one shows in the other.

use flux_gotemplate::{Map, Value as Data, printf};

use super::{GLOBAL, Values, ValuesError, to_data, to_values};
use crate::Chart;

/// What becomes of nulls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// A null that a user sets removes a default.
    Remove,
    /// They stay.
    Keep,
}

/// Coalesces and collects what is worth saying.
#[derive(Debug)]
pub(crate) struct Coalescing {
    pub(crate) nulls: Nulls,
    pub(crate) warnings: Vec<String>,
}

/// Puts `values` over the defaults of a chart and its subcharts; warnings are added to `warnings`.
///
/// # Errors
/// A subchart's section is no map.
pub fn coalesce(
    chart: &Chart,
    values: &Values,
    warnings: &mut Vec<String>,
) -> Result<Values, ValuesError> {
    let mut coalescing = Coalescing::new(Nulls::Remove);
    let result = coalescing.values(chart, values)?;
    warnings.append(&mut coalescing.warnings);
    Ok(result)
}

fn is_table(value: &Data) -> bool {
    matches!(value, Data::Map(_))
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn new_map() -> Map {
    Map::default()
}

fn put(map: &Map, key: &str, value: Data) {
    map.entries.borrow_mut().insert(key.to_owned(), value);
}

fn snapshot(map: &Map) -> Vec<(String, Data)> {
    map.entries.borrow().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

impl Coalescing {
    pub(crate) fn new(nulls: Nulls) -> Self {
        Self { nulls, warnings: Vec::new() }
    }

    /// Coalesces values into JSON.
    pub(crate) fn values(&mut self, chart: &Chart, values: &Values) -> Result<Values, ValuesError> {
        let data = self.data(chart, values)?;
        Ok(to_values(&data))
    }

    /// Coalesces values into what templates see.
    pub(crate) fn data(&mut self, chart: &Chart, values: &Values) -> Result<Map, ValuesError> {
        let data = to_data(values);
        self.chart(chart, &data, "")?;
        Ok(data)
    }

    fn warn(&mut self, text: String) {
        self.warnings.push(text);
    }

    fn chart(&mut self, chart: &Chart, into: &Map, prefix: &str) -> Result<(), ValuesError> {
        self.defaults(chart, into, prefix);
        let prefix = join(prefix, chart.name());
        for subchart in &chart.dependencies {
            let section = match into.get(subchart.name()) {
                None => {
                    let section = new_map();
                    put(into, subchart.name(), Data::Map(section.clone()));
                    section
                }
                Some(Data::Map(section)) => section,
                Some(other) => {
                    let value = printf("%t", &[other]);
                    let name = subchart.name().to_owned();
                    return Err(ValuesError::Section { name, value });
                }
            };
            self.globals(&section, into, &prefix);
            self.chart(subchart, &section, &prefix)?;
        }
        Ok(())
    }

    /// Copies the globals of `from` into `into`, where those of `from` go first.
    fn globals(&mut self, into: &Map, from: &Map, prefix: &str) {
        let into_globals = match into.get(GLOBAL) {
            None => new_map(),
            Some(Data::Map(map)) => map,
            Some(_) => {
                let text = "warning: skipping globals because destination global is not a table.";
                return self.warn(text.to_owned());
            }
        };
        let from_globals = match from.get(GLOBAL) {
            None => new_map(),
            Some(Data::Map(map)) => map,
            Some(_) => {
                let text = "warning: skipping globals because source global is not a table.";
                return self.warn(text.to_owned());
            }
        };
        for (key, value) in snapshot(&from_globals) {
            let old = into_globals.get(&key);
            match (value, old) {
                (Data::Map(value), old) => {
                    let copy = new_map();
                    copy.entries.borrow_mut().clone_from(&value.entries.borrow());
                    match old {
                        None => put(&into_globals, &key, Data::Map(copy)),
                        Some(Data::Map(old)) => {
                            let path = join(prefix, &key);
                            self.tables(&copy, &old, &path, Nulls::Keep);
                            put(&into_globals, &key, Data::Map(copy));
                        }
                        Some(_) => {
                            let key = flux_gostd::quote::quote(&key);
                            self.warn(format!(
                                "Conflict: cannot merge map onto non-map for {key}. Skipping."
                            ));
                        }
                    }
                }
                (_, Some(Data::Map(_))) => self.warn(format!("key {key} is table. Skipping")),
                (value, _) => put(&into_globals, &key, value),
            }
        }
        put(into, GLOBAL, Data::Map(into_globals));
    }

    /// Puts a chart's own defaults below `into`.
    fn defaults(&mut self, chart: &Chart, into: &Map, prefix: &str) {
        let prefix = join(prefix, chart.name());
        for (key, default) in &chart.values {
            let default = Data::from(default);
            match into.get(key) {
                Some(Data::Nil) if self.nulls == Nulls::Remove => {
                    into.entries.borrow_mut().remove(key);
                }
                Some(Data::Map(set)) => match default {
                    Data::Map(default) => {
                        let is_section = chart.dependencies.iter().any(|sub| sub.name() == key);
                        let nulls = if is_section { Nulls::Keep } else { self.nulls };
                        if nulls == Nulls::Remove {
                            clean(&default);
                        }
                        self.tables(&set, &default, &join(&prefix, key), nulls);
                    }
                    Data::Nil => {}
                    _ => self
                        .warn(format!("warning: skipped value for {prefix}.{key}: Not a table.")),
                },
                Some(_) => {}
                None => {
                    if self.nulls == Nulls::Remove {
                        match &default {
                            Data::Nil => continue,
                            Data::Map(map) => clean(map),
                            _ => {}
                        }
                    }
                    put(into, key, default);
                }
            }
        }
    }

    /// Merges `from` into `into`, where what is in `into` goes first.
    pub(crate) fn tables(&mut self, into: &Map, from: &Map, prefix: &str, nulls: Nulls) {
        if std::rc::Rc::ptr_eq(&into.entries, &from.entries) {
            return;
        }
        let defined: Vec<String> = snapshot(from)
            .into_iter()
            .filter(|(_, value)| !matches!(value, Data::Nil))
            .map(|(key, _)| key)
            .collect();
        for (key, value) in snapshot(into) {
            if matches!(value, Data::Nil) {
                put(from, &key, Data::Nil);
            }
        }
        for (key, value) in snapshot(from) {
            let path = join(prefix, &key);
            match (into.get(&key), &value) {
                (Some(Data::Nil), _)
                    if nulls == Nulls::Remove && defined.binary_search(&key).is_ok() =>
                {
                    into.entries.borrow_mut().remove(&key);
                }
                (None, _) => put(into, &key, value),
                (Some(Data::Map(old)), Data::Map(new)) => self.tables(&old, new, &path, nulls),
                (Some(_), Data::Map(_)) => {
                    let shown = printf("%v", std::slice::from_ref(&value));
                    self.warn(format!(
                        "warning: cannot overwrite table with non table for {path} ({shown})"
                    ));
                }
                (Some(old), _) if is_table(&old) && !matches!(value, Data::Nil) => {
                    let shown = printf("%v", std::slice::from_ref(&value));
                    self.warn(format!(
                        "warning: destination for {path} is a table. Ignoring non-table value ({shown})"
                    ));
                }
                (Some(_), _) => {}
            }
        }
    }
}

/// Removes nulls at every depth.
fn clean(map: &Map) {
    map.entries.borrow_mut().retain(|_, value| !matches!(value, Data::Nil));
    for (_, value) in snapshot(map) {
        if let Data::Map(inner) = value {
            clean(&inner);
        }
    }
}
