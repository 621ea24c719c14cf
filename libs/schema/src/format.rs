//! The string formats of schemas: which are known, and which texts fulfil them.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use flux_gostd::{Duration, Time};
use regex_automata::meta::Regex;

use crate::schema::{Schema, Type};

#[cfg(test)]
mod tests;

/// Formats of strings, dashes left out.
const OF_STRINGS: [&str; 26] = [
    "bsonobjectid",
    "uri",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "cidr",
    "mac",
    "uuid",
    "uuid3",
    "uuid4",
    "uuid5",
    "isbn",
    "isbn10",
    "isbn13",
    "creditcard",
    "ssn",
    "hexcolor",
    "rgbcolor",
    "byte",
    "password",
    "date",
    "duration",
    "datetime",
    "k8sshortname",
    "k8slongname",
];

/// Returns the format of a schema unless nobody checks it.
pub(crate) fn effective(schema: &Schema) -> Option<&str> {
    let kind = if schema.int_or_string { &Type::Absent } else { &schema.kind };
    schema.format.as_deref().filter(|format| is_recognized(kind, format))
}

/// Tells whether a format means something for a type.
pub(crate) fn is_recognized(kind: &Type, format: &str) -> bool {
    match kind {
        Type::Absent | Type::String => OF_STRINGS.contains(&normalized(format).as_str()),
        Type::Integer => matches!(format, "int32" | "int64"),
        Type::Number => matches!(format, "float" | "double"),
        Type::Object | Type::Array | Type::Boolean | Type::Other(_) => false,
    }
}

fn normalized(format: &str) -> String {
    format.replace('-', "")
}

/// Tells whether a text fulfils a format; unknown formats are fulfilled by everything.
pub(crate) fn is_fulfilled(format: &str, text: &str) -> bool {
    match normalized(format).as_str() {
        "bsonobjectid" => text.len() == 24 && text.bytes().all(|b| b.is_ascii_hexdigit()),
        "uri" => is_request_uri(text),
        "email" => is_mail_address(text),
        "hostname" => is_hostname(text),
        "ipv4" => text.contains('.') && is_sloppy_ip(text),
        "ipv6" => text.contains(':') && text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => is_cidr(text),
        "mac" => is_mac(text),
        "uuid" => is_uuid(text, None),
        "uuid3" => is_uuid(text, Some('3')),
        "uuid4" => is_uuid(text, Some('4')),
        "uuid5" => is_uuid(text, Some('5')),
        "isbn" => is_isbn10(text) || is_isbn13(text),
        "isbn10" => is_isbn10(text),
        "isbn13" => is_isbn13(text),
        "creditcard" => is_credit_card(text),
        "ssn" => is_match(&SSN, text),
        "hexcolor" => is_match(&HEX_COLOR, text),
        "rgbcolor" => is_match(&RGB_COLOR, text),
        "byte" => is_base64(text),
        "date" => is_date(text),
        "duration" => is_duration(text),
        "datetime" => is_date_time(text),
        "k8sshortname" => text.len() <= 63 && is_label(text),
        "k8slongname" => text.len() <= 253 && text.split('.').all(is_label),
        _ => true,
    }
}

type Pattern = LazyLock<Option<Regex>>;

static HOSTNAME: Pattern = LazyLock::new(|| {
    let letter = r"a-zA-Z0-9\p{S}\p{L}";
    let simple = format!(r"[{letter}]((-?[{letter}]{{0,62}})?)");
    let label = format!(r"([{letter}](([{letter}-]{{0,61}}[{letter}])?)(\.))");
    Regex::new(&format!(r"^({simple}|{label}{{1,}}([a-zA-Z\p{{L}}]){{2,63}})$")).ok()
});
static SSN: Pattern = LazyLock::new(|| Regex::new("^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$").ok());
static HEX_COLOR: Pattern =
    LazyLock::new(|| Regex::new("^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$").ok());
static RGB_COLOR: Pattern = LazyLock::new(|| {
    let part = r"\s*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])\s*";
    Regex::new(&format!(r"^rgb\({part},{part},{part}\)$")).ok()
});
static CREDIT_CARD: Pattern = LazyLock::new(|| {
    Regex::new(concat!(
        "^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|",
        "3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35[0-9]{3})[0-9]{11})$"
    ))
    .ok()
});
static TIME_OF_DAY: Pattern = LazyLock::new(|| {
    Regex::new("^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$").ok()
});
static SCALA_DURATION: Pattern = LazyLock::new(|| Regex::new(r"([0-9]+)\s*([A-Za-zµ]+)").ok());

fn is_match(pattern: &Pattern, text: &str) -> bool {
    pattern.as_ref().is_some_and(|regex| regex.is_match(text))
}

fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_hostname(text: &str) -> bool {
    is_match(&HOSTNAME, text) && text.len() <= 255 && text.split('.').all(|part| part.len() <= 63)
}

/// Reads addresses as older Go did: `010.0.0.1` has leading zeros, and they are harmless.
fn is_sloppy_ip(text: &str) -> bool {
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().is_ok();
    }
    let parts: Vec<&str> = text.split('.').collect();
    let is_octet = |part: &&str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_digit())
            && part.trim_start_matches('0').len() <= 3
            && (part.trim_start_matches('0').is_empty()
                || part.trim_start_matches('0').parse::<u8>().is_ok())
    };
    parts.len() == 4 && parts.iter().all(is_octet)
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match (address.contains(':'), address.parse::<Ipv6Addr>().is_ok()) {
        (true, true) => 128,
        (true, false) => return false,
        (false, _) if is_sloppy_ip(address) => 32,
        (false, _) => return false,
    };
    let digits = !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit());
    digits && bits.parse::<u32>().is_ok_and(|bits| bits <= most)
}

fn is_mac(text: &str) -> bool {
    let groups = |separator: char, width: usize| {
        let parts: Vec<&str> = text.split(separator).collect();
        let good = |part: &&str| part.len() == width && part.bytes().all(|b| b.is_ascii_hexdigit());
        parts.iter().all(good).then_some(parts.len() * width / 2)
    };
    let bytes = [(':', 2), ('-', 2), ('.', 4)].into_iter().find_map(|(s, width)| groups(s, width));
    matches!(bytes, Some(6 | 8 | 20))
}

fn is_uuid(text: &str, version: Option<char>) -> bool {
    let compact: String = match text.len() {
        32 => text.to_owned(),
        _ => {
            // Each dash is optional, but only in its own place.
            let mut rest = text;
            let mut compact = String::new();
            for width in [8, 4, 4, 4, 12] {
                let Some((part, tail)) = rest.split_at_checked(width) else { return false };
                compact.push_str(part);
                rest = tail.strip_prefix('-').unwrap_or(tail);
            }
            if !rest.is_empty() || text.ends_with('-') {
                return false;
            }
            compact
        }
    };
    let bytes = compact.as_bytes();
    let variant = match version {
        Some('4' | '5') => bytes.get(16).is_some_and(|b| b"89abAB".contains(b)),
        _ => true,
    };
    bytes.len() == 32
        && bytes.iter().all(u8::is_ascii_hexdigit)
        && version.is_none_or(|v| bytes.get(12).is_some_and(|b| char::from(*b) == v))
        && variant
}

fn isbn_digits(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect()
}

fn is_isbn10(text: &str) -> bool {
    let digits = isbn_digits(text);
    let bytes = digits.as_bytes();
    let Some((last, first)) = bytes.split_last().filter(|_| bytes.len() == 10) else {
        return false;
    };
    let last = match last {
        b'X' => 10,
        digit if digit.is_ascii_digit() => u32::from(digit - b'0'),
        _ => return false,
    };
    let weighted =
        first.iter().zip(1..).map(|(b, weight)| weight * u32::from(b.wrapping_sub(b'0')));
    first.iter().all(u8::is_ascii_digit) && (weighted.sum::<u32>() + 10 * last) % 11 == 0
}

fn is_isbn13(text: &str) -> bool {
    let digits = isbn_digits(text);
    let known = digits.starts_with("978") || digits.starts_with("979");
    let weighted = digits.bytes().enumerate().map(|(at, b)| {
        let weight = if at % 2 == 0 { 1 } else { 3 };
        weight * u32::from(b.wrapping_sub(b'0'))
    });
    known
        && digits.len() == 13
        && digits.bytes().all(|b| b.is_ascii_digit())
        && weighted.sum::<u32>() % 10 == 0
}

fn is_credit_card(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let luhn = digits.bytes().rev().enumerate().map(|(at, b)| {
        let digit = u32::from(b - b'0');
        match at % 2 {
            1 if digit > 4 => digit * 2 - 9,
            1 => digit * 2,
            _ => digit,
        }
    });
    is_match(&CREDIT_CARD, &digits) && luhn.sum::<u32>() % 10 == 0
}

fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let padding = text.len() - body.len();
    let letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    !text.is_empty() && text.len().is_multiple_of(4) && padding <= 2 && body.bytes().all(letter)
}

fn is_date(text: &str) -> bool {
    Time::parse("2006-01-02", text).is_ok()
}

fn is_date_time(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut parts = lower.split('t');
    let (Some(date), Some(time)) = (parts.next(), parts.next()) else { return false };
    let within = |at: usize, most: &str| time.get(at..at + 2).is_some_and(|part| part <= most);
    is_date(date)
        && is_match(&TIME_OF_DAY, time)
        && within(0, "23")
        && within(3, "59")
        && within(6, "59")
}

/// Go's durations, and those of Scala: `3 days`, `2 hours 5 min`.
fn is_duration(text: &str) -> bool {
    const EXACT: [&str; 14] =
        ["ns", "us", "µs", "ms", "s", "m", "h", "hr", "d", "w", "wk", "sec", "min", "day"];
    const STEMS: [&str; 8] = ["nano", "micro", "milli", "sec", "min", "hour", "day", "week"];
    if text.parse::<Duration>().is_ok() {
        return true;
    }
    let Some(regex) = SCALA_DURATION.as_ref() else { return false };
    let mut caught = regex.create_captures();
    let mut known = false;
    let mut rest = text;
    loop {
        regex.captures(rest, &mut caught);
        let (Some(all), Some(number), Some(unit)) =
            (caught.get_group(0), caught.get_group(1), caught.get_group(2))
        else {
            return known;
        };
        if rest.get(number.range()).is_none_or(|digits| digits.parse::<i64>().is_err()) {
            return false;
        }
        let unit = rest.get(unit.range()).unwrap_or_default().to_lowercase();
        known |= EXACT.contains(&unit.as_str()) || STEMS.iter().any(|stem| unit.starts_with(stem));
        rest = rest.get(all.end..).unwrap_or_default();
    }
}

/// What Go's `url.ParseRequestURI` accepts: an absolute URI or an absolute path.
fn is_request_uri(text: &str) -> bool {
    if text.is_empty() || text.bytes().any(|b| b < 0x20 || b == 0x7f) {
        return false;
    }
    if text == "*" {
        return true;
    }
    let Ok((scheme, rest)) = split_scheme(text) else { return false };
    let rest = rest.split('?').next().unwrap_or_default();
    if !rest.starts_with('/') {
        return scheme.is_some();
    }
    let path = match (scheme, rest.strip_prefix("//")) {
        (Some(_), Some(after)) => {
            let end = after.find('/').unwrap_or(after.len());
            let (authority, path) = after.split_at(end);
            if !is_authority(authority) {
                return false;
            }
            path
        }
        _ => rest,
    };
    has_sound_escapes(path)
}

fn split_scheme(text: &str) -> Result<(Option<&str>, &str), ()> {
    for (at, b) in text.bytes().enumerate() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at > 0 => {
                let (scheme, rest) = text.split_at(at);
                return Ok((Some(scheme), rest.get(1..).unwrap_or_default()));
            }
            b':' => return Err(()),
            _ => return Ok((None, text)),
        }
    }
    Ok((None, text))
}

fn is_authority(authority: &str) -> bool {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if let Some(after) = host.strip_prefix('[') {
        let Some((address, port)) = after.rsplit_once(']') else { return false };
        let address = address.split_once("%25").map_or(address, |(address, _)| address);
        return is_port_suffix(port) && address.parse::<Ipv6Addr>().is_ok();
    }
    let (name, port) = match host.rfind(':') {
        Some(at) => host.split_at(at),
        None => (host, ""),
    };
    let printable =
        |b: u8| !matches!(b, b' ' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{'..=b'}');
    is_port_suffix(port) && name.bytes().all(printable) && has_sound_escapes(name)
}

fn is_port_suffix(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
}

fn has_sound_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let mut digits = after.bytes();
        let is_hex = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_hexdigit());
        is_hex(digits.next()) && is_hex(digits.next())
    })
}

/// What Go's `mail.ParseAddress` accepts: `a@b.c`, `Name <a@b.c>`.
fn is_mail_address(text: &str) -> bool {
    let text = text.trim_matches([' ', '\t']);
    match text.strip_suffix('>').and_then(|inside| inside.split_once('<')) {
        Some((name, address)) => is_phrase(name.trim()) && is_addr_spec(address),
        None => is_addr_spec(text),
    }
}

fn is_phrase(name: &str) -> bool {
    let quoted = name.len() >= 2 && name.starts_with('"') && name.ends_with('"');
    quoted || name.split_whitespace().all(|word| word.chars().all(is_atom_letter))
}

fn is_addr_spec(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let literal = domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .map(|inside| inside.strip_prefix("IPv6:").unwrap_or(inside));
    let is_domain = match literal {
        Some(address) => address.parse::<Ipv4Addr>().is_ok() || address.parse::<Ipv6Addr>().is_ok(),
        None => is_dot_atom(domain),
    };
    (quoted || is_dot_atom(local)) && is_domain
}

fn is_dot_atom(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_letter))
}

fn is_atom_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c) && c != '.' || !c.is_ascii()
}
