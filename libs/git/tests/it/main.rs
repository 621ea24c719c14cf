//! A checkout against `git http-backend`. Needs the git program, and says so where it is missing.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod local;

use std::time::Duration;

use flux_git::{
    Cancel, Checked, Checkout, CheckoutOptions, Credentials, GitError, Reference, Remote,
    Submodules, checkout,
};
use flux_testkit::git::{Access, Fault, File, Repository, Server};
use flux_tree::Kind;

/// A server with one repository of two commits and some tags.
struct World {
    server: Server,
    repository: Repository,
    first: String,
    second: String,
    scratch: tempfile::TempDir,
}

fn world() -> Option<World> {
    let server = Server::start().unwrap()?;
    let repository = server.repository("app").unwrap();
    let first = repository.commit("main", [("a.yaml", "one")]).unwrap();
    let files = [
        ("a.yaml", File::from("two")),
        ("sub/run.sh", File::Executable("#!/bin/sh\n".to_owned())),
        ("link", File::Link("a.yaml".to_owned())),
    ];
    let second = repository.commit("main", files).unwrap();
    repository.tag("v1.0.0", &first).unwrap();
    repository.annotated_tag("v1.1.0", &second).unwrap();
    repository.set_ref("refs/pull/1/head", &first).unwrap();
    server.take_requests();
    let scratch = tempfile::tempdir().unwrap();
    Some(World { server, repository, first, second, scratch })
}

impl World {
    fn remote(&self) -> Remote {
        Remote::parse(&self.server.url("app")).unwrap()
    }

    fn options(&self, reference: Reference, last: Option<&str>) -> CheckoutOptions {
        CheckoutOptions {
            reference,
            last_observed: last.map(str::to_owned),
            submodules: Submodules::Leave,
            scratch: self.scratch.path().to_owned(),
        }
    }

    fn run(&self, reference: Reference, last: Option<&str>) -> Result<Checked, GitError> {
        let cancel = Cancel::after(Duration::from_secs(30));
        checkout(&self.remote(), &self.options(reference, last), &cancel)
    }

    fn fetched(&self, reference: Reference) -> Checkout {
        match self.run(reference, None) {
            Ok(Checked::Fetched(checkout)) => *checkout,
            Ok(_) => panic!("nothing was fetched"),
            Err(error) => panic!("{error}"),
        }
    }

    /// Returns the error with the address replaced.
    fn failure(&self, reference: Reference, last: Option<&str>) -> String {
        let Err(error) = self.run(reference, last) else { panic!("it succeeded") };
        error.to_string().replace(&self.server.url("app"), "URL")
    }
}

fn branch(name: &str) -> Reference {
    Reference { branch: name.to_owned(), ..Reference::default() }
}

fn tag(name: &str) -> Reference {
    Reference { tag: name.to_owned(), ..Reference::default() }
}

fn name(name: &str) -> Reference {
    Reference { name: name.to_owned(), ..Reference::default() }
}

fn range(text: &str) -> Reference {
    Reference { semver: text.to_owned(), ..Reference::default() }
}

fn commit(hash: &str) -> Reference {
    Reference { commit: hash.to_owned(), ..Reference::default() }
}

#[test]
fn a_branch_is_fetched_with_two_requests() {
    let Some(world) = world() else { return };
    let got = world.fetched(branch("main"));
    assert_eq!(got.revision, format!("main@sha1:{}", world.second));
    assert_eq!(got.commit.message, "commit 2");
    assert_eq!(got.commit.author.email, "trace@example.com");
    assert_eq!(&*got.tree.read("a.yaml").unwrap(), b"two");
    assert_eq!(&*got.tree.read("link").unwrap(), b"two");
    assert_eq!(got.tree.stat("sub/run.sh").unwrap(), Kind::File { executable: true });
    assert_eq!(world.server.take_requests().len(), 2);
}

#[test]
fn an_unchanged_branch_costs_one_request() {
    let Some(world) = world() else { return };
    let known = format!("main@sha1:{}", world.second);
    let got = world.run(branch("main"), Some(&known)).unwrap();
    let Checked::Unchanged { revision, .. } = got else { panic!("it was fetched") };
    assert_eq!(revision, known);
    assert_eq!(world.server.take_requests(), ["GET /app.git/info/refs"]);
}

#[test]
fn a_changed_branch_is_fetched_although_a_revision_is_known() {
    let Some(world) = world() else { return };
    let known = format!("main@sha1:{}", world.first);
    assert!(matches!(world.run(branch("main"), Some(&known)), Ok(Checked::Fetched(_))));
}

#[test]
fn a_branch_that_was_rewritten_is_taken_as_it_is() {
    let Some(world) = world() else { return };
    let third = world.repository.commit_numbered("main", 9, None, [("b.yaml", "new")]).unwrap();
    let got = world.fetched(branch("main"));
    assert_eq!(got.commit.hash.as_str(), third);
    assert!(got.tree.read("a.yaml").unwrap_err().is_not_found());
}

#[test]
fn tags_are_followed_to_their_commits() {
    let Some(world) = world() else { return };
    let light = world.fetched(tag("v1.0.0"));
    assert_eq!(light.revision, format!("v1.0.0@sha1:{}", world.first));
    assert_eq!(light.commit.tag.unwrap().to_string(), "v1.0.0");
    let annotated = world.fetched(tag("v1.1.0"));
    assert_eq!(annotated.revision, format!("v1.1.0@sha1:{}", world.second));
    let tag = annotated.commit.tag.unwrap();
    assert_eq!((tag.message.as_str(), tag.tagger.name.as_str()), ("v1.1.0\n", "Trace"));
}

#[test]
fn a_full_name_stays_in_the_revision() {
    let Some(world) = world() else { return };
    for (reference, hash) in [
        ("refs/heads/main", &world.second),
        ("refs/tags/v1.1.0", &world.second),
        ("refs/tags/v1.1.0^{}", &world.second),
        ("refs/pull/1/head", &world.first),
    ] {
        let got = world.fetched(name(reference));
        assert_eq!(got.revision, format!("{reference}@sha1:{hash}"));
    }
}

#[test]
fn a_commit_is_found_anywhere_in_the_history() {
    let Some(world) = world() else { return };
    let got = world.fetched(commit(&world.first));
    assert_eq!(got.revision, format!("sha1:{}", world.first));
    assert_eq!(&*got.tree.read("a.yaml").unwrap(), b"one");
    let on_branch = Reference { branch: "main".to_owned(), ..commit(&world.second) };
    assert_eq!(world.fetched(on_branch).revision, format!("main@sha1:{}", world.second));
}

#[test]
fn a_commit_outside_the_branch_is_not_found() {
    let Some(world) = world() else { return };
    world.repository.commit_numbered("other", 1, None, [("x", "y")]).unwrap();
    let reference = Reference { branch: "other".to_owned(), ..commit(&world.first) };
    let want = format!("unable to resolve commit object for '{}': object not found", world.first);
    assert_eq!(world.failure(reference, None), want);
}

#[test]
fn the_highest_version_of_a_range_is_taken() {
    let Some(world) = world() else { return };
    world.repository.tag("v2.0.0-rc.1", &world.second).unwrap();
    world.repository.tag("not-a-version", &world.second).unwrap();
    let got = world.fetched(range(">=1.0.0"));
    assert_eq!(got.revision, format!("v1.1.0@sha1:{}", world.second));
    assert_eq!(got.commit.tag.unwrap().name, "v1.1.0");
    assert_eq!(world.fetched(range("1.0.x")).commit.hash.as_str(), world.first);
    assert_eq!(world.server.take_requests().len(), 4);
    let known = format!("v1.1.0@sha1:{}", world.second);
    let got = world.run(range(">=1.0.0"), Some(&known));
    assert!(matches!(got, Ok(Checked::Unchanged { .. })));
    assert_eq!(world.failure(range(">=3"), None), "no match found for semver: >=3");
    let wrong = world.failure(range("nonsense"), None);
    assert!(wrong.starts_with("semver parse error: improper constraint"), "{wrong}");
}

#[test]
fn the_latest_commit_decides_between_builds_of_a_version() {
    let Some(world) = world() else { return };
    world.repository.tag("v3.0.0+b", &world.first).unwrap();
    world.repository.annotated_tag("v3.0.0+a", &world.second).unwrap();
    assert_eq!(world.fetched(range("3.x")).revision, format!("v3.0.0+a@sha1:{}", world.second));
}

#[test]
fn what_is_missing_is_named_as_upstream_names_it() {
    let Some(world) = world() else { return };
    let cases = [
        (branch("none"), "unable to clone 'URL': couldn't find remote ref \"refs/heads/none\""),
        (
            Reference::default(),
            "unable to clone 'URL': couldn't find remote ref \"refs/heads/master\"",
        ),
        (tag("v9"), "unable to clone 'URL': couldn't find remote ref \"refs/tags/v9\""),
        (name("refs/x"), "unable to resolve ref 'refs/x' to a specific commit"),
        (name("/x"), "ref /x is invalid; Git refs cannot begin or end with a slash '/'"),
    ];
    for (reference, want) in cases {
        assert_eq!(world.failure(reference, None), want);
    }
}

#[test]
fn a_repository_without_commits_is_empty() {
    let Some(world) = world() else { return };
    world.server.repository("empty").unwrap();
    let remote = Remote::parse(&world.server.url("empty")).unwrap();
    let cancel = Cancel::after(Duration::from_secs(30));
    let got = checkout(&remote, &world.options(branch("main"), None), &cancel);
    assert!(matches!(got, Ok(Checked::Empty)));
}

#[test]
fn submodules_come_along_where_they_are_wanted() {
    let Some(world) = world() else { return };
    let inner = world.server.repository("group/inner").unwrap();
    let inner_commit = inner.commit("main", [("leaf.yaml", "leaf")]).unwrap();
    inner.commit("main", [("leaf.yaml", "newer")]).unwrap();
    let outer = world.server.repository("group/outer").unwrap();
    let modules = "[submodule \"in\"]\n\tpath = deep/in\n\turl = ../inner.git\n";
    let files = [
        (".gitmodules", File::from(modules)),
        ("deep/in", File::Submodule(inner_commit)),
        ("own.yaml", File::from("own")),
    ];
    let outer_commit = outer.commit("main", files).unwrap();
    let modules = format!(
        "[submodule \"out\"]\n\tpath = lib\n\turl = {}\n[submodule \"gone\"]\n\tpath = \
         gone\n\turl = ../gone.git\n",
        world.server.url("group/outer")
    );
    let files = [(".gitmodules", File::from(modules)), ("lib", File::Submodule(outer_commit))];
    world.repository.commit("main", files).unwrap();

    let without = world.fetched(branch("main"));
    assert!(without.tree.list("lib").unwrap().is_empty());
    world.server.set_access(Access::basic("user", "secret"));
    let basic = Credentials::Basic { username: "user".to_owned(), password: "secret".to_owned() };
    let remote = world.remote().with_credentials(basic);
    let options =
        CheckoutOptions { submodules: Submodules::Fetch, ..world.options(branch("main"), None) };
    let cancel = Cancel::after(Duration::from_secs(30));
    let Ok(Checked::Fetched(with)) = checkout(&remote, &options, &cancel) else {
        panic!("it was not fetched")
    };
    assert_eq!(&*with.tree.read("lib/own.yaml").unwrap(), b"own");
    assert_eq!(&*with.tree.read("lib/deep/in/leaf.yaml").unwrap(), b"leaf");
}

#[test]
fn a_submodule_that_cannot_be_had_is_an_error() {
    let Some(world) = world() else { return };
    let modules = "[submodule \"x\"]\n\tpath = x\n\turl = ./none.git\n";
    let files = [(".gitmodules", File::from(modules)), ("x", File::Submodule(world.first.clone()))];
    world.repository.commit("main", files).unwrap();
    let options =
        CheckoutOptions { submodules: Submodules::Fetch, ..world.options(branch("main"), None) };
    let cancel = Cancel::after(Duration::from_secs(30));
    let Err(error) = checkout(&world.remote(), &options, &cancel) else { panic!("it succeeded") };
    let text = error.to_string().replace(&world.server.url("app"), "URL");
    assert!(text.starts_with("unable to clone 'URL/none.git': "), "{text}");
}

#[test]
fn credentials_open_the_door() {
    let Some(world) = world() else { return };
    world.server.set_access(Access::basic("user", "pässword"));
    assert_eq!(
        world.failure(branch("main"), None),
        "unable to clone 'URL': authentication required: Unauthorized"
    );
    assert_eq!(
        world.failure(branch("main"), Some("main@sha1:0")),
        "unable to list remote for 'URL': authentication required: Unauthorized"
    );
    let basic =
        Credentials::Basic { username: "user".to_owned(), password: "pässword".to_owned() };
    let options = world.options(branch("main"), None);
    let cancel = Cancel::after(Duration::from_secs(30));
    let got = checkout(&world.remote().with_credentials(basic), &options, &cancel);
    assert!(matches!(got, Ok(Checked::Fetched(_))));

    world.server.set_access(Access::bearer("t0ken"));
    let bearer = Credentials::Bearer("t0ken".to_owned());
    let got = checkout(&world.remote().with_credentials(bearer), &options, &cancel);
    assert!(matches!(got, Ok(Checked::Fetched(_))));
}

#[test]
fn refusals_keep_their_status() {
    let Some(world) = world() else { return };
    let page = "no such thing".to_owned();
    let cases = [
        (403, "unable to clone 'URL': authorization failed: no such thing"),
        (404, "unable to clone 'URL': repository not found: no such thing"),
        (
            500,
            "unable to clone 'URL': unexpected client error: unexpected requesting \
             \"URL/info/refs?service=git-upload-pack\" status code: 500",
        ),
    ];
    for (status, want) in cases {
        world.server.set_fault(Fault::Status(status, page.clone()));
        assert_eq!(world.failure(branch("main"), None), want);
    }
}

#[test]
fn garbage_is_an_error() {
    let Some(world) = world() else { return };
    world.server.set_fault(Fault::Garbage);
    let want = "unable to clone 'URL': invalid pkt-len found";
    assert_eq!(world.failure(branch("main"), None), want);
}

#[test]
fn a_server_that_dies_halfway_leaves_nothing_behind() {
    let Some(world) = world() else { return };
    for limit in [0, 1, 10, 60, 100, 200, 300] {
        world.server.set_fault(Fault::CutAfter(limit));
        let got = world.failure(branch("main"), None);
        // Before the first byte it is the request that failed.
        assert!(got.starts_with("unable to clone 'URL': une"), "after {limit} bytes: {got}");
        assert!(got.ends_with("EOF"), "after {limit} bytes: {got}");
    }
    assert_eq!(std::fs::read_dir(world.scratch.path()).unwrap().count(), 0);
    world.server.set_fault(Fault::None);
    drop(world.fetched(branch("main")));
    assert_eq!(std::fs::read_dir(world.scratch.path()).unwrap().count(), 0);
}

#[test]
fn silence_ends_at_the_deadline() {
    let Some(world) = world() else { return };
    world.server.set_fault(Fault::Silence);
    let cancel = Cancel::after(Duration::from_millis(50));
    let got = checkout(&world.remote(), &world.options(branch("main"), None), &cancel);
    let Err(error) = got else { panic!("it succeeded") };
    let text = error.to_string().replace(&world.server.url("app"), "URL");
    let get = "Get \"URL/info/refs?service=git-upload-pack\"";
    assert_eq!(text, format!("unable to clone 'URL': {get}: context deadline exceeded"));
}

#[test]
fn nobody_at_the_address_is_told_as_go_tells_it() {
    let Some(world) = world() else { return };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("http://{address}/app");
    let cancel = Cancel::after(Duration::from_secs(30));
    let options = world.options(branch("main"), None);
    let Err(error) = checkout(&Remote::parse(&url).unwrap(), &options, &cancel) else {
        panic!("it succeeded")
    };
    let want = format!(
        "unable to clone '{url}': Get \"{url}/info/refs?service=git-upload-pack\": \
         dial tcp {address}: connect: connection refused"
    );
    assert_eq!(error.to_string(), want);
}
