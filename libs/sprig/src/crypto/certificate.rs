//! X.509 certificates with the fields and extensions that sprig asks Go for.

use std::any::Any;
use std::net::IpAddr;
use std::rc::Rc;

use flux_gostd::Time;
use flux_gotemplate::{CallError, Executor, Object, Value, printf};
use sha2::Digest;

use super::der::{self, oid, tag};
use super::key::PrivateKey;
use crate::Host;

/// Whom a certificate is for, and how long.
pub(crate) struct Subject {
    name: String,
    addresses: Vec<IpAddr>,
    names: Vec<String>,
    days: i64,
    is_authority: bool,
}

impl Subject {
    /// Reads the lists of addresses and names.
    pub(crate) fn new(
        name: &str,
        lists: Option<(&Value, &Value)>,
        days: i64,
    ) -> Result<Self, CallError> {
        let (mut addresses, mut names) = (Vec::new(), Vec::new());
        if let Some((ips, others)) = lists {
            for ip in ips.items().unwrap_or_default() {
                let Value::Str(text) = &ip else {
                    let shown =
                        printf("error parsing ip: %v is not a string", std::slice::from_ref(&ip));
                    return Err(shown.into());
                };
                let address: Result<IpAddr, _> = text.parse();
                addresses.push(address.map_err(|_| format!("error parsing ip: {text}"))?);
            }
            for other in others.items().unwrap_or_default() {
                let Value::Str(text) = &other else {
                    let format = "error processing alternate dns name: %v is not a string";
                    return Err(printf(format, std::slice::from_ref(&other)).into());
                };
                names.push(text.to_string());
            }
        }
        Ok(Self { name: name.to_owned(), addresses, names, days, is_authority: false })
    }

    /// The same subject, which may sign other certificates.
    pub(crate) fn authority(mut self) -> Self {
        self.is_authority = true;
        self
    }

    fn name_der(&self) -> Vec<u8> {
        if self.name.is_empty() {
            return der::sequence(&[]);
        }
        let printable = |c: char| c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c);
        let kind = match self.name.chars().all(printable) {
            true => tag::PRINTABLE_STRING,
            false => tag::UTF8_STRING,
        };
        let attribute = der::sequence(&[
            &der::value(tag::OID, oid::COMMON_NAME),
            &der::value(kind, self.name.as_bytes()),
        ]);
        der::sequence(&[&der::value(tag::SET, &attribute)])
    }

    fn alternative_names(&self) -> Vec<u8> {
        let names = self.names.iter().map(|name| der::value(0x82, name.as_bytes()));
        let addresses = self.addresses.iter().map(|address| match address {
            IpAddr::V4(address) => der::value(0x87, &address.octets()),
            IpAddr::V6(address) => match address.to_ipv4_mapped() {
                Some(address) => der::value(0x87, &address.octets()),
                None => der::value(0x87, &address.octets()),
            },
        });
        der::value(tag::SEQUENCE, &names.chain(addresses).collect::<Vec<_>>().concat())
    }
}

/// Who signs: the name and key of an authority.
pub(crate) struct Issuer {
    name: Vec<u8>,
    key_id: Option<Vec<u8>>,
    key: PrivateKey,
}

/// A certificate and its key in PEM.
#[derive(Debug)]
pub(crate) struct Pair {
    cert: String,
    key: String,
}

impl Pair {
    /// Checks that both can be read.
    pub(crate) fn of(cert: &str, key: &str) -> Result<Self, CallError> {
        let (_, der) = der::from_pem(cert).ok_or("unable to decode certificate")?;
        Parsed::read(&der)
            .ok_or("error parsing certificate: decodedCert.Bytes: x509: malformed certificate")?;
        PrivateKey::from_pem(key).map_err(|error| format!("error parsing private key: {error}"))?;
        Ok(Self { cert: cert.to_owned(), key: key.to_owned() })
    }

    pub(crate) fn value(self) -> Value {
        Value::Object(Rc::new(self))
    }

    pub(crate) fn from_value(value: &Value) -> Option<&Self> {
        let Value::Object(object) = value else { return None };
        object.as_any().downcast_ref()
    }

    /// Reads it to sign others.
    pub(crate) fn issuer(&self) -> Result<Issuer, CallError> {
        let (_, der) = der::from_pem(&self.cert).ok_or("unable to decode certificate")?;
        let parsed = Parsed::read(&der).ok_or(
            "error parsing certificate: decodedSignerCert.Bytes: x509: malformed certificate",
        )?;
        let key = PrivateKey::from_pem(&self.key)
            .map_err(|error| format!("error parsing private key: {error}"))?;
        if key.public_info() != parsed.public_info {
            return Err("error creating certificate: x509: provided PrivateKey doesn't match \
                        parent's PublicKey"
                .into());
        }
        Ok(Issuer { name: parsed.subject, key_id: parsed.key_id, key })
    }
}

impl Object for Pair {
    fn type_name(&self) -> String {
        "sprig.certificate".to_owned()
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Cert" => Some(self.cert.as_str().into()),
            "Key" => Some(self.key.as_str().into()),
            _ => None,
        }
    }

    fn call(&self, _: &mut Executor<'_>, _: &str, _: &[Value]) -> Option<Result<Value, CallError>> {
        None
    }

    fn text(&self) -> String {
        format!("{{{} {}}}", self.cert, self.key)
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({"Cert": self.cert, "Key": self.key})
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// What a certificate says about its subject.
struct Parsed {
    subject: Vec<u8>,
    public_info: Vec<u8>,
    key_id: Option<Vec<u8>>,
}

impl Parsed {
    fn read(der: &[u8]) -> Option<Self> {
        let mut certificate = der::Reader(der::Reader(der).take(tag::SEQUENCE)?);
        let mut fields = der::Reader(certificate.take(tag::SEQUENCE)?);
        fields.take(0xa0);
        fields.take(tag::INTEGER)?;
        let _algorithm = fields.take(tag::SEQUENCE)?;
        let _issuer = fields.take(tag::SEQUENCE)?;
        let _validity = fields.take(tag::SEQUENCE)?;
        let (_, _, subject) = fields.next()?;
        let (_, _, public_info) = fields.next()?;
        let mut key_id = None;
        while let Some((tag, content, _)) = fields.next() {
            if tag == 0xa3 {
                key_id = key_identifier(content);
            }
        }
        Some(Self { subject: subject.to_vec(), public_info: public_info.to_vec(), key_id })
    }
}

fn key_identifier(extensions: &[u8]) -> Option<Vec<u8>> {
    let mut extensions = der::Reader(der::Reader(extensions).take(tag::SEQUENCE)?);
    while let Some(extension) = extensions.take(tag::SEQUENCE) {
        let mut extension = der::Reader(extension);
        if extension.take(tag::OID)? == oid::SUBJECT_KEY_ID {
            let content = extension.take(tag::OCTET_STRING)?;
            return der::Reader(content).take(tag::OCTET_STRING).map(<[u8]>::to_vec);
        }
    }
    None
}

/// Makes a certificate, signed by an authority or by itself.
pub(crate) fn issue(
    host: &dyn Host,
    subject: &Subject,
    key: &PrivateKey,
    issuer: Option<&Issuer>,
) -> Result<Pair, CallError> {
    if let Some(name) = subject.names.iter().find(|name| !name.is_ascii()) {
        let shown = flux_gostd::quote::quote(name);
        return Err(format!(
            "error creating certificate: x509: {shown} cannot be encoded as an IA5String"
        )
        .into());
    }
    let signer = issuer.map_or(key, |issuer| &issuer.key);
    let name = subject.name_der();
    let issuer_name = issuer.map_or_else(|| name.clone(), |issuer| issuer.name.clone());
    let mut serial = [0; 16];
    host.fill(&mut serial);
    let now = host.now();
    let span = flux_gostd::Duration::from_nanos(subject.days.saturating_mul(86_400_000_000_000));
    let end = now.checked_add(span).ok_or("error creating certificate: time out of range")?;
    let authority_key = match issuer {
        Some(issuer) if issuer.name != name => issuer.key_id.as_deref(),
        _ => None,
    };
    let algorithm = signer.signature_algorithm();
    let fields = der::sequence(&[
        &der::value(0xa0, &der::unsigned(&[2])),
        &der::unsigned(&serial),
        &algorithm,
        &issuer_name,
        &der::sequence(&[&moment(now), &moment(end)]),
        &name,
        &key.public_info(),
        &der::value(0xa3, &extensions(subject, key, authority_key)),
    ]);
    let certificate = der::sequence(&[&fields, &algorithm, &der::bits(&signer.sign(&fields))]);
    let key = key.to_pem().map_err(|error| format!("error pem-encoding key: {error}"))?;
    Ok(Pair { cert: der::to_pem("CERTIFICATE", &certificate), key })
}

fn moment(time: Time) -> Vec<u8> {
    let time = time.in_zone(flux_gostd::time::Zone::utc());
    match (1950..2050).contains(&time.civil().year) {
        true => der::value(tag::UTC_TIME, time.format("060102150405Z").as_bytes()),
        false => der::value(tag::GENERALIZED_TIME, time.format("20060102150405Z").as_bytes()),
    }
}

fn extension(name: &[u8], is_critical: bool, content: &[u8]) -> Vec<u8> {
    let name = der::value(tag::OID, name);
    let critical = if is_critical { der::value(tag::BOOLEAN, &[0xff]) } else { Vec::new() };
    der::sequence(&[&name, &critical, &der::value(tag::OCTET_STRING, content)])
}

/// Signatures, encryption of keys, and for authorities signatures of certificates.
const USAGE: [u8; 2] = [5, 0xa0];
const AUTHORITY_USAGE: [u8; 2] = [2, 0xa4];

fn extensions(subject: &Subject, key: &PrivateKey, authority_key: Option<&[u8]>) -> Vec<u8> {
    let usage = if subject.is_authority { AUTHORITY_USAGE } else { USAGE };
    let usages = der::sequence(&[
        &der::value(tag::OID, oid::SERVER_AUTH),
        &der::value(tag::OID, oid::CLIENT_AUTH),
    ]);
    let constraints = match subject.is_authority {
        true => der::sequence(&[&der::value(tag::BOOLEAN, &[0xff])]),
        false => der::sequence(&[]),
    };
    let mut all = vec![
        extension(oid::KEY_USAGE, true, &der::value(tag::BIT_STRING, &usage)),
        extension(oid::EXTENDED_KEY_USAGE, false, &usages),
        extension(oid::BASIC_CONSTRAINTS, true, &constraints),
    ];
    if subject.is_authority {
        let digest = sha2::Sha256::digest(key.public_bits());
        let id = digest.get(..20).unwrap_or_default();
        let content = der::value(tag::OCTET_STRING, id);
        all.push(extension(oid::SUBJECT_KEY_ID, false, &content));
    }
    if let Some(id) = authority_key {
        let content = der::sequence(&[&der::value(0x80, id)]);
        all.push(extension(oid::AUTHORITY_KEY_ID, false, &content));
    }
    if !subject.names.is_empty() || !subject.addresses.is_empty() {
        let is_critical = subject.name.is_empty();
        all.push(extension(oid::ALTERNATIVE_NAMES, is_critical, &subject.alternative_names()));
    }
    der::value(tag::SEQUENCE, &all.concat())
}
