use std::convert::Infallible;

use super::*;

const PLACE: Place<'static> = Place { kind: "GitRepository", namespace: "ns", name: "app" };

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(StoreOptions::new(dir.path(), "host:80")).unwrap();
    (dir, store)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).unwrap()
}

fn publish(store: &Store, file: &str, now: Timestamp) -> Artifact {
    let version = Version { revision: "main@sha1:1", now };
    store
        .publish(PLACE, file, version, |out| {
            out.write_all(file.as_bytes()).unwrap();
            Ok::<_, Infallible>(())
        })
        .unwrap()
}

fn names(dir: &tempfile::TempDir) -> Vec<String> {
    let entries = fs::read_dir(dir.path().join("gitrepository/ns/app")).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn an_artifact_tells_where_it_is_and_what_it_is() {
    let (_dir, store) = store();
    let artifact = publish(&store, "a.tar.gz", at(0));
    assert_eq!(artifact.path, "gitrepository/ns/app/a.tar.gz");
    assert_eq!(artifact.url, "http://host:80/gitrepository/ns/app/a.tar.gz");
    assert_eq!((artifact.size, artifact.last_update_time), (Some(8), Time::new(at(0))));
    assert!(artifact.digest.starts_with("sha256:"));
    assert!(store.contains(&artifact));
    store.verify(&artifact).unwrap();
}

#[test]
fn changed_bytes_are_found_out() {
    let (dir, store) = store();
    let artifact = publish(&store, "a.tar.gz", at(0));
    fs::write(dir.path().join(&artifact.path), "other").unwrap();
    let failed = store.verify(&artifact).unwrap_err();
    assert_eq!(failed.to_string(), format!("computed digest doesn't match '{}'", artifact.digest));
    let none = Artifact { digest: String::new(), ..artifact };
    assert!(matches!(store.verify(&none), Err(VerifyError::NoDigest)));
}

#[test]
fn a_failure_to_make_the_content_leaves_what_was_there() {
    let (dir, store) = store();
    publish(&store, "a.tar.gz", at(0));
    let version = Version { revision: "r", now: at(1) };
    let failed = store.publish(PLACE, "a.tar.gz", version, |out| {
        out.write_all(b"half")?;
        Err(io::Error::other("no more"))
    });
    assert!(matches!(failed, Err(PublishError::Content(_))));
    assert_eq!(names(&dir), ["a.tar.gz"]);
    assert_eq!(fs::read(dir.path().join("gitrepository/ns/app/a.tar.gz")).unwrap(), b"a.tar.gz");
}

#[test]
fn what_a_killed_process_left_is_removed_on_start() {
    let (dir, store) = store();
    publish(&store, "a.tar.gz", at(0));
    fs::write(dir.path().join("gitrepository/ns/app/.incoming-x"), "half").unwrap();
    Store::open(StoreOptions::new(dir.path(), "host:80")).unwrap();
    assert_eq!(names(&dir), ["a.tar.gz"]);
}

#[test]
fn expired_artifacts_go_and_the_current_one_stays() {
    let (dir, store) = store();
    let old = publish(&store, "a", at(0));
    publish(&store, "b", at(1));
    assert_eq!(store.collect_garbage(&old, at(62)).unwrap(), 1);
    assert_eq!(names(&dir), ["a"]);
}

#[test]
fn young_artifacts_go_when_they_are_too_many() {
    let (dir, store) = store();
    for (name, second) in [("a", 0), ("b", 1), ("c", 2)] {
        publish(&store, name, at(second));
    }
    let current = publish(&store, "d", at(3));
    fs::write(dir.path().join("gitrepository/ns/app/a.lock"), "").unwrap();
    assert_eq!(store.collect_garbage(&current, at(4)).unwrap(), 2);
    assert_eq!(names(&dir), ["c", "d"]);
    assert_eq!(store.collect_garbage(&current, at(4)).unwrap(), 0);
}

#[test]
fn everything_of_an_object_goes_at_once() {
    let (dir, store) = store();
    publish(&store, "a", at(0));
    assert!(store.remove_all(PLACE).unwrap());
    assert!(!store.remove_all(PLACE).unwrap());
    assert!(!dir.path().join("gitrepository/ns/app").exists());
}

#[test]
fn no_path_leads_out_of_the_store() {
    let (_dir, store) = store();
    let mut artifact = publish(&store, "a", at(0));
    for path in ["../secret", "a/../../b", "", "/"] {
        artifact.path = path.to_owned();
        assert!(matches!(store.local_path(&artifact), Err(StoreError::Escapes { .. })), "{path}");
        assert!(!store.contains(&artifact));
    }
}

#[test]
fn an_advertised_address_may_have_a_scheme() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(StoreOptions::new(dir.path(), "https://host")).unwrap();
    assert_eq!(store.url("/a/b"), "https://host/a/b");
}
