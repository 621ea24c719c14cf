//! The header of a file: a stanza for each recipient, and a MAC.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::kdf;

const INTRO: &str = "age-encryption.org/v1";
/// Characters of a full line of a body.
const LINE: usize = 64;

/// What one recipient needs to open the file key.
pub(super) struct Stanza {
    pub(super) kind: String,
    pub(super) arguments: Vec<String>,
    pub(super) body: Vec<u8>,
}

/// The header.
pub(super) struct Header {
    pub(super) stanzas: Vec<Stanza>,
    /// What the MAC covers.
    covered: Vec<u8>,
    mac: Vec<u8>,
}

/// Reads base64 without padding, in its only form.
///
/// # Errors
/// It is none.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, String> {
    STANDARD_NO_PAD.decode(text).map_err(|error| error.to_string())
}

/// Prints base64 without padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

impl Header {
    /// Reads a header; returns what follows it as well.
    ///
    /// # Errors
    /// The file does not begin with one.
    pub(super) fn read(file: &[u8]) -> Result<(Self, &[u8]), String> {
        let fault = |what: String| format!("parsing age header: {what}");
        let quote = flux_gostd::quote::quote;
        let mut reader = Reader { rest: file };
        if file.is_empty() {
            return Err(fault("file is empty".to_owned()));
        }
        let intro = reader.line()?;
        if intro != INTRO {
            return Err(fault(format!("unexpected intro: {}", quote(&format!("{intro}\n")))));
        }
        let mut stanzas = Vec::new();
        loop {
            let before = file.len() - reader.rest.len();
            let line = reader.line()?;
            let malformed = |what: &str| fault(format!("{what}: {}", quote(&format!("{line}\n"))));
            if let Some(mac) = line.strip_prefix("---") {
                let mac = mac.strip_prefix(' ').and_then(|mac| decode(mac).ok());
                let mac = mac.filter(|mac| mac.len() == 32);
                let mac = mac.ok_or_else(|| malformed("malformed closing line"))?;
                let covered = file.get(..before + "---".len()).unwrap_or_default().to_vec();
                return Ok((Self { stanzas, covered, mac }, reader.rest));
            }
            let words = line.strip_prefix("-> ").ok_or_else(|| malformed("malformed stanza"))?;
            let mut words = words.split(' ').map(str::to_owned);
            let kind = words.next().unwrap_or_default();
            let arguments: Vec<String> = words.collect();
            let is_word = |word: &String| {
                !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic())
            };
            if !is_word(&kind) || !arguments.iter().all(is_word) {
                return Err(malformed("malformed stanza"));
            }
            stanzas.push(Stanza { kind, arguments, body: reader.body()? });
        }
    }

    /// Makes a header and its MAC.
    pub(super) fn new(stanzas: Vec<Stanza>, key: &[u8]) -> Self {
        let mut covered = format!("{INTRO}\n");
        for stanza in &stanzas {
            covered.push_str("-> ");
            covered.push_str(&stanza.kind);
            for argument in &stanza.arguments {
                covered.push(' ');
                covered.push_str(argument);
            }
            covered.push('\n');
            let body = encode(&stanza.body);
            let mut rest = body.as_str();
            // A body ends with a line that is not full, be it empty.
            while rest.len() >= LINE {
                let (line, tail) = rest.split_at(LINE);
                covered.push_str(line);
                covered.push('\n');
                rest = tail;
            }
            covered.push_str(rest);
            covered.push('\n');
        }
        covered.push_str("---");
        let covered = covered.into_bytes();
        let mac = compute(key, &covered).to_vec();
        Self { stanzas, covered, mac }
    }

    /// Prints the header.
    pub(super) fn write(&self) -> Vec<u8> {
        [self.covered.as_slice(), format!(" {}\n", encode(&self.mac)).as_bytes()].concat()
    }

    /// Checks that whoever made the header knew the file key.
    ///
    /// # Errors
    /// The MAC is another one.
    pub(super) fn verify(&self, key: &[u8]) -> Result<(), String> {
        let wanted = compute(key, &self.covered);
        aws_lc_rs::constant_time::verify_slices_are_equal(&*wanted, &self.mac)
            .map_err(|_| "bad header MAC".to_owned())
    }
}

fn compute(key: &[u8], covered: &[u8]) -> kdf::Key {
    let key = kdf::derive(key, &[], b"header");
    kdf::mac(&*key, &[covered])
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn line(&mut self) -> Result<&'a str, String> {
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let end = end.ok_or("parsing age header: failed to read header: EOF")?;
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest.get(1..).unwrap_or_default();
        std::str::from_utf8(line).map_err(|_| "parsing age header: malformed line".to_owned())
    }

    fn body(&mut self) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let quote = || flux_gostd::quote::quote(&format!("{line}\n"));
            let bytes = decode(line).map_err(|error| {
                format!("parsing age header: malformed body line {}: {error}", quote())
            })?;
            if line.len() > LINE {
                return Err(format!(
                    "parsing age header: malformed body line {}: too long",
                    quote()
                ));
            }
            body.extend(bytes);
            if line.len() < LINE {
                return Ok(body);
            }
        }
    }
}
