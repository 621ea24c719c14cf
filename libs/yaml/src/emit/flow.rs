//! Flow collections.

use super::tree::{Depth, Position};
use super::writer::Writer;
use crate::Node;

impl Writer {
    pub(super) fn flow_sequence(&mut self, node: &Node, in_block_item: bool) {
        self.open_flow("[", in_block_item);
        let mut needs_comma = false;
        for item in &node.content {
            self.announce(item, "");
            self.begin_flow_entry(needs_comma);
            needs_comma = !self.pending.follows();
            self.begin(item, Position::Item, false);
            self.end_flow_value();
            self.contents(item, Position::Item, false);
        }
        self.announce_end(node, "");
        self.flow_level -= 1;
        self.pop_indent();
        if self.column == 0 {
            self.write_indent();
        }
        self.close_flow("]");
    }

    pub(super) fn flow_mapping(&mut self, node: &Node, in_block_item: bool) {
        self.open_flow("{", in_block_item);
        let mut tail = "";
        let mut needs_comma = false;
        for (key, value) in node.entries() {
            let foot = key.comments.as_deref().map_or("", |comments| comments.foot.as_str());
            self.announce(key, tail);
            if !foot.is_empty() {
                self.pending.foot.clear();
                tail = foot;
            } else {
                tail = "";
            }
            self.begin_flow_entry(needs_comma);
            if self.is_simple_key(key) {
                self.key(key, Position::SimpleKey);
                self.announce(value, "");
                self.write_close(":");
            } else {
                self.write_spaced("?");
                self.key(key, Position::Key);
                self.announce(value, "");
                if self.is_past_width() {
                    self.write_indent();
                }
                self.write_spaced(":");
            }
            needs_comma = !self.pending.follows();
            self.begin(value, Position::Value, false);
            self.end_flow_value();
            self.contents(value, Position::Value, false);
        }
        self.announce_end(node, tail);
        let pending = &self.pending;
        let has_comment =
            !pending.head.is_empty() || !pending.foot.is_empty() || !pending.tail.is_empty();
        if has_comment && needs_comma {
            self.write_close(",");
        }
        self.write_head_comment();
        self.flow_level -= 1;
        self.pop_indent();
        self.close_flow("}");
    }

    fn open_flow(&mut self, bracket: &str, in_block_item: bool) {
        self.write_spaced(bracket);
        self.whitespace = true;
        self.push_indent(Depth::Flow, in_block_item);
        self.flow_level += 1;
    }

    fn close_flow(&mut self, bracket: &str) {
        self.write_close(bracket);
        self.write_line_comment();
        self.write_foot_comment();
    }

    fn begin_flow_entry(&mut self, needs_comma: bool) {
        if needs_comma {
            self.write_close(",");
        }
        self.write_head_comment();
        if self.column == 0 {
            self.write_indent();
        }
        if self.is_past_width() {
            self.write_indent();
        }
    }

    /// A comma has to stand before the comments of its entry.
    fn end_flow_value(&mut self) {
        if self.pending.follows() {
            self.write_close(",");
        }
        self.write_line_comment();
        self.write_foot_comment();
    }
}
