//! Directories of this machine that stand for Git repositories.

use std::path::{Path, PathBuf};

use flux_git::local::{Directory, Mode, Scope};

use crate::HostError;
use crate::dev::{Override, Revision, Source};

/// The directory that an installation applies, and others that stand for addresses.
pub(crate) struct Local {
    directory: Directory,
    url: String,
    path: String,
    mode: Mode,
    /// Addresses with the directories that stand for them, the installation's own first.
    overrides: Vec<(String, Directory)>,
}

impl Local {
    /// Opens the directories.
    ///
    /// # Errors
    /// One of them is none, or the repository around it is broken.
    pub(crate) fn open(source: &Source) -> Result<Self, HostError> {
        let Source { directory, path, revision, overrides } = source;
        let directory = open(directory)?.scoped(Scope::Directory);
        let url = address(&directory);
        let mode = match revision {
            Revision::Head => Mode::Head,
            Revision::Worktree => Mode::Worktree,
        };
        let mut served = Vec::new();
        for Override { url, directory } in overrides {
            served.push((url.clone(), open(directory)?));
        }
        // What a manifest calls a remote of the directory is the whole repository.
        for remote in directory.remote_urls() {
            served.push((remote, open(&directory.root())?));
        }
        let path = format!("./{}", path.trim_start_matches("./").trim_matches('/'));
        Ok(Self { directory, url, path, mode, overrides: served })
    }

    /// Returns the address under which the directory is applied.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the path inside the directory that is built.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Returns the branch that is checked out.
    pub(crate) fn branch(&self) -> String {
        self.directory.branch()
    }

    /// Returns the directory.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Returns which content counts.
    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// Returns every address that is served from this machine, with its directory.
    pub(crate) fn served(&self) -> impl Iterator<Item = (&str, &Directory)> {
        let others = self.overrides.iter().map(|(url, directory)| (url.as_str(), directory));
        std::iter::once((self.url.as_str(), &self.directory)).chain(others)
    }
}

fn open(path: &Path) -> Result<Directory, HostError> {
    let fail = |error: flux_git::GitError| HostError::Source {
        path: PathBuf::from(path),
        message: error.to_string(),
    };
    Directory::open(path).map_err(fail)
}

/// Makes an address of a directory's path that the definition of a GitRepository accepts.
fn address(directory: &Directory) -> String {
    let mut url = "ssh://localhost".to_owned();
    let path = directory.path().to_string_lossy();
    for byte in path.replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_and_the_path_are_what_the_definitions_accept() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("my apps");
        std::fs::create_dir(&directory).unwrap();
        let source = Source {
            directory: directory.clone(),
            path: "clusters/dev/".to_owned(),
            revision: Revision::Worktree,
            overrides: vec![Override { url: "https://x.test/a".to_owned(), directory }],
        };
        let local = Local::open(&source).unwrap();
        assert!(local.url().starts_with("ssh://localhost/") && local.url().ends_with("/my%20apps"));
        assert_eq!(local.path(), "./clusters/dev");
        let served: Vec<_> = local.served().map(|(url, _)| url.to_owned()).collect();
        assert_eq!(served, [local.url(), "https://x.test/a"]);
    }

    #[test]
    fn a_missing_directory_is_named() {
        let source = Source {
            directory: PathBuf::from("does/not/exist"),
            path: String::new(),
            revision: Revision::Head,
            overrides: Vec::new(),
        };
        let error = Local::open(&source).err().unwrap().to_string();
        assert!(error.contains("does/not/exist"), "{error}");
    }
}
