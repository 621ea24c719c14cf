//! Regular expressions.

use std::cell::RefCell;
use std::collections::HashMap;

use flux_gostd::{Regexp, re2};
use flux_gotemplate::{CallError, Type, Value};

use crate::registry::{Arguments, Called, Registry};

const STR: Type = Type::Str;

thread_local! {
    /// Compiled patterns: charts use few of them over and over.
    static COMPILED: RefCell<HashMap<String, Regexp>> = RefCell::new(HashMap::new());
}

/// How many compiled patterns are kept.
const KEPT: usize = 200;

pub(crate) fn register(registry: &mut Registry) {
    let (two, three) = (&[STR, STR], &[STR, STR, STR]);
    let counted = &[STR, STR, Type::Int];
    registry.add("regexMatch", two, |args| {
        Ok(compile(&args.text(0)).is_ok_and(|pattern| pattern.is_match(&args.text(1))).into())
    });
    registry.add("mustRegexMatch", two, |args| {
        Ok(compile(&args.text(0))?.is_match(&args.text(1)).into())
    });
    registry.add("regexFindAll", counted, |args| panicking(args, find_all));
    registry.add("mustRegexFindAll", counted, find_all);
    registry.add("regexFind", two, |args| panicking(args, find));
    registry.add("mustRegexFind", two, find);
    registry.add("regexReplaceAll", three, |args| panicking(args, replace));
    registry.add("mustRegexReplaceAll", three, replace);
    registry.add("regexReplaceAllLiteral", three, |args| panicking(args, replace_literally));
    registry.add("mustRegexReplaceAllLiteral", three, replace_literally);
    registry.add("regexSplit", counted, |args| panicking(args, split));
    registry.add("mustRegexSplit", counted, split);
    registry.add("regexQuoteMeta", &[STR], |args| Ok(re2::quote_meta(&args.text(0)).into()));
}

fn compile(pattern: &str) -> Result<Regexp, CallError> {
    if let Some(known) = COMPILED.with_borrow(|known| known.get(pattern).cloned()) {
        return Ok(known);
    }
    let compiled = Regexp::new(pattern).map_err(|error| CallError::new(error.to_string()))?;
    COMPILED.with_borrow_mut(|known| {
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(pattern.to_owned(), compiled.clone());
    });
    Ok(compiled)
}

/// Words the error of a pattern as `regexp.MustCompile` does.
fn panicking(args: Arguments<'_>, function: fn(Arguments<'_>) -> Called) -> Called {
    function(args).map_err(|error| {
        let pattern = args.text(0);
        let quoted = match pattern.contains(['`', '\u{feff}']) || pattern.contains(char::is_control)
        {
            true => flux_gostd::quote::quote(&pattern),
            false => format!("`{pattern}`"),
        };
        CallError::new(format!("regexp: Compile({quoted}): {error}"))
    })
}

/// Go's limits: negative ones are none, and at 0 nothing is found.
fn limit(count: i64) -> Option<Option<usize>> {
    match count {
        0 => None,
        count => Some(usize::try_from(count).ok()),
    }
}

fn find_all(args: Arguments<'_>) -> Called {
    let pattern = compile(&args.text(0))?;
    let text = args.text(1);
    let Some(limit) = limit(args.int(2)) else { return Ok(Value::strings::<&str>([])) };
    let found = pattern.find_all(&text, limit).into_iter();
    Ok(Value::strings(found.map(|range| text.get(range).unwrap_or_default())))
}

fn find(args: Arguments<'_>) -> Called {
    Ok(compile(&args.text(0))?.find_str(&args.text(1)).unwrap_or_default().into())
}

fn replace(args: Arguments<'_>) -> Called {
    Ok(compile(&args.text(0))?.replace_all(&args.text(1), &args.text(2)).into())
}

fn replace_literally(args: Arguments<'_>) -> Called {
    Ok(compile(&args.text(0))?.replace_all_literal(&args.text(1), &args.text(2)).into())
}

fn split(args: Arguments<'_>) -> Called {
    let pattern = compile(&args.text(0))?;
    let text = args.text(1);
    let Some(limit) = limit(args.int(2)) else { return Ok(Value::strings::<&str>([])) };
    Ok(Value::strings(pattern.split(&text, limit)))
}
