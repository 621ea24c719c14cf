//! Scalars in quotes.

use std::borrow::Cow;

use super::chars::{Breaks, DOUBLE_STOP, SINGLE_STOP};
use super::{Fault, Mark, Payload, Scanner};
use crate::Style;

impl<'a> Scanner<'a> {
    /// Reads a scalar between two `quote`s.
    pub(super) fn scan_quoted(&mut self, quote: u8) -> Result<Payload<'a>, Box<Fault>> {
        let start = self.mark();
        let (stops, style) = match quote {
            b'\'' => (&SINGLE_STOP, Style::SingleQuoted),
            _ => (&DOUBLE_STOP, Style::DoubleQuoted),
        };
        self.skip(1);
        let mut text = String::new();
        // What has been read but not yet copied begins here.
        let mut piece = self.pos;
        loop {
            let stop = self.pos + self.distance(self.pos, stops);
            self.advance(stop);
            match self.at(0) {
                b'\'' if quote == b'\'' && self.at(1) == b'\'' => {
                    text.push_str(self.slice(piece, self.pos + 1));
                    self.skip(2);
                    piece = self.pos;
                }
                byte if byte == quote => break,
                b'\\' => {
                    text.push_str(self.slice(piece, self.pos));
                    self.scan_escape(&mut text, start)?;
                    piece = self.pos;
                }
                0 => return Err(self.unterminated(start)),
                _ if self.is_break(0) => {
                    text.push_str(self.slice(piece, self.pos).trim_end_matches([' ', '\t']));
                    self.fold_lines(Breaks::default(), &mut text, start)?;
                    piece = self.pos;
                }
                _ => self.advance_char(),
            }
        }
        let last = self.slice(piece, self.pos);
        let is_whole = piece == start.index + 1;
        self.skip(1);
        let value = if is_whole {
            Cow::Borrowed(last)
        } else {
            text.push_str(last);
            Cow::Owned(text)
        };
        Ok(Payload::Scalar(value, style))
    }

    fn advance_char(&mut self) {
        let rest = self.text.get(self.pos..).unwrap_or_default();
        let width = rest.chars().next().map_or(1, char::len_utf8);
        self.advance(self.pos + width);
    }

    fn unterminated(&self, start: Mark) -> Box<Fault> {
        match self.trouble {
            Some(problem) => Self::reader_fault(problem),
            None => self.scanner_fault(start, "found unexpected end of stream"),
        }
    }

    /// Moves over line breaks and blanks around them, and adds what they amount to.
    fn fold_lines(
        &mut self,
        mut breaks: Breaks,
        text: &mut String,
        start: Mark,
    ) -> Result<(), Box<Fault>> {
        loop {
            self.skip_blanks();
            match self.skip_break() {
                "" => break,
                skipped => breaks.push(skipped),
            }
        }
        breaks.fold_into(text);
        if self.at_document_marker() {
            return Err(self.scanner_fault(start, "found unexpected document indicator"));
        }
        Ok(())
    }

    fn scan_escape(&mut self, text: &mut String, start: Mark) -> Result<(), Box<Fault>> {
        if self.is_break(1) {
            self.skip(1);
            self.skip_break();
            let breaks = Breaks { leading: Some(""), ..Breaks::default() };
            return self.fold_lines(breaks, text, start);
        }
        let digits = match self.at(1) {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            code => {
                let Some(char) = unescape(code) else {
                    return Err(self.scanner_fault(start, "found unknown escape character"));
                };
                text.push(char);
                self.skip(2);
                return Ok(());
            }
        };
        self.skip(2);
        let code = self.bytes.get(self.pos..self.pos + digits).unwrap_or_default();
        if code.len() < digits || !code.iter().all(u8::is_ascii_hexdigit) {
            return Err(self.scanner_fault(start, "did not find expected hexdecimal number"));
        }
        let value = u32::from_str_radix(self.slice(self.pos, self.pos + digits), 16);
        let Some(char) = value.ok().and_then(char::from_u32) else {
            let problem = "found invalid Unicode character escape code";
            return Err(self.scanner_fault(start, problem));
        };
        text.push(char);
        self.skip(digits);
        Ok(())
    }
}

fn unescape(code: u8) -> Option<char> {
    Some(match code {
        b'0' => '\0',
        b'a' => '\x07',
        b'b' => '\x08',
        b't' | b'\t' => '\t',
        b'n' => '\n',
        b'v' => '\x0B',
        b'f' => '\x0C',
        b'r' => '\r',
        b'e' => '\x1B',
        b' ' => ' ',
        b'"' => '"',
        b'\'' => '\'',
        b'\\' => '\\',
        b'N' => '\u{85}',
        b'_' => '\u{A0}',
        b'L' => '\u{2028}',
        b'P' => '\u{2029}',
        _ => return None,
    })
}
