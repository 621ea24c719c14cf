//! A tree with some files in place of its own.

use std::borrow::Cow;
use std::collections::BTreeMap;

use flux_tree::{Entry, Kind, Tree, TreeError, path};

/// A tree with some files in place of its own. Their directories have to exist in it.
pub(crate) struct Overlay<'a> {
    base: &'a dyn Tree,
    files: BTreeMap<String, Vec<u8>>,
}

impl<'a> Overlay<'a> {
    pub(crate) fn new(base: &'a dyn Tree) -> Self {
        Self { base, files: BTreeMap::new() }
    }

    pub(crate) fn insert(&mut self, path: &str, content: Vec<u8>) {
        self.files.insert(path.to_owned(), content);
    }
}

impl Tree for Overlay<'_> {
    fn entry_kind(&self, path: &str) -> Result<Kind, TreeError> {
        if self.files.contains_key(path) {
            return Ok(Kind::File { executable: false });
        }
        self.base.entry_kind(path)
    }

    fn link_target(&self, path: &str) -> Result<String, TreeError> {
        self.base.link_target(path)
    }

    fn file_content(&self, path: &str) -> Result<Cow<'_, [u8]>, TreeError> {
        match self.files.get(path) {
            Some(content) => Ok(Cow::Borrowed(content)),
            None => self.base.file_content(path),
        }
    }

    fn directory(&self, directory: &str) -> Result<Vec<Entry>, TreeError> {
        let mut entries = self.base.directory(directory)?;
        for file in self.files.keys().filter(|file| path::parent(file) == directory) {
            let name = path::name(file);
            entries.retain(|entry| entry.name != name);
            entries.push(Entry { name: name.to_owned(), kind: Kind::File { executable: false } });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }
}
