use std::convert::Infallible;

use flux_tree::ignore::Matcher;
use flux_tree::{Tree as _, pack};
use tokio::net::TcpListener;

use super::*;
use crate::{Place, StoreOptions, Version, serve};

/// A store behind a server on loopback, with one artifact.
struct World {
    store: Arc<Store>,
    artifact: Artifact,
    _dir: tempfile::TempDir,
}

async fn world() -> World {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let store = Arc::new(Store::open(StoreOptions::new(dir.path(), address)).unwrap());
    tokio::spawn(serve(listener, Arc::clone(&store), std::future::pending()));
    let tree = MemoryTree::from_files([("a/b.yaml", "content")]).unwrap();
    let place = Place { kind: "GitRepository", namespace: "ns", name: "app" };
    let version = Version { revision: "main@sha1:1", now: jiff::Timestamp::UNIX_EPOCH };
    let write = |out: &mut dyn io::Write| pack(&tree, &Matcher::default(), out).map(|_| ());
    let artifact = store.publish(place, "x.tar.gz", version, write).unwrap();
    World { store, artifact, _dir: dir }
}

fn fetcher() -> Fetcher {
    let wait = Duration::from_millis(1);
    let options =
        FetchOptions { retries: 2, wait_min: wait, wait_max: wait, ..FetchOptions::default() };
    Fetcher::new(options).unwrap()
}

#[tokio::test]
async fn an_artifact_comes_over_http_and_from_the_store() {
    let world = world().await;
    for fetcher in [fetcher(), fetcher().with_store(Arc::clone(&world.store))] {
        let tree = fetcher.fetch(&world.artifact).await.unwrap();
        assert_eq!(&*tree.read("a/b.yaml").unwrap(), b"content");
        let dir = tempfile::tempdir().unwrap();
        fetcher.fetch_to(&world.artifact, dir.path()).await.unwrap();
        assert_eq!(std::fs::read(dir.path().join("a/b.yaml")).unwrap(), b"content");
        let bytes = fetcher.fetch_bytes(&world.artifact).await.unwrap();
        assert_eq!(Some(bytes.len() as i64), world.artifact.size);
    }
}

#[tokio::test]
async fn the_store_still_has_what_it_published_under_another_address() {
    let mut world = world().await;
    let url = world.artifact.url.clone();
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    world.artifact.url = format!("http://{nobody}/x.tar.gz");
    let fetcher = fetcher().with_store(Arc::clone(&world.store));
    fetcher.fetch(&world.artifact).await.unwrap();
    // What only has the same path is left alone: the address counts.
    world.artifact.url = url.replace("127.0.0.1", "localhost");
    std::fs::write(world.store.local_path(&world.artifact).unwrap(), "another").unwrap();
    let failed = fetcher.fetch(&world.artifact).await.unwrap_err();
    assert!(matches!(failed, FetchError::Mismatch(_)), "{failed}");
}

#[tokio::test]
async fn bytes_that_do_not_fit_their_digest_are_refused_on_both_ways() {
    let world = world().await;
    std::fs::write(world.store.local_path(&world.artifact).unwrap(), "tampered").unwrap();
    for fetcher in [fetcher(), fetcher().with_store(Arc::clone(&world.store))] {
        let failed = fetcher.fetch(&world.artifact).await.unwrap_err();
        assert!(matches!(failed, FetchError::Mismatch(_)), "{failed}");
    }
    let none = Artifact { digest: String::new(), ..world.artifact };
    assert!(matches!(fetcher().fetch(&none).await, Err(FetchError::NoDigest)));
}

#[tokio::test]
async fn a_missing_file_is_told_from_a_broken_server() {
    let mut world = world().await;
    world.store.remove(&world.artifact).unwrap();
    for fetcher in [fetcher(), fetcher().with_store(Arc::clone(&world.store))] {
        assert!(matches!(fetcher.fetch(&world.artifact).await, Err(FetchError::NotFound)));
    }
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    world.artifact.url = format!("http://{nobody}/x");
    assert!(matches!(fetcher().fetch(&world.artifact).await, Err(FetchError::Download(_))));
}

#[tokio::test]
async fn a_server_that_fails_twice_is_asked_a_third_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let counter = Arc::clone(&counter);
            let service = hyper::service::service_fn(move |_| {
                let seen = counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let body = http_body_util::Full::new(bytes::Bytes::from_static(b"abc"));
                let mut response = http::Response::new(body);
                if seen < 2 {
                    *response.status_mut() = http::StatusCode::BAD_GATEWAY;
                }
                std::future::ready(Ok::<_, Infallible>(response))
            });
            let io = hyper_util::rt::TokioIo::new(stream);
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
        }
    });
    let mut artifact = world().await.artifact;
    artifact.url = format!("http://{address}/x");
    artifact.digest =
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned();
    assert_eq!(fetcher().fetch_bytes(&artifact).await.unwrap(), b"abc");
    assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 3);
}

#[tokio::test]
async fn too_large_a_download_is_cut_off() {
    let world = world().await;
    let options = FetchOptions { max_download: 10, ..FetchOptions::default() };
    for fetcher in [
        Fetcher::new(options.clone()).unwrap(),
        Fetcher::new(options).unwrap().with_store(Arc::clone(&world.store)),
    ] {
        let failed = fetcher.fetch(&world.artifact).await.unwrap_err();
        assert!(matches!(failed, FetchError::TooLarge { limit: 10, .. }), "{failed}");
    }
}
