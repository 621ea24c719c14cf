//! A bare repository, written to by `git fast-import`.

use std::path::PathBuf;

use anyhow::Context as _;

use super::backend;

/// The first commit is made at this time, each further one a minute later.
const EPOCH: u64 = 1_767_225_600;

/// What a commit holds at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum File {
    /// A regular file.
    Text(String),
    /// An executable file.
    Executable(String),
    /// A symlink.
    Link(String),
    /// A submodule at this commit.
    Submodule(String),
}

impl From<&str> for File {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for File {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// A repository on the server.
#[derive(Clone, Debug)]
pub struct Repository {
    directory: PathBuf,
}

impl Repository {
    pub(super) fn at(directory: PathBuf) -> anyhow::Result<Self> {
        let repository = Self { directory };
        if !repository.directory.join("HEAD").exists() {
            std::fs::create_dir_all(&repository.directory)?;
            repository.git(&["init", "--quiet", "--bare", "--initial-branch=main"], "")?;
        }
        Ok(repository)
    }

    /// Makes `files` the whole content of `branch` in a new commit, and returns its hash.
    ///
    /// Author, time and message depend on the number of commits on the branch only, so the same
    /// files always get the same hash.
    ///
    /// # Errors
    /// `git` failed.
    pub fn commit<P: AsRef<str>, F: Into<File>>(
        &self,
        branch: &str,
        files: impl IntoIterator<Item = (P, F)>,
    ) -> anyhow::Result<String> {
        let full = format!("refs/heads/{branch}");
        let parent = self.resolve(&full).ok();
        let count = match parent {
            Some(_) => self.git(&["rev-list", "--count", &full], "")?.trim().parse::<u64>()?,
            None => 0,
        };
        self.commit_numbered(branch, count + 1, parent.as_deref(), files)
    }

    /// As [`Repository::commit`], as the `number`th commit of the world, with this parent.
    ///
    /// # Errors
    /// `git` failed.
    pub fn commit_numbered<P: AsRef<str>, F: Into<File>>(
        &self,
        branch: &str,
        number: u64,
        parent: Option<&str>,
        files: impl IntoIterator<Item = (P, F)>,
    ) -> anyhow::Result<String> {
        let full = format!("refs/heads/{branch}");
        let who =
            format!("Trace <trace@example.com> {} +0000", EPOCH + 60 * number.saturating_sub(1));
        let message = format!("commit {number}");
        let mut stream = format!("commit {full}\nauthor {who}\ncommitter {who}\n");
        stream += &format!("data {}\n{message}\n", message.len());
        if let Some(parent) = parent {
            stream += &format!("from {parent}\n");
        }
        stream += "deleteall\n";
        for (path, file) in files {
            let path = path.as_ref();
            let (mode, content) = match file.into() {
                File::Text(text) => ("100644", text),
                File::Executable(text) => ("100755", text),
                File::Link(target) => ("120000", target),
                File::Submodule(hash) => {
                    stream += &format!("M 160000 {hash} {path}\n");
                    continue;
                }
            };
            stream += &format!("M {mode} inline {path}\ndata {}\n{content}\n", content.len());
        }
        self.git(&["fast-import", "--quiet", "--force"], &stream)?;
        self.resolve(&full)
    }

    /// Makes a tag that is a mere name of `target`.
    ///
    /// # Errors
    /// `git` failed.
    pub fn tag(&self, name: &str, target: &str) -> anyhow::Result<()> {
        self.git(&["update-ref", &format!("refs/tags/{name}"), target], "").map(|_| ())
    }

    /// Makes a tag with an object of its own, and returns the hash of that.
    ///
    /// # Errors
    /// `git` failed.
    pub fn annotated_tag(&self, name: &str, target: &str) -> anyhow::Result<String> {
        self.git(&["tag", "--force", "-a", "-m", name, name, target], "")?;
        self.git(&["rev-parse", &format!("refs/tags/{name}")], "").map(|out| out.trim().to_owned())
    }

    /// Lets a full reference name point to `target`, whatever it pointed to.
    ///
    /// # Errors
    /// `git` failed.
    pub fn set_ref(&self, full: &str, target: &str) -> anyhow::Result<()> {
        self.git(&["update-ref", full, target], "").map(|_| ())
    }

    /// Removes a reference.
    ///
    /// # Errors
    /// `git` failed.
    pub fn delete_ref(&self, full: &str) -> anyhow::Result<()> {
        self.git(&["update-ref", "-d", full], "").map(|_| ())
    }

    /// Puts a raw object into the repository and returns its hash.
    ///
    /// # Errors
    /// `git` failed.
    pub fn write_object(&self, kind: &str, content: &str) -> anyhow::Result<String> {
        let out = self.git(&["hash-object", "-w", "-t", kind, "--stdin"], content)?;
        Ok(out.trim().to_owned())
    }

    /// Returns the content of an object.
    ///
    /// # Errors
    /// `git` failed.
    pub fn read_object(&self, kind: &str, name: &str) -> anyhow::Result<String> {
        self.git(&["cat-file", kind, name], "")
    }

    /// Returns the commit behind a name.
    ///
    /// # Errors
    /// There is none.
    pub fn resolve(&self, name: &str) -> anyhow::Result<String> {
        let name = format!("{name}^{{commit}}");
        let out = self.git(&["rev-parse", "--verify", "--quiet", &name], "")?;
        Ok(out.trim().to_owned())
    }

    /// Runs `git` in the repository and returns what it printed.
    ///
    /// # Errors
    /// It failed.
    pub fn git(&self, arguments: &[&str], input: &str) -> anyhow::Result<String> {
        backend::git(&self.directory, arguments, input.as_bytes())
            .with_context(|| format!("git {}", arguments.join(" ")))
    }
}
