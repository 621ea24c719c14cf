//! The JSONPath of printer columns: fields, indices, wildcards and simple filters.

use serde_json::Value;

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    Index(i64),
    All,
    Filter { path: Vec<Step>, operator: String, wanted: Value },
}

/// Returns what a path such as `.status.conditions[?(@.type=="Ready")].status` finds.
pub(super) fn find<'a>(path: &str, root: &'a Value) -> Vec<&'a Value> {
    match parse(path) {
        Some(steps) => follow(&steps, root),
        None => Vec::new(),
    }
}

fn follow<'a>(steps: &[Step], root: &'a Value) -> Vec<&'a Value> {
    let mut found = vec![root];
    for step in steps {
        found = found.into_iter().flat_map(|value| step.of(value)).collect();
    }
    found
}

impl Step {
    fn of<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match (self, value) {
            (Self::Field(name), Value::Object(map)) => map.get(name).into_iter().collect(),
            (Self::All, Value::Object(map)) => map.values().collect(),
            (Self::All, Value::Array(items)) => items.iter().collect(),
            (Self::Index(index), Value::Array(items)) => {
                let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
                let at = if *index < 0 { length + index } else { *index };
                usize::try_from(at).ok().and_then(|at| items.get(at)).into_iter().collect()
            }
            (Self::Filter { path, operator, wanted }, Value::Array(items)) => items
                .iter()
                .filter(|item| {
                    follow(path, item).first().is_some_and(|got| compare(got, operator, wanted))
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}

fn compare(got: &Value, operator: &str, wanted: &Value) -> bool {
    use std::cmp::Ordering;
    let ordering = match (got, wanted) {
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => {
            a.as_f64().zip(b.as_f64()).and_then(|(a, b)| a.partial_cmp(&b))
        }
        (a, b) if a == b => Some(Ordering::Equal),
        _ => None,
    };
    match operator {
        "" => true,
        "==" => ordering == Some(Ordering::Equal),
        "!=" => ordering != Some(Ordering::Equal),
        "<" => ordering == Some(Ordering::Less),
        ">" => ordering == Some(Ordering::Greater),
        "<=" => ordering.is_some_and(|o| o != Ordering::Greater),
        ">=" => ordering.is_some_and(|o| o != Ordering::Less),
        _ => false,
    }
}

fn parse(path: &str) -> Option<Vec<Step>> {
    let path = path.trim();
    let path = path.strip_prefix('{').and_then(|p| p.strip_suffix('}')).unwrap_or(path);
    let path = path.strip_prefix(['$', '@']).unwrap_or(path);
    let mut steps = Vec::new();
    let mut rest = path;
    while let Some(first) = rest.chars().next() {
        match first {
            '.' => {
                let (name, after) = field(rest.get(1..)?);
                match name.as_str() {
                    "" if after.starts_with('[') => {}
                    "" => return None,
                    "*" => steps.push(Step::All),
                    _ => steps.push(Step::Field(name)),
                }
                rest = after;
            }
            '[' => {
                let end = closing(rest)?;
                steps.push(bracket(rest.get(1..end)?)?);
                rest = rest.get(end + 1..)?;
            }
            _ if steps.is_empty() => {
                let (name, after) = field(rest);
                steps.push(Step::Field(name));
                rest = after;
            }
            _ => return None,
        }
    }
    Some(steps)
}

/// Reads a name up to the next step; a backslash keeps a dot in it.
fn field(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '.' | '[' => return (name, text.get(at..).unwrap_or_default()),
            '\\' => name.extend(chars.next().map(|(_, c)| c)),
            c => name.push(c),
        }
    }
    (name, "")
}

/// Finds the bracket that closes the first one, quotes left alone.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

fn bracket(text: &str) -> Option<Step> {
    let text = text.trim();
    if text == "*" {
        return Some(Step::All);
    }
    if let Some(filter) = text.strip_prefix("?(").and_then(|text| text.strip_suffix(')')) {
        return filter_step(filter);
    }
    if let Some(name) = unquote(text) {
        return Some(Step::Field(name));
    }
    text.parse().ok().map(Step::Index)
}

fn unquote(text: &str) -> Option<String> {
    let inner = |quote| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).map(str::to_owned)
}

fn filter_step(text: &str) -> Option<Step> {
    for operator in ["==", "!=", "<=", ">=", "<", ">"] {
        if let Some((left, right)) = text.split_once(operator) {
            let right = right.trim();
            let wanted = match unquote(right) {
                Some(text) => Value::String(text),
                None => serde_json::from_str(right).ok()?,
            };
            let operator = operator.to_owned();
            return Some(Step::Filter { path: parse(left)?, operator, wanted });
        }
    }
    Some(Step::Filter { path: parse(text)?, operator: String::new(), wanted: Value::Null })
}
