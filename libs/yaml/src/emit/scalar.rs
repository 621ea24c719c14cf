//! Scalars in each of the styles.

use std::fmt::Write as _;

use super::analysis::{Analysis, analyze, is_printable};
use super::writer::{Writer, is_break};
use crate::Style;

/// A scalar that is ready to be written.
pub(super) struct Scalar<'a> {
    pub(super) text: &'a str,
    /// The style that is wanted.
    pub(super) style: Style,
    pub(super) is_simple_key: bool,
    pub(super) analysis: Analysis,
}

impl<'a> Scalar<'a> {
    pub(super) fn new(text: &'a str, style: Style, writer: &Writer) -> Self {
        let analysis = analyze(text, writer.format.library);
        Self { text, style, is_simple_key: false, analysis }
    }

    /// Falls back from the wanted style to one that can hold the text.
    pub(super) fn settle_style(&self, in_flow: bool) -> Style {
        let Analysis { multiline, flow_plain, block_plain, single_quoted, block } = self.analysis;
        let mut style = self.style;
        if self.is_simple_key && multiline {
            style = Style::DoubleQuoted;
        }
        if style == Style::Plain {
            let allowed = if in_flow { flow_plain } else { block_plain };
            let invisible = self.text.is_empty() && (in_flow || self.is_simple_key);
            if !allowed || invisible {
                style = Style::SingleQuoted;
            }
        }
        match style {
            Style::SingleQuoted if !single_quoted => Style::DoubleQuoted,
            Style::Literal | Style::Folded if !block || in_flow || self.is_simple_key => {
                Style::DoubleQuoted
            }
            style => style,
        }
    }
}

impl Writer {
    pub(super) fn write_scalar(&mut self, scalar: &Scalar<'_>) {
        let folds = !scalar.is_simple_key;
        match scalar.settle_style(self.flow_level > 0) {
            Style::Plain | Style::Flow => self.write_plain(scalar.text, folds),
            Style::SingleQuoted => self.write_single_quoted(scalar.text, folds),
            Style::DoubleQuoted => self.write_double_quoted(scalar.text, folds),
            Style::Literal => self.write_literal(scalar.text),
            Style::Folded => self.write_folded(scalar.text),
        }
    }

    /// Tells whether text fits on the line, so that folding need not be thought of.
    fn fits(&self, text: &str) -> bool {
        self.format.width.is_none_or(|width| self.column + text.len() <= width)
    }

    fn write_plain(&mut self, text: &str, folds: bool) {
        if !self.whitespace && !text.is_empty() {
            self.put(' ');
        }
        if !folds || self.fits(text) {
            self.put_text(text);
        } else {
            let mut spaces = false;
            let mut chars = text.chars().peekable();
            while let Some(char) = chars.next() {
                let is_space = char == ' ';
                let single = is_space && !spaces && chars.peek() != Some(&' ');
                if single && self.is_past_width() {
                    self.write_indent();
                } else {
                    self.put(char);
                }
                spaces = is_space;
                self.indention &= is_space;
            }
        }
        if !text.is_empty() {
            self.whitespace = false;
        }
        self.indention = false;
    }

    fn write_single_quoted(&mut self, text: &str, folds: bool) {
        self.write_spaced("'");
        let (mut spaces, mut breaks) = (false, false);
        let mut chars = text.char_indices().peekable();
        while let Some((index, char)) = chars.next() {
            if char == ' ' {
                let next_is_space = chars.peek().is_some_and(|&(_, next)| next == ' ');
                let inside = index > 0 && index < text.len() - 1;
                if folds && !spaces && self.is_past_width() && inside && !next_is_space {
                    self.write_indent();
                } else {
                    self.put(' ');
                }
                spaces = true;
            } else if is_break(char) {
                if !breaks && char == '\n' {
                    self.put_break();
                }
                self.write_break(char);
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                }
                if char == '\'' {
                    self.put('\'');
                }
                self.put(char);
                self.indention = false;
                (spaces, breaks) = (false, false);
            }
        }
        self.write_close("'");
    }

    fn write_double_quoted(&mut self, text: &str, folds: bool) {
        self.write_spaced("\"");
        // go-yaml asks for every character whether the text begins with a byte order mark.
        let escape_all = text.starts_with('\u{FEFF}');
        let mut spaces = false;
        let mut chars = text.char_indices().peekable();
        while let Some((index, char)) = chars.next() {
            let must_escape = !is_printable(char) || is_break(char) || matches!(char, '"' | '\\');
            if must_escape || escape_all {
                self.write_escaped(char);
                spaces = false;
            } else if char == ' ' {
                let inside = index > 0 && index < text.len() - 1;
                if folds && !spaces && self.is_past_width() && inside {
                    self.write_indent();
                    if chars.peek().is_some_and(|&(_, next)| next == ' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                spaces = true;
            } else {
                self.put(char);
                spaces = false;
            }
        }
        self.write_close("\"");
    }

    fn write_escaped(&mut self, char: char) {
        let letter = match char {
            '\0' => '0',
            '\x07' => 'a',
            '\x08' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\x0B' => 'v',
            '\x0C' => 'f',
            '\r' => 'r',
            '\x1B' => 'e',
            '"' | '\\' => char,
            '\u{85}' => 'N',
            '\u{A0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => return self.write_code(u32::from(char)),
        };
        self.put('\\');
        self.put(letter);
    }

    fn write_code(&mut self, code: u32) {
        let before = self.out.len();
        // Writing to a String cannot fail.
        let _ = match code {
            0..=0xFF => write!(self.out, "\\x{code:02X}"),
            0x100..=0xFFFF => write!(self.out, "\\u{code:04X}"),
            _ => write!(self.out, "\\U{code:08X}"),
        };
        self.column += self.out.len() - before;
    }

    fn write_block_header(&mut self, indicator: &str, text: &str) {
        self.write_spaced(indicator);
        if text.starts_with(|char: char| char == ' ' || is_break(char)) {
            let hint = self.format.indent.to_string();
            self.write_close(&hint);
        }
        let mut backwards = text.chars().rev();
        match (backwards.next(), backwards.next()) {
            (Some(last), before) if is_break(last) => {
                if before.is_none_or(is_break) {
                    self.write_close("+");
                }
            }
            _ => self.write_close("-"),
        }
        if !self.write_line_comment() {
            self.put_break();
        }
        self.whitespace = true;
    }

    fn write_literal(&mut self, text: &str) {
        self.write_block_header("|", text);
        for line in text.split_inclusive(is_break) {
            let content = line.trim_end_matches(is_break);
            if !content.is_empty() {
                self.write_indent();
                self.put_text(content);
                self.indention = false;
            }
            if let Some(char) = line.chars().next_back().filter(|&char| is_break(char)) {
                self.write_break(char);
            }
        }
    }

    fn write_folded(&mut self, text: &str) {
        self.write_block_header(">", text);
        let mut breaks = true;
        let mut leading_spaces = true;
        // go-yaml looks at the line breaks at the beginning of the whole text here.
        let first = text.chars().find(|&char| !is_break(char));
        let goes_on = first.is_some_and(|char| !matches!(char, ' ' | '\t' | '\0'));
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            if is_break(char) {
                if !breaks && !leading_spaces && char == '\n' && goes_on {
                    self.put_break();
                }
                self.write_break(char);
                breaks = true;
                continue;
            }
            if breaks {
                self.write_indent();
                leading_spaces = matches!(char, ' ' | '\t');
            }
            let single = char == ' ' && chars.peek() != Some(&' ');
            if !breaks && single && self.is_past_width() {
                self.write_indent();
            } else {
                self.put(char);
            }
            self.indention = false;
            breaks = false;
        }
    }
}
