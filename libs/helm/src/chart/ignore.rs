//! `.helmignore`.

use super::ChartError;

/// The rules of a `.helmignore`, Helm's own rule included.
#[derive(Clone, Debug)]
pub struct HelmIgnore {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    pattern: String,
    scope: Scope,
    is_negated: bool,
    directories_only: bool,
}

/// What a pattern is held against.
#[derive(Clone, Copy, Debug)]
enum Scope {
    Name,
    Path,
}

impl Default for HelmIgnore {
    fn default() -> Self {
        let rule = Rule {
            pattern: "templates/.?*".to_owned(),
            scope: Scope::Path,
            is_negated: false,
            directories_only: false,
        };
        Self { rules: vec![rule] }
    }
}

impl HelmIgnore {
    /// Reads the rules of a file.
    ///
    /// # Errors
    /// A rule has `**` or is no pattern.
    pub fn parse(text: &[u8]) -> Result<Self, ChartError> {
        let text = String::from_utf8_lossy(super::load::without_mark(text)).into_owned();
        let mut rules = Vec::new();
        for line in text.lines() {
            rules.extend(Rule::parse(line)?);
        }
        rules.extend(Self::default().rules);
        Ok(Self { rules })
    }

    /// Tells whether the chart leaves out what stands at a path.
    ///
    /// # Upstream
    /// A negated rule that does not match leaves out, whatever other rules say.
    pub fn ignores(&self, path: &str, is_directory: bool) -> bool {
        if matches!(path, "" | "." | "./") {
            return false;
        }
        for rule in &self.rules {
            let applies = is_directory || !rule.directories_only;
            match (rule.is_negated, applies && rule.matches(path)) {
                (true, false) | (false, true) => return true,
                (true, true) | (false, false) => {}
            }
        }
        false
    }
}

impl Rule {
    fn parse(line: &str) -> Result<Option<Self>, ChartError> {
        let rule = line.trim();
        if rule.is_empty() || rule.starts_with('#') {
            return Ok(None);
        }
        if rule.contains("**") {
            let text = "double-star (**) syntax is not supported";
            return Err(ChartError::Ignore(text.to_owned()));
        }
        if matched(rule, "abc").is_none() {
            return Err(ChartError::Ignore("syntax error in pattern".to_owned()));
        }
        let (is_negated, rule) = rule.strip_prefix('!').map_or((false, rule), |rule| (true, rule));
        let (directories_only, rule) =
            rule.strip_suffix('/').map_or((false, rule), |rule| (true, rule));
        let (scope, pattern) = match rule.strip_prefix('/') {
            Some(rule) => (Scope::Path, rule),
            None if rule.contains('/') => (Scope::Path, rule),
            None => (Scope::Name, rule),
        };
        Ok(Some(Self { pattern: pattern.to_owned(), scope, is_negated, directories_only }))
    }

    fn matches(&self, path: &str) -> bool {
        let path = match self.scope {
            Scope::Path => path,
            Scope::Name => path.rsplit('/').next().unwrap_or(path),
        };
        matched(&self.pattern, path).unwrap_or(false)
    }
}

/// Go's `filepath.Match`; nothing if the pattern is malformed.
pub(crate) fn matched(pattern: &str, name: &str) -> Option<bool> {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    // The pattern is checked as a whole even where the name ends sooner.
    well_formed(&pattern)?;
    Some(match_from(&pattern, &name))
}

fn well_formed(mut pattern: &[char]) -> Option<()> {
    while let Some((first, rest)) = pattern.split_first() {
        pattern = match first {
            '\\' => rest.split_first()?.1,
            '[' => class(rest, 'x')?.1,
            _ => rest,
        };
    }
    Some(())
}

/// Reads a class behind its bracket: whether a character is in it, and what follows.
fn class(mut rest: &[char], c: char) -> Option<(bool, &[char])> {
    let negated = rest.first() == Some(&'^');
    if negated {
        rest = rest.get(1..)?;
    }
    let mut found = false;
    let mut ranges = 0;
    loop {
        if rest.first() == Some(&']') && ranges > 0 {
            return Some((found != negated, rest.get(1..)?));
        }
        let (low, after) = class_char(rest)?;
        let (high, after) = match after.split_first()? {
            ('-', after) => class_char(after)?,
            _ => (low, after),
        };
        rest = after;
        found |= (low..=high).contains(&c);
        ranges += 1;
    }
}

fn class_char(rest: &[char]) -> Option<(char, &[char])> {
    let (first, rest) = rest.split_first()?;
    match first {
        '-' | ']' => None,
        '\\' => rest.split_first().map(|(c, rest)| (*c, rest)),
        c => (!rest.is_empty()).then_some((*c, rest)),
    }
}

fn match_from(mut pattern: &[char], mut name: &[char]) -> bool {
    // Where to go on when the rest of the pattern does not match: a star takes one more.
    let mut retry: Option<(&[char], &[char])> = None;
    loop {
        let matched = match pattern.split_first() {
            None if name.is_empty() => return true,
            None => None,
            Some(('*', rest)) => {
                retry = Some((rest, name));
                pattern = rest;
                continue;
            }
            Some((first, rest)) => name.split_first().and_then(|(c, left)| match first {
                '?' => (*c != '/').then_some((rest, left)),
                '[' => class(rest, *c).and_then(|(inside, rest)| inside.then_some((rest, left))),
                '\\' => rest
                    .split_first()
                    .and_then(|(wanted, rest)| (wanted == c).then_some((rest, left))),
                wanted => (wanted == c).then_some((rest, left)),
            }),
        };
        match (matched, retry) {
            (Some((rest, left)), _) => (pattern, name) = (rest, left),
            (None, Some((rest, from))) => match from.split_first() {
                Some((c, left)) if *c != '/' => {
                    retry = Some((rest, left));
                    (pattern, name) = (rest, left);
                }
                _ => return false,
            },
            (None, None) => return false,
        }
    }
}
