//! The tree that a document is read into.

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
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
    /// On a document's root: lines at the top of the document, apart from the root by an empty line.
    pub document_head: String,
    /// On a document's root: lines at the end of the document.
    pub document_foot: String,
}

/// A node of a YAML document, as yaml.v3's `Node`.
///
/// Positions are 1-based and 0 for nodes that were not read from a text; two nodes that
/// differ in nothing but positions are unequal, compare [`Node::to_value`] for values.
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

impl Node {
    /// Makes a scalar that is text, whatever the text looks like.
    pub fn string(value: impl Into<String>) -> Self {
        Self { tag: "!!str".to_owned(), ..Self::scalar(value) }
    }

    /// Makes a plain scalar whose type follows from its text, as if it had been read unquoted.
    pub fn scalar(value: impl Into<String>) -> Self {
        Self { value: value.into(), ..Self::default() }
    }

    /// Makes a null.
    pub fn null() -> Self {
        Self { tag: "!!null".to_owned(), ..Self::scalar("null") }
    }

    /// Makes a mapping from its entries.
    pub fn mapping(entries: impl IntoIterator<Item = (Node, Node)>) -> Self {
        let content = entries.into_iter().flat_map(|(key, value)| [key, value]).collect();
        Self { kind: Kind::Mapping, content, ..Self::default() }
    }

    /// Makes a sequence from its items.
    pub fn sequence(items: impl IntoIterator<Item = Node>) -> Self {
        Self { kind: Kind::Sequence, content: items.into_iter().collect(), ..Self::default() }
    }

    /// Tells whether the node is a mapping.
    pub fn is_mapping(&self) -> bool {
        self.kind == Kind::Mapping
    }

    /// Tells whether the node is a sequence.
    pub fn is_sequence(&self) -> bool {
        self.kind == Kind::Sequence
    }

    /// Tells whether the node is a scalar.
    pub fn is_scalar(&self) -> bool {
        self.kind == Kind::Scalar
    }

    /// Returns the text of a scalar, quoted or not.
    pub fn as_str(&self) -> Option<&str> {
        (self.kind == Kind::Scalar).then_some(self.value.as_str())
    }

    /// Returns the items of a sequence, and nothing for other nodes.
    pub fn items(&self) -> &[Node] {
        if self.kind == Kind::Sequence { &self.content } else { &[] }
    }

    /// Returns the entries of a mapping in the order of the text, and nothing for other nodes.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = (&Node, &Node)> {
        let content: &[Node] = if self.is_mapping() { &self.content } else { &[] };
        content.chunks_exact(2).filter_map(|pair| Some((pair.first()?, pair.get(1)?)))
    }

    /// Returns the entries of a mapping with values that can be changed.
    pub fn entries_mut(&mut self) -> impl DoubleEndedIterator<Item = (&Node, &mut Node)> {
        let content: &mut [Node] = if self.is_mapping() { &mut self.content } else { &mut [] };
        content.chunks_exact_mut(2).filter_map(|pair| match pair {
            [key, value] => Some((&*key, value)),
            _ => None,
        })
    }

    /// Returns the value at `key` in a mapping; the first one if the key is there twice.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().find(|(k, _)| k.is_key(key)).map(|(_, value)| value)
    }

    /// Returns the value at `key` in a mapping, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries_mut().find(|(k, _)| k.is_key(key)).map(|(_, value)| value)
    }

    /// Returns the key and the value at `key` in a mapping, both to be changed.
    pub fn entry_mut(&mut self, key: &str) -> Option<(&mut Node, &mut Node)> {
        let content: &mut [Node] = if self.is_mapping() { &mut self.content } else { &mut [] };
        content.chunks_exact_mut(2).find_map(|pair| match pair {
            [k, value] if k.is_key(key) => Some((k, value)),
            _ => None,
        })
    }

    /// Sets the value at `key` and returns the one that was there; a new key goes to the end.
    ///
    /// A node that is no mapping becomes an empty one first.
    pub fn insert(&mut self, key: &str, value: Node) -> Option<Node> {
        if let Some(slot) = self.get_mut(key) {
            return Some(std::mem::replace(slot, value));
        }
        if !self.is_mapping() {
            *self = Self { kind: Kind::Mapping, ..Self::default() };
        }
        self.content.extend([Node::string(key), value]);
        None
    }

    /// Takes the entry at `key` out of a mapping and returns its value.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let index = self.entries().position(|(k, _)| k.is_key(key))?;
        self.content.drain(2 * index..2 * index + 2).nth(1)
    }

    fn is_key(&self, key: &str) -> bool {
        self.kind == Kind::Scalar && self.value == key
    }
}
