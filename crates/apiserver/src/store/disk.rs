//! Objects on disk: every write is there before it is acknowledged.
//!
//! One file, `objects.redb`, with two tables: the objects by collection and key, and the revision
//! of the last write. A file that cannot be read as such is refused, never replaced.

use std::path::{Path, PathBuf};

use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};

use serde_json::Value;

use super::{Collection, Stored};

const OBJECTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("objects");
const COUNTERS: TableDefinition<'_, &str, u64> = TableDefinition::new("counters");
const REVISION: &str = "revision";

/// Why the file of objects cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {message}", path.display())]
pub struct DiskError {
    path: PathBuf,
    message: String,
}

/// The key and value of an object.
type Row = (String, Vec<u8>);

/// An object as it was found on disk.
pub(super) struct Found {
    pub(super) collection: Collection,
    pub(super) key: String,
    pub(super) revision: u64,
    pub(super) shape: u64,
    pub(super) object: Value,
}

/// The file of objects.
pub(super) struct Disk {
    database: Database,
    path: PathBuf,
}

impl Disk {
    /// Opens the file in a directory, which is made if it is missing.
    ///
    /// # Errors
    /// The file is damaged, in use, or cannot be written.
    pub(super) fn open(data_dir: &Path) -> Result<Self, DiskError> {
        let path = data_dir.join("objects.redb");
        let fail = |message: String| DiskError { path: path.clone(), message };
        std::fs::create_dir_all(data_dir).map_err(|error| fail(error.to_string()))?;
        if std::fs::metadata(&path).is_ok_and(|file| file.len() == 0) {
            return Err(fail("the file is empty; remove it to begin anew".to_owned()));
        }
        let database = Database::create(&path).map_err(|error| {
            fail(format!("{error}; restore it from a copy, or remove it to begin anew"))
        })?;
        Ok(Self { database, path })
    }

    /// Reads everything: the objects, and the revision of the last write (0 for a new file).
    pub(super) fn load(&self) -> Result<(Vec<Found>, u64), DiskError> {
        self.read().map_err(|error| self.error(&error))?.map_or_else(
            || Ok((Vec::new(), 0)),
            |(rows, revision)| {
                let parsed: Option<Vec<Found>> = rows.into_iter().map(parse).collect();
                let damaged =
                    || self.error(&redb::Error::Corrupted("an object is malformed".to_owned()));
                Ok((parsed.ok_or_else(damaged)?, revision))
            },
        )
    }

    /// Returns the rows and the revision; nothing if the file is new.
    fn read(&self) -> Result<Option<(Vec<Row>, u64)>, redb::Error> {
        let transaction = self.database.begin_read()?;
        let objects = match transaction.open_table(OBJECTS) {
            Ok(objects) => objects,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut rows = Vec::new();
        for row in objects.iter()? {
            let (key, value) = row?;
            rows.push((key.value().to_owned(), value.value().to_owned()));
        }
        let revision = transaction.open_table(COUNTERS)?.get(REVISION)?;
        Ok(Some((rows, revision.map_or(0, |it| it.value()))))
    }

    /// Writes an object; it is on disk when this returns.
    pub(super) fn put(&self, collection: &Collection, stored: &Stored) -> Result<(), DiskError> {
        let mut value = Vec::with_capacity(16 + stored.bytes.len());
        value.extend_from_slice(&stored.revision.to_le_bytes());
        value.extend_from_slice(&stored.shape.to_le_bytes());
        value.extend_from_slice(&stored.bytes);
        let row = row_key(collection, &stored.key);
        let write = || -> Result<(), redb::Error> {
            let transaction = self.database.begin_write()?;
            transaction.open_table(OBJECTS)?.insert(row.as_str(), value.as_slice())?;
            transaction.open_table(COUNTERS)?.insert(REVISION, stored.revision)?;
            Ok(transaction.commit()?)
        };
        write().map_err(|error| self.error(&error))
    }

    /// Removes an object; it is gone from disk when this returns.
    pub(super) fn delete(
        &self,
        collection: &Collection,
        key: &str,
        revision: u64,
    ) -> Result<(), DiskError> {
        let row = row_key(collection, key);
        let write = || -> Result<(), redb::Error> {
            let transaction = self.database.begin_write()?;
            transaction.open_table(OBJECTS)?.remove(row.as_str())?;
            transaction.open_table(COUNTERS)?.insert(REVISION, revision)?;
            Ok(transaction.commit()?)
        };
        write().map_err(|error| self.error(&error))
    }

    fn error(&self, error: &redb::Error) -> DiskError {
        DiskError { path: self.path.clone(), message: error.to_string() }
    }
}

fn row_key(collection: &Collection, key: &str) -> String {
    format!("{}\0{}\0{key}", collection.group, collection.plural)
}

fn parse((row, value): Row) -> Option<Found> {
    let mut parts = row.splitn(3, '\0');
    let collection = Collection::new(parts.next()?, parts.next()?);
    let key = parts.next()?.to_owned();
    let number = |range: std::ops::Range<usize>| {
        Some(u64::from_le_bytes(value.get(range)?.try_into().ok()?))
    };
    let (revision, shape) = (number(0..8)?, number(8..16)?);
    let object = serde_json::from_slice(value.get(16..)?).ok()?;
    Some(Found { collection, key, revision, shape, object })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Store, Target, key};
    use super::*;

    fn collection() -> Collection {
        Collection::new("", "configmaps")
    }

    fn put(store: &Store, name: &str) -> u64 {
        let collection = collection();
        let key = key("default", name);
        let mut object = json!({"metadata": {"name": name, "labels": {"app": name}}});
        store
            .writer()
            .put(Target { collection: &collection, key: &key, shape: 7 }, &mut object)
            .revision
    }

    #[test]
    fn what_was_written_is_there_again_and_the_revision_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_at(folder.path()).unwrap();
        put(&store, "a");
        put(&store, "b");
        let target = Target { collection: &collection(), key: "default/a", shape: 7 };
        store.writer().delete(target).unwrap();
        let revision = store.revision();
        drop(store);
        let store = Store::open_at(folder.path()).unwrap();
        assert_eq!(store.revision(), revision);
        assert!(store.get(&collection(), "default/a").is_none());
        let found = store.get(&collection(), "default/b").unwrap();
        assert_eq!((found.label("app"), found.shape), (Some("b"), 7));
        assert_eq!(put(&store, "c"), revision + 1);
    }

    #[test]
    fn a_file_that_was_cut_off_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_at(folder.path()).unwrap();
        for number in 0..200 {
            put(&store, &format!("map-{number}"));
        }
        drop(store);
        let path = folder.path().join("objects.redb");
        let whole = std::fs::read(&path).unwrap();
        for part in [1, 2, 3] {
            let cut = &whole[..whole.len() * part / 4];
            std::fs::write(&path, cut).unwrap();
            let error = Store::open_at(folder.path()).err().unwrap().to_string();
            assert!(error.contains("objects.redb"), "{error}");
            assert_eq!(std::fs::read(&path).unwrap().len(), cut.len());
        }
    }

    #[test]
    fn a_damaged_or_emptied_file_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("objects.redb");
        for content in
            ["", "this is no database, and long enough to be taken for one".repeat(200).as_str()]
        {
            std::fs::write(&path, content).unwrap();
            let error = Store::open_at(folder.path()).err().unwrap().to_string();
            assert!(error.contains("objects.redb") && error.contains("begin anew"), "{error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
        }
    }
}
