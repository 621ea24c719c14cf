//! Reads a text into parts: plain text and references.

use std::sync::LazyLock;

use crate::Error;
use crate::operator::Operator;

/// How deep references may stand inside references.
const MAX_DEPTH: usize = 100;

/// A piece of the text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Text without references, escapes resolved.
    Text(String),
    /// `${…}`
    Reference(Reference),
}

/// A reference to a variable and what is done to its value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The variable.
    pub(crate) name: String,
    /// What is done.
    pub(crate) operator: Operator,
    /// What the operator works with. A default may consist of many pieces.
    pub(crate) arguments: Vec<Part>,
}

/// Reads the whole text.
pub(crate) fn parse(text: &str) -> Result<Vec<Part>, Error> {
    let mut reader = Reader { text, at: 0 };
    let mut parts = Vec::new();
    // A NUL ends the text for the original.
    while reader.peek().is_some() {
        if reader.skip("${") {
            parts.push(Part::Reference(reader.reference(0)?));
        } else {
            parts.push(Part::Text(reader.text(&Escapes::Dollar, |_| true)));
        }
    }
    Ok(parts)
}

/// Which escapes a piece of text knows.
enum Escapes {
    None,
    /// `$$`
    Dollar,
    /// `$$`, `\/` and `\\`
    All,
}

impl Escapes {
    fn escaped(&self, rest: &str) -> bool {
        match self {
            Self::None => false,
            Self::Dollar => rest.starts_with("$$"),
            Self::All => ["$$", "\\/", "\\\\"].iter().any(|escape| rest.starts_with(escape)),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next().filter(|c| *c != '\0')
    }

    fn skip(&mut self, what: &str) -> bool {
        let found = self.rest().starts_with(what);
        if found {
            self.at += what.len();
        }
        found
    }

    /// Takes characters while they are accepted, up to the next reference.
    fn text(&mut self, escapes: &Escapes, accept: impl Fn(char) -> bool) -> String {
        let mut text = String::new();
        while let Some(next) = self.peek() {
            let rest = self.rest();
            if rest.starts_with("${") {
                break;
            }
            if escapes.escaped(rest) {
                text.extend(rest.chars().nth(1));
                self.at += 2;
            } else if accept(next) {
                text.push(next);
                self.at += next.len_utf8();
            } else {
                break;
            }
        }
        text
    }

    fn name(&mut self) -> Option<String> {
        let rest = self.rest();
        let len = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        self.at += len;
        rest.get(..len).filter(|name| !name.is_empty()).map(str::to_owned)
    }

    /// Reads what follows `${`.
    fn reference(&mut self, depth: usize) -> Result<Reference, Error> {
        if depth > MAX_DEPTH {
            return Err(Error::TooDeep);
        }
        if self.skip("#") {
            let name = self.name().ok_or(Error::BadSubstitution)?;
            self.close(Error::BadSubstitution)?;
            return Ok(Reference { name, operator: Operator::Length, arguments: Vec::new() });
        }
        let name = self.name().ok_or(Error::VariableName)?;
        let (operator, arguments) = match self.peek() {
            Some(':') => self.default_or_substring(depth)?,
            Some('=') => {
                self.at += 1;
                (Operator::Default, self.default(depth)?)
            }
            Some(',' | '^') => (self.casing()?, Vec::new()),
            Some('/') => self.replacement(depth)?,
            Some('#' | '%') => self.removal(depth)?,
            _ => {
                self.close(Error::MissingClosingBrace)?;
                (Operator::Value, Vec::new())
            }
        };
        Ok(Reference { name, operator, arguments })
    }

    fn close(&mut self, error: Error) -> Result<(), Error> {
        if self.skip("}") { Ok(()) } else { Err(error) }
    }

    /// Reads one argument: a reference, or text of accepted characters, at least one.
    fn argument(
        &mut self,
        depth: usize,
        escapes: &Escapes,
        accept: impl Fn(char) -> bool,
    ) -> Result<Part, Error> {
        if self.skip("${") {
            return Ok(Part::Reference(self.reference(depth + 1)?));
        }
        let start = self.at;
        let text = self.text(escapes, accept);
        if self.at == start { Err(Error::Argument) } else { Ok(Part::Text(text)) }
    }

    fn default_or_substring(&mut self, depth: usize) -> Result<(Operator, Vec<Part>), Error> {
        self.at += 1;
        match self.peek() {
            Some('=' | '-' | '?' | '+') => {
                self.at += 1;
                Ok((Operator::Default, self.default(depth)?))
            }
            // The original steps back too far here and then misses the colon.
            None => Err(Error::BadSubstitution),
            Some(wide) if wide.len_utf8() > 1 => Err(Error::BadSubstitution),
            Some(_) => Ok((Operator::Substring, self.substring(depth)?)),
        }
    }

    /// Reads the pieces of a default up to the closing brace.
    fn default(&mut self, depth: usize) -> Result<Vec<Part>, Error> {
        let mut parts = Vec::new();
        while !self.skip("}") {
            parts.push(self.argument(depth, &Escapes::None, |c| c != '}')?);
        }
        Ok(parts)
    }

    fn substring(&mut self, depth: usize) -> Result<Vec<Part>, Error> {
        let mut arguments = vec![self.argument(depth, &Escapes::None, |c| c != ':' && c != '}')?];
        if self.skip("}") {
            return Ok(arguments);
        }
        self.repeated(':')?;
        arguments.push(self.argument(depth, &Escapes::None, |c| c != '}')?);
        self.close(Error::BadSubstitution)?;
        Ok(arguments)
    }

    /// Takes a delimiter, which may stand several times.
    fn repeated(&mut self, delimiter: char) -> Result<(), Error> {
        let rest = self.rest();
        let len = rest.len() - rest.trim_start_matches(delimiter).len();
        self.at += len;
        if len == 0 { Err(Error::BadSubstitution) } else { Ok(()) }
    }

    fn casing(&mut self) -> Result<Operator, Error> {
        let rest = self.rest();
        let operators = [
            (",,", Operator::Lower),
            ("^^", Operator::Upper),
            (",^", Operator::Value),
            ("^,", Operator::Value),
        ];
        let found = operators.into_iter().find(|(sign, _)| rest.starts_with(sign));
        let operator = match found {
            Some((sign, operator)) => {
                self.at += sign.len();
                operator
            }
            None if self.skip(",") => Operator::LowerFirst,
            None => {
                self.at += 1;
                Operator::UpperFirst
            }
        };
        self.close(Error::BadSubstitution)?;
        // `,^` and `^,` are read and do nothing, yet need a value.
        Ok(operator)
    }

    fn replacement(&mut self, depth: usize) -> Result<(Operator, Vec<Part>), Error> {
        self.at += 1;
        let operator = if self.skip("/") {
            Operator::ReplaceAll
        } else if self.skip("#") {
            Operator::ReplacePrefix
        } else if self.skip("%") {
            Operator::ReplaceSuffix
        } else {
            Operator::ReplaceFirst
        };
        let mut arguments = vec![self.argument(depth, &Escapes::All, |c| c != '/')?];
        self.repeated('/')?;
        if self.skip("}") {
            return Ok((operator, arguments));
        }
        arguments.push(self.argument(depth, &Escapes::All, |c| c != '}')?);
        self.close(Error::BadSubstitution)?;
        Ok((operator, arguments))
    }

    fn removal(&mut self, depth: usize) -> Result<(Operator, Vec<Part>), Error> {
        let operator = if self.skip("##") {
            Operator::TrimLongestPrefix
        } else if self.skip("#") {
            Operator::TrimShortestPrefix
        } else if self.skip("%%") {
            Operator::TrimLongestSuffix
        } else {
            self.at += 1;
            Operator::TrimShortestSuffix
        };
        let argument = self.argument(depth, &Escapes::None, |c| c != '}')?;
        self.close(Error::BadSubstitution)?;
        Ok((operator, vec![argument]))
    }
}

/// Whether a character may stand in a name: letters and decimal digits of any script, `_`.
fn is_name(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    let at = WIDE.partition_point(|(_, end)| *end < c);
    WIDE.get(at).is_some_and(|(start, _)| *start <= c)
}

/// The letters and decimal digits of Unicode, as sorted ranges.
static WIDE: LazyLock<Vec<(char, char)>> = LazyLock::new(|| {
    let parsed = regex_syntax::parse(r"[\p{L}\p{Nd}]");
    match parsed.as_ref().map(regex_syntax::hir::Hir::kind) {
        Ok(regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class))) => {
            class.iter().map(|range| (range.start(), range.end())).collect()
        }
        _ => Vec::new(),
    }
});
