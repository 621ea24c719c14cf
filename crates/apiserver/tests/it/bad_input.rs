//! Bodies that nobody means: the corpus of the fuzz target, and what grows of it by chance.

use std::path::Path;

use flux_apiserver::random::Random;
use flux_apiserver::{Controllers, Options, Server};
use serde_json::json;

use crate::requests;
use crate::world::World;

/// How many variants of each file are sent.
const VARIANTS: usize = 60;

fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/writes");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn below(random: &Random, limit: usize) -> usize {
    usize::try_from(random.below(limit.max(1) as u64)).unwrap()
}

/// Cuts, doubles, flips and joins.
fn vary(random: &Random, of: &[u8], other: &[u8]) -> Vec<u8> {
    let mut out = of.to_vec();
    for _ in 0..=below(random, 3) {
        let at = below(random, out.len());
        match below(random, 6) {
            0 => out.truncate(at),
            1 => out[at..].iter_mut().take(1).for_each(|byte| *byte ^= 1 << below(random, 8)),
            2 => {
                let piece = out[at..out.len().min(at + 40)].to_vec();
                out.splice(at..at, piece);
            }
            3 => out.extend_from_slice(&other[below(random, other.len())..]),
            4 => {
                let tokens: [&[u8]; 8] =
                    [b"null", b"{}", b"[", b"-1e400", b"\"\xff\"", b"$patch", b"\\ud800", b"\0"];
                out.splice(at..at, tokens[below(random, 8)].iter().copied());
            }
            _ => out[at..].reverse(),
        }
    }
    out
}

#[tokio::test]
async fn no_body_makes_the_server_fail_or_forget() {
    let options = Options { seed: Some(1), controllers: Controllers::NONE, ..Options::default() };
    let server = Server::start(options).unwrap();
    let files = corpus();
    assert!(files.len() >= 10, "the corpus has {} files", files.len());
    for file in &files {
        let code = requests::send(&server, file).await;
        assert!(code < 300, "{code} for {}", String::from_utf8_lossy(file));
    }
    let random = Random::from_seed(11);
    let mut codes = std::collections::BTreeMap::new();
    for file in &files {
        for _ in 0..VARIANTS {
            let other = &files[below(&random, files.len())];
            let code = requests::send(&server, &vary(&random, file, other)).await;
            *codes.entry(code).or_insert(0) += 1;
        }
    }
    assert!(codes.contains_key(&400) && codes.len() > 3, "{codes:?}");
    for file in files.iter().filter(|file| file[0] % 10 > 1 && file[0] % 10 < 8) {
        let code = requests::send(&server, file).await;
        assert!(code < 300 || code == 409, "{code} for {}", String::from_utf8_lossy(file));
    }
}

#[tokio::test]
async fn deep_nesting_and_wrong_types_are_refused() {
    let world = World::new().await;
    let url = "/api/v1/namespaces/a/configmaps";
    for (content_type, body, code) in [
        ("application/json", "[".repeat(1_000_000), 400),
        ("application/json", "{\"a\":".repeat(500_000), 400),
        ("application/yaml", "- ".repeat(200_000), 400),
        ("text/plain", "{}".to_owned(), 415),
        ("application/json", String::new(), 400),
        ("application/json", "{\"metadata\":{\"name\":\"\\u0000\"}}".to_owned(), 422),
    ] {
        let start: String = body.chars().take(20).collect();
        let answer = world.send("POST", url, content_type, body).await;
        assert_eq!(answer.status().as_u16(), code, "{content_type} {start}");
    }
    let apply = "application/apply-patch+yaml";
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let one = format!("{url}/x?fieldManager=m");
    assert_eq!(world.send("PATCH", &one, apply, deep).await.status(), 400);
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n";
    assert_eq!(world.send("PATCH", &one, apply, bomb).await.status(), 400);
    assert_eq!(world.json("POST", url, json!({"metadata": {"name": "m"}})).await.0, 201);
}
