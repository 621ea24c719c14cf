//! Plain and block scalars.

use std::borrow::Cow;

use super::chars::{Breaks, FLOW_STOP, PLAIN_STOP};
use super::{Fault, Kind, Mark, Payload, Scanner, Token};
use crate::Style;

impl<'a> Scanner<'a> {
    /// Reads a scalar without quotes, which may go on over several lines.
    pub(super) fn scan_plain(&mut self) -> Result<Cow<'a, str>, Box<Fault>> {
        let start = self.mark();
        let indent = self.indent + 1;
        let mut folded: Option<String> = None;
        // What has been read but not yet copied begins at `piece` and ends at `end`.
        let (mut piece, mut end) = (self.pos, self.pos);
        let mut breaks = Breaks::default();
        while self.at(0) != b'#' && !self.at_document_marker() {
            let run_end = self.plain_end();
            if run_end > self.pos {
                if breaks.leading.is_some() {
                    let text = folded.get_or_insert_default();
                    text.push_str(self.slice(piece, end));
                    breaks.fold_into(text);
                    piece = self.pos;
                }
                self.advance(run_end);
                end = run_end;
            }
            if !self.is_blank(0) && !self.is_break(0) {
                break;
            }
            self.skip_plain_gap(indent, &mut breaks, start)?;
            if self.is_block() && i64::from(self.column()) < indent {
                break;
            }
        }
        if breaks.leading.is_some() {
            self.key_allowed = true;
        }
        let last = self.slice(piece, end);
        Ok(match folded {
            None => Cow::Borrowed(last),
            Some(mut text) => {
                text.push_str(last);
                Cow::Owned(text)
            }
        })
    }

    /// Returns the end of the characters from here on that need no second look.
    fn plain_end(&self) -> usize {
        let stops = if self.is_block() { &PLAIN_STOP } else { &FLOW_STOP };
        let mut end = self.pos;
        loop {
            end += self.distance(end, stops);
            let offset = end - self.pos;
            match self.at(offset) {
                b':' if !self.is_gap(offset + 1) => end += 1,
                0xC2 | 0xE2 if !self.is_break(offset) => end += 1,
                _ => return end,
            }
        }
    }

    fn skip_plain_gap(
        &mut self,
        indent: i64,
        breaks: &mut Breaks,
        start: Mark,
    ) -> Result<(), Box<Fault>> {
        loop {
            if self.is_blank(0) {
                let misplaced = breaks.leading.is_some() && i64::from(self.column()) < indent;
                if misplaced && self.at(0) == b'\t' {
                    let problem = "found a tab character that violates indentation";
                    return Err(self.scanner_fault(start, problem));
                }
                self.pos += 1;
            } else {
                match self.skip_break() {
                    "" => return Ok(()),
                    skipped => breaks.push(skipped),
                }
            }
        }
    }

    /// Reads a `|` or `>` scalar.
    pub(super) fn scan_block_scalar(&mut self, literal: bool) -> Result<Token<'a>, Box<Fault>> {
        let start = self.mark();
        self.skip(1);
        let header = self.scan_block_header(start)?;
        let mut indent = match header.increment {
            0 => 0,
            increment => self.indent.max(0) + increment,
        };
        let mut text = String::new();
        let mut leading = "";
        let mut trailing = String::new();
        let mut after_blank = false;
        self.skip_block_breaks(&mut indent, &mut trailing, start)?;
        while i64::from(self.column()) == indent && self.at(0) != 0 {
            let at_blank = self.is_blank(0);
            if !literal && !after_blank && !at_blank && leading == "\n" {
                if trailing.is_empty() {
                    text.push(' ');
                }
            } else {
                text.push_str(leading);
            }
            text.push_str(&trailing);
            trailing.clear();
            after_blank = at_blank;
            text.push_str(self.take_line());
            leading = self.skip_break();
            self.skip_block_breaks(&mut indent, &mut trailing, start)?;
        }
        if header.chomping != Chomping::Strip {
            text.push_str(leading);
        }
        if header.chomping == Chomping::Keep {
            text.push_str(&trailing);
        }
        let style = if literal { Style::Literal } else { Style::Folded };
        let payload = Payload::Scalar(Cow::Owned(text), style);
        Ok(Token { kind: Kind::Scalar, start, width: 0, payload })
    }

    /// Reads what stands behind `|` or `>` on its line.
    fn scan_block_header(&mut self, start: Mark) -> Result<Header, Box<Fault>> {
        let mut header = Header { chomping: Chomping::Clip, increment: 0 };
        if self.scan_chomping(&mut header) {
            self.scan_increment(&mut header, start)?;
        } else {
            self.scan_increment(&mut header, start)?;
            self.scan_chomping(&mut header);
        }
        self.skip_blanks();
        if self.at(0) == b'#' {
            match self.dialect {
                super::Dialect::V2 => {}
                super::Dialect::V3 => self.scan_line_comment(start),
            }
            self.take_line();
        }
        if !self.is_break_or_end(0) {
            return Err(self.scanner_fault(start, "did not find expected comment or line break"));
        }
        self.skip_break();
        Ok(header)
    }

    fn scan_chomping(&mut self, header: &mut Header) -> bool {
        header.chomping = match self.at(0) {
            b'+' => Chomping::Keep,
            b'-' => Chomping::Strip,
            _ => return false,
        };
        self.skip(1);
        true
    }

    fn scan_increment(&mut self, header: &mut Header, start: Mark) -> Result<(), Box<Fault>> {
        match self.at(0) {
            b'0' => Err(self.scanner_fault(start, "found an indentation indicator equal to 0")),
            digit @ b'1'..=b'9' => {
                header.increment = i64::from(digit - b'0');
                self.skip(1);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Moves over indentation and empty lines; the first call decides on the indentation unless
    /// the header did.
    fn skip_block_breaks(
        &mut self,
        indent: &mut i64,
        breaks: &mut String,
        start: Mark,
    ) -> Result<(), Box<Fault>> {
        let mut widest = 0;
        loop {
            let is_inside = |column: u32| *indent == 0 || i64::from(column) < *indent;
            while is_inside(self.column()) && self.at(0) == b' ' {
                self.pos += 1;
            }
            widest = widest.max(i64::from(self.column()));
            if is_inside(self.column()) && self.at(0) == b'\t' {
                let problem = "found a tab character where an indentation space is expected";
                return Err(self.scanner_fault(start, problem));
            }
            match self.skip_break() {
                "" => break,
                skipped => breaks.push_str(skipped),
            }
        }
        if *indent == 0 {
            *indent = widest.max(self.indent + 1).max(1);
        }
        Ok(())
    }
}

struct Header {
    chomping: Chomping,
    /// The indentation relative to the parent, 0 if it follows from the first line.
    increment: i64,
}

#[derive(PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}
