//! Patterns over paths as gobwas/glob has them, with `/` between the parts.

use flux_gostd::{Regexp, re2};

/// A compiled pattern; one that is malformed matches everything, as in Helm.
pub(super) struct Glob(Option<Regexp>);

impl Glob {
    pub(super) fn new(pattern: &str) -> Self {
        let chars: Vec<char> = pattern.chars().collect();
        let mut rest = chars.as_slice();
        let translated = translate(&mut rest, false).filter(|_| rest.is_empty());
        Self(translated.and_then(|text| Regexp::new(&format!("(?s)^(?:{text})$")).ok()))
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        self.0.as_ref().is_none_or(|pattern| pattern.is_match(path))
    }
}

/// Translates up to the end, or inside of braces up to the next comma or closing brace.
fn translate(rest: &mut &[char], in_braces: bool) -> Option<String> {
    let mut out = String::new();
    while let Some((first, after)) = rest.split_first() {
        match first {
            ',' | '}' if in_braces => return Some(out),
            '*' => {
                let stars = rest.iter().take_while(|c| **c == '*').count();
                out.push_str(if stars > 1 { ".*" } else { "[^/]*" });
                *rest = rest.get(stars..)?;
                continue;
            }
            '?' => out.push_str("[^/]"),
            '[' => {
                *rest = after;
                out.push_str(&class(rest)?);
                continue;
            }
            '{' => {
                *rest = after;
                out.push_str(&alternatives(rest)?);
                continue;
            }
            '\\' => {
                let (escaped, after) = after.split_first()?;
                out.push_str(&re2::quote_meta(&escaped.to_string()));
                *rest = after;
                continue;
            }
            c => out.push_str(&re2::quote_meta(&c.to_string())),
        }
        *rest = after;
    }
    (!in_braces).then_some(out)
}

fn alternatives(rest: &mut &[char]) -> Option<String> {
    let mut choices = Vec::new();
    loop {
        choices.push(translate(rest, true)?);
        let (stop, after) = rest.split_first()?;
        *rest = after;
        if *stop == '}' {
            return Some(format!("(?:{})", choices.join("|")));
        }
    }
}

fn class(rest: &mut &[char]) -> Option<String> {
    let end = rest.iter().position(|c| *c == ']')?;
    let (inner, after) = rest.split_at_checked(end)?;
    *rest = after.get(1..)?;
    let (negated, inner) = match inner.split_first() {
        Some(('!', inner)) => ("^", inner),
        _ => ("", inner),
    };
    let quote = |c: &char| re2::quote_meta(&c.to_string()).replace('^', "\\^").replace('-', "\\-");
    let text = match inner {
        [] => return None,
        [low, '-', high] => format!("{}-{}", quote(low), quote(high)),
        chars => chars.iter().map(quote).collect(),
    };
    Some(format!("[{negated}{text}]"))
}
