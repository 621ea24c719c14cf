use super::*;

fn digest(algorithm: Algorithm) -> String {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(b"ab");
    hasher.update(b"c");
    hasher.finish().to_string()
}

#[test]
fn every_algorithm_has_the_published_value() {
    assert_eq!(digest(Algorithm::Sha1), "sha1:a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_eq!(
        digest(Algorithm::Sha256),
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(
        digest(Algorithm::Blake3),
        "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"
    );
    for algorithm in Algorithm::ALL {
        let text = digest(algorithm);
        assert_eq!(text.parse::<Digest>().unwrap().to_string(), text);
    }
}

#[test]
fn what_is_no_digest_is_refused() {
    let cases = [
        ("", ParseDigestError::Format),
        ("abc", ParseDigestError::Format),
        ("md5:abc", ParseDigestError::UnknownAlgorithm("md5".to_owned())),
        ("sha256:abc", ParseDigestError::Length),
    ];
    for (text, want) in cases {
        assert_eq!(text.parse::<Digest>(), Err(want), "{text}");
    }
    let upper = format!("sha256:{}", "A".repeat(64));
    assert_eq!(upper.parse::<Digest>(), Err(ParseDigestError::Format));
}

#[test]
fn a_bare_hash_is_sha256() {
    let bare = "a".repeat(64);
    assert_eq!(Digest::parse_lenient(&bare).unwrap().to_string(), format!("sha256:{bare}"));
}
