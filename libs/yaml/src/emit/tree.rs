//! Documents, block collections, and what stands in front of every node.

use super::scalar::Scalar;
use super::writer::Writer;
use super::{Library, Sequences};
use crate::resolve::{Meaning, resolve, resolve_node};
use crate::value::needs_quotes;
use crate::{Comments, Kind, Node, Resolver, Style};

/// Where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    Root,
    Item,
    Key,
    /// A key that is written without `?`.
    SimpleKey,
    Value,
}

/// Longest key that is written without `?`.
const LONGEST_KEY: usize = 128;

impl Writer {
    pub(super) fn document(&mut self, root: &Node) {
        let comments = match self.format.library {
            Library::V2 => None,
            Library::V3 => root.comments.as_deref(),
        };
        if let Some(head) = comments.map(|c| c.document_head.as_str()).filter(|h| !h.is_empty()) {
            self.pending.head = head.to_owned();
            self.write_head_comment();
            self.put_break();
        }
        self.announce(root, "");
        self.write_head_comment();
        self.node(root, Position::Root, false);
        self.conclude(comments.map(|comments| comments.document_foot.as_str()));
    }

    fn conclude(&mut self, foot: Option<&str>) {
        if let Some(foot) = foot.filter(|foot| !foot.is_empty()) {
            self.pending.foot = foot.to_owned();
        }
        self.foot_indent = Some(0);
        self.write_foot_comment();
        self.foot_indent = None;
        self.write_indent();
    }

    /// Makes the comments that come before a node or with a scalar pending.
    pub(super) fn announce(&mut self, node: &Node, tail: &str) {
        if !tail.is_empty() {
            self.pending.tail = tail.to_owned();
        }
        let Some(comments) = self.comments(node) else { return };
        let Comments { head, line, foot, .. } = comments;
        set(&mut self.pending.head, head);
        if !is_collection(node) {
            set(&mut self.pending.line, line);
            set(&mut self.pending.foot, foot);
        }
    }

    /// Makes the comments at the end of a collection pending.
    pub(super) fn announce_end(&mut self, node: &Node, tail: &str) {
        if !tail.is_empty() {
            self.pending.tail = tail.to_owned();
        }
        if let Some(Comments { line, foot, .. }) = self.comments(node) {
            set(&mut self.pending.line, line);
            if self.footless != Some(std::ptr::from_ref(node)) {
                set(&mut self.pending.foot, foot);
            }
        }
    }

    /// Writes a key whose foot comment waits for the end of its value.
    pub(super) fn key(&mut self, key: &Node, position: Position) {
        let footless = self.footless.replace(key);
        self.begin(key, position, false);
        self.contents(key, position, false);
        self.footless = footless;
    }

    fn comments<'n>(&self, node: &'n Node) -> Option<&'n Comments> {
        match self.format.library {
            Library::V2 => None,
            Library::V3 => node.comments.as_deref(),
        }
    }

    /// Writes a node and the comments behind it. `in_block_item` tells whether the node is an
    /// item of a block sequence.
    fn node(&mut self, node: &Node, position: Position, in_block_item: bool) {
        self.begin(node, position, in_block_item);
        self.write_line_comment();
        self.write_foot_comment();
        self.contents(node, position, in_block_item);
    }

    /// Writes a scalar or an alias, or what stands in front of a collection.
    pub(super) fn begin(&mut self, node: &Node, position: Position, in_block_item: bool) {
        if node.kind == Kind::Alias {
            self.write_spaced("*");
            self.write_close(&node.value);
            return;
        }
        if let Some(anchor) = &node.anchor {
            self.write_spaced("&");
            self.write_close(anchor);
        }
        let tag = self.tag(node);
        self.write_tag(tag);
        if node.kind == Kind::Scalar {
            let mut scalar = Scalar::new(&node.value, self.style(node), self);
            scalar.is_simple_key = position == Position::SimpleKey;
            self.push_indent(Depth::Flow, in_block_item);
            self.write_scalar(&scalar);
            self.pop_indent();
        }
    }

    /// Writes what is in a collection.
    pub(super) fn contents(&mut self, node: &Node, position: Position, in_block_item: bool) {
        let flow = self.flow_level > 0 || self.is_flow(node) || node.content.is_empty();
        match node.kind {
            Kind::Sequence if flow => self.flow_sequence(node, in_block_item),
            Kind::Mapping if flow => self.flow_mapping(node, in_block_item),
            Kind::Sequence => self.block_sequence(node, position, in_block_item),
            Kind::Mapping => self.block_mapping(node, in_block_item),
            Kind::Scalar | Kind::Alias => {}
        }
    }

    fn is_flow(&self, node: &Node) -> bool {
        node.style == Style::Flow && self.format.library == Library::V3
    }

    fn block_sequence(&mut self, node: &Node, position: Position, in_block_item: bool) {
        let in_mapping = matches!(position, Position::Key | Position::SimpleKey | Position::Value);
        let on_line = self.column == 0 || !self.indention;
        let compact = self.format.sequences == Sequences::Compact && in_mapping;
        let depth = match self.format.library {
            Library::V2 if in_mapping && !self.indention => Depth::Same,
            Library::V3 if compact && on_line => Depth::Compact,
            _ => Depth::Block,
        };
        self.push_indent(depth, in_block_item);
        for item in &node.content {
            self.announce(item, "");
            self.write_head_comment();
            self.write_indent();
            self.write_leading("-");
            self.node(item, Position::Item, true);
        }
        self.announce_end(node, "");
        self.pop_indent();
    }

    fn block_mapping(&mut self, node: &Node, in_block_item: bool) {
        self.push_indent(Depth::Block, in_block_item);
        let mut tail = "";
        for (key, value) in node.entries() {
            let foot = self.comments(key).map_or("", |comments| comments.foot.as_str());
            self.announce(key, tail);
            if !is_collection(key) && !foot.is_empty() {
                self.pending.foot.clear();
            }
            tail = foot;
            self.write_head_comment();
            self.write_indent();
            if !self.pending.line.is_empty() {
                self.pending.key_line = std::mem::take(&mut self.pending.line);
            }
            let is_simple = self.is_simple_key(key);
            if is_simple {
                self.key(key, Position::SimpleKey);
                self.announce(value, "");
                self.write_close(":");
            } else {
                self.write_leading("?");
                self.key(key, Position::Key);
                self.announce(value, "");
                self.write_indent();
                self.write_leading(":");
            }
            self.place_key_comment(value);
            self.node(value, Position::Value, false);
        }
        self.announce_end(node, tail);
        self.write_head_comment();
        self.pop_indent();
    }

    /// The comment on a key's line goes behind a scalar value, or behind the `:` before a block.
    fn place_key_comment(&mut self, value: &Node) {
        if self.pending.key_line.is_empty() {
            return;
        }
        let is_block = is_collection(value) && value.style != Style::Flow;
        if value.kind == Kind::Scalar && self.pending.line.is_empty() {
            self.pending.line = std::mem::take(&mut self.pending.key_line);
        } else if is_block {
            std::mem::swap(&mut self.pending.line, &mut self.pending.key_line);
            self.write_line_comment();
            std::mem::swap(&mut self.pending.line, &mut self.pending.key_line);
        }
    }

    pub(super) fn is_simple_key(&self, key: &Node) -> bool {
        let anchor = key.anchor.as_deref().map_or(0, str::len);
        let length = match key.kind {
            Kind::Alias => key.value.len(),
            Kind::Scalar if key.value.contains(super::writer::is_break) => return false,
            Kind::Scalar => anchor + self.tag_length(key) + key.value.len(),
            Kind::Sequence | Kind::Mapping if !key.content.is_empty() => return false,
            Kind::Sequence | Kind::Mapping => anchor + self.tag_length(key),
        };
        length <= LONGEST_KEY
    }

    fn tag_length(&self, node: &Node) -> usize {
        self.tag(node).len()
    }

    /// Returns the tag that has to be written, in short form.
    fn tag<'n>(&self, node: &'n Node) -> &'n str {
        let tag = node.tag.as_str();
        let implicit = match (tag, node.kind) {
            ("" | "!", Kind::Scalar) => {
                let merges = node.value == "<<" && node.style == Style::Plain;
                return if merges && self.format.library == Library::V3 { "!!merge" } else { "" };
            }
            ("" | "!", _) => true,
            _ if node.tagged => false,
            (_, Kind::Mapping) => tag == "!!map",
            (_, Kind::Sequence) => tag == "!!seq",
            ("!!str", Kind::Scalar) => true,
            (_, Kind::Scalar) => resolve(&node.value, Resolver::Core).tag() == tag,
            (_, Kind::Alias) => true,
        };
        if implicit { "" } else { tag }
    }

    fn write_tag(&mut self, tag: &str) {
        if tag.is_empty() {
            return;
        }
        if !self.whitespace {
            self.put(' ');
        }
        let (handle, suffix) = if let Some(suffix) = tag.strip_prefix("!!") {
            ("!!", suffix)
        } else if let Some(suffix) = tag.strip_prefix('!') {
            ("!", suffix)
        } else if let Some(suffix) = tag.strip_prefix("tag:yaml.org,2002:") {
            ("!!", suffix)
        } else {
            ("!<", tag)
        };
        self.put_text(handle);
        self.write_tag_content(suffix);
        if handle == "!<" {
            self.put('>');
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn write_tag_content(&mut self, content: &str) {
        for byte in content.bytes() {
            let is_plain = byte.is_ascii_alphanumeric() || b"_-;/?:@&=+$,.~*'()[]".contains(&byte);
            if is_plain {
                self.put(char::from(byte));
            } else {
                self.put_text(&format!("%{byte:02X}"));
            }
        }
    }

    /// Returns the style that a scalar asks for.
    fn style(&self, node: &Node) -> Style {
        match self.format.library {
            Library::V2 => style_v2(node),
            Library::V3 => style_v3(node),
        }
    }

    pub(super) fn push_indent(&mut self, depth: Depth, in_block_item: bool) {
        self.indents.push(self.indent);
        let best = self.format.indent;
        let indent = match (self.indent, depth) {
            (None, Depth::Flow) => best,
            (None, _) => 0,
            (Some(indent), Depth::Same) => indent,
            (Some(indent), _) if self.format.library == Library::V2 => indent + best,
            (Some(indent), _) if in_block_item => indent + 2,
            (Some(indent), Depth::Compact) => best * ((indent + best) / best) - 2,
            (Some(indent), _) => best * ((indent + best) / best),
        };
        self.indent = Some(indent);
    }
}

/// By how much something is indented more than what is around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    Same,
    Block,
    Compact,
    /// Flow collections and the further lines of scalars.
    Flow,
}

fn is_collection(node: &Node) -> bool {
    matches!(node.kind, Kind::Mapping | Kind::Sequence)
}

fn set(slot: &mut String, text: &str) {
    if !text.is_empty() {
        text.clone_into(slot);
    }
}

fn style_v2(node: &Node) -> Style {
    let is_text = match resolve_node(node, Resolver::Yaml11) {
        Ok(Meaning::Text | Meaning::Tagged) | Err(_) => true,
        Ok(_) => false,
    };
    if node.value.contains('\n') {
        Style::Literal
    } else if is_text && !node.tagged && needs_quotes(&node.value) {
        Style::DoubleQuoted
    } else {
        Style::Plain
    }
}

fn style_v3(node: &Node) -> Style {
    match node.style {
        Style::Plain | Style::Flow => {
            let is_text = node.tag == "!!str" && !node.tagged;
            if node.value.contains('\n') {
                Style::Literal
            } else if is_text && resolve(&node.value, Resolver::Core) != Meaning::Text {
                Style::DoubleQuoted
            } else {
                Style::Plain
            }
        }
        style => style,
    }
}
