//! The user that a client certificate names: the common name and the organizations of its subject.

use super::User;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_ID: u8 = 0x06;
const EXPLICIT_VERSION: u8 = 0xa0;
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
const ORGANIZATION: [u8; 3] = [0x55, 0x04, 0x0a];
/// The attribute that kube-apiserver takes a uid from.
const UID: [u8; 9] = [0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xbe, 0x00, 0x01];

/// Returns whom a certificate (DER) stands for. Whether it is valid was found out by the handshake.
pub(super) fn user(der: &[u8]) -> Option<User> {
    let (_, certificate, _) = element(der)?;
    let (_, body, _) = element(certificate)?;
    let mut rest = body;
    if element(rest)?.0 == EXPLICIT_VERSION {
        rest = element(rest)?.2;
    }
    // Serial number, algorithm, issuer and validity stand before the subject.
    for _ in 0..4 {
        rest = element(rest)?.2;
    }
    let (tag, subject, _) = element(rest)?;
    if tag != SEQUENCE {
        return None;
    }
    let mut user = User::default();
    for (kind, text) in attributes(subject) {
        if kind == COMMON_NAME {
            user.name = text;
        } else if kind == ORGANIZATION {
            user.groups.push(text);
        } else if kind == UID {
            user.uid = text;
        }
    }
    (!user.name.is_empty()).then_some(user)
}

/// Reads one element: its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        // Lengths of more than four bytes are longer than any certificate.
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

fn attributes(subject: &[u8]) -> Vec<(Vec<u8>, String)> {
    let mut found = Vec::new();
    let mut rest = subject;
    while let Some((SET, names, next)) = element(rest) {
        rest = next;
        let mut names = names;
        while let Some((SEQUENCE, pair, next)) = element(names) {
            names = next;
            if let Some((OBJECT_ID, kind, value)) = element(pair)
                && let Some((_, text, _)) = element(value)
            {
                found.push((kind.to_vec(), String::from_utf8_lossy(text).into_owned()));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    #[test]
    fn the_subject_names_user_and_groups() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "ops");
        params.distinguished_name.push(DnType::CommonName, "alice");
        let der = params.self_signed(&key).unwrap().der().to_vec();
        let user = user(&der).unwrap();
        assert_eq!((user.name.as_str(), user.groups), ("alice", vec!["ops".to_owned()]));
    }

    #[test]
    fn what_is_cut_off_is_nobody() {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(Vec::new()).unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        for end in 0..der.len() {
            assert_eq!(user(&der[..end]), None);
        }
    }
}
