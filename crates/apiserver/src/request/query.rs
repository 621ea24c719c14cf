//! The query of a URL, with repeated keys, in order.

/// Decoded `key=value` pairs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the part of a URL after the question mark.
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key, PlusIs::Space), decode(value, PlusIs::Space))
        });
        Self(pairs.collect())
    }

    /// Returns the first value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// Returns the first value of a key, empty if there is none.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.get(key).unwrap_or_default()
    }

    /// Returns all values of a key.
    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// Reads a boolean as the original's conversion does: a key that is there is true unless its
    /// value is `false` or `0`.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        let value = self.get(key)?;
        Some(!(value.eq_ignore_ascii_case("false") || value == "0"))
    }

    /// Reads a whole number.
    ///
    /// # Errors
    /// Go's text for what is no number.
    pub(crate) fn number(&self, key: &str) -> Result<Option<i64>, String> {
        match self.get(key) {
            None | Some("") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| {
                let quoted = serde_json::Value::from(text);
                format!("strconv.ParseInt: parsing {quoted}: invalid syntax")
            }),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum PlusIs {
    Space,
    Plus,
}

/// Decodes percent signs in a part of a path.
pub(crate) fn decode_path(text: &str) -> String {
    decode(text, PlusIs::Plus)
}

fn decode(text: &str, plus: PlusIs) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(c) = bytes.get(at).copied() {
        let hex = |offset: usize| bytes.get(at + offset).and_then(|c| char::from(*c).to_digit(16));
        match (c, hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                at += 2;
            }
            (b'+', ..) if plus == PlusIs::Space => out.push(b' '),
            _ => out.push(c),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}
