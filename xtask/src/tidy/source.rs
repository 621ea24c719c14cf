//! What one Rust file must not contain, and how long it may be.
//!
//! The sources are formatted by rustfmt, so indentation tells where a function ends.

/// Lines of a function past which the build complains.
const FUNCTION_LINES: usize = 120;
/// Lines of a file past which it must say why.
const FILE_LINES: usize = 1_200;
/// A line of a long file that begins with this gives the reason for its length.
const REASON: &str = "// Long file: ";

/// Texts that do not get into code that runs unattended, and what to do instead.
const FORBIDDEN: &[(&str, &str)] = &[
    ("todo!(", "finish it or say in PARITY.md what is missing"),
    ("unimplemented!(", "finish it or say in PARITY.md what is missing"),
    ("panic!(", "return an error"),
    ("unreachable!(", "let the types say so, or return an error"),
    (".unwrap()", "return an error, or `expect` with the reason why it holds"),
    ("dbg!(", "remove it"),
    ("process::exit(", "return an exit code"),
    ("allow(dead_code", "remove what nobody uses"),
    ("thread::sleep(", "wait for the event"),
    ("process::Command", "the product runs no other programs"),
];

/// Texts that one file may hold all the same: the file, the text.
const EXCEPTIONS: &[(&str, &str)] = &[
    // Plugins are the user's own programs, and running them is what they are for.
    ("crates/cli/src/plugin.rs", "process::Command"),
];

/// Texts that do not get into tests either.
const FORBIDDEN_IN_TESTS: &[(&str, &str)] = &[
    ("#[ignore", "a test runs or goes away"),
    ("thread::sleep(", "wait for the event"),
    ("todo!(", "finish it"),
    ("unimplemented!(", "finish it"),
];

/// Checks one file; `name` is its path below the root.
pub(super) fn check(name: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() > FILE_LINES && !lines.iter().any(|line| line.starts_with(REASON)) {
        findings.push(format!(
            "{name}:1: {} lines; split it, or give the reason in a line `{REASON}…`",
            lines.len()
        ));
    }
    findings.extend(long_functions(name, &lines));
    // The checks themselves name what they look for; automation and examples may stop at once.
    if name.starts_with("xtask/") {
        return findings;
    }
    let all_tests = is_test_file(name);
    let tests_from = if all_tests { 0 } else { tests_begin(&lines) };
    for (index, line) in lines.iter().enumerate() {
        let forbidden = if index >= tests_from { FORBIDDEN_IN_TESTS } else { FORBIDDEN };
        let found = words(line, forbidden).filter(|(text, _)| !EXCEPTIONS.contains(&(name, *text)));
        findings.extend(found.map(|(text, hint)| {
            format!("{name}:{}: `{}`: {hint}", index + 1, text.trim_end_matches('('))
        }));
    }
    findings
}

fn words<'a>(
    line: &'a str,
    forbidden: &'static [(&'static str, &'static str)],
) -> impl Iterator<Item = (&'static str, &'static str)> + 'a {
    let code = if line.trim_start().starts_with("//") { "" } else { line };
    forbidden.iter().filter(move |(text, _)| code.contains(text)).copied()
}

fn is_test_file(name: &str) -> bool {
    name.ends_with("tests.rs")
        || ["/tests/", "/examples/", "/benches/", "crates/testkit/"]
            .iter()
            .any(|part| name.contains(part))
}

/// Returns the line from which a file holds nothing but its inline test module.
fn tests_begin(lines: &[&str]) -> usize {
    let mut pairs = lines.windows(2).enumerate();
    let found = pairs.find(|(_, pair)| {
        pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
    });
    found.map_or(lines.len(), |(index, _)| index)
}

fn long_functions(name: &str, lines: &[&str]) -> Vec<String> {
    let mut findings = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(indent) = function_indent(line) else { continue };
        let end = format!("{}}}", " ".repeat(indent));
        let length = lines[start..].iter().position(|line| *line == end).map_or(1, |n| n + 1);
        if length > FUNCTION_LINES {
            findings.push(format!(
                "{name}:{}: a function of {length} lines; look for the second job",
                start + 1
            ));
        }
    }
    findings
}

/// Returns the indentation of a line that begins a function with a body on further lines.
fn function_indent(line: &str) -> Option<usize> {
    let code = line.trim_start();
    let mut words = code.split(' ');
    let begins = words.by_ref().take(6).any(|word| word == "fn");
    let qualified = code.split(" fn ").next().is_some_and(|before| {
        before.split(' ').all(|word| {
            word.is_empty()
                || word.starts_with("pub")
                || word.starts_with("in")
                || ["fn", "async", "const", "extern", "unsafe", "crate", "super"]
                    .contains(&word.trim_end_matches(')'))
        })
    });
    let one_line = code.ends_with('}') || code.ends_with(';');
    (begins && (code.starts_with("fn ") || qualified) && !one_line)
        .then_some(line.len() - code.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_words_are_found_outside_tests_only() {
        let text = "fn a() {\n    b.unwrap();\n}\n#[cfg(test)]\nmod tests {\n    fn c() { d.unwrap(); }\n}\n";
        assert_eq!(check("libs/x/src/a.rs", text).len(), 1);
        assert_eq!(check("libs/x/src/tests.rs", text), Vec::<String>::new());
    }

    #[test]
    fn a_comment_may_name_what_code_may_not() {
        assert!(check("libs/x/src/a.rs", "// never panic!()\n").is_empty());
    }

    #[test]
    fn a_long_function_is_found_by_its_closing_brace() {
        let body = "        x();\n".repeat(FUNCTION_LINES);
        let text = format!(
            "impl A {{\n    pub(crate) async fn b(\n        c: D,\n    ) -> E {{\n{body}    }}\n}}\n"
        );
        let findings = check("libs/x/src/a.rs", &text);
        assert_eq!(findings.len(), 1, "{findings:?}");
    }

    #[test]
    fn a_long_file_needs_a_reason() {
        let text = "\n".repeat(FILE_LINES + 1);
        assert_eq!(check("libs/x/src/a.rs", &text).len(), 1);
        assert!(check("libs/x/src/a.rs", &format!("// Long file: a table.\n{text}")).is_empty());
    }
}
