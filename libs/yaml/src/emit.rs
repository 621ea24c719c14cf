//! Trees and values into text.

use serde_json::Value;

use crate::Node;

/// Which library's text is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emit {
    /// yaml.v2 and sigs.k8s.io/yaml: 2 spaces, sequences at their parent's indentation, lines
    /// folded at 80 columns, neither comments nor styles.
    V2,
    /// yaml.v3: 4 spaces.
    V3,
    /// yaml.v3 as kyaml sets it up: 2 spaces, sequences at their parent's indentation.
    Compact,
    /// yaml.v3 with kyaml's wide sequences: 2 spaces, sequences indented.
    Wide,
}

/// Prints one document.
pub fn emit(node: &Node, style: Emit) -> String {
    let _ = style;
    node.value.clone()
}

/// Prints a value as sigs.k8s.io/yaml's `Marshal` does.
pub fn to_string(value: &Value) -> String {
    emit(&Node::from_value(value), Emit::V2)
}
