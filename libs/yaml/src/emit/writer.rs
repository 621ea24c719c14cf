//! Characters onto lines: indentation, blanks between things, comments.

use super::Format;

/// The text so far and what there is to know about its end.
pub(super) struct Writer {
    pub(super) out: String,
    pub(super) format: Format,
    pub(super) column: usize,
    /// The column of the innermost collection; none before the first one begins.
    pub(super) indent: Option<usize>,
    pub(super) indents: Vec<Option<usize>>,
    /// Whether the text ends with a blank or something else that needs none behind it.
    pub(super) whitespace: bool,
    /// Whether the line holds nothing but indentation and indicators.
    pub(super) indention: bool,
    /// The indentation at which a foot comment ended; what follows there needs an empty line.
    pub(super) foot_indent: Option<usize>,
    pub(super) flow_level: usize,
    pub(super) pending: Pending,
    /// The collection whose foot comment is written elsewhere, since it is a key.
    pub(super) footless: Option<*const crate::Node>,
}

/// Comments of the node at hand that have not been written yet.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) head: String,
    pub(super) line: String,
    pub(super) foot: String,
    /// The foot of the entry before.
    pub(super) tail: String,
    pub(super) key_line: String,
}

impl Pending {
    /// Tells whether something has to be written behind the node.
    pub(super) fn follows(&self) -> bool {
        !self.line.is_empty() || !self.foot.is_empty() || !self.tail.is_empty()
    }
}

impl Writer {
    pub(super) fn new(format: &Format) -> Self {
        let mut format = format.clone();
        format.indent = if (2..=9).contains(&format.indent) { format.indent } else { 2 };
        Self {
            out: String::new(),
            format,
            column: 0,
            indent: None,
            indents: Vec::new(),
            whitespace: true,
            indention: true,
            foot_indent: None,
            flow_level: 0,
            pending: Pending::default(),
            footless: None,
        }
    }

    pub(super) fn into_text(self) -> String {
        self.out
    }

    pub(super) fn put(&mut self, char: char) {
        self.out.push(char);
        self.column += 1;
    }

    /// Writes text without line breaks.
    pub(super) fn put_text(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += if text.is_ascii() { text.len() } else { text.chars().count() };
    }

    pub(super) fn put_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
        self.indention = true;
    }

    /// Writes a line break that is part of a scalar or comment.
    pub(super) fn write_break(&mut self, char: char) {
        if char == '\n' {
            self.put_break();
        } else {
            self.out.push(char);
            self.column = 0;
            self.indention = true;
        }
    }

    pub(super) fn is_past_width(&self) -> bool {
        self.format.width.is_some_and(|width| self.column > width)
    }

    /// Goes to the column of the innermost collection, on a new line unless already there.
    pub(super) fn write_indent(&mut self) {
        const SPACES: &str = "                                                                ";
        let indent = self.indent.unwrap_or(0);
        let is_behind = self.column > indent || (self.column == indent && !self.whitespace);
        if !self.indention || is_behind {
            self.put_break();
        }
        if self.foot_indent == Some(indent) {
            self.put_break();
        }
        while self.column < indent {
            let count = (indent - self.column).min(SPACES.len());
            self.out.push_str(SPACES.get(..count).unwrap_or(" "));
            self.column += count;
        }
        self.whitespace = true;
        self.indention = true;
        self.foot_indent = None;
    }

    /// Writes an indicator with a blank before it.
    pub(super) fn write_spaced(&mut self, indicator: &str) {
        if !self.whitespace {
            self.put(' ');
        }
        self.write_close(indicator);
    }

    /// Writes an indicator right behind what is there.
    pub(super) fn write_close(&mut self, indicator: &str) {
        self.put_text(indicator);
        self.whitespace = false;
        self.indention = false;
    }

    /// Writes `-`, `?` or `:` at the beginning of a line, behind which a collection can begin.
    pub(super) fn write_leading(&mut self, indicator: &str) {
        let indention = self.indention;
        self.write_spaced(indicator);
        self.indention = indention;
    }

    pub(super) fn pop_indent(&mut self) {
        self.indent = self.indents.pop().flatten();
    }

    pub(super) fn write_head_comment(&mut self) {
        let tail = std::mem::take(&mut self.pending.tail);
        if !tail.is_empty() {
            self.write_indent();
            self.write_comment(&tail);
            self.foot_indent = Some(self.indent.unwrap_or(0));
        }
        let head = std::mem::take(&mut self.pending.head);
        if !head.is_empty() {
            self.write_indent();
            self.write_comment(&head);
        }
    }

    /// Writes the comment behind a node; tells whether there is one, which ends the line.
    pub(super) fn write_line_comment(&mut self) -> bool {
        let line = std::mem::take(&mut self.pending.line);
        if line.is_empty() {
            return false;
        }
        if !self.whitespace {
            self.put(' ');
        }
        self.write_comment(&line);
        true
    }

    pub(super) fn write_foot_comment(&mut self) {
        let foot = std::mem::take(&mut self.pending.foot);
        if !foot.is_empty() {
            self.write_indent();
            self.write_comment(&foot);
            self.foot_indent = Some(self.indent.unwrap_or(0));
        }
    }

    fn write_comment(&mut self, comment: &str) {
        let mut after_break = false;
        let mut has_mark = false;
        for char in comment.chars() {
            if is_break(char) {
                self.write_break(char);
                after_break = true;
                has_mark = false;
                continue;
            }
            if after_break {
                self.write_indent();
            }
            if !has_mark && char != '#' {
                self.put_text("# ");
            }
            has_mark = true;
            self.put(char);
            self.indention = false;
            after_break = false;
        }
        if !after_break {
            self.put_break();
        }
        self.whitespace = true;
    }
}

pub(super) fn is_break(char: char) -> bool {
    matches!(char, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}
