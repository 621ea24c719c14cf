//! URLs as Go's `net/url` reads those of requests.

use std::collections::BTreeMap;

use flux_gostd::quote::quote;

/// A URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    pub(crate) scheme: String,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: String,
}

impl Url {
    /// Reads an absolute URL or an absolute path.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let fail = |problem: String| format!("parse {}: {problem}", quote(text));
        parse(text).map_err(fail)
    }

    /// Returns the host without its port and brackets.
    pub(crate) fn hostname(&self) -> &str {
        split_host(&self.host).0
    }

    /// Returns the port, empty if there is none.
    pub(crate) fn port(&self) -> &str {
        split_host(&self.host).1
    }

    /// Returns the parameters of the query; what cannot be decoded is left out.
    pub(crate) fn parameters(&self) -> BTreeMap<String, Vec<String>> {
        let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for part in self.query.split('&').filter(|part| !part.is_empty() && !part.contains(';')) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let decode = |text: &str| unescape(text, Part::Query).ok();
            if let (Some(key), Some(value)) = (decode(key), decode(value)) {
                parameters.entry(key).or_default().push(value);
            }
        }
        parameters
    }

    /// Returns the path with everything escaped that must be.
    pub(crate) fn escaped_path(&self) -> String {
        let valid = |b: u8| b.is_ascii_alphanumeric() || b"!$&'()*+,;=:@[]-_.~/%".contains(&b);
        if self.path.bytes().all(valid) {
            return self.path.clone();
        }
        let plain = unescape(&self.path, Part::Path).unwrap_or_default();
        let keep = |b: u8| b.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&b);
        plain
            .bytes()
            .map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect()
    }
}

fn parse(text: &str) -> Result<Url, String> {
    if text.bytes().any(|b| b < b' ' || b == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    if text.is_empty() {
        return Err("empty url".to_owned());
    }
    if text == "*" {
        let empty = String::new;
        return Ok(Url { scheme: empty(), host: empty(), path: "*".to_owned(), query: empty() });
    }
    let (scheme, rest) = split_scheme(text)?;
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let scheme = scheme.to_ascii_lowercase();
    if !before.starts_with('/') {
        if scheme.is_empty() {
            return Err("invalid URI for request".to_owned());
        }
        // An opaque URL such as `mailto:x` has neither host nor path.
        let query = query.to_owned();
        return Ok(Url { scheme, host: String::new(), path: String::new(), query });
    }
    let mut host = String::new();
    let mut path = before;
    let has_authority = !scheme.is_empty() || !before.starts_with("///");
    if let Some(rest) = before.strip_prefix("//").filter(|_| has_authority) {
        let at = rest.find('/').unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(at);
        host = parse_authority(authority)?;
        path = rest;
    }
    let (plain, query) = match path.split_once('#') {
        _ if query.contains('#') => (path, query.split_once('#').map_or(query, |(query, _)| query)),
        Some((path, _)) => (path, query),
        None => (path, query),
    };
    unescape(plain, Part::Path)?;
    Ok(Url { scheme, host, path: plain.to_owned(), query: query.to_owned() })
}

fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    for (at, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            ':' => return Ok((&text[..at], &text[at + 1..])),
            _ => return Ok(("", text)),
        }
    }
    Ok(("", text))
}

fn parse_authority(authority: &str) -> Result<String, String> {
    let host = match authority.rsplit_once('@') {
        Some((user, host)) => {
            let good = |b: u8| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b);
            if !user.bytes().all(good) {
                return Err("net/url: invalid userinfo".to_owned());
            }
            unescape(user, Part::Path)?;
            host
        }
        None => authority,
    };
    parse_host(host)
}

fn parse_host(host: &str) -> Result<String, String> {
    let port = if host.starts_with('[') {
        let end = host.rfind(']').ok_or("missing ']' in host")?;
        &host[end + 1..]
    } else {
        host.rfind(':').map_or("", |at| &host[at..])
    };
    let digits = port.strip_prefix(':').unwrap_or(port);
    let valid =
        port.is_empty() || (port.starts_with(':') && digits.bytes().all(|b| b.is_ascii_digit()));
    if !valid {
        return Err(format!("invalid port {} after host", quote(port)));
    }
    unescape(host, Part::Host)
}

fn split_host(host: &str) -> (&str, &str) {
    let is_port = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) => (name, port),
        _ => (host, ""),
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    (bare.unwrap_or(name), port)
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Path,
    Host,
    Query,
}

/// Decodes `%XX`, and `+` in a query.
fn unescape(text: &str, part: Part) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let next = &rest[c.len_utf8()..];
        match c {
            '%' => {
                let hex = rest.get(1..3).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
                let escape = || {
                    let shown: String = rest.chars().take(3).collect();
                    format!("invalid URL escape {}", quote(&shown))
                };
                let byte = u8::from_str_radix(hex.ok_or_else(escape)?, 16).map_err(|_| escape())?;
                if part == Part::Host && byte < 0x80 && byte != b'%' {
                    return Err(escape());
                }
                bytes.push(byte);
                rest = &rest[3..];
                continue;
            }
            '+' if part == Part::Query => bytes.push(b' '),
            c if part == Part::Host && c.is_ascii() && !is_host_char(c) => {
                let shown = quote(&c.to_string());
                return Err(format!("invalid character {shown} in host name"));
            }
            c => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = next;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn is_host_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!$&'()*+,;=:[]<>\"-_.~".contains(c)
}
