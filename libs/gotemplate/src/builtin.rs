//! The functions that every template has.

use crate::compare::{equal, less};
use crate::escape::{html, js, urlquery};
use crate::exec::Executor;
use crate::format::{print, printf, println};
use crate::function::{CallError, Function, Functions, Type};
use crate::value::Value;

type Called = Result<Value, CallError>;

const NAMES: [&str; 19] = [
    "and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or",
    "print", "printf", "println", "slice", "urlquery",
];

/// Every function by name.
pub(crate) fn functions() -> Functions {
    let named = |name: &&str| Some(((*name).to_owned(), find(name)?));
    let mut functions: Functions = NAMES.iter().filter_map(named).collect();
    functions.values_mut().for_each(|function| function.is_builtin = true);
    functions
}

/// The function of that name.
fn find(name: &str) -> Option<Function> {
    const ANY: Type = Type::Any;
    let function = match name {
        "and" | "or" => Function::new(&[ANY], |_, _| Ok(Value::Nil)).with_rest(ANY),
        "call" => Function::new(&[ANY], call).with_rest(ANY),
        "eq" => Function::new(&[ANY], |_, args| equal(args).map(Value::Bool)).with_rest(ANY),
        "ne" => Function::new(&[ANY, ANY], |_, args| equal(args).map(|equal| Value::Bool(!equal))),
        "lt" => Function::new(&[ANY, ANY], |_, args| less(args).map(Value::Bool)),
        "le" => Function::new(&[ANY, ANY], |_, args| at_most(args).map(Value::Bool)),
        "gt" => Function::new(&[ANY, ANY], |_, args| at_most(args).map(|most| Value::Bool(!most))),
        "ge" => Function::new(&[ANY, ANY], |_, args| less(args).map(|less| Value::Bool(!less))),
        "not" => Function::new(&[ANY], |_, args| Ok(Value::Bool(!first(args).is_true()))),
        "len" => Function::new(&[ANY], |_, args| len(first(args))),
        "index" => Function::new(&[ANY], |_, args| index(args)).with_rest(ANY),
        "slice" => Function::new(&[ANY], |_, args| slice(args)).with_rest(ANY),
        "print" => Function::new(&[], |_, args| Ok(print(args).into())).with_rest(ANY),
        "println" => Function::new(&[], |_, args| Ok(println(args).into())).with_rest(ANY),
        "printf" => Function::new(&[Type::Str], |_, args| {
            let (format, args) = args.split_first().ok_or("no format")?;
            let Value::Str(format) = format else { return Err("no format".into()) };
            Ok(printf(format, args).into())
        })
        .with_rest(ANY),
        "html" => Function::new(&[], |_, args| Ok(html(&joined(args)).into())).with_rest(ANY),
        "js" => Function::new(&[], |_, args| Ok(js(&joined(args)).into())).with_rest(ANY),
        "urlquery" => {
            Function::new(&[], |_, args| Ok(urlquery(&joined(args)).into())).with_rest(ANY)
        }
        _ => return None,
    };
    Some(function)
}

fn first(arguments: &[Value]) -> &Value {
    arguments.first().unwrap_or(&Value::Nil)
}

/// The text that the escaping functions work on: a nil is `<no value>` there.
fn joined(arguments: &[Value]) -> String {
    let shown = |value: &Value| match value {
        Value::Nil => Value::from("<no value>"),
        value => value.clone(),
    };
    print(&arguments.iter().map(shown).collect::<Vec<_>>())
}

fn at_most(arguments: &[Value]) -> Result<bool, CallError> {
    Ok(less(arguments)? || equal(arguments)?)
}

fn call(executor: &mut Executor<'_>, arguments: &[Value]) -> Called {
    let [Value::Str(name), function, arguments @ ..] = arguments else {
        return Err("call of nil".into());
    };
    let Value::Func(function) = function else {
        return Err(CallError::new(match function {
            Value::Nil => "call of nil".to_owned(),
            other => format!("non-function {name} of type {}", other.type_name()),
        }));
    };
    let (want, got) = (function.parameters.len(), arguments.len());
    match function.rest {
        Some(_) if got < want => Err(CallError::new(format!(
            "wrong number of args for {name}: got {got} want at least {want}"
        ))),
        None if got != want => {
            Err(CallError::new(format!("wrong number of args for {name}: got {got} want {want}")))
        }
        rest => {
            let types = function
                .parameters
                .iter()
                .copied()
                .chain(std::iter::repeat_n(rest.unwrap_or(Type::Any), got.saturating_sub(want)));
            for (index, (value, wanted)) in arguments.iter().zip(types).enumerate() {
                let nil = matches!(value, Value::Nil) && wanted.takes_nil();
                if !nil && !wanted.takes(value) {
                    let (got, wanted) = (value.type_name(), wanted.name());
                    return Err(CallError::new(format!(
                        "arg {index}: value has type {got}; should be {wanted}"
                    )));
                }
            }
            (function.body)(executor, arguments)
        }
    }
}

fn int(length: usize) -> Value {
    Value::Int(i64::try_from(length).unwrap_or(i64::MAX))
}

fn len(value: &Value) -> Called {
    match value {
        Value::Nil => Err("reflect: call of reflect.Value.Type on zero Value".into()),
        Value::Str(text) => Ok(int(text.len())),
        Value::Raw(bytes) | Value::Bytes(bytes) => Ok(int(bytes.len())),
        Value::Object(object) if object.entries().is_some() => {
            Ok(int(object.entries().unwrap_or_default().len()))
        }
        Value::List(list) => Ok(int(list.items.len())),
        Value::Map(map) => Ok(int(map.entries.borrow().len())),
        other => Err(CallError::new(format!("len of type {}", other.type_name()))),
    }
}

/// Reads an index that may be as large as `limit`.
fn position(index: &Value, limit: usize) -> Result<usize, CallError> {
    let Some(number) = index.integer() else {
        return Err(CallError::new(match index {
            Value::Nil => "cannot index slice/array with nil".to_owned(),
            other => format!("cannot index slice/array with type {}", other.type_name()),
        }));
    };
    let fits = usize::try_from(number).ok().filter(|index| *index <= limit);
    fits.ok_or_else(|| CallError::new(format!("index out of range: {number}")))
}

/// Finds an entry of an object; what is not there is empty.
fn entry(entries: &[(Value, Value)], kind: &str, index: &Value) -> Called {
    if kind == "slice" {
        let at = position(index, entries.len())?;
        return entries
            .get(at)
            .map(|(_, value)| value.clone())
            .ok_or_else(|| "reflect: slice index out of range".into());
    }
    let Value::Str(key) = index else {
        let got = index.type_name();
        return Err(CallError::new(format!("value has type {got}; should be string")));
    };
    let found = entries.iter().find(|(name, _)| matches!(name, Value::Str(name) if name == key));
    Ok(found.map_or_else(|| Value::Bytes([].into()), |(_, value)| value.clone()))
}

fn index(arguments: &[Value]) -> Called {
    let (item, indexes) = arguments.split_first().ok_or("index of untyped nil")?;
    if matches!(item, Value::Nil) {
        return Err("index of untyped nil".into());
    }
    let mut item = item.clone();
    for index in indexes {
        item = match &item {
            Value::Nil => return Err("index of nil pointer".into()),
            Value::Str(text) => {
                let at = position(index, text.len())?;
                let byte = text.as_bytes().get(at);
                Value::Byte(*byte.ok_or("reflect: string index out of range")?)
            }
            Value::Raw(bytes) | Value::Bytes(bytes) => {
                let at = position(index, bytes.len())?;
                Value::Byte(*bytes.get(at).ok_or("reflect: slice index out of range")?)
            }
            Value::Object(object) if object.entries().is_some() => {
                entry(&object.entries().unwrap_or_default(), object.kind(), index)?
            }
            Value::List(list) => {
                let at = position(index, list.items.len())?;
                list.items.get(at).cloned().ok_or("reflect: slice index out of range")?
            }
            Value::Map(map) => match index {
                Value::Str(key) => map.get(key).unwrap_or_else(|| map.element.zero()),
                Value::Nil => return Err("value is nil; should be of type string".into()),
                other => {
                    let got = other.type_name();
                    return Err(CallError::new(format!("value has type {got}; should be string")));
                }
            },
            other => {
                let name = other.type_name();
                return Err(CallError::new(format!("can't index item of type {name}")));
            }
        };
    }
    Ok(item)
}

fn slice(arguments: &[Value]) -> Called {
    let (item, indexes) = arguments.split_first().ok_or("slice of untyped nil")?;
    if matches!(item, Value::Nil) {
        return Err("slice of untyped nil".into());
    }
    if indexes.len() > 3 {
        return Err(CallError::new(format!("too many slice indexes: {}", indexes.len())));
    }
    let length = match item {
        Value::Str(_) if indexes.len() == 3 => return Err("cannot 3-index slice a string".into()),
        Value::Str(text) => text.len(),
        Value::Raw(bytes) | Value::Bytes(bytes) => bytes.len(),
        Value::List(list) => list.items.len(),
        other => {
            let name = other.type_name();
            return Err(CallError::new(format!("can't slice item of type {name}")));
        }
    };
    let mut bounds = [0, length, length];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(index, length)?;
    }
    let [from, to, capacity] = bounds;
    for (low, high) in [(from, to), (to, capacity)] {
        if low > high {
            return Err(CallError::new(format!("invalid slice index: {low} > {high}")));
        }
    }
    Ok(match item {
        Value::Str(text) => Value::string(text.as_bytes().get(from..to).unwrap_or_default()),
        Value::Raw(bytes) => Value::string(bytes.get(from..to).unwrap_or_default()),
        Value::Bytes(bytes) => Value::Bytes(bytes.get(from..to).unwrap_or_default().into()),
        Value::List(list) => {
            let items = list.items.get(from..to).unwrap_or_default().to_vec();
            Value::List(crate::List { items: items.into(), element: list.element })
        }
        other => other.clone(),
    })
}
