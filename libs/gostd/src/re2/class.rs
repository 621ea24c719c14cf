//! Named sets of characters: Perl's, POSIX's and Unicode's, as RE2 defines them.

use regex_syntax::hir::{Class, Hir};
use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange, HirKind};

/// Builds a class from inclusive ranges of code points; surrogates fall out.
pub(super) fn from_ranges(ranges: &[(u32, u32)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().flat_map(|(low, high)| {
        let below = range(*low, (*high).min(0xD7FF));
        let above = range((*low).max(0xE000), *high);
        below.into_iter().chain(above)
    }))
}

fn range(low: u32, high: u32) -> Option<ClassUnicodeRange> {
    if low > high {
        return None;
    }
    Some(ClassUnicodeRange::new(char::from_u32(low)?, char::from_u32(high)?))
}

/// Returns the class of `\d`, `\s`, `\w`.
pub(super) fn perl(letter: char) -> Option<ClassUnicode> {
    let ascii: &[(char, char)] = match letter.to_ascii_lowercase() {
        'd' => &[('0', '9')],
        's' => &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')],
        'w' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        _ => return None,
    };
    Some(of_chars(ascii))
}

/// Returns the class of `[:alpha:]` and its like by the name between the colons.
pub(super) fn posix(name: &str) -> Option<ClassUnicode> {
    let ascii: &[(char, char)] = match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\x7f')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    };
    Some(of_chars(ascii))
}

fn of_chars(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|(low, high)| ClassUnicodeRange::new(*low, *high)))
}

/// Script names of four letters; other names of four letters are abbreviations, which Go refuses.
const SHORT_SCRIPTS: [&str; 8] = ["Ahom", "Cham", "Kawi", "Lisu", "Modi", "Newa", "Thai", "Toto"];

/// Returns the class of `\p{name}`: a general category or a script, case, spaces and underscores
/// apart.
///
/// # Upstream
/// Go 1.26 does not find scripts of several words such as `Old_Italic`; here they are found.
pub(super) fn unicode(name: &str) -> Option<ClassUnicode> {
    let mut canonical: String = name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).collect();
    canonical.make_ascii_lowercase();
    if canonical.is_empty() || !canonical.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    match canonical.as_str() {
        "any" => return Some(of_chars(&[('\0', char::MAX)])),
        "ascii" => return Some(of_chars(&[('\0', '\x7f')])),
        "assigned" => {
            let mut class = query("gc", "cn")?;
            class.negate();
            return Some(class);
        }
        "cs" | "surrogate" => return Some(ClassUnicode::empty()),
        _ => {}
    }
    query("gc", &canonical).or_else(|| {
        let short = canonical.len() == 4
            && !SHORT_SCRIPTS.iter().any(|script| script.eq_ignore_ascii_case(&canonical));
        if short { None } else { query("sc", &canonical) }
    })
}

fn query(property: &str, value: &str) -> Option<ClassUnicode> {
    let hir: Hir = regex_syntax::parse(&format!(r"\p{{{property}={value}}}")).ok()?;
    match hir.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        _ => None,
    }
}
