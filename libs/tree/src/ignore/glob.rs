//! Shell patterns for one path component, as Go's `path/filepath` reads them.

/// One element of a pattern.
enum Element {
    /// `*`
    AnyText,
    /// `?`
    AnyChar,
    /// A character, escaped or not.
    Char(char),
    /// `[…]`: the ranges, and whether they are what must not match.
    Class { ranges: Vec<(char, char)>, negated: bool },
}

impl Element {
    fn accepts(&self, c: char) -> bool {
        match self {
            Self::AnyText | Self::AnyChar => c != '/',
            Self::Char(own) => *own == c,
            Self::Class { ranges, negated } => {
                ranges.iter().any(|&(low, high)| low <= c && c <= high) != *negated
            }
        }
    }
}

/// Reports whether the pattern is well formed; one that is not never matches.
pub(super) fn is_valid(pattern: &str) -> bool {
    parse(pattern).is_some()
}

/// Reports whether the whole of `name` matches `pattern`.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let is_plain = !pattern.contains(['*', '?', '[', '\\']);
    if is_plain {
        return pattern == name;
    }
    let Some(elements) = parse(pattern) else { return false };
    let name: Vec<char> = name.chars().collect();
    let (mut element, mut at) = (0, 0);
    // Where the last star stands and how much text it has taken: the only place to go back to.
    let mut star: Option<(usize, usize)> = None;
    loop {
        match (elements.get(element), name.get(at)) {
            (None, None) => return true,
            (Some(Element::AnyText), _) => {
                star = Some((element, at));
                element += 1;
                continue;
            }
            (Some(other), Some(&c)) if other.accepts(c) => {
                element += 1;
                at += 1;
                continue;
            }
            _ => {}
        }
        match star {
            Some((place, taken)) if taken < name.len() => {
                star = Some((place, taken + 1));
                element = place + 1;
                at = taken + 1;
            }
            _ => return false,
        }
    }
}

/// Returns the elements, `None` for a malformed pattern.
fn parse(pattern: &str) -> Option<Vec<Element>> {
    let mut elements = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        elements.push(match c {
            '*' => Element::AnyText,
            '?' => Element::AnyChar,
            '\\' => Element::Char(rest.next()?),
            '[' => class(&mut rest)?,
            other => Element::Char(other),
        });
    }
    Some(elements)
}

fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Element> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && rest.next_if_eq(&']').is_some() {
            return Some(Element::Class { ranges, negated });
        }
        let low = class_char(rest)?;
        let high = if rest.next_if_eq(&'-').is_some() { class_char(rest)? } else { low };
        ranges.push((low, high));
    }
}

fn class_char(rest: &mut impl Iterator<Item = char>) -> Option<char> {
    match rest.next()? {
        '-' | ']' => None,
        '\\' => rest.next(),
        other => Some(other),
    }
}
