//! Named formats of texts: `format.dns1123Label().validate('x')`.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flux_gostd::{Regexp, Time};

use super::super::{Function, function, no_overload};
use super::opaque;
use crate::opaque::Opaque;
use crate::opaque::url::Url;
use crate::value::{Outcome, Value};

/// Declares the function that returns a format.
macro_rules! named {
    ($name:literal) => {
        function(
            concat!("format.", $name),
            &[(concat!("format.", $name), "() -> kubernetes.NamedFormat")],
            |_| Ok(opaque(Opaque::Format($name))),
        )
    };
}

/// The names of all formats.
const NAMES: [&str; 13] = [
    "byte",
    "date",
    "datetime",
    "dns1035Label",
    "dns1035LabelPrefix",
    "dns1123Label",
    "dns1123LabelPrefix",
    "dns1123Subdomain",
    "dns1123SubdomainPrefix",
    "labelValue",
    "qualifiedName",
    "uri",
    "uuid",
];

pub(in super::super) const FUNCTIONS: &[Function] = &[
    function(
        "validate",
        &[("format-validate", "kubernetes.NamedFormat.(string) -> optional(list(string))")],
        |args| match args {
            [Value::Opaque(format), Value::String(text)] => match **format {
                Opaque::Format(name) => Ok(validate(name, text)),
                _ => no_overload(),
            },
            _ => no_overload(),
        },
    ),
    function(
        "format.named",
        &[("format-named", "(string) -> optional(kubernetes.NamedFormat)")],
        named_format,
    ),
    named!("byte"),
    named!("date"),
    named!("datetime"),
    named!("dns1035Label"),
    named!("dns1035LabelPrefix"),
    named!("dns1123Label"),
    named!("dns1123LabelPrefix"),
    named!("dns1123Subdomain"),
    named!("dns1123SubdomainPrefix"),
    named!("labelValue"),
    named!("qualifiedName"),
    named!("uri"),
    named!("uuid"),
];

fn named_format<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    let [Value::String(wanted)] = args else { return no_overload() };
    let found = NAMES.into_iter().find(|name| *name == &**wanted);
    Ok(found.map_or(Value::NONE, |name| Value::some(opaque(Opaque::Format(name)))))
}

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const LABEL_1035: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const NAME: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const VALUE: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
const UUID: &str = "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$";

/// A pattern and what is said about texts that do not match it.
struct Rule {
    pattern: &'static str,
    regexp: Regexp,
    message: &'static str,
    examples: &'static [&'static str],
}

impl Rule {
    fn new(
        pattern: &'static str,
        message: &'static str,
        examples: &'static [&'static str],
    ) -> Self {
        let regexp = Regexp::new(&format!("^{pattern}$")).expect("the pattern is constant");
        Self { pattern, regexp, message, examples }
    }

    fn problem(&self, text: &str) -> Option<String> {
        if self.regexp.is_match(text) {
            return None;
        }
        let examples: Vec<_> = self.examples.iter().map(|one| format!("'{one}'")).collect();
        let examples = examples.join(",  or ");
        let Self { message, pattern, .. } = self;
        Some(format!("{message} (e.g. {examples}, regex used for validation is '{pattern}')"))
    }
}

struct Rules {
    label: Rule,
    label_1035: Rule,
    subdomain: Rule,
    name: Rule,
    value: Rule,
    uuid: Regexp,
}

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules {
    label: Rule::new(
        LABEL,
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and \
         must start and end with an alphanumeric character",
        &["my-name", "123-abc"],
    ),
    label_1035: Rule::new(
        LABEL_1035,
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
         alphabetic character, and end with an alphanumeric character",
        &["my-name", "abc-123"],
    ),
    subdomain: Rule::new(
        SUBDOMAIN,
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
         '.', and must start and end with an alphanumeric character",
        &["example.com"],
    ),
    name: Rule::new(
        NAME,
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end \
         with an alphanumeric character",
        &["MyName", "my.name", "123-abc"],
    ),
    value: Rule::new(
        VALUE,
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
         '.', and must start and end with an alphanumeric character",
        &["MyValue", "my_value", "12345"],
    ),
    uuid: Regexp::new(UUID).expect("the pattern is constant"),
});

/// Returns the problems of a text, none if it follows the format.
fn validate<'v>(name: &str, text: &str) -> Value<'v> {
    let problems = problems(name, text);
    if problems.is_empty() {
        return Value::NONE;
    }
    Value::some(Value::list(problems.into_iter().map(Value::string).collect()))
}

fn problems(name: &str, text: &str) -> Vec<String> {
    let simple = |good: bool, problem: &str| {
        if good { Vec::new() } else { vec![problem.to_owned()] }
    };
    match name {
        "dns1123Label" => label(text),
        "dns1123LabelPrefix" => label(&masked(text)),
        "dns1123Subdomain" => limited(&RULES.subdomain, text, 253),
        "dns1123SubdomainPrefix" => limited(&RULES.subdomain, &masked(text), 253),
        "dns1035Label" => limited(&RULES.label_1035, text, 63),
        "dns1035LabelPrefix" => limited(&RULES.label_1035, &masked(text), 63),
        "labelValue" => {
            let long = (text.len() > 63).then(|| "must be no more than 63 bytes".to_owned());
            long.into_iter().chain(RULES.value.problem(text)).collect()
        }
        "qualifiedName" => qualified_name(text),
        "uri" => Url::parse(text).err().into_iter().collect(),
        "uuid" => simple(RULES.uuid.is_match(text), "does not match the UUID format"),
        "byte" => simple(!text.is_empty() && STANDARD.decode(text).is_ok(), "invalid base64"),
        "date" => simple(Time::parse("2006-01-02", text).is_ok(), "invalid date"),
        _ => simple(Time::parse_rfc3339(text).is_ok(), "invalid datetime"),
    }
}

/// Puts a letter in place of a dash at the end, as more follows a prefix.
fn masked(text: &str) -> String {
    match text.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => format!("{rest}a"),
        _ => text.to_owned(),
    }
}

fn label(text: &str) -> Vec<String> {
    let mut problems = limited(&RULES.label, text, 63);
    // Dots have their own words, as the text may be meant for a subdomain.
    if text.contains('.') && text.split('.').all(|part| RULES.label.problem(part).is_none()) {
        problems.pop();
        problems.push("must not contain dots".to_owned());
    }
    problems
}

fn limited(rule: &Rule, text: &str, most: usize) -> Vec<String> {
    let long = (text.len() > most).then(|| too_long(most));
    // A label value's length comes first, too.
    long.into_iter().chain(rule.problem(text)).collect()
}

fn too_long(most: usize) -> String {
    format!("must be no more than {most} characters")
}

fn qualified_name(text: &str) -> Vec<String> {
    let parts: Vec<_> = text.split('/').collect();
    let mut problems = Vec::new();
    let name = match parts.as_slice() {
        [name] => name,
        ["", name] => {
            problems.push("prefix part must be non-empty".to_owned());
            name
        }
        [prefix, name] => {
            let bad = limited(&RULES.subdomain, prefix, 253);
            problems.extend(bad.into_iter().map(|problem| format!("prefix part {problem}")));
            name
        }
        _ => {
            let rule = &RULES.name;
            let message = "a valid label key must consist of alphanumeric characters, '-', '_' or \
                           '.', and must start and end with an alphanumeric character";
            let examples: Vec<_> = rule.examples.iter().map(|one| format!("'{one}'")).collect();
            return vec![format!(
                "{message} (e.g. {}, regex used for validation is '{NAME}') with an optional DNS \
                 subdomain prefix and '/' (e.g. 'example.com/MyName')",
                examples.join(",  or ")
            )];
        }
    };
    if name.is_empty() {
        problems.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        problems.push("name part must be no more than 63 bytes".to_owned());
    }
    problems.extend(RULES.name.problem(name));
    problems
}
