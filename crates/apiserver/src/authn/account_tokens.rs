//! Tokens of service accounts: signed by the server, read back with every check.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::User;
use crate::clock::Timestamp;
use crate::meta;
use crate::registry::View;

/// Who signs, and whom tokens are for unless they say otherwise.
pub(crate) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// What stands before a point of the curve P-256 in a public key as DER.
const POINT_OF_P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Signs and checks tokens.
pub(crate) struct AccountTokens {
    key: EcdsaKeyPair,
}

/// What a token is to say.
pub(crate) struct Claims<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) account: &'a Value,
    /// Kind, name and uid of the object that the token ends with.
    pub(crate) bound: Option<(String, String, String)>,
    pub(crate) audiences: Vec<String>,
    pub(crate) issued: Timestamp,
    pub(crate) seconds: i64,
    pub(crate) id: String,
}

/// Who a token stands for.
pub(crate) struct Identity {
    pub(crate) user: User,
    pub(crate) audiences: Vec<String>,
}

impl AccountTokens {
    /// Takes the private key as PKCS 8; `None` if it is none.
    pub(crate) fn new(pkcs8: &[u8]) -> Option<Self> {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok()?;
        Some(Self { key })
    }

    /// Returns the public key as others read it.
    pub(crate) fn public_key(&self) -> Value {
        // An uncompressed point: a mark and two coordinates.
        let point = self.key.public_key().as_ref();
        let coordinates = point.get(1..).unwrap_or_default();
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        json!({
            "use": "sig",
            "kty": "EC",
            "kid": self.key_id(),
            "crv": "P-256",
            "alg": "ES256",
            "x": URL_SAFE_NO_PAD.encode(x),
            "y": URL_SAFE_NO_PAD.encode(y),
        })
    }

    /// Returns the name of the key: the hash of its public half as DER.
    fn key_id(&self) -> String {
        let der = [POINT_OF_P256.as_slice(), self.key.public_key().as_ref()].concat();
        URL_SAFE_NO_PAD.encode(digest(&SHA256, &der))
    }

    /// Makes a token; `None` if the system gives no randomness.
    pub(crate) fn sign(&self, claims: &Claims<'_>) -> Option<String> {
        let issued = claims.issued.as_second();
        let name = meta::name(claims.account);
        let mut own = json!({
            "namespace": claims.namespace,
            "serviceaccount": {"name": name, "uid": meta::uid(claims.account)},
        });
        if let (Some((kind, name, uid)), Some(map)) = (&claims.bound, own.as_object_mut()) {
            map.insert(kind.to_lowercase(), json!({"name": name, "uid": uid}));
        }
        let payload = json!({
            "aud": claims.audiences,
            "exp": issued.saturating_add(claims.seconds),
            "iat": issued,
            "iss": ISSUER,
            "jti": claims.id,
            "kubernetes.io": own,
            "nbf": issued,
            "sub": format!("system:serviceaccount:{}:{name}", claims.namespace),
        });
        let header = json!({"alg": "ES256", "kid": self.key_id()});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&payload));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Returns who a token stands for: signature, times, audience, account and bound object must
    /// all hold.
    pub(crate) fn check(
        &self,
        token: &str,
        now: Timestamp,
        view: View<'_>,
        audiences: &[String],
    ) -> Option<Identity> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let read = |text: &str| -> Option<Value> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
        };
        if read(header)?.get("alg")?.as_str()? != "ES256" {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let public = self.key.public_key().as_ref();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public)
            .verify(signed.as_bytes(), &signature)
            .ok()?;
        let claims = read(payload)?;
        let second = now.as_second();
        let in_time =
            claims.get("exp")?.as_i64()? > second && claims.get("nbf")?.as_i64()? <= second;
        if !in_time || claims.get("iss")?.as_str()? != ISSUER {
            return None;
        }
        let own: Vec<String> = claims.get("aud")?.as_array()?.iter().filter_map(text).collect();
        let shared: Vec<String> = own.into_iter().filter(|one| audiences.contains(one)).collect();
        if shared.is_empty() {
            return None;
        }
        let user = account_user(&claims, view)?;
        Some(Identity { user, audiences: shared })
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Looks the account and the bound object up.
fn account_user(claims: &Value, view: View<'_>) -> Option<User> {
    let own = claims.get("kubernetes.io")?;
    let namespace = own.get("namespace")?.as_str()?;
    let name = own.pointer("/serviceaccount/name")?.as_str()?;
    let uid = own.pointer("/serviceaccount/uid")?.as_str()?;
    let account = view.get("", "serviceaccounts", namespace, name)?;
    if meta::uid(&account) != uid || meta::is_deleting(&account) {
        return None;
    }
    for (kind, plural, place) in
        [("pod", "pods", namespace), ("secret", "secrets", namespace), ("node", "nodes", "")]
    {
        if let Some(bound) = own.get(kind) {
            let object = view.get("", plural, place, bound.get("name")?.as_str()?)?;
            if meta::uid(&object) != bound.get("uid")?.as_str()? {
                return None;
            }
        }
    }
    let id = claims.get("jti").and_then(Value::as_str).unwrap_or_default();
    let mut extra = std::collections::BTreeMap::new();
    if !id.is_empty() {
        let key = "authentication.kubernetes.io/credential-id".to_owned();
        extra.insert(key, vec![format!("JTI={id}")]);
    }
    Some(User {
        name: format!("system:serviceaccount:{namespace}:{name}"),
        uid: uid.to_owned(),
        groups: vec![
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{namespace}"),
            "system:authenticated".to_owned(),
        ],
        extra,
    })
}
