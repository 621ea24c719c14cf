//! A writer that is killed at any moment loses nothing that it acknowledged.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flux_apiserver::random::Random;
use flux_apiserver::store::{Collection, Store};

/// How often the writer is killed.
const ROUNDS: u64 = 200;

/// The example that writes, which cargo builds together with this test.
fn hammer() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let path = folder.join("examples").join(format!("hammer{}", std::env::consts::EXE_SUFFIX));
    assert!(path.exists(), "{} is not built", path.display());
    path
}

/// What a line of the writer's output did.
fn play(line: &str, state: &mut BTreeMap<String, Option<u64>>) {
    match line.strip_prefix('+').and_then(|rest| rest.split_once(' ')) {
        Some((name, value)) => state.insert(name.to_owned(), Some(value.parse().unwrap())),
        None => state.insert(line.trim_start_matches('-').to_owned(), None),
    };
}

/// Runs the writer until it acknowledged `count` writes, kills it, and plays all that it said.
fn run(dir: &Path, seed: u64, count: u64, state: &mut BTreeMap<String, Option<u64>>) {
    let mut child = Command::new(hammer())
        .args([dir.as_os_str(), seed.to_string().as_ref()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..count {
        play(&lines.next().expect("the writer ended").unwrap(), state);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What it said before it died counts as well; half a line was never said.
    let complete = |line: &String| line.starts_with('-') || line.contains(' ');
    for line in lines.map_while(Result::ok).filter(complete) {
        play(&line, state);
    }
}

#[test]
fn acknowledged_writes_survive_two_hundred_kills() {
    let folder = tempfile::tempdir().unwrap();
    let collection = Collection::new("", "configmaps");
    let random = Random::from_seed(7);
    let mut state: BTreeMap<String, Option<u64>> = BTreeMap::new();
    let mut revision = 0;
    for round in 0..ROUNDS {
        run(folder.path(), round, random.below(12), &mut state);
        let store = Store::open_at(folder.path()).unwrap();
        assert!(store.revision() >= revision, "round {round}: the revision went back");
        revision = store.revision();
        let mut unsaid = 0;
        for number in 0..40 {
            let name = format!("map-{number:02}");
            let found = store.get(&collection, &name);
            let found = found.map(|one| one.to_value()["data"]["value"].as_u64().unwrap());
            if found != state.get(&name).copied().flatten() {
                // The last write may have been stored and not yet said.
                unsaid += 1;
                state.insert(name, found);
            }
        }
        assert!(unsaid <= 1, "round {round}: {unsaid} objects are not as they were acknowledged");
    }
}
