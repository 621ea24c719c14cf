//! Signatures by OpenPGP keys.

use pgp::composed::{Deserializable as _, DetachedSignature, SignedPublicKey, SignedPublicSubKey};
use pgp::packet::{Signature, SignatureType};
use pgp::types::{KeyDetails as _, Tag, VerifyingKey};

/// Returns the id of the primary key of whoever made the signature.
pub(super) fn verify(
    signature: &str,
    payload: &[u8],
    rings: &[String],
    now: i64,
) -> Result<String, String> {
    if payload.is_empty() {
        return Err("unable to verify payload: payload is empty".to_owned());
    }
    let parsed = DetachedSignature::from_string(signature);
    let mut unreadable = None;
    let mut was_tried = false;
    for text in rings {
        // A ring that nobody can read is passed over as long as there is another one.
        let ring = match read(text) {
            Ok(ring) => ring,
            Err(why) => {
                unreadable.get_or_insert(format!("unable to read armored key ring: {why}"));
                continue;
            }
        };
        was_tried = true;
        let Ok((signature, _)) = &parsed else { continue };
        for key in &ring {
            if made_by(key, &signature.signature, payload, now) {
                return Ok(key.primary_key.legacy_key_id().to_string().to_uppercase());
            }
        }
    }
    match unreadable {
        Some(why) if !was_tried => Err(why),
        _ => {
            Err("unable to verify payload with any of the given key rings: no matching key"
                .to_owned())
        }
    }
}

fn read(ring: &str) -> Result<Vec<SignedPublicKey>, String> {
    let (keys, _) = SignedPublicKey::from_string_many(ring).map_err(|error| error.to_string())?;
    // Keys of a kind that is not known do not spoil the others.
    let keys: Vec<_> = keys.filter_map(Result::ok).collect();
    if keys.is_empty() {
        Err("openpgp: invalid argument: no armored data found".to_owned())
    } else {
        Ok(keys)
    }
}

/// Reports whether a key, or a subkey of it that may sign, made the signature and may be trusted.
fn made_by(key: &SignedPublicKey, signature: &Signature, payload: &[u8], now: i64) -> bool {
    let Some(primary) = Primary::of(key) else { return false };
    if primary.is_revoked() || is_over(signature, signature.signature_expiration_time(), now) {
        return false;
    }
    if is_key_expired(&key.primary_key, primary.binding, now) {
        return false;
    }
    let is_named = |id: &dyn Fn() -> pgp::types::KeyId| {
        let issuers = signature.issuer_key_id();
        issuers.is_empty() || issuers.into_iter().any(|issuer| *issuer == id())
    };
    if is_named(&|| key.primary_key.legacy_key_id())
        && primary.binding.key_flags().sign()
        && signature.verify(&key.primary_key, payload).is_ok()
    {
        return true;
    }
    key.public_subkeys.iter().any(|subkey| {
        is_named(&|| subkey.key.legacy_key_id())
            && may_sign(key, subkey, now)
            && signature.verify(&subkey.key, payload).is_ok()
    })
}

/// A primary key together with what it says about itself.
struct Primary<'a> {
    key: &'a SignedPublicKey,
    /// The latest valid signature that it made over itself or one of its names.
    binding: &'a Signature,
}

impl<'a> Primary<'a> {
    /// `None` if it says nothing about itself that is true.
    fn of(key: &'a SignedPublicKey) -> Option<Self> {
        let of_users = key.details.users.iter().flat_map(|user| {
            let valid = |signature: &&Signature| {
                signature.typ() != Some(SignatureType::CertRevocation)
                    && signature
                        .verify_certification(&key.primary_key, Tag::UserId, &user.id)
                        .is_ok()
            };
            user.signatures.iter().filter(valid)
        });
        let of_key = key.details.direct_signatures.iter();
        let of_key = of_key.filter(|signature| signature.verify_key(&key.primary_key).is_ok());
        let binding = of_users.chain(of_key).max_by_key(|signature| created(signature))?;
        Some(Self { key, binding })
    }

    /// Reports whether its owner gave it up, or the name that it is known by.
    fn is_revoked(&self) -> bool {
        let key = &self.key.primary_key;
        let details = &self.key.details;
        let is_key_revoked = details.revocation_signatures.iter().any(|signature| {
            signature.typ() == Some(SignatureType::KeyRevocation)
                && signature.verify_key(key).is_ok()
        });
        let is_user_revoked = |user: &pgp::types::SignedUser| {
            user.signatures.iter().any(|signature| {
                signature.typ() == Some(SignatureType::CertRevocation)
                    && signature.verify_certification(key, Tag::UserId, &user.id).is_ok()
            })
        };
        let users = &details.users;
        is_key_revoked || (!users.is_empty() && users.iter().all(is_user_revoked))
    }
}

/// Reports whether a subkey is bound to its key for signing, and is neither expired nor revoked.
fn may_sign(key: &SignedPublicKey, subkey: &SignedPublicSubKey, now: i64) -> bool {
    let primary = &key.primary_key;
    let valid = subkey
        .signatures
        .iter()
        .filter(|signature| signature.verify_subkey_binding(primary, &subkey.key).is_ok());
    let (revocations, bindings): (Vec<_>, Vec<_>) =
        valid.partition(|signature| signature.typ() == Some(SignatureType::SubkeyRevocation));
    let Some(binding) = bindings.into_iter().max_by_key(|signature| created(signature)) else {
        return false;
    };
    // A key that signs must itself have said that it belongs there.
    let is_mutual = binding
        .embedded_signature()
        .is_some_and(|back| back.verify_primary_key_binding(&subkey.key, primary).is_ok());
    revocations.is_empty()
        && binding.key_flags().sign()
        && is_mutual
        && !is_key_expired(&subkey.key, binding, now)
        && !is_over(binding, binding.signature_expiration_time(), now)
}

fn created(signature: &Signature) -> u32 {
    signature.created().map(|time| time.as_secs()).unwrap_or_default()
}

fn is_key_expired(key: &impl VerifyingKey, binding: &Signature, now: i64) -> bool {
    let Some(lasts) = binding.key_expiration_time() else { return false };
    let seconds = i64::from(lasts.as_secs());
    seconds != 0 && i64::from(key.created_at().as_secs()) + seconds <= now
}

fn is_over(signature: &Signature, lasts: Option<pgp::types::Duration>, now: i64) -> bool {
    let seconds = lasts.map(|lasts| i64::from(lasts.as_secs())).unwrap_or_default();
    let made = i64::from(created(signature));
    made > now || (seconds != 0 && made + seconds <= now)
}
