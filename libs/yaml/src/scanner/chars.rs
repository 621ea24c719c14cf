//! Looking at characters and moving over them.

use super::{Mark, Scanner};

/// Bytes at which a plain scalar in a block collection may end.
pub(super) static PLAIN_STOP: [bool; 256] = table(b" \t\r\n:\xC2\xE2\0");
/// Bytes at which a plain scalar in a flow collection may end.
pub(super) static FLOW_STOP: [bool; 256] = table(b" \t\r\n:\xC2\xE2\0,?[]{}");
/// Bytes that may be a line break.
pub(super) static BREAK_STOP: [bool; 256] = table(b"\r\n\xC2\xE2");
/// Bytes inside single quotes that mean something.
pub(super) static SINGLE_STOP: [bool; 256] = table(b"'\r\n\xC2\xE2");
/// Bytes inside double quotes that mean something.
pub(super) static DOUBLE_STOP: [bool; 256] = table(b"\"\\\r\n\xC2\xE2");

const fn table(bytes: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut index = 0;
    while index < bytes.len() {
        table[bytes[index] as usize] = true;
        index += 1;
    }
    table
}

impl<'a> Scanner<'a> {
    /// Returns the byte `offset` bytes ahead, 0 behind the end of the text.
    #[inline]
    pub(super) fn at(&self, offset: usize) -> u8 {
        self.bytes.get(self.pos + offset).copied().unwrap_or(0)
    }

    #[inline]
    pub(super) fn column(&self) -> u32 {
        u32::try_from(self.pos.saturating_sub(self.line_start)).unwrap_or(u32::MAX)
    }

    #[inline]
    pub(super) fn mark(&self) -> Mark {
        Mark { index: self.pos, line: self.line, column: self.column() }
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    #[inline]
    pub(super) fn is_blank(&self, offset: usize) -> bool {
        matches!(self.at(offset), b' ' | b'\t')
    }

    /// Returns the length in bytes of the line break `offset` bytes ahead, 0 if there is none.
    #[inline]
    pub(super) fn break_width(&self, offset: usize) -> usize {
        match self.at(offset) {
            b'\n' => 1,
            b'\r' if self.at(offset + 1) == b'\n' => 2,
            b'\r' => 1,
            0xC2 if self.at(offset + 1) == 0x85 => 2,
            0xE2 if self.at(offset + 1) == 0x80 && matches!(self.at(offset + 2), 0xA8 | 0xA9) => 3,
            _ => 0,
        }
    }

    #[inline]
    pub(super) fn is_break(&self, offset: usize) -> bool {
        self.break_width(offset) > 0
    }

    /// Tells whether a line break or the end of the text is `offset` bytes ahead.
    #[inline]
    pub(super) fn is_break_or_end(&self, offset: usize) -> bool {
        self.at(offset) == 0 || self.is_break(offset)
    }

    /// Tells whether a blank, a line break or the end of the text is `offset` bytes ahead.
    #[inline]
    pub(super) fn is_gap(&self, offset: usize) -> bool {
        self.is_blank(offset) || self.is_break_or_end(offset)
    }

    /// Tells whether `---` or `...` stands here, on its own and at the beginning of the line.
    pub(super) fn at_document_marker(&self) -> bool {
        self.column() == 0
            && matches!(self.bytes.get(self.pos..self.pos + 3), Some(b"---" | b"..."))
            && self.is_gap(3)
    }

    /// Returns how far it is to the first byte that `stops`, or to the end of the text.
    #[inline]
    pub(super) fn distance(&self, from: usize, stops: &[bool; 256]) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        rest.iter().position(|&byte| stops[usize::from(byte)]).unwrap_or(rest.len())
    }

    /// Moves over blanks.
    pub(super) fn skip_blanks(&mut self) {
        while self.is_blank(0) {
            self.pos += 1;
        }
    }

    /// Moves over `count` bytes of ASCII other than blanks.
    pub(super) fn skip(&mut self, count: usize) {
        self.pos += count;
        self.newlines = 0;
    }

    /// Moves to `end`, over text that holds no line break but something else than blanks.
    #[inline]
    pub(super) fn advance(&mut self, end: usize) {
        let text = self.bytes.get(self.pos..end).unwrap_or_default();
        if !text.is_ascii() {
            self.line_start += text.iter().filter(|&byte| byte & 0xC0 == 0x80).count();
        }
        self.pos = end;
        self.newlines = 0;
    }

    /// Moves over a line break and returns it as it counts inside a scalar.
    pub(super) fn skip_break(&mut self) -> &'static str {
        let (width, text) = match self.break_width(0) {
            0 => return "",
            3 if self.at(2) == 0xA8 => (3, "\u{2028}"),
            3 => (3, "\u{2029}"),
            width => (width, "\n"),
        };
        self.pos += width;
        self.line += 1;
        self.line_start = self.pos;
        self.newlines += 1;
        text
    }

    /// Moves to the end of the line and returns what was there.
    pub(super) fn take_line(&mut self) -> &'a str {
        let mut end = self.pos;
        loop {
            end += self.distance(end, &BREAK_STOP);
            if self.is_break_or_end(end - self.pos) {
                break;
            }
            end += 1;
        }
        let text = self.slice(self.pos, end);
        let newlines = self.newlines;
        self.advance(end);
        if text.bytes().all(|byte| matches!(byte, b' ' | b'\t')) {
            self.newlines = newlines;
        }
        text
    }
}

/// Line breaks inside a scalar: the first one becomes a space if no others follow.
#[derive(Debug, Default)]
pub(super) struct Breaks {
    /// The first break; empty for an escaped one.
    pub(super) leading: Option<&'static str>,
    pub(super) trailing: String,
}

impl Breaks {
    pub(super) fn push(&mut self, text: &'static str) {
        if self.leading.is_some() {
            self.trailing.push_str(text);
        } else {
            self.leading = Some(text);
        }
    }

    /// Adds what the breaks amount to.
    pub(super) fn fold_into(&mut self, text: &mut String) {
        match self.leading.take() {
            Some("\n") if self.trailing.is_empty() => text.push(' '),
            Some("\n") | None => {}
            Some(leading) => text.push_str(leading),
        }
        text.push_str(&self.trailing);
        self.trailing.clear();
    }
}
