//! URLs as Go's `net/url` takes them apart and puts them together.

use std::collections::BTreeMap;

use flux_gostd::quote::quote;
use flux_gotemplate::{CallError, Map, Type, Value};

use crate::registry::{Arguments, Called, Registry};

pub(crate) fn register(registry: &mut Registry) {
    registry.add("urlParse", &[Type::Str], parse);
    registry.add("urlJoin", &[Type::Map], join);
}

/// The parts of a URL, unescaped where Go unescapes them.
#[derive(Default)]
struct Url {
    scheme: String,
    opaque: String,
    user: Option<(String, Option<String>)>,
    host: String,
    path: String,
    /// The path as it was written, if it differs from how it would be escaped.
    raw_path: String,
    query: Option<String>,
    fragment: String,
}

/// Where a text stands decides what is escaped in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Path,
    Host,
    User,
    Fragment,
}

fn parse(args: Arguments<'_>) -> Called {
    let text = args.text(0);
    let url = Url::parse(&text)
        .map_err(|error| format!("unable to parse url: parse {}: {error}", quote(&text)))?;
    let hostname = hostname(&url.host).to_owned();
    let userinfo = url.user.as_ref().map(userinfo).unwrap_or_default();
    let parts = [
        ("scheme", url.scheme),
        ("host", url.host),
        ("hostname", hostname),
        ("path", url.path),
        ("query", url.query.unwrap_or_default()),
        ("opaque", url.opaque),
        ("fragment", url.fragment),
        ("userinfo", userinfo),
    ];
    let entries: BTreeMap<_, _> =
        parts.into_iter().map(|(key, text)| (key.to_owned(), text.into())).collect();
    Ok(Value::map(entries))
}

fn entry(map: Option<&Map>, key: &str) -> Result<String, CallError> {
    match map.and_then(|map| map.get(key)) {
        None => Ok(String::new()),
        Some(Value::Str(text)) => Ok(text.to_string()),
        Some(other) => Err(format!(
            "unable to parse {key} key, must be of type string, but {} found",
            other.kind()
        )
        .into()),
    }
}

fn join(args: Arguments<'_>) -> Called {
    let map = args.map(0);
    let mut url = Url {
        scheme: entry(map, "scheme")?,
        host: entry(map, "host")?,
        path: entry(map, "path")?,
        query: Some(entry(map, "query")?),
        opaque: entry(map, "opaque")?,
        fragment: entry(map, "fragment")?,
        ..Url::default()
    };
    let userinfo = entry(map, "userinfo")?;
    if !userinfo.is_empty() {
        let text = format!("proto://{userinfo}@host");
        let parsed = Url::parse(&text).map_err(|error| {
            format!("unable to parse userinfo in dict: parse {}: {error}", quote(&text))
        })?;
        url.user = parsed.user;
    }
    Ok(url.text().into())
}

/// The host without its port, and without the brackets of an IPv6 address.
fn hostname(host: &str) -> &str {
    if let Some(inner) = host.strip_prefix('[') {
        return inner.split_once(']').map_or(host, |(address, _)| address);
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn userinfo((name, password): &(String, Option<String>)) -> String {
    let name = escape(name, Part::User);
    match password {
        Some(password) => format!("{name}:{}", escape(password, Part::User)),
        None => name,
    }
}

/// Splits `SCHEME:` off.
fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if index > 0 => {}
            b':' if index == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => {
                let (scheme, rest) = text.split_at(index);
                return Ok((scheme, rest.get(1..).unwrap_or_default()));
            }
            _ => break,
        }
    }
    Ok(("", text))
}

impl Url {
    fn parse(text: &str) -> Result<Self, String> {
        let (rest, fragment) = text.split_once('#').map_or((text, None), |(a, b)| (a, Some(b)));
        if rest.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        let mut url = Self::default();
        if rest == "*" {
            url.path = "*".to_owned();
            return Ok(url);
        }
        let (scheme, mut rest) = scheme(rest)?;
        url.scheme = scheme.to_ascii_lowercase();
        if let Some((before, query)) = rest.split_once('?') {
            rest = before;
            url.query = Some(query.to_owned());
        }
        if !rest.starts_with('/') {
            if !url.scheme.is_empty() {
                url.opaque = rest.to_owned();
                return url.with_fragment(fragment);
            }
            let segment = rest.split('/').next().unwrap_or_default();
            if segment.contains(':') {
                return Err("first path segment in URL cannot contain colon".to_owned());
            }
        }
        let has_authority = !url.scheme.is_empty() || !rest.starts_with("///");
        if let Some(authority) = rest.strip_prefix("//").filter(|_| has_authority) {
            let end = authority.find('/').unwrap_or(authority.len());
            let (authority, path) = authority.split_at(end);
            url.authority(authority)?;
            rest = path;
        }
        url.path = unescape(rest, Part::Path)?;
        if escape(&url.path, Part::Path) != rest {
            url.raw_path = rest.to_owned();
        }
        url.with_fragment(fragment)
    }

    fn with_fragment(mut self, fragment: Option<&str>) -> Result<Self, String> {
        self.fragment = unescape(fragment.unwrap_or_default(), Part::Fragment)?;
        Ok(self)
    }

    fn authority(&mut self, authority: &str) -> Result<(), String> {
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        self.host = parse_host(host)?;
        if let Some(user) = user {
            let valid = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
            if !user.chars().all(valid) {
                return Err("net/url: invalid userinfo".to_owned());
            }
            self.user = Some(match user.split_once(':') {
                Some((name, password)) => {
                    (unescape(name, Part::User)?, Some(unescape(password, Part::User)?))
                }
                None => (unescape(user, Part::User)?, None),
            });
        }
        Ok(())
    }

    fn text(&self) -> String {
        let mut out = String::new();
        if !self.scheme.is_empty() {
            out.push_str(&self.scheme);
            out.push(':');
        }
        if self.opaque.is_empty() {
            if !self.scheme.is_empty() || !self.host.is_empty() || self.user.is_some() {
                if !self.host.is_empty() || !self.path.is_empty() || self.user.is_some() {
                    out.push_str("//");
                }
                if let Some(user) = &self.user {
                    out.push_str(&userinfo(user));
                    out.push('@');
                }
                out.push_str(&escape(&self.host, Part::Host));
            }
            let path = match self.raw_path.is_empty() {
                true if self.path == "*" => "*".to_owned(),
                true => escape(&self.path, Part::Path),
                false => self.raw_path.clone(),
            };
            if !path.is_empty() && !path.starts_with('/') && !self.host.is_empty() {
                out.push('/');
            }
            if out.is_empty() && path.split('/').next().is_some_and(|part| part.contains(':')) {
                out.push_str("./");
            }
            out.push_str(&path);
        } else {
            out.push_str(&self.opaque);
        }
        if let Some(query) = self.query.as_ref().filter(|query| !query.is_empty()) {
            out.push('?');
            out.push_str(query);
        }
        if !self.fragment.is_empty() {
            out.push('#');
            out.push_str(&escape(&self.fragment, Part::Fragment));
        }
        out
    }
}

fn parse_host(host: &str) -> Result<String, String> {
    let port = match host.starts_with('[') {
        true => match host.rsplit_once(']') {
            Some((_, port)) => port,
            None => return Err("missing ']' in host".to_owned()),
        },
        false => host.find(':').and_then(|colon| host.get(colon..)).unwrap_or_default(),
    };
    let digits = port.strip_prefix(':');
    let valid = match digits {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => port.is_empty(),
    };
    if !valid {
        return Err(format!("invalid port {} after host", quote(port)));
    }
    unescape(host, Part::Host)
}

fn unescape(text: &str, part: Part) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '%' {
            let digits =
                rest.get(1..3).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
            let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
                let shown: String = rest.chars().take(3).collect();
                return Err(format!("invalid URL escape {}", quote(&shown)));
            };
            if part == Part::Host && byte < 0x80 && byte != b'%' {
                let shown: String = rest.chars().take(3).collect();
                return Err(format!("invalid URL escape {}", quote(&shown)));
            }
            bytes.push(byte);
            rest = rest.get(3..).unwrap_or_default();
            continue;
        }
        if part == Part::Host && c.is_ascii() && escapes(c, part) {
            return Err(format!("invalid character {} in host name", quote(&c.to_string())));
        }
        let mut buffer = [0; 4];
        bytes.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Tells whether Go escapes a character there.
fn escapes(c: char, part: Part) -> bool {
    match (c, part) {
        (c, _) if c.is_ascii_alphanumeric() || "-_.~".contains(c) => false,
        (c, Part::Host) => !"!$&'()*+,;=:[]<>\"".contains(c),
        ('$' | '&' | '+' | ',' | '/' | ':' | ';' | '=' | '?' | '@', part) => match part {
            Part::Path => c == '?',
            Part::User => matches!(c, '@' | '/' | '?' | ':'),
            Part::Host | Part::Fragment => false,
        },
        ('!' | '(' | ')' | '*', Part::Fragment) => false,
        _ => true,
    }
}

fn escape(text: &str, part: Part) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if escapes(c, part) {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}
