//! One token after the other into the queue.

use super::{Dialect, Fault, Kind, Mark, Payload, Role, Scanner, Token};

impl<'a> Scanner<'a> {
    /// Puts the next token into the queue, and whatever has to stand before it.
    pub(super) fn fetch(&mut self) -> Result<(), Box<Fault>> {
        if let Some(fault) = self.late.take() {
            return Err(fault);
        }
        let scan_mark = self.mark();
        self.skip_to_token(scan_mark)?;
        self.unroll_indent(i64::from(self.column()), scan_mark);
        if self.at(0) == 0 {
            return self.fetch_stream_end();
        }
        if self.column() == 0 {
            if self.at(0) == b'%' {
                return self.fetch_directive();
            }
            if self.at_document_marker() {
                return self.fetch_document_marker();
            }
        }
        let comment_mark = self.comment_mark();
        self.fetch_content()?;
        let comment_mark = self.fetch_plain_value().unwrap_or(comment_mark);
        let after_entry = matches!(self.recent[1], Some((Kind::BlockEntry, _)));
        if self.dialect == Dialect::V3 && !after_entry {
            self.scan_line_comment(comment_mark);
        }
        Ok(())
    }

    /// A comment behind the `:` of a key or behind a comma belongs to the token before.
    fn comment_mark(&self) -> Mark {
        let separates = if self.is_block() { b':' } else { b',' };
        match self.recent[1] {
            Some((_, start)) if self.at(0) == separates => start,
            None if self.at(0) == separates => Mark::default(),
            _ => self.mark(),
        }
    }

    fn fetch_content(&mut self) -> Result<(), Box<Fault>> {
        let flow = !self.is_block();
        match self.at(0) {
            b'[' => self.fetch_flow_start(Kind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(Kind::FlowMappingStart),
            b']' => self.fetch_flow_end(Kind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(Kind::FlowMappingEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if self.is_gap(1) => self.fetch_block_entry(),
            b'?' if flow || self.is_gap(1) => self.fetch_key(),
            b':' if flow || self.is_gap(1) => self.fetch_value(),
            b'*' => self.fetch_anchor(Kind::Alias),
            b'&' => self.fetch_anchor(Kind::Anchor),
            b'!' => self.fetch_tag(),
            b'|' if !flow => self.fetch_block_scalar(true),
            b'>' if !flow => self.fetch_block_scalar(false),
            b'\'' => self.fetch_quoted(b'\''),
            b'"' => self.fetch_quoted(b'"'),
            b'#' | b'|' | b'>' | b'%' | b'@' | b'`' | b'\t' => {
                let mark = self.mark();
                Err(self.scanner_fault(mark, "found character that cannot start any token"))
            }
            _ => self.fetch_plain(),
        }
    }

    fn skip_to_token(&mut self, scan_mark: Mark) -> Result<(), Box<Fault>> {
        loop {
            if self.pos == 0 && self.bytes.starts_with(b"\xEF\xBB\xBF") {
                self.pos = 3;
                self.line_start = 2;
            }
            let tabs = !self.is_block() || !self.key_allowed;
            while self.at(0) == b' ' || (tabs && self.at(0) == b'\t') {
                self.pos += 1;
            }
            self.lift_entry_comment();
            if self.at(0) == b'#' {
                match self.dialect {
                    Dialect::V2 => {
                        self.take_line();
                    }
                    Dialect::V3 => self.scan_comments(scan_mark),
                }
            }
            if !self.is_break(0) {
                break;
            }
            self.skip_break();
            if self.is_block() {
                self.key_allowed = true;
            }
        }
        match self.trouble {
            Some(problem) if self.pos >= self.bytes.len() => Err(Self::reader_fault(problem)),
            _ => Ok(()),
        }
    }

    /// A line comment above the first entry of a sequence belongs to what follows the dash, if
    /// anything does on the same line.
    fn lift_entry_comment(&mut self) {
        let first_entry = matches!(
            self.recent,
            [Some((Kind::BlockSequenceStart, _)), Some((Kind::BlockEntry, _))]
        );
        if !first_entry || self.is_break(0) {
            return;
        }
        let mark = self.mark();
        if let Some(comment) = self.comments.back_mut().filter(|c| c.role == Role::Line) {
            comment.role = Role::Head;
            if comment.start.line + 1 == mark.line {
                comment.token = mark;
            }
        }
    }

    fn fetch_stream_end(&mut self) -> Result<(), Box<Fault>> {
        if self.column() != 0 {
            self.line += 1;
            self.line_start = self.pos;
        }
        self.unroll_indent(-1, self.mark());
        self.remove_key()?;
        self.key_allowed = false;
        self.push_simple(Kind::StreamEnd, self.mark(), 0);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), Box<Fault>> {
        self.unroll_indent(-1, self.mark());
        self.remove_key()?;
        self.key_allowed = false;
        let token = self.scan_directive()?;
        self.push(token);
        Ok(())
    }

    fn fetch_document_marker(&mut self) -> Result<(), Box<Fault>> {
        let kind = if self.at(0) == b'-' { Kind::DocumentStart } else { Kind::DocumentEnd };
        self.unroll_indent(-1, self.mark());
        self.remove_key()?;
        self.key_allowed = false;
        self.push_indicator(kind, 3);
        Ok(())
    }

    fn push_indicator(&mut self, kind: Kind, width: u32) {
        let start = self.mark();
        self.skip(width as usize);
        self.push_simple(kind, start, width);
    }

    fn fetch_flow_start(&mut self, kind: Kind) -> Result<(), Box<Fault>> {
        self.save_key()?;
        self.open_flow()?;
        self.key_allowed = true;
        self.push_indicator(kind, 1);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: Kind) -> Result<(), Box<Fault>> {
        self.remove_key()?;
        self.close_flow();
        self.key_allowed = false;
        self.push_indicator(kind, 1);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Result<(), Box<Fault>> {
        self.remove_key()?;
        self.key_allowed = true;
        self.push_indicator(Kind::FlowEntry, 1);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), Box<Fault>> {
        if self.is_block() {
            self.open_block(
                Kind::BlockSequenceStart,
                "block sequence entries are not allowed in this context",
            )?;
        }
        self.remove_key()?;
        self.key_allowed = true;
        self.push_indicator(Kind::BlockEntry, 1);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), Box<Fault>> {
        if self.is_block() {
            self.open_block(
                Kind::BlockMappingStart,
                "mapping keys are not allowed in this context",
            )?;
        }
        self.remove_key()?;
        self.key_allowed = self.is_block();
        self.push_indicator(Kind::Key, 1);
        Ok(())
    }

    fn open_block(&mut self, kind: Kind, problem: &'static str) -> Result<(), Box<Fault>> {
        let mark = self.mark();
        if !self.key_allowed {
            return Err(self.scanner_fault(mark, problem));
        }
        self.roll_indent(i64::from(mark.column), None, (kind, mark))
    }

    fn fetch_value(&mut self) -> Result<(), Box<Fault>> {
        let index = self.keys.len() - 1;
        if self.is_valid(index)? {
            let key = self.keys.get(index).copied().unwrap_or_default();
            self.insert(key.token, Kind::Key, key.mark);
            let opening = (Kind::BlockMappingStart, key.mark);
            self.roll_indent(i64::from(key.mark.column), Some(key.token), opening)?;
            self.forbid_key(index);
            self.key_allowed = false;
        } else {
            if self.is_block() {
                self.open_block(
                    Kind::BlockMappingStart,
                    "mapping values are not allowed in this context",
                )?;
            }
            self.key_allowed = self.is_block();
        }
        self.push_indicator(Kind::Value, 1);
        Ok(())
    }

    fn fetch_anchor(&mut self, kind: Kind) -> Result<(), Box<Fault>> {
        self.save_key()?;
        self.key_allowed = false;
        let token = self.scan_anchor(kind)?;
        self.push(token);
        Ok(())
    }

    fn fetch_tag(&mut self) -> Result<(), Box<Fault>> {
        self.save_key()?;
        self.key_allowed = false;
        let token = self.scan_tag()?;
        self.push(token);
        Ok(())
    }

    fn fetch_block_scalar(&mut self, literal: bool) -> Result<(), Box<Fault>> {
        self.remove_key()?;
        self.key_allowed = true;
        let token = self.scan_block_scalar(literal)?;
        self.push(token);
        Ok(())
    }

    fn fetch_quoted(&mut self, quote: u8) -> Result<(), Box<Fault>> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark();
        let payload = self.scan_quoted(quote)?;
        self.push_scalar(Token { kind: Kind::Scalar, start, width: 0, payload })
    }

    /// Puts a scalar into the queue; if a `:` stands right behind it, that as well with what has
    /// to go before the key, which is what the next step would come to.
    fn push_scalar(&mut self, scalar: Token<'a>) -> Result<(), Box<Fault>> {
        let number = self.taken + self.queue.len();
        let is_key = self.is_block() && self.at(0) == b':' && self.is_gap(1);
        let key = self.keys.last().copied().unwrap_or_default();
        let is_valid = key.possible && key.token == number && key.mark.line == self.line;
        if !is_key || !is_valid || self.is_far(key.mark) {
            self.push(scalar);
            return Ok(());
        }
        let opening = (Kind::BlockMappingStart, key.mark);
        self.roll_indent(i64::from(key.mark.column), None, opening)?;
        self.push_simple(Kind::Key, key.mark, 0);
        self.push(scalar);
        self.forbid_key(0);
        self.key_allowed = false;
        self.push_indicator(Kind::Value, 1);
        Ok(())
    }

    /// Takes a plain value that stands on the line of its `:`, which is the most frequent thing
    /// to come and needs none of the checks that other tokens do.
    fn fetch_plain_value(&mut self) -> Option<Mark> {
        let after_value = matches!(self.recent[1], Some((Kind::Value, _)));
        if !after_value || self.key_allowed || self.at(0) != b' ' || !self.is_block() {
            return None;
        }
        let blanks = (1..).find(|&offset| self.at(offset) != b' ')?;
        if !self.at(blanks).is_ascii_alphanumeric() {
            return None;
        }
        self.pos += blanks;
        let start = self.mark();
        match self.scan_plain() {
            Ok(value) => {
                let payload = Payload::Scalar(value, crate::Style::Plain);
                self.push(Token { kind: Kind::Scalar, start, width: 0, payload });
            }
            Err(fault) => self.late = Some(fault),
        }
        Some(start)
    }

    fn fetch_plain(&mut self) -> Result<(), Box<Fault>> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.mark();
        let value = self.scan_plain()?;
        let payload = Payload::Scalar(value, crate::Style::Plain);
        self.push_scalar(Token { kind: Kind::Scalar, start, width: 0, payload })
    }
}
