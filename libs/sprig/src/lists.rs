//! Lists.

use std::rc::Rc;

use flux_gotemplate::{CallError, Element, List, Type, Value};

use crate::registry::{Arguments, Called, NIL_POINTER, Registry};
use crate::values::{deep_equal, is_empty, plain_text, texts, to_int64};

const ANY: Type = Type::Any;

pub(crate) fn register(registry: &mut Registry) {
    registry.add_with_rest("list", (&[], ANY), |args| Ok(Value::list(args.0.to_vec())));
    registry.alias("list", &["tuple"]);
    let two = &[ANY, ANY];
    registry.add("push", two, |args| {
        let mut items = items(args.value(0), "Cannot push on type")?;
        items.push(args.value(1).clone());
        Ok(Value::list(items))
    });
    registry.alias("push", &["append", "mustAppend", "mustPush"]);
    registry.add("prepend", two, |args| {
        let mut items = items(args.value(0), "Cannot prepend on type")?;
        items.insert(0, args.value(1).clone());
        Ok(Value::list(items))
    });
    registry.add("first", &[ANY], |args| {
        Ok(items(args.value(0), "Cannot find first on type")?.first().cloned().unwrap_or_default())
    });
    registry.add("last", &[ANY], |args| {
        Ok(items(args.value(0), "Cannot find last on type")?.last().cloned().unwrap_or_default())
    });
    registry.add("rest", &[ANY], |args| {
        let items = items(args.value(0), "Cannot find rest on type")?;
        Ok(Value::list(items.get(1..).unwrap_or_default().to_vec()))
    });
    registry.add("initial", &[ANY], |args| {
        let mut items = items(args.value(0), "Cannot find initial on type")?;
        items.pop();
        Ok(Value::list(items))
    });
    registry.add("reverse", &[ANY], |args| {
        let mut items = items(args.value(0), "Cannot find reverse on type")?;
        items.reverse();
        Ok(Value::list(items))
    });
    registry.add("compact", &[ANY], |args| {
        let items = items(args.value(0), "Cannot compact on type")?;
        Ok(Value::list(items.into_iter().filter(|item| !is_empty(item)).collect()))
    });
    registry.add("uniq", &[ANY], uniq);
    registry.add_with_rest("without", (&[ANY], ANY), |args| {
        let items = items(args.value(0), "Cannot find without on type")?;
        let keep = |item: &Value| !args.rest(1).iter().any(|omitted| deep_equal(omitted, item));
        Ok(Value::list(items.into_iter().filter(keep).collect()))
    });
    registry.add("has", two, |args| {
        if matches!(args.value(1), Value::Nil) {
            return Ok(false.into());
        }
        let items = items(args.value(1), "Cannot find has on type")?;
        Ok(items.iter().any(|item| deep_equal(item, args.value(0))).into())
    });
    registry.add_with_rest("slice", (&[ANY], ANY), slice);
    registry.add_with_rest("concat", (&[], ANY), concat);
    registry.add("chunk", &[Type::Int, ANY], chunk);
    for (name, must) in [
        ("prepend", "mustPrepend"),
        ("first", "mustFirst"),
        ("last", "mustLast"),
        ("rest", "mustRest"),
        ("initial", "mustInitial"),
        ("reverse", "mustReverse"),
        ("compact", "mustCompact"),
        ("uniq", "mustUniq"),
        ("without", "mustWithout"),
        ("has", "mustHas"),
        ("slice", "mustSlice"),
        ("chunk", "mustChunk"),
    ] {
        registry.alias(name, &[must]);
    }
    registry
        .add("join", &[Type::Str, ANY], |args| Ok(texts(args.value(1)).join(&args.text(0)).into()));
    registry.add("sortAlpha", &[ANY], |args| {
        let mut sorted = match args.value(0).items() {
            Some(_) => texts(args.value(0)),
            None => vec![plain_text(args.value(0)).into_owned()],
        };
        sorted.sort();
        Ok(Value::strings(sorted))
    });
    registry.add("toStrings", &[ANY], |args| Ok(Value::strings(texts(args.value(0)))));
}

/// The items of a list; anything else is an error that ends with its kind.
fn items(value: &Value, refusal: &str) -> Result<Vec<Value>, CallError> {
    match value.items() {
        Some(items) => Ok(items),
        None if matches!(value, Value::Nil) => Err(NIL_POINTER.into()),
        None => Err(CallError::new(format!("{refusal} {}", value.kind()))),
    }
}

fn uniq(args: Arguments<'_>) -> Called {
    let mut unique: Vec<Value> = Vec::new();
    for item in items(args.value(0), "Cannot find uniq on type")? {
        if !unique.iter().any(|known| deep_equal(known, &item)) {
            unique.push(item);
        }
    }
    Ok(Value::list(unique))
}

fn slice(args: Arguments<'_>) -> Called {
    let value = args.value(0);
    let items = items(value, "list should be type of slice or array but")?;
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let bounds = args.rest(1);
    let start = bounds.first().map_or(0, to_int64);
    let end =
        bounds.get(1).map_or_else(|| i64::try_from(items.len()).unwrap_or(i64::MAX), to_int64);
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    let Some(part) = range.and_then(|(start, end)| items.get(start..end)) else {
        return Err("reflect.Value.Slice: slice index out of bounds".into());
    };
    Ok(match value {
        Value::List(list) => {
            Value::List(List { items: Rc::new(part.to_vec()), element: list.element })
        }
        _ => Value::list(part.to_vec()),
    })
}

fn concat(args: Arguments<'_>) -> Called {
    let mut all = Vec::new();
    for list in args.0 {
        match list.items() {
            Some(items) => all.extend(items),
            None if matches!(list, Value::Nil) => return Err(NIL_POINTER.into()),
            None => {
                return Err(format!("Cannot concat type {} as list", list.kind()).into());
            }
        }
    }
    Ok(Value::list(all))
}

fn chunk(args: Arguments<'_>) -> Called {
    let items = items(args.value(1), "Cannot chunk type")?;
    let size = usize::try_from(args.int(0)).ok().filter(|size| *size > 0);
    let Some(size) = size else { return Err("reflect: slice index out of range".into()) };
    let chunks: Vec<_> = items.chunks(size).map(|chunk| Value::list(chunk.to_vec())).collect();
    Ok(Value::List(List { items: chunks.into(), element: Element::List }))
}
