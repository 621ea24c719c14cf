//! As much XML as the lists of stores are made of.

/// Returns the content of every element of a name, as it stands, outermost first.
pub(crate) fn elements<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(open.as_str()) {
        rest = after;
        // `<Keys>` is no `<Key>`.
        if !after.starts_with(['>', '/', ' ', '\t', '\n', '\r']) {
            continue;
        }
        let Some((head, body)) = after.split_once('>') else { break };
        if head.ends_with('/') {
            found.push("");
            rest = body;
            continue;
        }
        let Some((content, after)) = body.split_once(close.as_str()) else { break };
        found.push(content);
        rest = after;
    }
    found
}

/// Returns the texts of every element of a name, escapes undone.
pub(crate) fn texts(text: &str, name: &str) -> Vec<String> {
    elements(text, name).into_iter().map(unescape).collect()
}

/// Returns the text of the first element of a name, empty without one.
pub(crate) fn text(text: &str, name: &str) -> String {
    texts(text, name).into_iter().next().unwrap_or_default()
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let Some((name, tail)) = after.split_once(';') else {
            plain.push('&');
            rest = after;
            continue;
        };
        rest = tail;
        match entity(name) {
            Some(c) => plain.push(c),
            None => plain.push_str(&format!("&{name};")),
        }
    }
    plain.push_str(rest);
    plain
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let code = name.strip_prefix('#')?;
            let code = match code.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => code.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_and_their_escapes_undone() {
        let list = "<?xml version=\"1.0\"?><L xmlns=\"x\"><Keys>no</Keys>\
                    <Key>a&amp;b&#47;c</Key><Key a=\"1\">&quot;d&quot;</Key><Key/></L>";
        assert_eq!(texts(list, "Key"), ["a&b/c", "\"d\"", ""]);
        assert_eq!(text(list, "None"), "");
        assert_eq!(text("<Key>cut", "Key"), "");
    }
}
