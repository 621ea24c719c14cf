//! One directory of a tree as a tree of its own.

use std::borrow::Cow;
use std::sync::Arc;

use crate::{Entry, Kind, Tree, TreeError, path};

/// A directory of another tree as root: what lies outside of it does not exist.
///
/// Symlinks that lead out of the directory are refused as any others that leave their root.
pub struct Subtree {
    tree: Arc<dyn Tree>,
    root: String,
}

impl Subtree {
    /// Makes the directory at `root` the root.
    ///
    /// # Errors
    /// `root` is no directory of `tree`.
    pub fn new(tree: Arc<dyn Tree>, root: &str) -> Result<Self, TreeError> {
        let root = tree.resolve(root)?;
        if tree.entry_kind(&root)? != Kind::Directory {
            return Err(TreeError::NotADirectory { path: root });
        }
        Ok(Self { tree, root })
    }

    fn outer(&self, path: &str) -> String {
        path::join_confined(&self.root, path)
    }
}

impl Tree for Subtree {
    fn entry_kind(&self, path: &str) -> Result<Kind, TreeError> {
        self.tree.entry_kind(&self.outer(path))
    }

    fn link_target(&self, path: &str) -> Result<String, TreeError> {
        self.tree.link_target(&self.outer(path))
    }

    fn file_content(&self, path: &str) -> Result<Cow<'_, [u8]>, TreeError> {
        self.tree.file_content(&self.outer(path))
    }

    fn directory(&self, path: &str) -> Result<Vec<Entry>, TreeError> {
        self.tree.directory(&self.outer(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryTree;

    #[test]
    fn only_the_directory_is_seen_and_nothing_leads_out_of_it() {
        let mut outer = MemoryTree::new();
        outer.insert("apps/a.yaml", b"a".to_vec()).unwrap();
        outer.insert("secret.yaml", b"s".to_vec()).unwrap();
        outer.insert_symlink("apps/out.yaml", "../secret.yaml").unwrap();
        let tree = Subtree::new(Arc::new(outer), "apps").unwrap();
        assert_eq!(&*tree.read("a.yaml").unwrap(), b"a");
        let names: Vec<_> = tree.directory("").unwrap().into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["a.yaml", "out.yaml"]);
        assert!(tree.read("secret.yaml").is_err());
        assert!(tree.read("out.yaml").is_err());
        assert!(tree.read("../secret.yaml").is_err());
    }
}
