//! What names may look like, with the original's texts.

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
    characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
    'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters \
    or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', \
    regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or \
    '-', start with an alphabetic character, and end with an alphanumeric character (e.g. \
    'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and \
    must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or \
    '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric \
    characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. \
    'MyValue',  or 'my_value',  or '12345', regex used for validation is \
    '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// Checks a DNS subdomain, or the prefix of one for `generateName`.
pub fn dns_subdomain_errors(name: &str, prefix: Option<&str>) -> Vec<String> {
    let masked = masked(name, prefix);
    let good = masked.split('.').all(is_label);
    texts(&masked, 253, good.then_some(()).ok_or(SUBDOMAIN))
}

/// Checks a DNS label.
pub fn dns_label_errors(name: &str, prefix: Option<&str>) -> Vec<String> {
    let masked = masked(name, prefix);
    texts(&masked, 63, is_label(&masked).then_some(()).ok_or(LABEL))
}

/// Checks a DNS-1035 label, which begins with a letter.
pub fn dns_1035_label_errors(name: &str, prefix: Option<&str>) -> Vec<String> {
    let masked = masked(name, prefix);
    let good = is_label(&masked) && masked.starts_with(|c: char| c.is_ascii_lowercase());
    texts(&masked, 63, good.then_some(()).ok_or(LABEL_1035))
}

/// Checks a name that only has to fit in a path.
pub fn path_segment_errors(name: &str, prefix: Option<&str>) -> Vec<String> {
    let mut errors = Vec::new();
    if prefix.is_none() && (name == "." || name == "..") {
        errors.push(format!("may not be '{name}'"));
    }
    for bad in ['/', '%'] {
        if name.contains(bad) {
            errors.push(format!("may not contain '{bad}'"));
        }
    }
    errors
}

/// Checks a label key, an annotation key, a finalizer: `[prefix/]name`.
pub fn qualified_name_errors(key: &str) -> Vec<String> {
    let mut errors = Vec::new();
    let parts: Vec<&str> = key.split('/').collect();
    let name = match parts.as_slice() {
        [name] => *name,
        [prefix, name] => {
            if prefix.is_empty() {
                errors.push("prefix part must be non-empty".to_owned());
            } else {
                let wrong = dns_subdomain_errors(prefix, None);
                errors.extend(wrong.into_iter().map(|text| format!("prefix part {text}")));
            }
            *name
        }
        _ => {
            let example = " with an optional DNS subdomain prefix and '/' (e.g. \
                           'example.com/MyName')";
            let text = QUALIFIED.replacen("name part", "a qualified name", 1);
            return vec![format!("{text}{example}")];
        }
    };
    if name.is_empty() {
        errors.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        errors.push("name part must be no more than 63 bytes".to_owned());
    }
    if !is_qualified(name) {
        errors.push(QUALIFIED.to_owned());
    }
    errors
}

/// Checks the value of a label.
pub fn label_value_errors(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > 63 {
        errors.push("must be no more than 63 bytes".to_owned());
    }
    if !value.is_empty() && !is_qualified(value) {
        errors.push(LABEL_VALUE.to_owned());
    }
    errors
}

fn texts(name: &str, limit: usize, form: Result<(), &str>) -> Vec<String> {
    let mut errors = Vec::new();
    if name.len() > limit {
        errors.push(format!("must be no more than {limit} characters"));
    }
    errors.extend(form.err().map(str::to_owned));
    errors
}

/// A prefix may end in a dash, since more follows.
fn masked(name: &str, prefix: Option<&str>) -> String {
    match (prefix, name.strip_suffix('-')) {
        (Some(_), Some(rest)) if !rest.is_empty() => format!("{rest}a"),
        _ => name.to_owned(),
    }
}

fn is_label(text: &str) -> bool {
    let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_qualified(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let inner = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    text.bytes().all(inner) && edge(text.chars().next()) && edge(text.chars().last())
}
