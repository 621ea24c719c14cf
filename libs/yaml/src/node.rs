//! The tree that a document is read into.

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Kind {
    /// A text, number, boolean, null: anything without children.
    #[default]
    Scalar,
    /// A list; `content` holds the items.
    Sequence,
    /// A map; `content` holds key, value, key, value, in the order of the text.
    Mapping,
    /// A reference to an anchor; `value` holds the anchor's name.
    Alias,
}

/// How a node was written, or is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Style {
    /// Plain scalars, block collections.
    #[default]
    Plain,
    /// `'text'`
    SingleQuoted,
    /// `"text"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// `[a, b]` and `{a: b}`
    Flow,
}

/// Comments around a node, each with its `#` and, where several lines, newlines in between.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Comments {
    /// Lines above the node.
    pub head: String,
    /// The rest of the node's line.
    pub line: String,
    /// Lines below the node, before an empty line.
    pub foot: String,
}

/// A node of a YAML document, as yaml.v3's `Node`.
///
/// Positions are 1-based and 0 for nodes that were not read from a text; two nodes that
/// differ in nothing but positions are unequal, compare [`Node::to_json`] for values.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Node {
    /// What the node is.
    pub kind: Kind,
    /// How it is written.
    pub style: Style,
    /// The tag in short form (`!!str`, `!custom`), empty where it follows from the value.
    pub tag: String,
    /// Whether the tag stood in the text (yaml.v3's `TaggedStyle`), so that it is printed.
    pub tagged: bool,
    /// The text of a scalar, the name of an alias' anchor, otherwise empty.
    pub value: String,
    /// The anchor that the node defines.
    pub anchor: Option<Box<str>>,
    /// Children; see [`Kind`].
    pub content: Vec<Node>,
    /// Comments, if there are any.
    pub comments: Option<Box<Comments>>,
    /// The line on which the node begins.
    pub line: u32,
    /// The column at which the node begins.
    pub column: u32,
}
