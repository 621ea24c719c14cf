//! In which styles a scalar can be written.

use super::Library;
use super::writer::is_break;

/// What a scalar's text allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Analysis {
    pub(super) multiline: bool,
    /// Plain style inside of flow collections.
    pub(super) flow_plain: bool,
    /// Plain style elsewhere.
    pub(super) block_plain: bool,
    pub(super) single_quoted: bool,
    /// `|` and `>`
    pub(super) block: bool,
}

const FREE: Analysis = Analysis {
    multiline: false,
    flow_plain: true,
    block_plain: true,
    single_quoted: true,
    block: true,
};

/// Bytes that mean nothing to YAML wherever they stand.
static INERT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let char = byte as u8;
        table[byte] = char.is_ascii_alphanumeric() || matches!(char, b'_' | b'/' | b'+' | b'=');
        byte += 1;
    }
    table
};

/// Looks at every character of a scalar.
pub(super) fn analyze(text: &str, library: Library) -> Analysis {
    if text.is_empty() {
        return Analysis { flow_plain: false, block: false, ..FREE };
    }
    if text.bytes().all(|byte| INERT[usize::from(byte)]) {
        return FREE;
    }
    let mut scan = Scan::default();
    if text.starts_with("---") || text.starts_with("...") {
        scan.indicate(Indicator::Anywhere);
    }
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        scan.see(before, char, chars.peek().copied());
        if char == '\t' {
            scan.has_tab = true;
        } else if !is_printable(char) {
            scan.has_special = true;
        }
        before = Some(char);
    }
    scan.conclude(text, library)
}

enum Indicator {
    None,
    Flow,
    Anywhere,
}

#[derive(Default)]
struct Scan {
    flow_indicators: bool,
    block_indicators: bool,
    has_break: bool,
    has_special: bool,
    has_tab: bool,
    /// A space behind a line break.
    break_space: bool,
    /// A line break behind a space.
    space_break: bool,
}

impl Scan {
    fn see(&mut self, before: Option<char>, char: char, after: Option<char>) {
        self.indicate(indicator(before, char, after));
        if is_break(char) {
            self.has_break = true;
            self.space_break |= before == Some(' ');
        } else if char == ' ' {
            self.break_space |= before.is_some_and(is_break);
        }
    }

    fn indicate(&mut self, indicator: Indicator) {
        self.flow_indicators |= !matches!(indicator, Indicator::None);
        self.block_indicators |= matches!(indicator, Indicator::Anywhere);
    }

    fn conclude(self, text: &str, library: Library) -> Analysis {
        let is_edge = |char: Option<char>| char.is_some_and(|char| char == ' ' || is_break(char));
        let padded = is_edge(text.chars().next()) || is_edge(text.chars().next_back());
        // yaml.v2 counts tabs among the characters that have to be escaped.
        let special = self.has_special || (self.has_tab && library == Library::V2);
        let quoted_only = self.space_break || self.has_tab || special;
        let plain = !(padded || self.break_space || quoted_only || self.has_break);
        Analysis {
            multiline: self.has_break,
            flow_plain: plain && !self.flow_indicators,
            block_plain: plain && !self.block_indicators,
            single_quoted: !(self.break_space || quoted_only),
            block: !(text.ends_with(' ') || self.space_break || special),
        }
    }
}

/// Tells where a character would mean something to YAML.
fn indicator(before: Option<char>, char: char, after: Option<char>) -> Indicator {
    let before_gap = after.is_none_or(|char| matches!(char, ' ' | '\t'));
    let Some(before) = before else {
        return match char {
            '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
            | '@' | '`' => Indicator::Anywhere,
            '?' | ':' | '-' if before_gap => Indicator::Anywhere,
            '?' | ':' => Indicator::Flow,
            _ => Indicator::None,
        };
    };
    match char {
        ',' | '?' | '[' | ']' | '{' | '}' => Indicator::Flow,
        ':' if before_gap => Indicator::Anywhere,
        ':' => Indicator::Flow,
        '#' if matches!(before, ' ' | '\t' | '\0') || is_break(before) => Indicator::Anywhere,
        _ => Indicator::None,
    }
}

/// Tells whether go-yaml writes a character as it is; it does not go beyond the 16 bits.
pub(super) fn is_printable(char: char) -> bool {
    matches!(char, '\n' | ' '..='~' | '\u{A0}'..='\u{FFFD}') && char != '\u{FEFF}'
}
