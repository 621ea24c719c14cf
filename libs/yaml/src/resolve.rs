//! What a plain scalar means.

use flux_gostd::Time;
use flux_gostd::number::{parse_f64, parse_i64, parse_u64};

use crate::{Error, Node, Style};

/// The rules by which a plain scalar is a number, a boolean, a null or text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolver {
    /// YAML 1.1 as yaml.v2 and so sigs.k8s.io/yaml read it: `yes`, `on`, `y` are booleans.
    Yaml11,
    /// yaml.v3's rules: only `true` and `false` are booleans, dates are times.
    Core,
}

/// What a scalar means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Meaning {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer that needs the 64th bit.
    Uint(u64),
    Float(f64),
    Time(Time),
    /// The text itself.
    Text,
    /// The text of the scalar under a tag that the resolver leaves alone.
    Tagged,
}

impl Meaning {
    /// Returns the tag that go-yaml names for the meaning.
    pub(crate) fn tag(&self) -> &'static str {
        match self {
            Self::Null => "!!null",
            Self::Bool(_) => "!!bool",
            Self::Int(_) | Self::Uint(_) => "!!int",
            Self::Float(_) => "!!float",
            Self::Time(_) => "!!timestamp",
            Self::Text | Self::Tagged => "!!str",
        }
    }
}

/// Finds out what a scalar node means: by its style, its tag and, if it is plain, its text.
pub(crate) fn resolve_node(node: &Node, resolver: Resolver) -> Result<Meaning, Error> {
    match node.tag.as_str() {
        "" if node.style != Style::Plain => Ok(Meaning::Text),
        // yaml.v2 takes the lone `!` for a tag of its own, yaml.v3 for no tag.
        "!" if resolver == Resolver::Yaml11 => Ok(Meaning::Tagged),
        "!" if node.style != Style::Plain => Ok(Meaning::Text),
        "" | "!" => Ok(resolve(&node.value, resolver)),
        "!!str" => Ok(Meaning::Text),
        tag @ ("!!bool" | "!!int" | "!!float" | "!!null" | "!!timestamp") => {
            resolve_tagged(&node.value, tag, resolver)
        }
        _ => Ok(Meaning::Tagged),
    }
}

fn resolve_tagged(value: &str, tag: &str, resolver: Resolver) -> Result<Meaning, Error> {
    // Only an explicit tag or none lets a date be a time; under others it is text or a number.
    let meaning = match resolve(value, resolver) {
        Meaning::Time(_) if tag != "!!timestamp" => resolve_number(value, resolver),
        meaning => meaning,
    };
    match meaning {
        Meaning::Int(int) if tag == "!!float" => Ok(Meaning::Float(int as f64)),
        meaning if meaning.tag() == tag => Ok(meaning),
        meaning => {
            let found = meaning.tag();
            Err(Error::problem(format!("cannot decode {found} `{value}` as a {tag}")))
        }
    }
}

/// Finds out what a plain scalar without a tag means.
pub(crate) fn resolve(value: &str, resolver: Resolver) -> Meaning {
    let Some(&first) = value.as_bytes().first() else { return Meaning::Null };
    match first {
        b'+' | b'-' | b'0'..=b'9' => {
            if let Some(float) = special_float(value) {
                return Meaning::Float(float);
            }
            match parse_timestamp(value) {
                Some(time) => Meaning::Time(time),
                None => resolve_number(value, resolver),
            }
        }
        b'.' => match special_float(value).or_else(|| parse_f64(value)) {
            Some(float) => Meaning::Float(float),
            None => Meaning::Text,
        },
        b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' => resolve_word(value, resolver),
        b'y' | b'Y' | b'o' | b'O' if resolver == Resolver::Yaml11 => resolve_word(value, resolver),
        _ => Meaning::Text,
    }
}

fn resolve_word(value: &str, resolver: Resolver) -> Meaning {
    match value {
        "~" | "null" | "Null" | "NULL" => Meaning::Null,
        "true" | "True" | "TRUE" => Meaning::Bool(true),
        "false" | "False" | "FALSE" => Meaning::Bool(false),
        _ if resolver == Resolver::Yaml11 => old_bool(value).map_or(Meaning::Text, Meaning::Bool),
        _ => Meaning::Text,
    }
}

/// Reads the booleans that YAML 1.1 has beyond `true` and `false`.
pub(crate) fn old_bool(value: &str) -> Option<bool> {
    match value {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn special_float(value: &str) -> Option<f64> {
    match value {
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn resolve_number(value: &str, resolver: Resolver) -> Meaning {
    let plain: std::borrow::Cow<'_, str> =
        if value.contains('_') { value.replace('_', "").into() } else { value.into() };
    if let Some(int) = parse_i64(&plain) {
        return Meaning::Int(int);
    }
    if let Some(uint) = parse_u64(&plain) {
        return Meaning::Uint(uint);
    }
    if is_float(&plain)
        && let Some(float) = parse_f64(&plain)
    {
        return Meaning::Float(float);
    }
    prefixed(&plain, resolver).unwrap_or(Meaning::Text)
}

/// Reads what Go's parser refuses behind `0b` and `0o`: a sign.
fn prefixed(plain: &str, resolver: Resolver) -> Option<Meaning> {
    let (sign, rest) = match plain.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", plain),
    };
    let (base, digits) = match rest.split_at_checked(2)? {
        ("0b", digits) => (2, digits),
        ("0o", digits) if resolver == Resolver::Core => (8, digits),
        _ => return None,
    };
    if !sign.is_empty() && digits.starts_with(['+', '-']) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), base).ok().map(Meaning::Int)
}

/// Tells whether `text` has the form `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
fn is_float(text: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = digits(unsigned);
    let mut rest = unsigned.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = digits(fraction);
        if whole + length == 0 {
            return false;
        }
        rest = fraction.get(length..).unwrap_or_default();
    } else if whole == 0 {
        return false;
    }
    match rest.strip_prefix(['e', 'E']) {
        Some(exponent) => {
            let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent) == exponent.len()
        }
        None => rest.is_empty(),
    }
}

/// Reads the forms of a date and time that go-yaml knows.
pub(crate) fn parse_timestamp(text: &str) -> Option<Time> {
    const LAYOUTS: [&str; 4] = [
        "2006-1-2T15:4:5.999999999Z07:00",
        "2006-1-2t15:4:5.999999999Z07:00",
        "2006-1-2 15:4:5.999999999",
        "2006-1-2",
    ];
    let (year, rest) = text.as_bytes().split_at_checked(4)?;
    if !year.iter().all(u8::is_ascii_digit) || rest.first() != Some(&b'-') {
        return None;
    }
    LAYOUTS.iter().find_map(|layout| Time::parse(layout, text).ok())
}

/// Tells whether text looks like a number to base 60, which YAML 1.1 readers may take it for.
pub(crate) fn is_base60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit()) || !unsigned.contains(':') {
        return false;
    }
    let mut parts = unsigned.split(':');
    let whole = parts.next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_digit() || c == '_';
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return false };
    let (last, fraction) = last.split_once('.').unwrap_or((last, ""));
    let is_sixtieth = |part: &&str| match part.as_bytes() {
        [digit] => digit.is_ascii_digit(),
        [b'0'..=b'5', digit] => digit.is_ascii_digit(),
        _ => false,
    };
    whole.chars().all(is_plain)
        && fraction.chars().all(is_plain)
        && parts.iter().all(is_sixtieth)
        && is_sixtieth(&last)
}
