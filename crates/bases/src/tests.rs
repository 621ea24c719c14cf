//! Builds over servers on loopback.

use bytes::Bytes;
use flux_kustomize::{NoRemote, Options, Order, Rules, build};
use flux_testkit::{git, web};
use flux_tree::MemoryTree;

use super::{Network, address};

fn built(file: &str, network: &Network) -> Result<String, String> {
    let tree = MemoryTree::from_files([("kustomization.yaml", file)]).unwrap();
    let options = Options { root: "/r", rules: Rules::Flux, order: Order::Fifo, fetcher: network };
    let output = build(&tree, "", &options).and_then(|output| output.to_yaml());
    output.map_err(|error| error.to_string())
}

fn network() -> (tokio::runtime::Runtime, tempfile::TempDir, Network) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let network = Network::new(runtime.handle().clone(), scratch.path());
    (runtime, scratch, network)
}

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";

#[test]
fn a_base_comes_from_a_branch_a_tag_or_a_commit_of_a_repository() {
    let Some(server) = git::Server::start().unwrap() else { return };
    let repository = server.repository("bases").unwrap();
    let file = |prefix: &str| format!("resources: [a.yaml]\nnamePrefix: {prefix}-\n");
    let first = repository
        .commit("main", [("app/kustomization.yaml", file("one").as_str()), ("app/a.yaml", MAP)])
        .unwrap();
    repository.tag("v1", &first).unwrap();
    repository
        .commit("main", [("app/kustomization.yaml", file("two").as_str()), ("app/a.yaml", MAP)])
        .unwrap();
    let (_runtime, scratch, network) = network();
    let url = server.url("bases");
    let at = |query: &str| {
        let file = format!("resources:\n- {url}//app?submodules=false{query}\n");
        built(&file, &network)
    };
    let want = |prefix: &str| Ok(MAP.replace("name: a", &format!("name: {prefix}-a")));
    assert_eq!(at("&ref=main"), want("two"));
    assert_eq!(at("&ref=v1"), want("one"));
    assert_eq!(at(&format!("&ref={first}")), want("one"));
    assert_eq!(at(""), want("two"));
    let error = at("&ref=nope").unwrap_err();
    assert!(error.contains("at 'nope': couldn't find remote ref nope"), "{error}");
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0, "nothing stays behind");
}

#[test]
fn a_file_comes_from_a_web_server() {
    let server = web::Server::start(|request| match request.uri().path() {
        "/a.yaml" => http::Response::new(Bytes::from(MAP)),
        _ => http::Response::builder().status(404).body(Bytes::new()).unwrap(),
    });
    let server = server.unwrap();
    let (_runtime, _scratch, network) = network();
    let at = |path: &str| built(&format!("resources:\n- {}/{path}\n", server.url()), &network);
    assert_eq!(at("a.yaml"), Ok(MAP.to_owned()));
    let error = at("b.yaml").unwrap_err();
    assert!(error.contains("HTTP Error: status code 404 (Not Found)"), "{error}");
}

#[test]
fn short_addresses_of_ssh_are_written_out() {
    assert_eq!(address("git@github.com:a/b"), "ssh://git@github.com/a/b");
    assert_eq!(address("https://github.com/a/b"), "https://github.com/a/b");
    let (_runtime, _scratch, network) = network();
    let error = built("resources: ['git@github.com:a/b//c']\n", &network).unwrap_err();
    assert!(error.contains("bases over SSH need keys"), "{error}");
}

#[test]
fn whoever_wants_no_remote_bases_gets_none() {
    let tree =
        MemoryTree::from_files([("kustomization.yaml", "resources: ['https://x.test/a.yaml']\n")]);
    let options =
        Options { root: "/r", rules: Rules::Flux, order: Order::Fifo, fetcher: &NoRemote };
    assert!(build(&tree.unwrap(), "", &options).is_err());
}
