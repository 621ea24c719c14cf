//! Checkouts over SSH from a server in this process that runs `git-upload-pack`.
//!
//! Needs the git program, and says so where it is missing.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod server;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flux_git::{
    Cancel, Checked, CheckoutOptions, GitError, Reference, Remote, Submodules, checkout,
};
use flux_ssh::{Client, ClientError, Options};

use server::SshServer;

fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    std::fs::read(Path::new(folder).join(name)).unwrap()
}

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

/// A Git repository behind an SSH server, and a runtime for the client.
struct World {
    server: SshServer,
    git: flux_testkit::git::Server,
    scratch: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
}

fn world() -> Option<World> {
    let git = flux_testkit::git::Server::start().unwrap()?;
    let repository = git.repository("app").unwrap();
    repository.commit("main", [("a.yaml", "one")]).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let root = git.directory("app").parent().unwrap().to_owned();
    let server = runtime.block_on(SshServer::start(root));
    let scratch = tempfile::tempdir().unwrap();
    Some(World { server, git, scratch, runtime })
}

impl World {
    fn options(&self, identity: &str) -> Options {
        let host_key = text("host.pub");
        let known = format!("[127.0.0.1]:{} {host_key}", self.server.port);
        Options {
            identity: fixture(identity),
            known_hosts: known.into_bytes(),
            ..Options::default()
        }
    }

    fn url(&self, name: &str) -> String {
        format!("ssh://git@127.0.0.1:{}/{name}.git", self.server.port)
    }

    fn checkout(&self, name: &str, options: &Options) -> Result<Checked, GitError> {
        let client = Client::new(options, self.runtime.handle().clone()).unwrap();
        let remote = Remote::parse(&self.url(name)).unwrap().with_shell(Arc::new(client));
        let reference = Reference { branch: "main".to_owned(), ..Reference::default() };
        let what = CheckoutOptions {
            reference,
            last_observed: None,
            submodules: Submodules::Leave,
            scratch: self.scratch.path().to_owned(),
        };
        checkout(&remote, &what, &Cancel::after(Duration::from_secs(20)))
    }

    fn failure(&self, name: &str, options: &Options) -> String {
        let Err(error) = self.checkout(name, options) else { panic!("it succeeded") };
        error.to_string().replace(&self.url(name), "URL")
    }
}

#[test]
fn every_kind_of_key_opens_the_door() {
    let Some(world) = world() else { return };
    for key in ["id_ed25519", "id_ecdsa", "id_ecdsa_pem", "id_rsa", "id_rsa_pem"] {
        let got = world.checkout("app", &world.options(key));
        let Ok(Checked::Fetched(got)) = got else { panic!("{key}: {:?}", got.err()) };
        assert_eq!(&*got.tree.read("a.yaml").unwrap(), b"one", "{key}");
    }
    let locked = Options { password: "secret".to_owned(), ..world.options("id_locked") };
    assert!(matches!(world.checkout("app", &locked), Ok(Checked::Fetched(_))));
}

#[test]
fn rsa_keys_sign_with_a_modern_hash() {
    let Some(world) = world() else { return };
    world.checkout("app", &world.options("id_rsa")).unwrap();
    let used = world.server.algorithms();
    assert!(used.iter().all(|name| name == "rsa-sha2-512"), "{used:?}");
}

#[test]
fn a_server_must_be_known() {
    let Some(world) = world() else { return };
    let nobody = Options { known_hosts: Vec::new(), ..world.options("id_ed25519") };
    assert_eq!(
        world.failure("app", &nobody),
        "unable to clone 'URL': ssh: handshake failed: knownhosts: key is unknown"
    );
    let other = format!("[127.0.0.1]:{} {}", world.server.port, text("id_ed25519.pub"));
    let other = Options { known_hosts: other.into_bytes(), ..world.options("id_ed25519") };
    assert_eq!(
        world.failure("app", &other),
        "unable to clone 'URL': ssh: handshake failed: knownhosts: key mismatch"
    );
}

#[test]
fn a_key_that_is_not_let_in_is_told() {
    let Some(world) = world() else { return };
    let failure = world.failure("app", &world.options("host"));
    assert_eq!(
        failure,
        "unable to clone 'URL': ssh: handshake failed: ssh: unable to authenticate, attempted \
         methods [none publickey], no supported methods remain"
    );
}

#[test]
fn a_missing_repository_is_told() {
    let Some(world) = world() else { return };
    assert_eq!(
        world.failure("none", &world.options("id_ed25519")),
        "unable to clone: repository not found: git repository: 'URL'"
    );
}

#[test]
fn algorithms_can_be_chosen() {
    let Some(world) = world() else { return };
    let chosen = Options {
        kex_algorithms: vec!["curve25519-sha256".to_owned()],
        host_key_algorithms: vec!["ssh-ed25519".to_owned()],
        ..world.options("id_ed25519")
    };
    assert!(matches!(world.checkout("app", &chosen), Ok(Checked::Fetched(_))));
    let none = Options {
        host_key_algorithms: vec!["ecdsa-sha2-nistp521".to_owned()],
        ..world.options("id_ed25519")
    };
    let failure = world.failure("app", &none);
    assert!(failure.starts_with("unable to clone 'URL': ssh: handshake failed: "), "{failure}");
}

#[test]
fn the_whole_history_comes_over_one_connection() {
    let Some(world) = world() else { return };
    let repository = world.git.repository("app").unwrap();
    let first = repository.resolve("refs/heads/main").unwrap();
    for number in 0..20 {
        repository.commit("main", [("a.yaml", number.to_string())]).unwrap();
    }
    let client = Client::new(&world.options("id_ed25519"), world.runtime.handle().clone()).unwrap();
    let remote = Remote::parse(&world.url("app")).unwrap().with_shell(Arc::new(client));
    let what = CheckoutOptions {
        reference: Reference { commit: first.clone(), ..Reference::default() },
        last_observed: None,
        submodules: Submodules::Leave,
        scratch: world.scratch.path().to_owned(),
    };
    let got = checkout(&remote, &what, &Cancel::after(Duration::from_secs(20)));
    let Ok(Checked::Fetched(got)) = got else { panic!("{:?}", got.err()) };
    assert_eq!(got.revision, format!("sha1:{first}"));
}

#[test]
fn keys_that_cannot_be_used_are_refused_at_once() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let refused = |options: Options| Client::new(&options, runtime.handle().clone()).err();
    let locked = Options { identity: fixture("id_locked"), ..Options::default() };
    assert_eq!(refused(locked), Some(ClientError::PasswordNeeded));
    let nonsense = Options { identity: b"nonsense".to_vec(), ..Options::default() };
    assert_eq!(refused(nonsense), Some(ClientError::NoKey));
    let proxy = Options {
        identity: fixture("id_ed25519"),
        proxy: Some("http://proxy".to_owned()),
        ..Options::default()
    };
    assert!(matches!(refused(proxy), Some(ClientError::Proxy(_))));
}
