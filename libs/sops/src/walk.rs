//! The walk over a tree that encrypts or decrypts its values and computes the MAC.

use sha2::{Digest, Sha512};

use crate::rule::{Comments, Matcher};
use crate::{Branch, Comment, DataKey, Entropy, Error, Key, Metadata, Value, cipher};

/// What a MAC begins with that covers only encrypted values: SHA-256 of `sops`.
const ONLY_ENCRYPTED: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b,
    0x0b, 0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// Decrypts the values of all documents in place; returns their MAC.
pub(crate) fn decrypt(
    branches: &mut [Branch],
    metadata: &Metadata,
    key: &DataKey,
) -> Result<String, Error> {
    let matcher = Matcher::new(&metadata.rule);
    walk(branches, metadata, &mut |value, place, mac| {
        let is_comment = matches!(value, Value::Comment(_));
        let encrypted = matcher.is_encrypted(&place.path, &place.comments, is_comment);
        if encrypted {
            let context = place.context();
            match &*value {
                // A comment that cannot be decrypted was not encrypted in the first place.
                Value::Comment(comment) => {
                    if let Ok(plain) = cipher::decrypt(&comment.text, key, &context) {
                        *value = plain;
                    }
                }
                Value::Text(text) => {
                    let shown = String::from_utf8_lossy(text);
                    let plain = cipher::decrypt(&shown, key, &context);
                    *value = plain.map_err(|error| format!("Could not decrypt value: {error}"))?;
                }
                other => {
                    let name = other.type_name();
                    return Err(format!("Expected encrypted value as string, but got {name}"));
                }
            }
        }
        if (!metadata.mac_only_encrypted || encrypted) && !is_comment {
            mac.update(cipher::plain_bytes(value)?);
        }
        Ok(())
    })
}

/// Encrypts the values of all documents in place; returns the MAC of the plain ones.
pub(crate) fn encrypt(
    branches: &mut [Branch],
    metadata: &Metadata,
    key: &DataKey,
    entropy: &mut Entropy<'_>,
) -> Result<String, Error> {
    let matcher = Matcher::new(&metadata.rule);
    walk(branches, metadata, &mut |value, place, mac| {
        let is_comment = matches!(value, Value::Comment(_));
        let encrypted = matcher.is_encrypted(&place.path, &place.comments, is_comment);
        if (!metadata.mac_only_encrypted || encrypted) && !is_comment {
            mac.update(cipher::plain_bytes(value)?);
        }
        if encrypted {
            let sealed = cipher::encrypt(value, key, &place.context(), entropy)
                .map_err(|error| format!("Could not encrypt value: {error}"))?;
            if is_comment && matcher.mistakes(&sealed) {
                let shown = flux_gostd::quote::quote(&sealed);
                return Err(format!(
                    "Encrypted comment {shown} matches UnencryptedCommentRegex! Make sure that \
                     UnencryptedCommentRegex cannot match an encrypted comment."
                ));
            }
            *value = Value::text(sealed);
        }
        Ok(())
    })
}

/// Where a value is.
#[derive(Default)]
struct Place {
    path: Vec<String>,
    comments: Comments,
}

impl Place {
    /// Returns what ties an encrypted value to its place. Items of a list share it.
    fn context(&self) -> String {
        self.path.iter().flat_map(|name| [name.as_str(), ":"]).collect::<String>()
            + if self.path.is_empty() { ":" } else { "" }
    }

    fn add_comment(&mut self, comment: &Comment) {
        if let Some(level) = self.comments.last_mut() {
            level.push(comment.text.clone());
        }
    }

    fn clear_comments(&mut self) {
        if let Some(level) = self.comments.last_mut() {
            level.clear();
        }
    }
}

/// What is done with a value at a place.
type Visit<'v> = dyn FnMut(&mut Value, &Place, &mut Sha512) -> Result<(), String> + 'v;

fn walk(
    branches: &mut [Branch],
    metadata: &Metadata,
    visit: &mut Visit<'_>,
) -> Result<String, Error> {
    let mut mac = Sha512::new();
    if metadata.mac_only_encrypted {
        mac.update(ONLY_ENCRYPTED);
    }
    for branch in branches {
        let mut walker = Walker { place: Place::default(), mac: &mut mac, visit };
        walker.branch(branch).map_err(Error::Tree)?;
    }
    Ok(mac.finalize().iter().map(|byte| format!("{byte:02X}")).collect())
}

struct Walker<'w, 'v> {
    place: Place,
    mac: &'w mut Sha512,
    visit: &'w mut Visit<'v>,
}

impl Walker<'_, '_> {
    fn value(&mut self, value: &mut Value) -> Result<(), String> {
        match value {
            Value::Null => Ok(()),
            Value::Map(branch) => self.branch(branch),
            Value::List(items) => self.list(items),
            Value::Uint(_) => {
                Err(format!("Cannot walk value, unknown type: {}", value.type_name()))
            }
            _ => (self.visit)(value, &self.place, self.mac),
        }
    }

    fn list(&mut self, items: &mut [Value]) -> Result<(), String> {
        self.place.comments.push(Vec::new());
        for item in items {
            let is_comment = if let Value::Comment(comment) = item {
                self.place.add_comment(comment);
                true
            } else {
                false
            };
            self.value(item)?;
            if !is_comment {
                self.place.clear_comments();
            }
        }
        self.place.comments.pop();
        Ok(())
    }

    fn branch(&mut self, branch: &mut Branch) -> Result<(), String> {
        self.place.comments.push(Vec::new());
        for item in branch {
            let name = match &mut item.key {
                Key::Comment(comment) => {
                    self.place.add_comment(comment);
                    let inline = comment.inline;
                    let mut value = Value::Comment(comment.clone());
                    self.value(&mut value)?;
                    *comment = match value {
                        Value::Comment(comment) => comment,
                        Value::Text(text) => {
                            Comment { text: String::from_utf8_lossy(&text).into_owned(), inline }
                        }
                        other => {
                            let name = other.type_name();
                            return Err(format!(
                                "walkValue of Comment should be either Comment or string, was {name}"
                            ));
                        }
                    };
                    continue;
                }
                Key::Other(kind, shown) => {
                    return Err(format!(
                        "Tree contains a non-string key (type {kind}): {shown}. Only string keys \
                         are supported"
                    ));
                }
                Key::Text(name) => name.clone(),
            };
            let is_comment = if let Value::Comment(comment) = &item.value {
                self.place.add_comment(comment);
                true
            } else {
                false
            };
            self.place.path.push(name);
            self.value(&mut item.value)?;
            self.place.path.pop();
            if !is_comment {
                self.place.clear_comments();
            }
        }
        self.place.comments.pop();
        Ok(())
    }
}
