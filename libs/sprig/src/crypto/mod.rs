//! Keys, certificates, passwords and encryption.

mod certificate;
mod cipher;
mod der;
mod key;
mod password;

use flux_gotemplate::{CallError, Type, Value};

use crate::registry::{Called, Registry};
use certificate::{Pair, Subject};
use key::PrivateKey;

const INT: Type = Type::Int;
const LIST: Type = Type::List;
const STR: Type = Type::Str;
const PAIR: Type = Type::Object("sprig.certificate");

pub(crate) fn register(registry: &mut Registry) {
    let two = &[STR, STR];
    registry.add_with_host("bcrypt", &[STR], |host, args| {
        Ok(password::bcrypt(host, args.bytes(0)).into())
    });
    registry.add_with_host("htpasswd", two, |host, args| {
        let user = args.text(0);
        if user.contains(':') {
            return Ok(format!("invalid username: {user}").into());
        }
        Ok(format!("{user}:{}", password::bcrypt(host, args.bytes(1))).into())
    });
    registry.add("derivePassword", &[Type::Uint32, STR, STR, STR, STR], password::derive);
    registry.add_with_host("encryptAES", two, |host, args| {
        cipher::encrypt(host, args.bytes(0), args.bytes(1))
    });
    registry.add("decryptAES", two, |args| cipher::decrypt(args.bytes(0), args.bytes(1)));
    registry.add_with_host("genPrivateKey", &[STR], |host, args| {
        Ok(key::generate(host, &args.text(0)).into())
    });
    registry.add("buildCustomCert", two, |args| {
        let decode = |index: usize, what: &str| {
            crate::encoding::decode_base64(args.bytes(index))
                .map_err(|_| CallError::new(format!("unable to decode base64 {what}")))
        };
        let (cert, key) = (decode(0, "certificate")?, decode(1, "private key")?);
        Pair::of(&String::from_utf8_lossy(&cert), &String::from_utf8_lossy(&key)).map(Pair::value)
    });
    register_generators(registry);
}

fn register_generators(registry: &mut Registry) {
    registry.add_with_host("genCA", &[STR, INT], |host, args| {
        let subject = Subject::new(&args.text(0), None, args.int(1))?;
        let key = new_key(host)?;
        self_signed(host, &subject.authority(), &key)
    });
    registry.add_with_host("genCAWithKey", &[STR, INT, STR], |host, args| {
        let key = given_key(&args.text(2))?;
        let subject = Subject::new(&args.text(0), None, args.int(1))?;
        self_signed(host, &subject.authority(), &key)
    });
    registry.add_with_host("genSelfSignedCert", &[STR, LIST, LIST, INT], |host, args| {
        let names = Some((args.value(1), args.value(2)));
        let subject = Subject::new(&args.text(0), names, args.int(3))?;
        self_signed(host, &subject, &new_key(host)?)
    });
    registry.add_with_host(
        "genSelfSignedCertWithKey",
        &[STR, LIST, LIST, INT, STR],
        |host, args| {
            let key = given_key(&args.text(4))?;
            let names = Some((args.value(1), args.value(2)));
            let subject = Subject::new(&args.text(0), names, args.int(3))?;
            self_signed(host, &subject, &key)
        },
    );
    registry.add_with_host("genSignedCert", &[STR, LIST, LIST, INT, PAIR], |host, args| {
        let names = Some((args.value(1), args.value(2)));
        signed(host, (&args.text(0), names, args.int(3)), args.value(4), None)
    });
    registry.add_with_host(
        "genSignedCertWithKey",
        &[STR, LIST, LIST, INT, PAIR, STR],
        |host, args| {
            let key = given_key(&args.text(5))?;
            let names = Some((args.value(1), args.value(2)));
            signed(host, (&args.text(0), names, args.int(3)), args.value(4), Some(key))
        },
    );
}

/// Bits of the keys that are made for certificates.
const RSA_BITS: usize = 2048;

fn new_key(host: &dyn crate::Host) -> Result<PrivateKey, CallError> {
    PrivateKey::new_rsa(host, RSA_BITS)
        .map_err(|error| format!("error generating rsa key: {error}").into())
}

fn given_key(pem: &str) -> Result<PrivateKey, CallError> {
    PrivateKey::from_pem(pem).map_err(|error| format!("parsing private key: {error}").into())
}

fn self_signed(host: &dyn crate::Host, subject: &Subject, key: &PrivateKey) -> Called {
    Ok(certificate::issue(host, subject, key, None)?.value())
}

type Names<'a> = Option<(&'a Value, &'a Value)>;

fn signed(
    host: &dyn crate::Host,
    (name, names, days): (&str, Names<'_>, i64),
    authority: &Value,
    key: Option<PrivateKey>,
) -> Called {
    let authority = Pair::from_value(authority).ok_or("unable to decode certificate")?;
    let issuer = authority.issuer()?;
    let subject = Subject::new(name, names, days)?;
    let key = match key {
        Some(key) => key,
        None => new_key(host)?,
    };
    Ok(certificate::issue(host, &subject, &key, Some(&issuer))?.value())
}
