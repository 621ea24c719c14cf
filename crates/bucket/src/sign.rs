//! Signature Version 4 of AWS.

use aws_lc_rs::hmac;
use flux_gostd::Time;
use sha2::{Digest, Sha256};

use crate::http::escape;

/// What proves who asks.
#[derive(Clone, Default)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) session: String,
}

/// A request that is to be signed.
pub(crate) struct Unsigned<'a> {
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    /// Escaped once.
    pub(crate) path: &'a str,
    /// Not escaped.
    pub(crate) query: &'a [(String, String)],
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    /// Further headers, in lower case.
    pub(crate) headers: &'a [(&'static str, String)],
}

/// Returns the headers that a request without a body needs, at a time in seconds.
pub(crate) fn headers(request: &Unsigned<'_>, key: &Key, now: i64) -> Vec<(&'static str, String)> {
    let time = Time::from_unix(now, 0).format("20060102T150405Z");
    let day = time.get(..8).unwrap_or_default().to_owned();
    let empty = hex::encode(Sha256::digest([]));
    let mut signed: Vec<(&'static str, String)> = request.headers.to_vec();
    signed.push(("host", request.host.to_owned()));
    signed.push(("x-amz-content-sha256", empty.clone()));
    signed.push(("x-amz-date", time.clone()));
    if !key.session.is_empty() {
        signed.push(("x-amz-security-token", key.session.clone()));
    }
    signed.sort();
    let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines: String =
        signed.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let canonical = format!(
        "{}\n{}\n{}\n{lines}\n{names}\n{empty}",
        request.method,
        request.path,
        query(request.query)
    );
    let scope = format!("{day}/{}/{}/aws4_request", request.region, request.service);
    let digest = hex::encode(Sha256::digest(canonical.as_bytes()));
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}");
    let mut derived = format!("AWS4{}", key.secret).into_bytes();
    for part in [day.as_str(), request.region, request.service, "aws4_request"] {
        derived = mac(&derived, part);
    }
    let signature = hex::encode(mac(&derived, &text));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={names},Signature={signature}",
        key.id
    );
    signed.retain(|(name, _)| *name != "host");
    signed.push(("authorization", authorization));
    signed
}

/// Writes a query in the order and with the escapes that are signed.
pub(crate) fn query(pairs: &[(String, String)]) -> String {
    let mut escaped: Vec<_> =
        pairs.iter().map(|(key, value)| (escape(key, b""), escape(value, b""))).collect();
    escaped.sort();
    let pairs: Vec<_> = escaped.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join("&")
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the documentation of S3, of 2013-05-24.
    fn check(path: &str, pairs: &[(&str, &str)], headers: &[(&'static str, String)], want: &str) {
        let key = Key {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session: String::new(),
        };
        let query: Vec<_> =
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let request = Unsigned {
            method: "GET",
            host: "examplebucket.s3.amazonaws.com",
            path,
            query: &query,
            service: "s3",
            region: "us-east-1",
            headers,
        };
        let signed = super::headers(&request, &key, 1_369_353_600);
        let (_, authorization) = signed.last().unwrap();
        let (_, signature) = authorization.split_once("Signature=").unwrap();
        assert_eq!(signature, want);
    }

    #[test]
    fn the_documented_examples_are_signed_as_documented() {
        check(
            "/test.txt",
            &[],
            &[("range", "bytes=0-9".to_owned())],
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        );
        check(
            "/",
            &[("lifecycle", "")],
            &[],
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        );
        check(
            "/",
            &[("prefix", "J"), ("max-keys", "2")],
            &[],
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        );
    }
}
