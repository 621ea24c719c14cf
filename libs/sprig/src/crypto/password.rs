//! Hashed and derived passwords.

use flux_gotemplate::CallError;
use hmac::{KeyInit as _, Mac as _};

use crate::Host;
use crate::registry::{Arguments, Called};

/// Go's default cost.
const COST: u32 = 10;
/// The longest password that bcrypt takes whole.
const LONGEST: usize = 72;

/// Hashes a password, or says why not.
pub(crate) fn bcrypt(host: &dyn Host, password: &[u8]) -> String {
    if password.len() > LONGEST {
        return "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes"
            .to_owned();
    }
    let mut salt = [0; 16];
    host.fill(&mut salt);
    match bcrypt::hash_with_salt(password, COST, salt) {
        Ok(hash) => hash.format_for_version(bcrypt::Version::TwoA),
        Err(error) => format!("failed to encrypt string with bcrypt: {error}"),
    }
}

const SEED: &[u8] = b"com.lyndir.masterpassword";

/// The patterns of a kind of password; each letter stands for a set of characters.
fn patterns(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        "long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        "medium" => &["CvcnoCvc", "CvcCvcno"],
        "short" => &["Cvcn"],
        "basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        "pin" => &["nnnn"],
        _ => return None,
    })
}

fn characters(class: char) -> &'static str {
    match class {
        'V' => "AEIOU",
        'C' => "BCDFGHJKLMNPQRSTVWXYZ",
        'v' => "aeiou",
        'c' => "bcdfghjklmnpqrstvwxyz",
        'A' => "AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        'a' => "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        'n' => "0123456789",
        'o' => "@&%?,=[]_:-+*$#!'^~;()/.",
        _ => "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

/// A password by the algorithm of Master Password.
pub(crate) fn derive(args: Arguments<'_>) -> Called {
    let kind = args.text(1);
    let Some(patterns) = patterns(&kind) else {
        return Ok(format!("cannot find password template {kind}").into());
    };
    let counter = match args.value(0) {
        flux_gotemplate::Value::Uint(counter) => u32::try_from(*counter).unwrap_or_default(),
        _ => 0,
    };
    let sized = |text: &[u8]| {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        [length.to_be_bytes().as_slice(), text].concat()
    };
    let salt = [SEED, &sized(args.bytes(3))].concat();
    let mut key = [0; 64];
    let parameters = scrypt::Params::new(15, 8, 2).map_err(|error| error.to_string())?;
    scrypt::scrypt(args.bytes(2), &salt, &parameters, &mut key)
        .map_err(|error| CallError::new(error.to_string()))?;
    let mut seed = hmac::Hmac::<sha2::Sha256>::new_from_slice(&key)
        .map_err(|error| CallError::new(error.to_string()))?;
    seed.update(&[SEED, &sized(args.bytes(4)), &counter.to_be_bytes()].concat());
    let seed = seed.finalize().into_bytes();
    let mut seed = seed.iter().map(|byte| usize::from(*byte));
    let first = seed.next().unwrap_or_default();
    let pattern = patterns.get(first % patterns.len()).copied().unwrap_or_default();
    let choose = |(class, number): (char, usize)| {
        let set = characters(class);
        set.chars().nth(number % set.len())
    };
    Ok(pattern.chars().zip(seed).filter_map(choose).collect::<String>().into())
}
