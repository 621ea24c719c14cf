//! Round trips, rules, broken documents.

use flux_gostd::Time;
use proptest::prelude::*;
use zeroize::Zeroizing;

use crate::shamir;
use crate::{
    Encrypted, Entropy, Error, Format, KeyGroup, KeySource, MasterKey, Means, Recipe, Rule,
    Service, encrypt,
};

/// Holds keys by their names; a part is encrypted by being printed in hex behind the name.
struct Toy(&'static [&'static str]);

impl KeySource for Toy {
    fn decrypt(&self, key: &MasterKey) -> Result<Zeroizing<Vec<u8>>, String> {
        let name = key.service.name();
        if !self.0.contains(&name.as_str()) {
            return Err(format!("{name} is not here"));
        }
        let hex = key.encrypted.strip_prefix(&name).ok_or("not mine")?;
        let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16));
        Ok(Zeroizing::new(bytes.map(|byte| byte.unwrap()).collect()))
    }

    fn encrypt(&self, service: &Service, part: &[u8]) -> Result<String, String> {
        let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(service.name() + &hex)
    }
}

/// Counts upwards, so that results can be compared.
fn counter() -> impl FnMut(&mut [u8]) {
    let mut next = 0u8;
    move |bytes| {
        for byte in bytes {
            next = next.wrapping_mul(31).wrapping_add(7);
            *byte = next;
        }
    }
}

fn now() -> Time {
    Time::parse_rfc3339("2026-01-02T03:04:05Z").unwrap()
}

fn key(recipient: &str) -> MasterKey {
    let service = Service::Age { recipient: recipient.to_owned() };
    MasterKey { service, created_at: String::new(), encrypted: String::new() }
}

fn groups(names: &[&[&str]]) -> Vec<KeyGroup> {
    names.iter().map(|group| group.iter().map(|name| key(name)).collect()).collect()
}

fn recipe(rule: Rule) -> Recipe {
    Recipe { rule, mac_only_encrypted: false, groups: groups(&[&["a"]]), threshold: 0 }
}

fn seal(format: Format, text: &str, recipe: Recipe) -> String {
    let mut entropy = counter();
    let mut means = Means { source: &Toy(&[]), now: now(), entropy: &mut entropy };
    let sealed = encrypt(format, text.as_bytes(), recipe, &mut means).unwrap();
    String::from_utf8(sealed.write(format).unwrap()).unwrap()
}

fn open(format: Format, sealed: &str, keys: &'static [&'static str]) -> Result<String, Error> {
    let sealed = Encrypted::read(format, sealed.as_bytes())?;
    let key = sealed.data_key(&Toy(keys))?;
    let plain = sealed.decrypt(&key)?;
    plain.check_mac()?;
    Ok(String::from_utf8_lossy(&plain.write(format)?).into_owned())
}

#[test]
fn every_format_comes_back_as_it_was() {
    let cases = [
        (Format::Yaml, "a: 1\nb: text # there\n# above\nc:\n    - true\n    - null\n    - 1.5\n"),
        (Format::Json, "{\n\t\"a\": 1,\n\t\"b\": [\n\t\t\"x\",\n\t\tnull\n\t]\n}\n"),
        (Format::Dotenv, "# a comment\nA=1\nB=two\\nlines\nEMPTY=\n"),
        (Format::Ini, "top = 1\n\n[one]\na   = 1\nbcd = \"\"\"two\nlines\"\"\"\n"),
        (Format::Binary, "\u{1}any bytes\n"),
    ];
    for (format, text) in cases {
        let sealed = seal(format, text, recipe(Rule::default()));
        assert!(sealed.contains("ENC[AES256_GCM"), "{sealed}");
        // A comment on a line comes back above it.
        let want = text.replace("b: text # there\n", "# there\nb: text\n");
        assert_eq!(open(format, &sealed, &["a"]), Ok(want), "{sealed}");
    }
}

#[test]
fn a_rule_decides_what_is_encrypted() {
    let text = "data:\n    pass: s1\n    pass_plain: s2\nkind: s3\n# secret\nnote: s4\n";
    let cases: [(Rule, &[&str]); 6] = [
        (Rule::UnencryptedSuffix("_plain".into()), &["s2"]),
        (Rule::EncryptedSuffix("_plain".into()), &["s1", "s3", "s4"]),
        (Rule::UnencryptedRegex("^da".into()), &["s1", "s2"]),
        (Rule::EncryptedRegex("^da".into()), &["s3", "s4"]),
        (Rule::UnencryptedCommentRegex("^ secret$".into()), &["s4"]),
        (Rule::EncryptedCommentRegex("^ secret$".into()), &["s1", "s2", "s3"]),
    ];
    for (rule, plain) in cases {
        let sealed = seal(Format::Yaml, text, recipe(rule.clone()));
        for value in ["s1", "s2", "s3", "s4"] {
            let shown = sealed.lines().any(|line| line.ends_with(&format!(": {value}")));
            assert_eq!(shown, plain.contains(&value), "{rule:?} {value}: {sealed}");
        }
        assert_eq!(open(Format::Yaml, &sealed, &["a"]), Ok(text.to_owned()));
    }
}

#[test]
fn a_change_breaks_the_mac_and_only_the_mac() {
    let text = "open: one\nsecret_enc: two\n";
    let rule = || Rule::EncryptedSuffix("_enc".to_owned());
    let changed = |sealed: String| sealed.replace("open: one", "open: other");
    let sealed = changed(seal(Format::Yaml, text, recipe(rule())));
    let error = open(Format::Yaml, &sealed, &["a"]).unwrap_err();
    assert!(error.to_string().starts_with("expected mac '"), "{error}");
    let only = Recipe { mac_only_encrypted: true, ..recipe(rule()) };
    let sealed = changed(seal(Format::Yaml, text, only));
    assert_eq!(
        open(Format::Yaml, &sealed, &["a"]),
        Ok("open: other\nsecret_enc: two\n".to_owned())
    );
}

#[test]
fn groups_need_a_key_each_up_to_the_threshold() {
    let recipe = Recipe {
        groups: groups(&[&["a", "b"], &["c"], &["d"]]),
        threshold: 2,
        ..recipe(Rule::default())
    };
    let sealed = seal(Format::Dotenv, "A=1\n", recipe);
    assert_eq!(open(Format::Dotenv, &sealed, &["b", "d"]), Ok("A=1\n".to_owned()));
    assert_eq!(open(Format::Dotenv, &sealed, &["a", "c", "d"]), Ok("A=1\n".to_owned()));
    let error = open(Format::Dotenv, &sealed, &["a", "b"]).unwrap_err();
    assert_eq!(error.to_string(), "Error getting data key: 2 successful groups required, got 1");
    let want = "\
Failed to get the data key required to decrypt the SOPS file.

Group 0: SUCCESS

Group 1: FAILED
  c: FAILED
    - | c is not here

Group 2: FAILED
  d: FAILED
    - | d is not here

Recovery failed because the file was encrypted with a Shamir threshold of
2, but only 1 part(s) were successfully recovered, one for each successful
key group. In order for SOPS to recover the file, at least 2 groups have to
be successful. In order for a group to be successful, decryption has to
succeed with any of the keys in that key group.";
    assert_eq!(error.user_text(), want);
}

#[test]
fn what_is_no_encrypted_document_is_refused() {
    let cases = [
        (Format::Yaml, "a: 1\n", "sops metadata not found"),
        (Format::Yaml, "sops: 1\n", "Found sops entry that is not a mapping"),
        (
            Format::Yaml,
            "a: 1\na: 2\n",
            "yaml: unmarshal errors:\n  line 2: mapping key \"a\" already defined at line 1",
        ),
        (
            Format::Yaml,
            "- a\n",
            "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!seq into map[string]interface {}",
        ),
        (
            Format::Json,
            "[1]",
            "Could not unmarshal input data: SOPS only supports JSON files with a top-level object \
             (starting with '{'), not arrays or other types. Got delimiter [ instead. To encrypt \
             this file, wrap it in an object, e.g., {\"data\": [...]}",
        ),
        (Format::Json, "{\"a\":1", "Could not unmarshal input data: unexpected EOF"),
        (Format::Dotenv, "no value", "invalid dotenv input line: no value"),
        (Format::Ini, "[open\n", "Could not unmarshal input data: unclosed section: [open\n"),
        (
            Format::Dotenv,
            "sops_age__list_1__map_enc=x\n",
            "Error while unflattening: Incomplete list",
        ),
        (
            Format::Yaml,
            "sops:\n    lastmodified: \"2026-01-02T03:04:05Z\"\n    age:\n        - 1\n",
            "'age[0]' expected a map, got 'int'",
        ),
    ];
    for (format, text, want) in cases {
        let error = Encrypted::read(format, text.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), want);
    }
}

#[test]
fn aliases_cannot_make_a_document_explode() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let last = level - 1;
        let aliases = vec![format!("*a{last}"); 10].join(", ");
        text += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    // The first document is bounded by go-yaml's own check, further ones by the walk.
    for text in [text.clone(), format!("a: 1\n---\n{text}")] {
        let error = Encrypted::read(Format::Yaml, text.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("excessive aliasing"), "{error}");
    }
    let own = "a: 1\n---\nb: &b [*b]\n";
    assert!(Encrypted::read(Format::Yaml, own.as_bytes()).is_err());
}

#[test]
fn a_comment_in_a_list_becomes_a_value_and_breaks_the_mac_as_upstream() {
    let sealed = seal(Format::Yaml, "l:\n    - a\n    # note\n    - b\n", recipe(Rule::default()));
    let sealed = Encrypted::read(Format::Yaml, sealed.as_bytes()).unwrap();
    let key = sealed.data_key(&Toy(&["a"])).unwrap();
    let plain = sealed.decrypt(&key).unwrap();
    let text = String::from_utf8(plain.write(Format::Yaml).unwrap()).unwrap();
    assert_eq!(text, "l:\n    - a\n    # note\n    - b\n");
    // Upstream counts the comment when it decrypts and not when it encrypts.
    assert!(plain.check_mac().is_err());
}

proptest! {
    #[test]
    fn enough_shares_recover_a_secret(
        secret in proptest::collection::vec(any::<u8>(), 1..40),
        parts in 2usize..8,
        seed in any::<u8>(),
    ) {
        let threshold = 2 + usize::from(seed) % (parts - 1);
        let mut entropy = counter();
        let entropy: &mut Entropy<'_> = &mut entropy;
        let mut shares = shamir::split(&secret, parts, threshold, entropy).unwrap();
        shares.rotate_left(usize::from(seed) % parts);
        shares.truncate(threshold);
        prop_assert_eq!(&**shamir::combine(&shares).unwrap(), &secret);
    }

    #[test]
    fn no_text_makes_a_reader_fail_other_than_by_an_error(text in ".{0,200}") {
        for format in [Format::Yaml, Format::Json, Format::Dotenv, Format::Ini, Format::Binary] {
            let _ = Encrypted::read(format, text.as_bytes());
        }
    }
}
