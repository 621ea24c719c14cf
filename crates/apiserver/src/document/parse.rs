//! JSON text into a [`Document`], refused in the words of Go's `encoding/json`.

use serde_json::Number;

use super::{Document, Node};

/// How deep values may be nested.
const MAX_DEPTH: usize = 500;

/// Reads one JSON value. Invalid UTF-8 in strings becomes U+FFFD, as in Go.
///
/// # Errors
/// What Go says, such as `unexpected end of JSON input` or `invalid character 'x' looking for
/// beginning of value`.
pub fn parse(text: &[u8]) -> Result<Document, String> {
    let mut parser = Parser { text, at: 0 };
    let root = parser.value(0)?;
    match parser.peek() {
        None => Ok(Document::new(root)),
        Some(c) => Err(invalid(c, "after top-level value")),
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

const END: &str = "unexpected end of JSON input";

fn invalid(c: u8, context: &str) -> String {
    let shown = match c {
        b'\'' => r"'\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        b'\\' => r"'\\'".to_owned(),
        b'\n' => r"'\n'".to_owned(),
        b'\t' => r"'\t'".to_owned(),
        b'\r' => r"'\r'".to_owned(),
        0..0x20 | 0x7f => format!("'\\x{c:02x}'"),
        0x80..0xa1 | 0xad => format!("'\\u00{c:02x}'"),
        _ => format!("'{}'", char::from(c)),
    };
    format!("invalid character {shown} {context}")
}

impl Parser<'_> {
    fn byte(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, String> {
        let c = self.byte().ok_or(END)?;
        self.at += 1;
        Ok(c)
    }

    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    fn value(&mut self, depth: usize) -> Result<Node, String> {
        if depth > MAX_DEPTH {
            return Err("exceeded max depth".to_owned());
        }
        match self.peek().ok_or(END)? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => Ok(Node::String(self.string()?)),
            b't' => self.literal("true", Node::Bool(true)),
            b'f' => self.literal("false", Node::Bool(false)),
            b'n' => self.literal("null", Node::Null),
            b'-' | b'0'..=b'9' => self.number(),
            c => Err(invalid(c, "looking for beginning of value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Node, String> {
        self.at += 1;
        let mut entries = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Node::Object(entries));
        }
        loop {
            match self.peek().ok_or(END)? {
                b'"' => {}
                c => return Err(invalid(c, "looking for beginning of object key string")),
            }
            let key = self.string()?;
            match self.peek().ok_or(END)? {
                b':' => self.at += 1,
                c => return Err(invalid(c, "after object key")),
            }
            entries.push((key, self.value(depth + 1)?));
            match self.peek().ok_or(END)? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(Node::Object(entries));
                }
                c => return Err(invalid(c, "after object key:value pair")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Node, String> {
        self.at += 1;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Node::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            match self.peek().ok_or(END)? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(Node::Array(items));
                }
                c => return Err(invalid(c, "after array element")),
            }
        }
    }

    fn literal(&mut self, word: &str, node: Node) -> Result<Node, String> {
        for expected in word.bytes() {
            let c = self.next()?;
            if c != expected {
                let context = format!("in literal {word} (expecting '{}')", char::from(expected));
                return Err(invalid(c, &context));
            }
        }
        Ok(node)
    }

    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut out: Vec<u8> = Vec::new();
        loop {
            match self.next()? {
                b'"' => break,
                b'\\' => self.escape(&mut out)?,
                c @ 0..0x20 => return Err(invalid(c, "in string literal")),
                c => out.push(c),
            }
        }
        Ok(match String::from_utf8(out) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), String> {
        let c = match self.next()? {
            c @ (b'"' | b'\\' | b'/') => c,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let c = self.unicode_escape()?;
                out.extend(c.encode_utf8(&mut [0; 4]).bytes());
                return Ok(());
            }
            c => return Err(invalid(c, "in string escape code")),
        };
        out.push(c);
        Ok(())
    }

    fn unicode_escape(&mut self) -> Result<char, String> {
        let first = self.hex4()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        if self.text.get(self.at..self.at + 2) != Some(br"\u") {
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        let back = self.at;
        self.at += 2;
        let second = self.hex4()?;
        if !(0xdc00..0xe000).contains(&second) {
            self.at = back;
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Result<u32, String> {
        let mut code = 0;
        for _ in 0..4 {
            let c = self.next()?;
            let digit = char::from(c)
                .to_digit(16)
                .ok_or_else(|| invalid(c, r"in \u hexadecimal character escape"))?;
            code = code * 16 + digit;
        }
        Ok(code)
    }

    fn digits(&mut self, context: &str) -> Result<(), String> {
        match self.byte().ok_or(END)? {
            b'0'..=b'9' => {}
            c => return Err(invalid(c, context)),
        }
        while let Some(b'0'..=b'9') = self.byte() {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Node, String> {
        let start = self.at;
        let mut whole = true;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        match self.byte() {
            Some(b'0') => self.at += 1,
            _ => self.digits("in numeric literal")?,
        }
        if self.byte() == Some(b'.') {
            whole = false;
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            whole = false;
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        let text = String::from_utf8_lossy(text);
        if whole && let Ok(number) = text.parse::<i64>() {
            return Ok(Node::Number(number.into()));
        }
        let float: f64 = text.parse().map_err(|_| END.to_owned())?;
        let number = Number::from_f64(float).ok_or_else(|| {
            format!("json: cannot unmarshal number {text} into Go value of type float64")
        })?;
        Ok(Node::Number(number))
    }
}
