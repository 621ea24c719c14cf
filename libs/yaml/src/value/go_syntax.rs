//! Values as Go's `%#v` prints them, which some error texts quote.

use flux_gostd::number::{Layout, format_f64};
use flux_gostd::quote::quote;

use crate::resolve::{Meaning, resolve_node};
use crate::{Error, Kind, Node, Resolver};

/// How much of a value is printed before the rest is left out.
const LONGEST: usize = 4096;

/// Prints a tree as the Go value that yaml.v2 makes of it; `target` follows aliases.
pub(super) fn print<'a>(
    node: &'a Node,
    target: &dyn Fn(&Node) -> Option<&'a Node>,
) -> Result<String, Error> {
    if node.kind == Kind::Scalar && resolve_node(node, Resolver::Yaml11)? == Meaning::Null {
        return Ok("<nil>".to_owned());
    }
    let mut out = String::new();
    write(node, target, &mut out)?;
    Ok(out)
}

/// Every step down writes something, so that a circle of aliases ends at the longest text.
fn write<'a>(
    node: &'a Node,
    target: &dyn Fn(&Node) -> Option<&'a Node>,
    out: &mut String,
) -> Result<(), Error> {
    if out.len() > LONGEST {
        return Ok(());
    }
    match node.kind {
        Kind::Alias => match target(node) {
            Some(node) => write(node, target, out)?,
            None => out.push_str("<nil>"),
        },
        Kind::Scalar => out.push_str(&scalar(&resolve_node(node, Resolver::Yaml11)?, &node.value)),
        Kind::Sequence => {
            out.push_str("[]interface {}{");
            for (index, item) in node.content.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write(item, target, out)?;
            }
            out.push('}');
        }
        Kind::Mapping => {
            out.push_str("map[interface {}]interface {}{");
            for (index, (key, value)) in node.entries().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write(key, target, out)?;
                out.push(':');
                write(value, target, out)?;
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
