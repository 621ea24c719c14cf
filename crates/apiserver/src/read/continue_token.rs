//! Tokens that say where a chunked list goes on.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::{DecodeError, Engine};
use serde_json::{Value, json};

use crate::document;
use crate::status::Status;

const VERSION: &str = "meta.k8s.io/v1";

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The revision of the first chunk; `None` for lists that go on with the present.
    pub(super) revision: Option<u64>,
    /// The last key that was shown, without what all keys of the list begin with.
    pub(super) after: String,
}

impl Place {
    /// Writes the token.
    pub(super) fn to_token(&self) -> String {
        let revision = self.revision.map_or(json!(-1), |revision| json!(revision));
        // The original says where the next key begins: right behind the last one.
        let token = json!({"v": VERSION, "rv": revision, "start": format!("{}\0", self.after)});
        URL_SAFE_NO_PAD.encode(token.to_string())
    }

    /// Reads a token.
    pub(super) fn parse(token: &str) -> Result<Self, Status> {
        let wrong = |text: &str| {
            Status::bad_request(format!(
                "invalid continue token: continue key is not valid: {text}"
            ))
        };
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|error| {
            let at = match error {
                DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _) => at,
                DecodeError::InvalidLength(length) => length,
                DecodeError::InvalidPadding => token.len(),
            };
            wrong(&format!("illegal base64 data at input byte {at}"))
        })?;
        let value = document::parse(&bytes).map_err(|error| wrong(&error))?.into_value();
        let version = value.get("v").and_then(Value::as_str).unwrap_or_default();
        if version != VERSION {
            let quoted = Value::from(version);
            return Err(wrong(&format!("server does not recognize this encoded version {quoted}")));
        }
        let revision = match value.get("rv").and_then(Value::as_i64).unwrap_or(0) {
            0 => {
                let text = format!("incorrect encoded start resourceVersion (version {VERSION})");
                return Err(wrong(&text));
            }
            revision => u64::try_from(revision).ok(),
        };
        let start = value.get("start").and_then(Value::as_str).unwrap_or_default();
        if start.is_empty() {
            return Err(wrong(&format!("encoded start key empty (version {VERSION})")));
        }
        let after = start.strip_suffix('\0').unwrap_or(start).to_owned();
        Ok(Self { revision, after })
    }
}
