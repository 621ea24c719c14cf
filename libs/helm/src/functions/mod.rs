//! The functions that Helm adds to sprig's and Go's.

mod files;
mod glob;
mod objects;
mod toml;
mod yaml;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use flux_gotemplate::{CallError, Executor, Function, Functions, Type, Value};
use flux_sprig::{Arguments, Called, Host};

pub(crate) use files::files_value;
pub(crate) use objects::{VALUES, capabilities, chart_metadata};

/// Live objects, for `lookup`.
pub trait Lookup {
    /// Returns an object, or nothing if there is none; without a name the list of all objects in a
    /// namespace, or in all namespaces if that is empty.
    ///
    /// # Errors
    /// Why the cluster cannot tell.
    fn lookup(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<serde_json::Value>, String>;
}

/// No cluster at hand: nothing is ever found.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCluster;

impl Lookup for NoCluster {
    fn lookup(
        &self,
        _: &str,
        _: &str,
        _: &str,
        _: &str,
    ) -> Result<Option<serde_json::Value>, String> {
        Ok(None)
    }
}

/// How often a template may be under way at once.
const MAX_INCLUDES: u32 = 1000;
/// Marks around what a chart itself says when it fails.
pub(crate) const MESSAGE_START: &str = "HELM_ERR_START";
pub(crate) const MESSAGE_END: &str = "HELM_ERR_END";
/// What templates print for nothing.
pub(crate) const NO_VALUE: &str = "<no value>";

/// What functions of one rendering need.
pub(crate) struct Surroundings {
    pub(crate) host: Rc<dyn Host>,
    pub(crate) lookup: Rc<dyn Lookup>,
    /// Whether `getHostByName` asks.
    pub(crate) allows_dns: bool,
}

/// All functions that charts may call.
pub(crate) fn functions(surroundings: &Surroundings) -> Functions {
    let mut functions = flux_sprig::functions(&surroundings.host);
    let mut add = |name: &str, function: Function| {
        functions.insert(name.to_owned(), function);
    };
    let text_and_any = &[Type::Str, Type::Any];
    let under_way = Rc::new(RefCell::new(HashMap::new()));
    add("include", {
        let under_way = under_way.clone();
        Function::new(text_and_any, move |executor, values| include(executor, values, &under_way))
    });
    add("tpl", Function::new(text_and_any, tpl));
    add("required", Function::new(text_and_any, |_, values| required(Arguments(values))));
    add("fail", Function::new(&[Type::Str], |_, values| Err(message(&Arguments(values).text(0)))));
    let lookup = surroundings.lookup.clone();
    add(
        "lookup",
        Function::new(&[Type::Str; 4], move |_, values| {
            look_up(lookup.as_ref(), Arguments(values))
        }),
    );
    if !surroundings.allows_dns {
        add("getHostByName", Function::new(&[Type::Str], |_, _| Ok("".into())));
    }
    for (name, parameters, body) in plain() {
        add(name, Function::new(parameters, move |_, values| body(Arguments(values))));
    }
    // Methods of the type that `.Values` has.
    add(
        "common.Values.AsMap",
        Function::new(&[Type::Any], |_, values| {
            Ok(match values.first() {
                Some(Value::Map(map)) => Value::Map(flux_gotemplate::Map {
                    entries: map.entries.clone(),
                    element: flux_gotemplate::Element::Any,
                }),
                _ => Value::map(std::collections::BTreeMap::new()),
            })
        }),
    );
    add(
        "common.Values.YAML",
        Function::new(&[Type::Any], |_, values| {
            let value = crate::values::json_at(Arguments(values).value(0), 0)?;
            Ok(flux_yaml::to_string(&value).into())
        }),
    );
    add("common.Values.Table", Function::new(text_of_values(), |_, values| table(values)));
    add("common.Values.PathValue", Function::new(text_of_values(), |_, values| path_value(values)));
    functions
}

fn text_of_values() -> &'static [Type] {
    &[Type::Any, Type::Str]
}

type Body = fn(Arguments<'_>) -> Called;

/// Functions that need nothing but their arguments.
fn plain() -> [(&'static str, &'static [Type], Body); 12] {
    const ANY: &[Type] = &[Type::Any];
    const STR: &[Type] = &[Type::Str];
    [
        ("toYaml", ANY, |args| Ok(yaml::to_yaml(args.value(0)).unwrap_or_default().into())),
        ("mustToYaml", ANY, |args| Ok(yaml::to_yaml(args.value(0))?.into())),
        ("toYamlPretty", ANY, |args| Ok(yaml::to_yaml_pretty(args.value(0)).into())),
        ("fromYaml", STR, |args| Ok(yaml::from_yaml(&args.text(0)))),
        ("fromYamlArray", STR, |args| Ok(yaml::from_yaml_array(&args.text(0)))),
        ("fromJson", STR, |args| Ok(yaml::from_json(&args.text(0)))),
        ("fromJsonArray", STR, |args| Ok(yaml::from_json_array(&args.text(0)))),
        ("toToml", ANY, |args| {
            Ok(toml::to_toml(args.value(0)).unwrap_or_else(|error| error).into())
        }),
        ("mustToToml", ANY, |args| Ok(toml::to_toml(args.value(0))?.into())),
        ("fromToml", STR, |args| Ok(toml::from_toml(&args.text(0)))),
        ("toJson", ANY, |args| {
            let text = flux_sprig::to_json_text(args.value(0), flux_sprig::Layout::Compact);
            Ok(text.unwrap_or_default().into())
        }),
        ("mustToJson", ANY, |args| {
            Ok(flux_sprig::to_json_text(args.value(0), flux_sprig::Layout::Compact)?.into())
        }),
    ]
}

/// An error that carries what the chart says.
fn message(text: &str) -> CallError {
    CallError::new(format!("{MESSAGE_START}{text}{MESSAGE_END}"))
}

fn include(
    executor: &mut Executor<'_>,
    values: &[Value],
    under_way: &RefCell<HashMap<String, u32>>,
) -> Called {
    let args = Arguments(values);
    let name = args.text(0);
    {
        let mut under_way = under_way.borrow_mut();
        match under_way.get_mut(&*name) {
            Some(count) if *count > MAX_INCLUDES => {
                return Err(CallError::new(format!(
                    "rendering template has a nested reference name: {name}: unable to execute template"
                )));
            }
            Some(count) => *count += 1,
            None => {
                under_way.insert(name.clone().into_owned(), 1);
            }
        }
    }
    let result = executor.execute(&name, args.value(1));
    if let Some(count) = under_way.borrow_mut().get_mut(&*name) {
        *count -= 1;
    }
    Ok(result?.into())
}

fn tpl(executor: &mut Executor<'_>, values: &[Value]) -> Called {
    let args = Arguments(values);
    let text = args.text(0);
    if !text.contains("{{") {
        return Ok(text.replace(NO_VALUE, "").into());
    }
    let quoted = || crate::manifest::quoted(&text);
    let mut templates = executor.templates().clone();
    let name = templates.name().to_owned();
    templates.define(&name);
    if let Err(error) = templates.parse(&name, &text) {
        return Err(CallError::caused(
            format!("cannot parse template {}: {error}", quoted()),
            &error,
        ));
    }
    let result = executor.execute_in(&templates, &name, args.value(1));
    match result {
        Ok(text) => Ok(text.replace(NO_VALUE, "").into()),
        Err(error) => Err(CallError::caused(
            format!("error during tpl function execution for {}: {error}", quoted()),
            &error,
        )),
    }
}

fn required(args: Arguments<'_>) -> Called {
    match args.value(1) {
        Value::Nil => Err(message(&args.text(0))),
        Value::Str(text) if text.is_empty() => Err(message(&args.text(0))),
        value => Ok(value.clone()),
    }
}

fn look_up(lookup: &dyn Lookup, args: Arguments<'_>) -> Called {
    let found = lookup.lookup(&args.text(0), &args.text(1), &args.text(2), &args.text(3))?;
    // Whole numbers of live objects are `int64`, as in Kubernetes' unstructured objects.
    Ok(match found {
        Some(object) => Value::from(&object),
        None => Value::map(std::collections::BTreeMap::new()),
    })
}

fn named_values(map: &flux_gotemplate::Map) -> Value {
    let element = flux_gotemplate::Element::Named(objects::VALUES);
    Value::Map(flux_gotemplate::Map { entries: map.entries.clone(), element })
}

fn table(values: &[Value]) -> Called {
    let args = Arguments(values);
    let path = args.text(1);
    let mut found = args.map(0).cloned().unwrap_or_default();
    for name in path.split('.') {
        match found.get(name) {
            Some(Value::Map(inner)) => found = inner,
            _ => return Err(format!("{} is not a table", crate::manifest::quoted(name)).into()),
        }
    }
    Ok(named_values(&found))
}

fn path_value(values: &[Value]) -> Called {
    let args = Arguments(values);
    let path = args.text(1);
    if path.is_empty() {
        return Err("YAML path cannot be empty".into());
    }
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", &path));
    let missing = || CallError::new(format!("{} is not a value", crate::manifest::quoted(name)));
    let mut found = args.map(0).cloned().unwrap_or_default();
    for name in parent.split('.').filter(|name| !name.is_empty()) {
        match found.get(name) {
            Some(Value::Map(inner)) => found = inner,
            _ => return Err(missing()),
        }
    }
    found.get(name).filter(|value| !matches!(value, Value::Map(_))).ok_or_else(missing)
}
