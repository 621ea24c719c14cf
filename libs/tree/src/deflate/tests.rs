use std::io::Read as _;

use flate2::read::GzDecoder;
use sha2::Digest as _;

use super::*;

fn compressed(chunks: &[&[u8]]) -> Vec<u8> {
    let mut writer = GzipWriter::new(Vec::new()).unwrap();
    for chunk in chunks {
        writer.write_all(chunk).unwrap();
    }
    writer.finish().unwrap()
}

fn round_trip(content: &[u8]) -> usize {
    let bytes = compressed(&[content]);
    let mut back = Vec::new();
    GzDecoder::new(bytes.as_slice()).read_to_end(&mut back).unwrap();
    assert!(back == content, "{} bytes came back as {}", content.len(), back.len());
    bytes.len()
}

/// Repeatable noise.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn what_goes_in_comes_out() {
    for content in [&b""[..], b"a", b"ab", b"abcabcabcabc", &[0; 5], &[7; 1_000_000]] {
        round_trip(content);
    }
    let words: Vec<u8> = noise(300_000).iter().map(|byte| byte % 7 + b'a').collect();
    assert!(round_trip(&words) < words.len() / 2);
    // Noise is stored: a few bytes more for each block.
    let noise = noise(300_000);
    assert!(round_trip(&noise) < noise.len() + 200);
    let mut mixed = noise.clone();
    mixed.extend_from_slice(&words);
    mixed.extend_from_slice(&noise);
    round_trip(&mixed);
}

#[test]
fn the_bytes_are_those_that_go_makes() {
    let words: Vec<u8> = noise(300_000).iter().map(|byte| byte % 7 + b'a').collect();
    let noise = noise(300_000);
    let mixed = [noise.as_slice(), &words, &noise].concat();
    // Digests of what compress/gzip of Go 1.26 makes of the same bytes.
    let cases: [(&[u8], &str); 4] = [
        (b"hello, hello", "fbbfcdb594b6ce83f2b9c1f48a071e749ce3b5d27fa5e0dd89608a49ee1fc579"),
        (&words, "001ef41a9f69920406b7f9595c8a1ea874249b483e736da84e7644a7ad4530ef"),
        (&noise, "96f6dd4f7a6873031818edcd9fd3e72faa59d58ed9ca7b82d08566cf9b5ea5b5"),
        (&mixed, "8667105e44045dade670d61ece0856e180eb9f64e2a8fd208f1560ab623711e7"),
    ];
    for (content, want) in cases {
        let chunks: Vec<&[u8]> = content.chunks(32 * 1024).collect();
        let digest = sha2::Sha256::digest(compressed(&chunks));
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, want, "{} bytes", content.len());
    }
}

#[test]
fn code_lengths_stay_within_their_limit() {
    // Powers of two would need a code as deep as there are symbols.
    let counts: Vec<u32> = (0..24).map(|power| 1 << power).collect();
    let lengths = huffman::code_lengths(&counts, 15);
    assert_eq!(lengths.iter().max(), Some(&15));
    let kraft: f64 = lengths.iter().map(|&length| 0.5_f64.powi(i32::from(length))).sum();
    assert!((kraft - 1.0).abs() < 1e-9, "{kraft}");
}
