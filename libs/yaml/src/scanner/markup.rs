//! Directives, tags, anchors and aliases.

use super::{Fault, Kind, Mark, Payload, Scanner, Token};

const NO_URI: &str = "did not find expected tag URI";

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn is_uri(byte: u8) -> bool {
    is_word(byte) || b";/?:@&=+$,.!~*'()[]%".contains(&byte)
}

impl<'a> Scanner<'a> {
    pub(super) fn scan_directive(&mut self) -> Result<Token<'a>, Box<Fault>> {
        let start = self.mark();
        self.skip(1);
        let name = self.take_word();
        if name.is_empty() {
            return Err(self.scanner_fault(start, "could not find expected directive name"));
        }
        if !self.is_gap(0) {
            return Err(self.scanner_fault(start, "found unexpected non-alphabetical character"));
        }
        let (kind, payload) = match name {
            "YAML" => (Kind::VersionDirective, self.scan_version(start)?),
            "TAG" => (Kind::TagDirective, self.scan_tag_directive(start)?),
            _ => return Err(self.scanner_fault(start, "found unknown directive name")),
        };
        self.skip_blanks();
        if self.at(0) == b'#' {
            self.take_line();
        }
        if !self.is_break_or_end(0) {
            return Err(self.scanner_fault(start, "did not find expected comment or line break"));
        }
        self.skip_break();
        Ok(Token { kind, start, width: 0, payload })
    }

    fn take_word(&mut self) -> &'a str {
        let from = self.pos;
        while is_word(self.at(0)) {
            self.skip(1);
        }
        self.slice(from, self.pos)
    }

    fn scan_version(&mut self, start: Mark) -> Result<Payload<'a>, Box<Fault>> {
        self.skip_blanks();
        let major = self.scan_version_number(start)?;
        if self.at(0) != b'.' {
            return Err(self.scanner_fault(start, "did not find expected digit or '.' character"));
        }
        self.skip(1);
        let minor = self.scan_version_number(start)?;
        Ok(Payload::Version((major, minor) == (1, 1)))
    }

    fn scan_version_number(&mut self, start: Mark) -> Result<u8, Box<Fault>> {
        const LONGEST: usize = 2;
        let from = self.pos;
        let mut value = 0;
        while self.at(0).is_ascii_digit() {
            if self.pos - from == LONGEST {
                return Err(self.scanner_fault(start, "found extremely long version number"));
            }
            value = value * 10 + (self.at(0) - b'0');
            self.skip(1);
        }
        if self.pos == from {
            return Err(self.scanner_fault(start, "did not find expected version number"));
        }
        Ok(value)
    }

    fn scan_tag_directive(&mut self, start: Mark) -> Result<Payload<'a>, Box<Fault>> {
        self.skip_blanks();
        let handle = self.scan_tag_handle(start)?.to_owned();
        if !handle.ends_with('!') {
            return Err(self.scanner_fault(start, "did not find expected '!'"));
        }
        if !self.is_blank(0) {
            return Err(self.scanner_fault(start, "did not find expected whitespace"));
        }
        self.skip_blanks();
        let prefix = self.scan_tag_uri("", start)?;
        if !self.is_gap(0) {
            return Err(self.scanner_fault(start, "did not find expected whitespace or line break"));
        }
        Ok(Payload::Tag(Box::new((handle, prefix))))
    }

    pub(super) fn scan_anchor(&mut self, kind: Kind) -> Result<Token<'a>, Box<Fault>> {
        let start = self.mark();
        self.skip(1);
        let name = self.take_word();
        let ends = self.is_gap(0) || b"?:,]}%@`".contains(&self.at(0));
        if name.is_empty() || !ends {
            let problem = "did not find expected alphabetic or numeric character";
            return Err(self.scanner_fault(start, problem));
        }
        Ok(Token { kind, start, width: 0, payload: Payload::Name(name) })
    }

    pub(super) fn scan_tag(&mut self) -> Result<Token<'a>, Box<Fault>> {
        let start = self.mark();
        let tag = if self.at(1) == b'<' {
            self.skip(2);
            let suffix = self.scan_tag_uri("", start)?;
            if self.at(0) != b'>' {
                return Err(self.scanner_fault(start, "did not find the expected '>'"));
            }
            self.skip(1);
            (String::new(), suffix)
        } else {
            self.scan_short_tag(start)?
        };
        if !self.is_gap(0) {
            return Err(self.scanner_fault(start, "did not find expected whitespace or line break"));
        }
        Ok(Token { kind: Kind::Tag, start, width: 0, payload: Payload::Tag(Box::new(tag)) })
    }

    /// Reads `!suffix`, `!!suffix`, `!handle!suffix` or a lone `!`.
    fn scan_short_tag(&mut self, start: Mark) -> Result<(String, String), Box<Fault>> {
        let handle = self.scan_tag_handle(start)?;
        if handle.len() > 1 && handle.ends_with('!') {
            let suffix = self.scan_tag_uri("", start)?;
            return Ok((handle.to_owned(), suffix));
        }
        let suffix = self.scan_tag_uri(handle, start)?;
        if suffix.is_empty() {
            return Ok((String::new(), "!".to_owned()));
        }
        Ok(("!".to_owned(), suffix))
    }

    fn scan_tag_handle(&mut self, start: Mark) -> Result<&'a str, Box<Fault>> {
        if self.at(0) != b'!' {
            return Err(self.scanner_fault(start, "did not find expected '!'"));
        }
        let from = self.pos;
        self.skip(1);
        self.take_word();
        if self.at(0) == b'!' {
            self.skip(1);
        }
        Ok(self.slice(from, self.pos))
    }

    /// Reads the rest of a tag. `head` is what was taken for a handle and turned out to be the
    /// beginning of the tag, with its `!`.
    fn scan_tag_uri(&mut self, head: &str, start: Mark) -> Result<String, Box<Fault>> {
        let mut uri = head.get(1..).unwrap_or_default().to_owned();
        let mut is_there = !head.is_empty();
        while is_uri(self.at(0)) {
            is_there = true;
            if self.at(0) == b'%' {
                uri.push(self.scan_uri_escape(start)?);
            } else {
                uri.push(char::from(self.at(0)));
                self.skip(1);
            }
        }
        if is_there { Ok(uri) } else { Err(self.scanner_fault(start, NO_URI)) }
    }

    /// Reads the `%XX` of one character.
    fn scan_uri_escape(&mut self, start: Mark) -> Result<char, Box<Fault>> {
        let first = self.scan_octet(start)?;
        let width = match first {
            0x00..=0x7F => 1,
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF7 => 4,
            _ => {
                let problem = "found an incorrect leading UTF-8 octet";
                return Err(self.scanner_fault(start, problem));
            }
        };
        let mut octets = vec![first];
        for _ in 1..width {
            let octet = self.scan_octet(start)?;
            if octet & 0xC0 != 0x80 {
                let problem = "found an incorrect trailing UTF-8 octet";
                return Err(self.scanner_fault(start, problem));
            }
            octets.push(octet);
        }
        Ok(std::str::from_utf8(&octets)
            .ok()
            .and_then(|text| text.chars().next())
            .unwrap_or('\u{FFFD}'))
    }

    fn scan_octet(&mut self, start: Mark) -> Result<u8, Box<Fault>> {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let octet = match (self.at(0), digit(self.at(1)), digit(self.at(2))) {
            (b'%', Some(high), Some(low)) => u8::try_from(high << 4 | low).ok(),
            _ => None,
        };
        let Some(octet) = octet else {
            return Err(self.scanner_fault(start, "did not find URI escaped octet"));
        };
        self.skip(3);
        Ok(octet)
    }
}
