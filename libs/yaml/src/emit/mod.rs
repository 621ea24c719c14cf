//! Trees and values into text.

mod analysis;
mod flow;
mod scalar;
mod tree;
mod writer;

use serde_json::Value;

use crate::value::json_text;
use crate::{Error, Node};

/// Which library's text is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emit {
    /// yaml.v2: 2 spaces, sequences at their parent's indentation, lines folded at 80 columns,
    /// neither comments nor styles.
    V2,
    /// yaml.v3: 4 spaces.
    V3,
    /// yaml.v3 as kyaml sets it up: 2 spaces, sequences at their parent's indentation.
    Compact,
    /// yaml.v3 with kyaml's wide sequences: 2 spaces, sequences indented.
    Wide,
}

/// How text is laid out, in detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// Which library is followed.
    pub library: Library,
    /// Spaces by which collections are indented, 2 to 9.
    pub indent: usize,
    /// Where the sequences in a mapping stand; yaml.v2 knows [`Sequences::Compact`] only.
    pub sequences: Sequences,
    /// The column behind which text is folded at its next space; never if there is none.
    pub width: Option<usize>,
}

/// The library whose habits a text follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// yaml.v2: values without comments and styles.
    V2,
    /// yaml.v3: trees.
    V3,
}

/// Where the sequences in a mapping stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequences {
    /// Right of their key.
    Indented,
    /// At the column of their key, or two columns less than [`Sequences::Indented`].
    Compact,
}

impl From<Emit> for Format {
    fn from(emit: Emit) -> Self {
        let (library, indent, sequences, width) = match emit {
            Emit::V2 => (Library::V2, 2, Sequences::Compact, Some(80)),
            Emit::V3 => (Library::V3, 4, Sequences::Indented, None),
            Emit::Compact => (Library::V3, 2, Sequences::Compact, None),
            Emit::Wide => (Library::V3, 2, Sequences::Indented, None),
        };
        Self { library, indent, sequences, width }
    }
}

/// Prints one document.
pub fn emit(node: &Node, style: Emit) -> String {
    emit_with(node, &style.into())
}

/// Prints one document in a layout of the caller's choice.
///
/// Several documents in one text are separated by `---` lines; that is up to the caller.
pub fn emit_with(node: &Node, format: &Format) -> String {
    let mut writer = writer::Writer::new(format);
    writer.document(node);
    writer.into_text()
}

/// Prints a value as sigs.k8s.io/yaml's `Marshal` does; text that [`marshal`] refuses is escaped.
pub fn to_string(value: &Value) -> String {
    marshal(value).unwrap_or_else(|_| emit(&json_text::node(value), Emit::V2))
}

/// Prints a value as sigs.k8s.io/yaml's `Marshal` does, in whose course JSON text is read as YAML.
///
/// # Errors
/// Text with control characters beyond ASCII's first 32, which JSON allows and YAML does not.
pub fn marshal(value: &Value) -> Result<String, Error> {
    if json_text::is_the_same_in_yaml(value) {
        return Ok(emit(&json_text::node(value), Emit::V2));
    }
    let value = crate::value::read_json_as_yaml(value)?;
    Ok(emit(&json_text::node(&value), Emit::V2))
}

/// Prints a value as Go's `json.Marshal` does: compact, keys sorted, `<`, `>` and `&` escaped.
pub fn to_json(value: &Value) -> String {
    let mut text = String::new();
    json_text::write(value, &mut text);
    text
}
