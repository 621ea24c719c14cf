//! A tree whose files are held in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::{Entry, Kind, Tree, TreeError, path};

#[cfg(test)]
mod tests;

/// A file tree in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryTree {
    root: BTreeMap<String, Node>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    File { content: Vec<u8>, executable: bool },
    Directory(BTreeMap<String, Node>),
    Symlink(String),
}

impl Node {
    fn kind(&self) -> Kind {
        match self {
            Self::File { executable, .. } => Kind::File { executable: *executable },
            Self::Directory(_) => Kind::Directory,
            Self::Symlink(_) => Kind::Symlink,
        }
    }
}

impl MemoryTree {
    /// Returns a tree that holds nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a tree of these regular files.
    ///
    /// # Errors
    /// A path climbs above the root, or runs through another file.
    pub fn from_files<P: AsRef<str>, C: Into<Vec<u8>>>(
        files: impl IntoIterator<Item = (P, C)>,
    ) -> Result<Self, TreeError> {
        let mut tree = Self::new();
        for (path, content) in files {
            tree.insert(path.as_ref(), content)?;
        }
        Ok(tree)
    }

    /// Puts a regular file at `path`, in place of what stood there, creating its directories.
    ///
    /// # Errors
    /// The path is the root, climbs above it, or runs through a file.
    pub fn insert(&mut self, path: &str, content: impl Into<Vec<u8>>) -> Result<(), TreeError> {
        self.put(path, Node::File { content: content.into(), executable: false })
    }

    /// Puts a file that may be executed at `path`, as [`MemoryTree::insert`] does.
    ///
    /// # Errors
    /// As [`MemoryTree::insert`].
    pub fn insert_executable(
        &mut self,
        path: &str,
        content: impl Into<Vec<u8>>,
    ) -> Result<(), TreeError> {
        self.put(path, Node::File { content: content.into(), executable: true })
    }

    /// Puts a symlink at `path`, as [`MemoryTree::insert`] does.
    ///
    /// # Errors
    /// As [`MemoryTree::insert`].
    pub fn insert_symlink(&mut self, path: &str, target: &str) -> Result<(), TreeError> {
        self.put(path, Node::Symlink(target.to_owned()))
    }

    /// Makes `path` a directory, keeping what it holds if it is one already.
    ///
    /// # Errors
    /// As [`MemoryTree::insert`].
    pub fn create_directory(&mut self, path: &str) -> Result<(), TreeError> {
        let clean = cleaned(path)?;
        self.directory_mut(&clean, path).map(|_| ())
    }

    /// Removes what stands at `path`, with everything below it. Reports whether there was something.
    pub fn remove(&mut self, path: &str) -> bool {
        let Some(clean) = path::clean(path).filter(|clean| !clean.is_empty()) else {
            return false;
        };
        let mut dir = &mut self.root;
        for part in path::parent(&clean).split('/').filter(|part| !part.is_empty()) {
            match dir.get_mut(part) {
                Some(Node::Directory(below)) => dir = below,
                _ => return false,
            }
        }
        dir.remove(path::name(&clean)).is_some()
    }

    /// Copies everything that `tree` holds below `root` to the root of a new tree.
    ///
    /// # Errors
    /// What reading `tree` reports.
    pub fn copy_of(tree: &dyn Tree, root: &str) -> Result<Self, TreeError> {
        let base = tree.resolve(root)?;
        let mut copy = Self::new();
        crate::walk::<TreeError>(tree, &base, &mut |here, kind| {
            let to = here.get(base.len()..).unwrap_or(here);
            match kind {
                Kind::Directory => copy.create_directory(to)?,
                Kind::Symlink => copy.insert_symlink(to, &tree.link_target(here)?)?,
                Kind::File { executable } => {
                    let content = tree.file_content(here)?.into_owned();
                    copy.put(to, Node::File { content, executable })?;
                }
                Kind::Special => {}
            }
            Ok(crate::Visit::Continue)
        })?;
        Ok(copy)
    }

    fn put(&mut self, path: &str, node: Node) -> Result<(), TreeError> {
        let clean = cleaned(path)?;
        if clean.is_empty() {
            return Err(TreeError::NotAFile { path: path.to_owned() });
        }
        let dir = self.directory_mut(path::parent(&clean), path)?;
        dir.insert(path::name(&clean).to_owned(), node);
        Ok(())
    }

    fn directory_mut(
        &mut self,
        clean: &str,
        wanted: &str,
    ) -> Result<&mut BTreeMap<String, Node>, TreeError> {
        let mut dir = &mut self.root;
        for part in clean.split('/').filter(|part| !part.is_empty()) {
            let node =
                dir.entry(part.to_owned()).or_insert_with(|| Node::Directory(BTreeMap::new()));
            match node {
                Node::Directory(below) => dir = below,
                _ => return Err(TreeError::NotADirectory { path: wanted.to_owned() }),
            }
        }
        Ok(dir)
    }

    fn node(&self, path: &str) -> Result<&Node, TreeError> {
        let missing = || TreeError::NotFound { path: path.to_owned() };
        let mut dir = &self.root;
        for part in path::parent(path).split('/').filter(|part| !part.is_empty()) {
            match dir.get(part) {
                Some(Node::Directory(below)) => dir = below,
                Some(_) => return Err(TreeError::NotADirectory { path: path.to_owned() }),
                None => return Err(missing()),
            }
        }
        dir.get(path::name(path)).ok_or_else(missing)
    }
}

fn cleaned(path: &str) -> Result<String, TreeError> {
    path::clean(path).ok_or_else(|| TreeError::Escapes { path: path.to_owned() })
}

impl Drop for MemoryTree {
    /// Takes the tree apart without recursion, so that no depth can exhaust the stack.
    fn drop(&mut self) {
        let mut pending = vec![std::mem::take(&mut self.root)];
        while let Some(dir) = pending.pop() {
            pending.extend(dir.into_values().filter_map(|node| match node {
                Node::Directory(below) => Some(below),
                Node::File { .. } | Node::Symlink(_) => None,
            }));
        }
    }
}

impl Tree for MemoryTree {
    fn entry_kind(&self, path: &str) -> Result<Kind, TreeError> {
        if path.is_empty() {
            return Ok(Kind::Directory);
        }
        self.node(path).map(Node::kind)
    }

    fn link_target(&self, path: &str) -> Result<String, TreeError> {
        match self.node(path)? {
            Node::Symlink(target) => Ok(target.clone()),
            _ => Err(TreeError::NotFound { path: path.to_owned() }),
        }
    }

    fn file_content(&self, path: &str) -> Result<Cow<'_, [u8]>, TreeError> {
        if path.is_empty() {
            return Err(TreeError::NotAFile { path: path.to_owned() });
        }
        match self.node(path)? {
            Node::File { content, .. } => Ok(Cow::Borrowed(content)),
            _ => Err(TreeError::NotAFile { path: path.to_owned() }),
        }
    }

    fn directory(&self, path: &str) -> Result<Vec<Entry>, TreeError> {
        let dir = if path.is_empty() {
            &self.root
        } else {
            match self.node(path)? {
                Node::Directory(below) => below,
                _ => return Err(TreeError::NotADirectory { path: path.to_owned() }),
            }
        };
        let entry =
            |(name, node): (&String, &Node)| Entry { name: name.clone(), kind: node.kind() };
        Ok(dir.iter().map(entry).collect())
    }
}
