//! Defaults, and questions about types.

use flux_gotemplate::{List, Map, Type, Value};

use crate::registry::{Arguments, Called, Registry};
use crate::values::{deep_equal, is_empty};

const ANY: Type = Type::Any;

pub(crate) fn register(registry: &mut Registry) {
    registry.add("hello", &[], |_| Ok("Hello!".into()));
    registry.add_with_rest("default", (&[ANY], ANY), |args| {
        let given = args.rest(1).first().filter(|given| !is_empty(given));
        Ok(given.unwrap_or_else(|| args.value(0)).clone())
    });
    registry.add("empty", &[ANY], |args| Ok(is_empty(args.value(0)).into()));
    registry.add_with_rest("coalesce", (&[], ANY), |args| {
        Ok(args.0.iter().find(|value| !is_empty(value)).cloned().unwrap_or_default())
    });
    registry.add_with_rest("all", (&[], ANY), |args| Ok((!args.0.iter().any(is_empty)).into()));
    registry.add_with_rest("any", (&[], ANY), |args| {
        Ok(args.0.iter().any(|value| !is_empty(value)).into())
    });
    registry.add("ternary", &[ANY, ANY, Type::Bool], |args| {
        Ok(args.value(if args.bool(2) { 0 } else { 1 }).clone())
    });
    registry.add("fail", &[Type::Str], |args| Err(args.text(0).into_owned().into()));
    registry.add("deepCopy", &[ANY], |args| Ok(deep_copy(args.value(0))));
    registry.alias("deepCopy", &["mustDeepCopy"]);
    registry.add("typeOf", &[ANY], |args| Ok(args.value(0).type_name().into()));
    registry.add("typeIs", &[Type::Str, ANY], |args| {
        Ok((args.text(0) == args.value(1).type_name()).into())
    });
    registry.add("typeIsLike", &[Type::Str, ANY], type_is_like);
    registry.add("kindOf", &[ANY], |args| Ok(args.value(0).kind().into()));
    registry
        .add("kindIs", &[Type::Str, ANY], |args| Ok((args.text(0) == args.value(1).kind()).into()));
    registry
        .add("deepEqual", &[ANY, ANY], |args| Ok(deep_equal(args.value(0), args.value(1)).into()));
}

fn type_is_like(args: Arguments<'_>) -> Called {
    let (wanted, name) = (args.text(0), args.value(1).type_name());
    Ok((wanted == name || name.strip_prefix('*') == Some(&*wanted)).into())
}

/// Copies lists and maps, so that changes of the copy do not show in the original.
pub(crate) fn deep_copy(value: &Value) -> Value {
    match value {
        Value::List(list) => {
            let items: Vec<_> = list.items.iter().map(deep_copy).collect();
            Value::List(List { items: items.into(), element: list.element })
        }
        Value::Map(map) => {
            let entries = map.entries.borrow();
            let entries = entries.iter().map(|(key, value)| (key.clone(), deep_copy(value)));
            let entries = std::rc::Rc::new(std::cell::RefCell::new(entries.collect()));
            Value::Map(Map { entries, element: map.element })
        }
        other => other.clone(),
    }
}
