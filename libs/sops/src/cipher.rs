//! Single values, encrypted and decrypted.

use std::sync::OnceLock;

use flux_gostd::number::{Layout, format_f64, parse_f64};
use flux_gostd::{Regexp, Time};
use zeroize::Zeroizing;

use crate::tree::time_text;
use crate::{Comment, Entropy, Value, base64_text, gcm};

/// Bytes of the nonces that are made here.
const NONCE: usize = 32;

/// The key that encrypts the values of a document; wiped from memory after use.
pub struct DataKey(Zeroizing<Vec<u8>>);

impl DataKey {
    /// Takes the bytes of a key.
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of the key.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn aes(&self) -> Result<&[u8; 32], String> {
        let size = self.0.len();
        self.0.as_slice().try_into().map_err(|_| format!("crypto/aes: invalid key size {size}"))
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// Decrypts what [`encrypt`] made of a value; empty text stays as it is.
///
/// # Errors
/// The text is not in SOPS' form, or was encrypted under another key or at another place.
pub(crate) fn decrypt(text: &str, key: &DataKey, context: &str) -> Result<Value, String> {
    if text.is_empty() {
        return Ok(Value::Text(Vec::new()));
    }
    let sealed = Sealed::parse(text)?;
    let plain = gcm::open(key.aes()?, &sealed.nonce, context.as_bytes(), &sealed.text);
    let plain =
        plain.ok_or("Could not decrypt with AES_GCM: cipher: message authentication failed")?;
    sealed.kind.value(&plain)
}

/// Encrypts a value; empty text stays as it is.
///
/// # Errors
/// Values of the type are not encrypted.
pub(crate) fn encrypt(
    value: &Value,
    key: &DataKey,
    context: &str,
    entropy: &mut Entropy<'_>,
) -> Result<String, String> {
    let is_empty = match value {
        Value::Text(text) | Value::Bytes(text) => text.is_empty(),
        Value::Comment(comment) => comment.text.is_empty(),
        _ => false,
    };
    if is_empty {
        return Ok(String::new());
    }
    let kind = match value {
        Value::Text(_) => "str",
        Value::Int(_) => "int",
        Value::Float(_) => "float",
        Value::Bool(_) => "bool",
        Value::Time(_) => "time",
        Value::Comment(_) => "comment",
        _ => return Err(format!("Value to encrypt has unsupported type {}", value.type_name())),
    };
    let plain = Zeroizing::new(plain_bytes(value)?);
    let mut nonce = [0; NONCE];
    entropy(&mut nonce);
    let (text, tag) = gcm::seal(key.aes()?, &nonce, context.as_bytes(), &plain);
    Ok(format!(
        "ENC[AES256_GCM,data:{},iv:{},tag:{},type:{kind}]",
        base64_text::encode(&text),
        base64_text::encode(&nonce),
        base64_text::encode(&tag),
    ))
}

/// Returns the bytes of a value that are encrypted and that the MAC covers.
///
/// # Errors
/// The value is a collection or of a type that has no bytes.
pub(crate) fn plain_bytes(value: &Value) -> Result<Vec<u8>, String> {
    Ok(match value {
        Value::Text(text) | Value::Bytes(text) => text.clone(),
        Value::Int(int) => int.to_string().into_bytes(),
        Value::Float(float) => format_f64(*float, Layout::Fixed).into_bytes(),
        Value::Bool(true) => b"True".to_vec(),
        Value::Bool(false) => b"False".to_vec(),
        Value::Time(time) => time_text(time).into_bytes(),
        Value::Comment(comment) => comment.text.clone().into_bytes(),
        Value::Null | Value::Uint(_) | Value::List(_) | Value::Map(_) => {
            return Err(format!("Could not convert unknown type {} to bytes", value.type_name()));
        }
    })
}

/// The parts of an encrypted value.
struct Sealed {
    /// The encrypted text with its tag.
    text: Vec<u8>,
    nonce: Vec<u8>,
    kind: Kind,
}

/// What an encrypted value was.
enum Kind {
    Text,
    Int,
    Float,
    Bytes,
    Bool,
    Time,
    Comment,
    Unknown(String),
}

impl Sealed {
    fn parse(text: &str) -> Result<Self, String> {
        static FORM: OnceLock<Option<Regexp>> = OnceLock::new();
        let form = FORM.get_or_init(|| {
            Regexp::new(r"^ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:(.+)\]").ok()
        });
        let found = form.as_ref().and_then(|form| form.captures(text));
        let part = |group| found.as_ref().and_then(|found| text.get(found.get(group)?));
        let (Some(data), Some(nonce), Some(tag), Some(kind)) = (part(1), part(2), part(3), part(4))
        else {
            return Err(format!("Input string {text} does not match sops' data format"));
        };
        let decode = |what, text| {
            base64_text::decode(text).map_err(|e| format!("Error base64-decoding {what}: {e}"))
        };
        let (mut data, nonce, tag) =
            (decode("data", data)?, decode("iv", nonce)?, decode("tag", tag)?);
        data.extend(tag);
        let kind = match kind {
            "str" => Kind::Text,
            "int" => Kind::Int,
            "float" => Kind::Float,
            "bytes" => Kind::Bytes,
            "bool" => Kind::Bool,
            "time" => Kind::Time,
            "comment" => Kind::Comment,
            other => Kind::Unknown(other.to_owned()),
        };
        Ok(Self { text: data, nonce, kind })
    }
}

impl Kind {
    /// Reads the decrypted text. What it holds is in no error text, other than upstream.
    fn value(self, plain: &[u8]) -> Result<Value, String> {
        let text = || std::str::from_utf8(plain).unwrap_or_default();
        let unfit = |what: &str| format!("the decrypted value is no {what}");
        Ok(match self {
            Self::Text => Value::Text(plain.to_vec()),
            Self::Int => Value::Int(text().parse().map_err(|_| unfit("int"))?),
            Self::Float => Value::Float(parse_f64(text()).ok_or_else(|| unfit("float"))?),
            Self::Bytes => Value::Bytes(plain.to_vec()),
            Self::Bool => Value::Bool(match plain {
                b"1" | b"t" | b"T" | b"true" | b"TRUE" | b"True" => true,
                b"0" | b"f" | b"F" | b"false" | b"FALSE" | b"False" => false,
                _ => return Err(unfit("bool")),
            }),
            Self::Time => Value::Time(Time::parse_rfc3339(text()).map_err(|_| unfit("time"))?),
            Self::Comment => {
                let text = String::from_utf8_lossy(plain).into_owned();
                Value::Comment(Comment { text, inline: false })
            }
            Self::Unknown(kind) => return Err(format!("Unknown datatype: {kind}")),
        })
    }
}
