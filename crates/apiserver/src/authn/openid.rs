//! What others need to check tokens of service accounts: who signs, and with which key.

use http::header::{CACHE_CONTROL, HOST};
use serde_json::json;

use super::ISSUER;
use crate::request::Request;
use crate::respond::{Answer, Content, to_json};
use crate::server::Core;

/// Where a server says that it is when nobody says how it was reached.
const ADDRESS: &str = "127.0.0.1:6443";

/// Answers the paths of OpenID Connect; `None` for other paths.
pub(crate) fn answer(core: &Core, request: &Request, path: &str) -> Option<Answer> {
    let (content_type, document) = match path {
        "/.well-known/openid-configuration" => {
            let host = request.header(HOST).unwrap_or(ADDRESS);
            let document = json!({
                "issuer": ISSUER,
                "jwks_uri": format!("https://{host}/openid/v1/jwks"),
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
            });
            ("application/json", document)
        }
        "/openid/v1/jwks" => {
            ("application/jwk-set+json", json!({"keys": [core.account_tokens.public_key()]}))
        }
        _ => return None,
    };
    let mut answer = Answer::of(200, Content::Raw(content_type, to_json(&document).into()));
    answer.headers.push((CACHE_CONTROL, "public, max-age=3600".to_owned()));
    Some(answer)
}
