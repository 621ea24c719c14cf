//! Signatures by SSH keys.

use ssh_key::{HashAlg, PublicKey, SshSig};

/// What Git signs for.
const NAMESPACE: &str = "git";

/// Returns the fingerprint of the key that made the signature.
pub(super) fn verify(
    signature: &str,
    payload: &[u8],
    authorized: &[String],
) -> Result<String, String> {
    if payload.is_empty() {
        return Err("unable to verify payload: payload is empty".to_owned());
    }
    let signature = SshSig::from_pem(signature)
        .map_err(|error| format!("unable to unarmor SSH signature: {error}"))?;
    let mut unreadable = None;
    let mut was_tried = false;
    let mut failures = vec!["no matching key".to_owned()];
    for text in authorized {
        // One wrong line spoils its text, but not the others.
        let keys = match parse(text) {
            Ok(keys) => keys,
            Err(why) => {
                unreadable.get_or_insert(format!("unable to parse authorized keys: {why}"));
                continue;
            }
        };
        was_tried = true;
        for key in keys {
            match check(&key, payload, &signature) {
                Ok(()) => return Ok(key.fingerprint(HashAlg::Sha256).to_string()),
                Err(why) if failures.contains(&why) => {}
                Err(why) => failures.push(why),
            }
        }
    }
    match unreadable {
        Some(why) if !was_tried => Err(why),
        _ => Err(format!(
            "unable to verify payload with any of the given authorized keys: {}",
            failures.join("\n")
        )),
    }
}

fn check(key: &PublicKey, payload: &[u8], signature: &SshSig) -> Result<(), String> {
    key.verify(NAMESPACE, payload, signature).map_err(|error| match error {
        ssh_key::Error::PublicKey => "public key does not match".to_owned(),
        ssh_key::Error::Namespace => "namespace does not match".to_owned(),
        _ => "ssh: signature did not verify".to_owned(),
    })
}

/// Reads a text in the format of `authorized_keys`.
fn parse(text: &str) -> Result<Vec<PublicKey>, String> {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let entries = lines.map(|line| line.parse::<ssh_key::authorized_keys::Entry>());
    let keys: Result<Vec<_>, _> = entries.map(|entry| entry.map(PublicKey::from)).collect();
    keys.map_err(|_| "unable to parse authorized key: ssh: no key found".to_owned())
}
