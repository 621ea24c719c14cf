//! Case, and words that follow from it.

use flux_gotemplate::{Type, Value};

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    let one = &[Type::Str];
    registry
        .add("upper", one, |args| Ok(args.text(0).chars().map(upper).collect::<String>().into()));
    registry
        .add("lower", one, |args| Ok(args.text(0).chars().map(lower).collect::<String>().into()));
    registry.add("title", one, |args| Ok(title(&args.text(0)).into()));
    registry.add("untitle", one, |args| Ok(untitle(&args.text(0)).into()));
    registry.add("swapcase", one, |args| Ok(swap_case(&args.text(0)).into()));
    registry.add("nospace", one, |args| {
        let kept = args.bytes(0).iter().map(|byte| char::from(*byte));
        let kept: String = kept.filter(|c| !is_space(*c)).collect();
        // The original looks at bytes, and returns the text as it was if all of them stay.
        Ok(if kept.chars().count() == args.bytes(0).len() {
            args.value(0).clone()
        } else {
            kept.into()
        })
    });
    registry.add("initials", one, |args| {
        let mut gap = true;
        let mut initials = String::new();
        for c in args.bytes(0).iter().map(|byte| char::from(*byte)) {
            if is_space(c) {
                gap = true;
            } else if std::mem::take(&mut gap) {
                initials.push(c);
            }
        }
        Ok(Value::from(initials))
    });
    registry.add("camelcase", one, |args| Ok(pascal_case(&args.text(0)).into()));
    registry.add("snakecase", one, |args| Ok(separated(&args.text(0), '_').into()));
    registry.add("kebabcase", one, |args| Ok(separated(&args.text(0), '-').into()));
}

/// Go's `unicode.IsSpace`.
fn is_space(c: char) -> bool {
    c.is_whitespace()
}

/// One character for one, as Go maps case.
pub(crate) fn upper(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(single), None) => single,
        _ => c,
    }
}

fn lower(c: char) -> char {
    let mut mapped = c.to_lowercase();
    match (mapped.next(), mapped.next()) {
        (Some(single), None) => single,
        (Some(first), Some(_)) if c == '\u{130}' => first,
        _ => c,
    }
}

/// Go's `unicode.ToTitle`, which differs from upper case for few digraphs.
fn title_case(c: char) -> char {
    match c {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        c => upper(c),
    }
}

/// Go's `strings.Title`: what follows anything but letters, digits and underscores.
fn title(text: &str) -> String {
    let separates = |c: char| match c {
        c if c.is_ascii() => !(c.is_ascii_alphanumeric() || c == '_'),
        c => !c.is_alphanumeric() && is_space(c),
    };
    let mut previous = ' ';
    let each = |c| {
        let shown = if separates(previous) { title_case(c) } else { c };
        previous = c;
        shown
    };
    text.chars().map(each).collect()
}

fn untitle(text: &str) -> String {
    let mut begins = true;
    let each = |c| {
        if is_space(c) {
            begins = true;
            return c;
        }
        if std::mem::take(&mut begins) { lower(c) } else { c }
    };
    text.chars().map(each).collect()
}

fn swap_case(text: &str) -> String {
    let mut after_space = true;
    let each = |c: char| {
        if c.is_uppercase() {
            after_space = false;
            lower(c)
        } else if c.is_lowercase() {
            if std::mem::take(&mut after_space) { title_case(c) } else { upper(c) }
        } else {
            after_space = is_space(c);
            c
        }
    };
    text.chars().map(each).collect()
}

fn is_connector(c: char) -> bool {
    c == '-' || c == '_' || is_space(c)
}

/// Words put together, each with a capital; connectors at the begin and the end stay.
fn pascal_case(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    let mut current = None;
    let mut first_is_upper = false;
    for c in chars.by_ref() {
        if is_connector(c) {
            out.push(c);
        } else {
            first_is_upper = c.is_uppercase();
            current = Some(upper(c));
            break;
        }
    }
    let Some(mut current) = current else { return out };
    for mut c in chars {
        let previous = current;
        if is_connector(c) && is_connector(previous) {
            out.push(previous);
            current = c;
            continue;
        }
        if is_connector(previous) {
            first_is_upper = c.is_uppercase();
            c = upper(c);
        } else {
            if first_is_upper {
                if c.is_uppercase() {
                    c = lower(c);
                } else {
                    first_is_upper = false;
                }
            }
            out.push(previous);
        }
        current = c;
    }
    out.push(current);
    out
}

/// What a run of characters is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    Number,
    Upper,
    Alphabet,
    Connector,
    Punctuation,
    Other,
}

/// Letters that are no ideographs: those words have case or are written like them.
fn is_alphabet(c: char) -> bool {
    c.is_alphabetic()
        && !matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Go's `unicode.IsPunct`.
fn is_punctuation(c: char) -> bool {
    match c {
        '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~' => false,
        c if c.is_ascii() => c.is_ascii_punctuation(),
        '\u{a1}' | '\u{a7}' | '\u{ab}' | '\u{b6}' | '\u{b7}' | '\u{bb}' | '\u{bf}' => true,
        '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' => !matches!(c, '\u{2044}' | '\u{2052}'),
        '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}' => true,
        '\u{ff01}'..='\u{ff0f}' => !matches!(c, '\u{ff04}' | '\u{ff0b}'),
        _ => false,
    }
}

/// Takes the next word off.
fn next_word(text: &str) -> (Kind, &str, &str) {
    let Some(first) = text.chars().next() else { return (Kind::None, "", "") };
    let run = |from: usize, belongs: fn(char) -> bool| {
        let rest = text.get(from..).unwrap_or_default();
        from + rest.chars().take_while(|c| belongs(*c)).map(char::len_utf8).sum::<usize>()
    };
    let start = first.len_utf8();
    let lower_letters = |c: char| is_alphabet(c) && !c.is_uppercase();
    let (kind, end) = if is_connector(first) {
        (Kind::Connector, run(start, is_connector))
    } else if is_punctuation(first) {
        (Kind::Punctuation, run(start, is_punctuation))
    } else if first.is_uppercase() {
        (
            Kind::Upper,
            upper_word(text, start, run(start, char::is_uppercase), run(start, lower_letters)),
        )
    } else if is_alphabet(first) {
        (Kind::Alphabet, run(start, lower_letters))
    } else if first.is_numeric() {
        (Kind::Number, run(start, char::is_numeric))
    } else {
        let other =
            |c: char| !(is_connector(c) || is_alphabet(c) || c.is_numeric() || is_punctuation(c));
        (Kind::Other, run(start, other))
    };
    let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (kind, word, rest)
}

/// The end of a word that begins with a capital: `HTTP` of `HTTPStatus`, but `Status` of it.
fn upper_word(text: &str, start: usize, capitals: usize, small: usize) -> usize {
    if capitals == start {
        return small;
    }
    let follows_letter =
        text.get(capitals..).and_then(|rest| rest.chars().next()).is_some_and(is_alphabet);
    let last = text.get(..capitals).and_then(|word| word.chars().next_back());
    match last {
        Some(last) if follows_letter => capitals - last.len_utf8(),
        _ => capitals,
    }
}

/// Words in lower case with a connector between them.
fn separated(text: &str, connector: char) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let add = |kind: Kind, word: &str, out: &mut String| match kind {
        Kind::Connector => out.extend(word.chars().map(|_| connector)),
        Kind::Upper => out.extend(word.chars().map(lower)),
        Kind::Number | Kind::Alphabet | Kind::Punctuation | Kind::Other => out.push_str(word),
        Kind::None => {}
    };
    let (mut kind, mut word, mut rest) = next_word(text);
    while !rest.is_empty() {
        if kind != Kind::Connector {
            add(kind, word, &mut out);
        }
        let (previous, last) = (kind, word);
        (kind, word, rest) = next_word(rest);
        match previous {
            Kind::Number => {
                while matches!(kind, Kind::Alphabet | Kind::Number) {
                    add(kind, word, &mut out);
                    (kind, word, rest) = next_word(rest);
                }
                if !matches!(kind, Kind::None | Kind::Punctuation | Kind::Connector) {
                    out.push(connector);
                }
            }
            Kind::Connector => add(previous, last, &mut out),
            Kind::Punctuation => {}
            _ if kind != Kind::Number => {
                if !matches!(kind, Kind::Connector | Kind::Punctuation) {
                    out.push(connector);
                }
            }
            _ if rest.is_empty() => {}
            _ => {
                // A number belongs to the word before it unless small letters follow.
                let number = word;
                (kind, word, rest) = next_word(rest);
                if kind != Kind::Alphabet {
                    add(Kind::Number, number, &mut out);
                    if !matches!(kind, Kind::Connector | Kind::Punctuation) {
                        out.push(connector);
                    }
                    continue;
                }
                out.push(connector);
                add(Kind::Number, number, &mut out);
                while matches!(kind, Kind::Alphabet | Kind::Number) {
                    add(kind, word, &mut out);
                    (kind, word, rest) = next_word(rest);
                }
                if !matches!(kind, Kind::None | Kind::Connector | Kind::Punctuation) {
                    out.push(connector);
                }
            }
        }
    }
    add(kind, word, &mut out);
    out
}
