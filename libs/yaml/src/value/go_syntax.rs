//! Values as Go's `%#v` prints them, which some error texts quote.

use flux_gostd::number::{Layout, format_f64};
use flux_gostd::quote::quote;

use crate::resolve::{Meaning, resolve_node};
use crate::{Error, Kind, Node, Resolver};

/// How much of a value is printed before the rest is left out.
const LONGEST: usize = 4096;

/// Prints a tree as the Go value that yaml.v2 or yaml.v3 makes of it; `target` follows aliases.
pub(super) fn print<'a>(
    node: &'a Node,
    resolver: Resolver,
    target: &dyn Fn(&Node) -> Option<&'a Node>,
) -> Result<String, Error> {
    let node = if node.kind == Kind::Alias { target(node).unwrap_or(node) } else { node };
    if node.kind == Kind::Scalar && resolve_node(node, resolver)? == Meaning::Null {
        return Ok("<nil>".to_owned());
    }
    let mut out = String::new();
    write(node, resolver, target, &mut out)?;
    Ok(out)
}

fn map_type(node: &Node, resolver: Resolver) -> &'static str {
    let is_text = |key: &Node| matches!(key.short_tag(), "!!str" | "!!merge");
    if resolver == Resolver::Core && node.entries().all(|(key, _)| is_text(key)) {
        "map[string]interface {}{"
    } else {
        "map[interface {}]interface {}{"
    }
}

/// Every step down writes something, so that a circle of aliases ends at the longest text.
fn write<'a>(
    node: &'a Node,
    resolver: Resolver,
    target: &dyn Fn(&Node) -> Option<&'a Node>,
    out: &mut String,
) -> Result<(), Error> {
    if out.len() > LONGEST {
        return Ok(());
    }
    match node.kind {
        Kind::Alias => match target(node) {
            Some(node) => write(node, resolver, target, out)?,
            None => out.push_str("<nil>"),
        },
        Kind::Scalar => out.push_str(&scalar(&resolve_node(node, resolver)?, &node.value)),
        Kind::Sequence => {
            out.push_str("[]interface {}{");
            for (index, item) in node.content.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write(item, resolver, target, out)?;
            }
            out.push('}');
        }
        Kind::Mapping => {
            out.push_str(map_type(node, resolver));
            let mut entries: Vec<_> = node.entries().collect();
            entries.sort_by_key(|(key, _)| &key.value);
            for (index, (key, value)) in entries.into_iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write(key, resolver, target, out)?;
                out.push(':');
                write(value, resolver, target, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// Prints a scalar, given its meaning and its text.
pub(super) fn scalar(meaning: &Meaning, text: &str) -> String {
    match meaning {
        Meaning::Null => "interface {}(nil)".to_owned(),
        Meaning::Bool(bool) => bool.to_string(),
        Meaning::Int(int) => int.to_string(),
        Meaning::Uint(uint) => format!("{uint:#x}"),
        Meaning::Float(float) => format_f64(*float, Layout::General),
        Meaning::Time(_) | Meaning::Text | Meaning::Tagged => quote(text),
    }
}
