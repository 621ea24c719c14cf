//! Functions in templates; the recorded answers are compared by `cargo xtask conformance sprig`.

use std::cell::Cell;
use std::rc::Rc;

use flux_gostd::Time;
use flux_gotemplate::{Templates, Value};

use crate::{Host, functions};

/// A host whose clock stands and whose bytes follow from a counter.
struct Fixed(Cell<u64>);

impl Host for Fixed {
    fn now(&self) -> Time {
        Time::from_unix(1_700_000_000, 0)
    }

    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let mut state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
            self.0.set(state);
            state = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = (state >> 32).to_le_bytes()[0];
        }
    }

    fn addresses(&self, host: &str) -> Vec<String> {
        vec![format!("address of {host}")]
    }
}

fn render(text: &str) -> Result<String, String> {
    let host: Rc<dyn Host> = Rc::new(Fixed(Cell::new(1)));
    let mut templates = Templates::new("test", functions(&host));
    templates.parse("test", text).map_err(|error| error.to_string())?;
    templates.execute("test", &Value::Nil).map_err(|error| error.to_string())
}

#[test]
fn every_function_of_sprig_but_those_of_the_environment_is_there() {
    let host: Rc<dyn Host> = Rc::new(Fixed(Cell::new(1)));
    assert_eq!(functions(&host).len(), 209);
}

#[test]
fn the_clock_is_the_hosts() {
    assert_eq!(render("{{ now | date \"2006-01-02 15:04\" }}").unwrap(), "2023-11-14 22:13");
    let zone = "{{ dateInZone \"15:04 MST\" (now) \"America/New_York\" }}";
    assert_eq!(render(zone).unwrap(), "17:13 EST");
}

#[test]
fn chance_follows_from_the_host() {
    let text = "{{ randAlphaNum 12 }} {{ uuidv4 }} {{ randInt 3 5 }}";
    assert_eq!(render(text), render(text));
    let words = render(text).unwrap();
    let lengths: Vec<_> = words.split(' ').map(str::len).collect();
    assert_eq!(lengths, [12, 36, 1]);
}

#[test]
fn what_is_encrypted_can_be_decrypted() {
    let text = "{{ encryptAES \"secret\" \"plain text of two blocks\" | decryptAES \"secret\" }}";
    assert_eq!(render(text).unwrap(), "plain text of two blocks");
}

#[test]
fn an_authority_signs_certificates() {
    let text = "{{ $key := genPrivateKey \"ecdsa\" }}{{ $ca := genCAWithKey \"ca\" 10 $key }}\
                {{ $c := genSignedCertWithKey \"x\" (list \"10.0.0.1\") (list \"x.test\") 10 $ca $key }}\
                {{ $ca.Cert }}{{ $c.Cert }}{{ $c.Key }}";
    let out = render(text).unwrap();
    assert_eq!(out.matches("-----BEGIN CERTIFICATE-----").count(), 2, "{out}");
    assert!(out.contains("-----BEGIN EC PRIVATE KEY-----"), "{out}");
}

#[test]
fn numbers_that_would_fill_the_memory_are_refused() {
    for text in
        ["{{ until 99999999999 }}", "{{ repeat 99999999999 \"x\" }}", "{{ seq 1 99999999999 }}"]
    {
        let error = render(text).unwrap_err();
        assert!(error.ends_with("would be too large"), "{error}");
    }
}

#[test]
fn merging_a_map_into_itself_ends() {
    let text = "{{ $d := dict \"a\" 1 }}{{ $_ := set $d \"d\" $d }}{{ (merge $d $d).a }}";
    assert_eq!(render(text).unwrap(), "1");
}
