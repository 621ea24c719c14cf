//! Prints differences for people, in dyff's form.

use serde_json::{Map, Value};

use super::compare::{Detail, Difference, kind};

/// Columns of a side by side print are this far apart.
const GAP: &str = "   ";

/// Prints differences, an empty line before and after each.
pub(super) fn report(differences: &[Difference]) -> String {
    let mut text = String::new();
    for difference in differences {
        let path = match difference.path.is_empty() {
            true => "(root level)".to_owned(),
            false => difference.path.join("."),
        };
        text.push_str(&format!("\n{path}\n"));
        let blocks: Vec<String> = difference.details.iter().map(block).collect();
        match blocks.as_slice() {
            [left, right] if is_pair(&difference.details) => {
                text.push_str(&side_by_side(left, right));
            }
            blocks => blocks.iter().for_each(|block| text.push_str(block)),
        }
    }
    text.push('\n');
    text
}

fn is_pair(details: &[Detail]) -> bool {
    matches!(
        details,
        [Detail::KeysRemoved(_), Detail::KeysAdded(_)]
            | [Detail::ItemsRemoved(_), Detail::ItemsAdded(_)]
    )
}

fn block(detail: &Detail) -> String {
    match detail {
        Detail::Value(from, to) => match (from, to) {
            (Value::String(from), Value::String(to))
                if from.contains('\n') || to.contains('\n') =>
            {
                lines(from, to)
            }
            _ => format!("± value change\n- {}\n+ {}\n", scalar(from), scalar(to)),
        },
        Detail::Type(from, to) => {
            let change = format!("± type change from {} to {}\n", kind(from), kind(to));
            format!("{change}{}{}", marked("- ", from), marked("+ ", to))
        }
        Detail::KeysRemoved(keys) => {
            format!(
                "- {} removed:\n{}",
                count(keys.len(), "map entry", "map entries"),
                entries(keys)
            )
        }
        Detail::KeysAdded(keys) => {
            format!("+ {} added:\n{}", count(keys.len(), "map entry", "map entries"), entries(keys))
        }
        Detail::ItemsRemoved(items) => {
            format!(
                "- {} removed:\n{}",
                count(items.len(), "list entry", "list entries"),
                list(items)
            )
        }
        Detail::ItemsAdded(items) => {
            format!(
                "+ {} added:\n{}",
                count(items.len(), "list entry", "list entries"),
                list(items)
            )
        }
        Detail::Order(from, to) => {
            format!("⇆ order changed\n- {}\n+ {}\n", from.join(", "), to.join(", "))
        }
    }
}

fn count(number: usize, one: &str, several: &str) -> String {
    const WORDS: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    let shown = WORDS.get(number).map_or_else(|| number.to_string(), |word| (*word).to_owned());
    format!("{shown} {}", if number == 1 { one } else { several })
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_owned(),
        other => other.to_string(),
    }
}

fn marked(mark: &str, value: &Value) -> String {
    let text = match value {
        Value::Object(_) | Value::Array(_) => flux_yaml::to_string(value),
        other => scalar(other),
    };
    text.trim_end().lines().map(|line| format!("{mark}{line}\n")).collect()
}

/// Prints keys and values, indented.
fn entries(keys: &Map<String, Value>) -> String {
    let texts = keys.iter().map(|(key, value)| {
        let key = flux_yaml::to_string(&Value::from(key.as_str()));
        entry(key.trim_end(), value)
    });
    indented(&texts.collect::<String>())
}

fn entry(key: &str, value: &Value) -> String {
    match value {
        Value::Object(map) if !map.is_empty() => {
            let inner: String = map.iter().map(|(key, value)| entry(key, value)).collect();
            format!("{key}:\n{}", indented(&inner))
        }
        Value::Array(items) if !items.is_empty() => {
            format!("{key}:\n{}", flux_yaml::to_string(value))
        }
        Value::String(text) if text.is_empty() => format!("{key}:\n"),
        other => format!("{key}: {}", quoted(other)),
    }
}

/// Prints a scalar as YAML; what begins like an indicator is quoted twice.
fn quoted(value: &Value) -> String {
    match value {
        Value::String(text) if text.starts_with(['*', '&', '!', '%', '@', '`']) => {
            format!("\"{text}\"\n")
        }
        other => flux_yaml::to_string(other),
    }
}

fn list(items: &[Value]) -> String {
    let text = flux_yaml::to_string(&Value::from(items.to_vec()));
    indented(&text)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// Prints texts of several lines as the lines that were taken away and added.
fn lines(from: &str, to: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (from.lines().collect(), to.lines().collect());
    let head = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let rest = |lines: &[&str]| lines.len().saturating_sub(head);
    let tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(one, other)| one == other)
        .count()
        .min(rest(&old))
        .min(rest(&new));
    let changed = |lines: &[&str], mark: &str| -> String {
        let middle = lines.iter().skip(head).take(rest(lines).saturating_sub(tail));
        middle.map(|line| format!("  {mark} {line}\n")).collect()
    };
    let (gone, added) = (rest(&old).saturating_sub(tail), rest(&new).saturating_sub(tail));
    let inserts = count(added, "insert", "inserts");
    let deletions = count(gone, "deletion", "deletions");
    let title = format!("± value change in multiline text ({inserts}, {deletions})\n");
    format!("{title}{}{}\n", changed(&old, "-"), changed(&new, "+"))
}

/// Prints two blocks beside each other; the left one loses its indentation.
fn side_by_side(left: &str, right: &str) -> String {
    let left: Vec<&str> =
        left.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
    let right: Vec<&str> = right.lines().collect();
    let width = left.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let rows = left.len().max(right.len());
    let mut text = String::new();
    for row in 0..rows {
        let one = left.get(row).copied().unwrap_or_default();
        let other = right.get(row).copied().unwrap_or_default();
        let line = format!("{one:<width$}{GAP}{other}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::compare::compare;
    use super::*;

    #[test]
    fn a_port_is_found_by_its_name() {
        let of = |port: i64| json!({"spec": {"ports": [{"name": "http", "port": port}]}});
        let text = report(&compare(&of(9899), &of(9898)));
        assert_eq!(text, "\nspec.ports.http.port\n± value change\n- 9899\n+ 9898\n\n");
    }

    #[test]
    fn keys_that_came_and_went_stand_beside_each_other() {
        let (from, to) = (json!({"data": {"a": 1}}), json!({"data": {"b": 1}}));
        let text = report(&compare(&from, &to));
        let expected = "\ndata\n- one map entry removed:   + one map entry added:\na: 1                         b: 1\n\n";
        assert_eq!(text, expected);
    }
}
