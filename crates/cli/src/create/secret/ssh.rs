//! SSH keys for Secrets of Git repositories.

use flux_ssh::{KeyPair, NewKey, scan};

use super::Secret;
use crate::CliError;
use crate::cobra::{Flag, Matches};
use crate::context::Context;
use crate::create::read;

/// Returns the flags that say what a new key is.
pub(in crate::create) fn ssh_key_flags() -> [Flag; 3] {
    [
        Flag::custom(
            "ssh-key-algorithm",
            ("rsa|ecdsa|ed25519", algorithm),
            "algorithm of a new SSH key",
        )
        .default("ecdsa"),
        Flag::custom(
            "ssh-rsa-bits",
            ("rsaKeyBits", bits),
            "bits of a new RSA key, a multiple of 8 and at least 1024",
        )
        .default("2048"),
        Flag::custom("ssh-ecdsa-curve", ("p256|p384|p521", curve), "curve of a new ECDSA key")
            .default("p384"),
    ]
}

fn algorithm(text: &str) -> Result<String, String> {
    const ALL: [&str; 3] = ["rsa", "ecdsa", "ed25519"];
    let all = ALL.join(", ");
    match text {
        _ if text.trim().is_empty() => {
            Err(format!("no public key algorithm given, must be one of: {all}"))
        }
        _ if ALL.contains(&text) => Ok(text.to_owned()),
        _ => Err(format!("unsupported public key algorithm '{text}', must be one of: {all}")),
    }
}

fn bits(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Ok("2048".to_owned());
    }
    let quoted = flux_gostd::quote::quote(text);
    let number: i64 =
        text.parse().map_err(|_| format!("strconv.Atoi: parsing {quoted}: invalid syntax"))?;
    match number {
        ..1024 => Err("RSA key bit size must be at least 1024".to_owned()),
        _ if number % 8 != 0 => Err("RSA key bit size must be a multiples of 8".to_owned()),
        _ => Ok(number.to_string()),
    }
}

fn curve(text: &str) -> Result<String, String> {
    match text {
        "p256" | "p384" | "p521" => Ok(text.to_owned()),
        _ => Err(format!("unsupported curve '{text}', must be one of: p256, p384, p521")),
    }
}

/// Adds a key pair, read or new, and the key of the server.
pub(in crate::create) async fn add_ssh_key(
    secret: &mut Secret,
    flags: &Matches,
    host: &str,
    cx: &Context<'_>,
) -> Result<(), CliError> {
    let fail = |error: flux_ssh::KeyError| CliError::Failed(error.to_string());
    let pair = match flags.some("private-key-file") {
        Some(path) => {
            let text = read(path, "failed to open private key file", cx)?;
            KeyPair::load(&text, flags.text("password")).map_err(fail)?
        }
        None => KeyPair::generate(new_key(flags)).map_err(fail)?,
    };
    let server = scan(host).await.map_err(fail)?;
    secret.set("identity", &pair.private);
    secret.set("identity.pub", &pair.public);
    secret.set("known_hosts", server.trim());
    if let Some(password) = flags.some("password") {
        secret.set("password", password);
    }
    Ok(())
}

fn new_key(flags: &Matches) -> NewKey {
    match (flags.text("ssh-key-algorithm"), flags.text("ssh-ecdsa-curve")) {
        ("rsa", _) => NewKey::Rsa(usize::try_from(flags.int("ssh-rsa-bits")).unwrap_or(2048)),
        ("ed25519", _) => NewKey::Ed25519,
        (_, "p256") => NewKey::P256,
        (_, "p521") => NewKey::P521,
        _ => NewKey::P384,
    }
}
