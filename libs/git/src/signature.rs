//! Whether a commit or tag was signed by somebody who is trusted.
//!
//! In: an armored signature, what it signs, and public keys. Out: the name of the key that made
//! it. Never: keys from anywhere else, the time of day by itself.

mod openpgp;
mod ssh;
#[cfg(test)]
mod tests;

/// The public keys that are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedKeys {
    /// Armored OpenPGP key rings.
    pub rings: Vec<String>,
    /// Texts in the format of `authorized_keys`.
    pub authorized_keys: Vec<String>,
}

impl TrustedKeys {
    /// Sorts the entries of a Secret: what ends in `.sshpub` is for SSH, everything else OpenPGP.
    pub fn from_entries<'a>(entries: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut keys = Self::default();
        for (name, content) in entries {
            let text = String::from_utf8_lossy(content).into_owned();
            if name.ends_with(".sshpub") {
                keys.authorized_keys.push(text);
            } else {
                keys.rings.push(text);
            }
        }
        keys
    }
}

/// How a signature is made, as its armor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenPGP.
    OpenPgp,
    /// SSH.
    Ssh,
    /// S/MIME, which is not supported.
    X509,
    /// There is no signature.
    Empty,
    /// Something else.
    Unknown,
}

impl Format {
    /// Looks at the armor of a signature.
    pub fn of(signature: &str) -> Self {
        let begin = signature.trim();
        if begin.starts_with("-----BEGIN PGP SIGNATURE-----") {
            Self::OpenPgp
        } else if begin.starts_with("-----BEGIN SSH SIGNATURE-----") {
            Self::Ssh
        } else if begin.starts_with("-----BEGIN SIGNED MESSAGE-----") {
            Self::X509
        } else if signature.is_empty() {
            Self::Empty
        } else {
            Self::Unknown
        }
    }

    /// Returns the name that messages use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenPgp => "openpgp",
            Self::Ssh => "ssh",
            Self::X509 => "x509",
            Self::Empty => "empty",
            Self::Unknown => "unknown",
        }
    }
}

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// A commit.
    Commit,
    /// A tag.
    Tag,
}

impl Signed {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tag => "tag",
        }
    }
}

/// Why a signature proves nothing.
///
/// # Upstream
/// The texts are those of `fluxcd/pkg/git` and source-controller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It is of a kind that nobody checks.
    #[error("unsupported signature type: {}", .0.as_str())]
    Unsupported(Format),
    /// There is no key that could have made it.
    #[error(
        "PGP signature detected but no PGP public keys found in secret (keys with .asc suffix)"
    )]
    NoRings,
    /// There is no key that could have made it.
    #[error(
        "SSH signature detected but no SSH public keys found in secret (keys with .sshpub suffix)"
    )]
    NoAuthorizedKeys,
    /// It is wrong, or made by somebody else.
    #[error("unable to verify Git {0}: {1}")]
    OpenPgp(&'static str, String),
    /// It is wrong, or made by somebody else.
    #[error("unable to verify Git {0} SSH signature: {1}")]
    Ssh(&'static str, String),
}

/// Checks a signature at a moment, given in seconds since 1970. Returns the name of the key: the
/// id of the primary key for OpenPGP, the fingerprint for SSH.
///
/// # Errors
/// None of the keys made the signature, or the one that did must not be used any more.
pub fn verify(
    what: Signed,
    (signature, payload): (&str, &[u8]),
    keys: &TrustedKeys,
    now: i64,
) -> Result<String, SignatureError> {
    match Format::of(signature) {
        Format::OpenPgp if keys.rings.is_empty() => Err(SignatureError::NoRings),
        Format::OpenPgp => openpgp::verify(signature.trim(), payload, &keys.rings, now)
            .map_err(|why| SignatureError::OpenPgp(what.as_str(), why)),
        Format::Ssh if keys.authorized_keys.is_empty() => Err(SignatureError::NoAuthorizedKeys),
        Format::Ssh => ssh::verify(signature.trim(), payload, &keys.authorized_keys)
            .map_err(|why| SignatureError::Ssh(what.as_str(), why)),
        other @ (Format::X509 | Format::Empty | Format::Unknown) => {
            Err(SignatureError::Unsupported(other))
        }
    }
}
