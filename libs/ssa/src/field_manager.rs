//! Server-side apply and updates of whole objects, with their managed fields.

use std::sync::LazyLock;

use flux_manifest::GroupVersionKind;
use jiff::Timestamp;
use serde_json::Value;

use crate::conflict::Conflicts;
use crate::managed::{Entry, ManagedFields, Manager, Operation, seconds};
use crate::path::Path;
use crate::schema::Type;
use crate::set::Set;
use crate::typed::{Duplicates, Typed};
use crate::updater::{Claim, Failure, Merged, OnConflict, Updater, Versions};

mod last_applied;
mod times;

pub use times::keep_times;

/// More update managers than this are folded into one.
const MAX_UPDATE_MANAGERS: usize = 10;
/// The manager that stands for updates too old to be told apart.
const ANCIENT_CHANGES: &str = "ancient-changes";
/// The manager of what was there before anybody kept book.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// Keeps `metadata.managedFields` of the objects that one endpoint writes.
#[derive(Clone, Copy)]
pub struct FieldManager<'a> {
    /// The versions of the kind.
    pub versions: &'a dyn Versions,
    /// Group, version and kind of the endpoint.
    pub kind: &'a GroupVersionKind,
    /// The subresource of the endpoint, such as `status`; empty for the object itself.
    pub subresource: &'a str,
}

/// A server-side apply.
#[derive(Clone, Copy, Debug)]
pub struct Apply<'a> {
    /// The stored object in the version of the endpoint; nothing if it does not exist.
    pub live: Option<&'a Value>,
    /// What the client wants to be so.
    pub applied: &'a Value,
    /// The name of the field manager.
    pub manager: &'a str,
    /// What happens to fields of others.
    pub on_conflict: OnConflict,
    /// The time to book.
    pub now: Timestamp,
}

/// A write of a whole object: create, replace, or the result of another kind of patch.
#[derive(Clone, Debug)]
pub struct Update<'a> {
    /// The stored object in the version of the endpoint; nothing if it does not exist.
    pub live: Option<&'a Value>,
    /// The object to be stored, with defaults and without unknown fields.
    pub new: Value,
    /// The name of the field manager.
    pub manager: &'a str,
    /// The time to book.
    pub now: Timestamp,
}

/// The result of a server-side apply, before defaults and validation.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The merged object with its managed fields.
    pub object: Value,
    /// Whether anything but managed fields differs from the live object.
    pub changed: bool,
}

/// Why an apply is refused.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Others own some of the fields: 409.
    #[error(transparent)]
    Conflicts(#[from] Conflicts),
    /// The request makes no sense: 400.
    #[error("{0}")]
    BadRequest(String),
    /// An object does not conform to its schema, or cannot be converted: 500 with just this message.
    #[error("{0}")]
    Failed(String),
}

impl From<Failure> for ApplyError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Conflicts(conflicts) => Self::Conflicts(conflicts),
            Failure::Other(why) => Self::Failed(why),
        }
    }
}

impl FieldManager<'_> {
    /// Merges an applied object into the live one.
    ///
    /// The caller fills in defaults, prunes and validates afterwards, and calls [`keep_times`] last.
    pub fn apply(&self, request: &Apply<'_>) -> Result<Applied, ApplyError> {
        let kind = kind_of(request.applied);
        if kind != *self.kind {
            return Err(ApplyError::BadRequest(format!("invalid object type: {kind}")));
        }
        let empty;
        let live = match request.live {
            Some(live) => live,
            None => {
                empty = self.versions.empty(&self.api_version(), &self.kind.kind);
                &empty
            }
        };
        let managed = ManagedFields::of(live)
            .map_err(|why| ApplyError::Failed(format!("failed to decode managed fields: {why}")))?;
        let endpoint = self.endpoint()?;
        let managed = endpoint.with_first_owner(live, managed, request.now)?;
        if !last_applied::is_kept_by(request.manager) {
            return endpoint.apply(live, request, managed, request.on_conflict);
        }
        match endpoint.apply(live, request, managed.clone(), request.on_conflict) {
            Err(ApplyError::Conflicts(conflicts)) => {
                let conflicts = endpoint.conflicts_beyond_last_applied(live, conflicts);
                if !conflicts.0.is_empty() {
                    return Err(ApplyError::Conflicts(conflicts));
                }
                endpoint.apply(live, request, managed, OnConflict::Force)
            }
            outcome => outcome,
        }
    }

    /// Returns the new object with its managed fields brought up to date.
    ///
    /// What `new` says about managed fields counts if it is a valid and not an empty list; an empty
    /// list clears them; otherwise the live ones are carried on.
    pub fn update(&self, request: Update<'_>) -> Value {
        let Update { live, mut new, manager, now } = request;
        let writer = Writer { name: manager, now };
        let given = match new.get_mut("metadata").and_then(Value::as_object_mut) {
            Some(metadata) => metadata.remove("managedFields").unwrap_or_default(),
            None => Value::Null,
        };
        let kept = self.start(live, given);
        match self.updated(live, &new, kept, writer) {
            Ok(managed) => managed.write_to(&mut new),
            Err(_) => {
                if let Some(live) = live.and_then(|live| ManagedFields::of(live).ok()) {
                    live.write_to(&mut new);
                }
            }
        }
        new
    }

    /// Chooses the managed fields that an update starts from.
    fn start(&self, live: Option<&Value>, given: Value) -> ManagedFields {
        let live = || live.and_then(|live| ManagedFields::of(live).ok()).unwrap_or_default();
        if !self.subresource.is_empty() {
            return live();
        }
        let is_reset = match given.as_array().map(Vec::as_slice) {
            Some([]) => true,
            Some([only]) => is_blank(only),
            _ => false,
        };
        if is_reset {
            return ManagedFields::default();
        }
        let given = serde_json::json!({ "metadata": { "managedFields": given } });
        match ManagedFields::of(&given) {
            Ok(given) if !given.entries.is_empty() => given,
            _ => live(),
        }
    }

    fn updated(
        &self,
        live: Option<&Value>,
        new: &Value,
        managed: ManagedFields,
        writer: Writer<'_>,
    ) -> Result<ManagedFields, ApplyError> {
        // Objects that nobody kept book of are left alone until the first apply.
        let exists = live.is_some_and(|live| !text_at(live, "uid").is_empty());
        if managed.entries.is_empty() && exists {
            return Ok(managed);
        }
        let empty;
        let live = match live {
            Some(live) => live,
            None => {
                empty = self.versions.empty(&self.api_version(), &self.kind.kind);
                &empty
            }
        };
        self.endpoint()?.update(live, new, managed, writer)
    }

    fn api_version(&self) -> String {
        self.kind.api_version()
    }

    fn endpoint(&self) -> Result<Endpoint<'_>, ApplyError> {
        let api_version = self.api_version();
        let of = self.versions.type_in(&api_version).ok_or_else(|| {
            ApplyError::Failed(format!("no corresponding type for {}", self.kind))
        })?;
        Ok(Endpoint { manager: self, api_version, of })
    }
}

/// Who writes, and when.
#[derive(Clone, Copy)]
struct Writer<'a> {
    name: &'a str,
    now: Timestamp,
}

/// One endpoint with the type of its version.
struct Endpoint<'a> {
    manager: &'a FieldManager<'a>,
    api_version: String,
    of: &'a Type,
}

impl Endpoint<'_> {
    fn updater(&self) -> Updater<'_> {
        Updater { versions: self.manager.versions, api_version: &self.api_version, of: self.of }
    }

    fn manager_of(&self, name: &str, operation: Operation) -> Manager {
        Manager::new(name, operation, &self.api_version, self.manager.subresource)
    }

    /// Books everything that is there to a manager of its own if nobody kept book so far.
    fn with_first_owner(
        &self,
        live: &Value,
        managed: ManagedFields,
        now: Timestamp,
    ) -> Result<ManagedFields, ApplyError> {
        if !managed.entries.is_empty() {
            return Ok(managed);
        }
        let empty = self.manager.versions.empty(&self.api_version, &self.manager.kind.kind);
        let writer = Writer { name: BEFORE_FIRST_APPLY, now };
        self.update(&empty, live, managed, writer).map_err(|why| {
            ApplyError::Failed(format!("failed to create manager for existing fields: {why}"))
        })
    }

    fn update(
        &self,
        live: &Value,
        new: &Value,
        managed: ManagedFields,
        writer: Writer<'_>,
    ) -> Result<ManagedFields, ApplyError> {
        let typed = |object, which: &str| {
            Typed::new(object, self.of, Duplicates::Allow).map_err(|errors| {
                let object = name_of(object);
                ApplyError::Failed(format!(
                    "failed to convert {which} object ({object}) to smd typed: {errors}"
                ))
            })
        };
        let (new, live) = (typed(new, "new")?, typed(live, "live")?);
        let (mut managed, changed) = self.updater().update(live, new, managed)?;
        let mut fields = changed.difference(&SYSTEM_FIELDS);
        if !fields.is_empty() {
            let manager = self.manager_of(writer.name, Operation::Update);
            if let Some(previous) = managed.remove(&manager) {
                fields = fields.union(&previous.fields);
            }
            let api_version = self.api_version.clone();
            managed.entries.push(Entry { manager, api_version, time: Some(writer.now), fields });
        }
        fold_oldest_updates(&mut managed);
        Ok(managed)
    }

    fn apply(
        &self,
        live: &Value,
        request: &Apply<'_>,
        managed: ManagedFields,
        on_conflict: OnConflict,
    ) -> Result<Applied, ApplyError> {
        let applied = request.applied;
        if applied.pointer("/metadata/managedFields").is_some_and(Value::is_array) {
            let why = "metadata.managedFields must be nil".to_owned();
            return Err(ApplyError::BadRequest(why));
        }
        let typed = |object, which: &str, duplicates| {
            Typed::new(object, self.of, duplicates).map_err(|errors| {
                let object = name_of(object);
                let why = format!("failed to create typed {which} object ({object}): {errors}");
                ApplyError::Failed(why)
            })
        };
        let typed_applied = typed(applied, "patch", Duplicates::Refuse)?;
        let typed_live = typed(live, "live", Duplicates::Allow)?;
        let manager = self.manager_of(request.manager, Operation::Apply);
        let claim = Claim { manager: &manager, on_conflict };
        let Merged { mut object, changed, mut managed } =
            self.updater().apply(typed_live, typed_applied, managed, claim)?;
        if let Some(mut entry) = managed.remove(&manager) {
            entry.fields = entry.fields.difference(&SYSTEM_FIELDS);
            if changed {
                entry.time = Some(request.now);
            }
            managed.put(entry);
        }
        managed.write_to(&mut object);
        if last_applied::is_kept_by(request.manager) {
            last_applied::sync(&mut object, applied);
        }
        Ok(Applied { object, changed })
    }

    /// Leaves out conflicts about fields that a client-side apply had set to the live value.
    fn conflicts_beyond_last_applied(&self, live: &Value, conflicts: Conflicts) -> Conflicts {
        let Some(owned) = last_applied::owned_fields(live, &self.api_version, self.of) else {
            return conflicts;
        };
        let beyond = conflicts.0.into_iter().filter(|conflict| !owned.contains(&conflict.path.0));
        Conflicts(beyond.collect())
    }
}

/// Fields that nobody owns.
static SYSTEM_FIELDS: LazyLock<Set> = LazyLock::new(|| {
    let metadata = [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    ];
    let mut paths: Vec<Path> =
        metadata.iter().map(|name| Path::fields(&["metadata", name])).collect();
    paths.extend(["apiVersion", "kind", "metadata"].map(|name| Path::fields(&[name])));
    paths.iter().collect()
});

/// Folds the oldest update entries of each version into one until few enough are left.
fn fold_oldest_updates(managed: &mut ManagedFields) {
    let is_update = |entry: &&Entry| entry.manager.operation == Operation::Update;
    let mut left = managed.entries.iter().filter(is_update).count();
    if left <= MAX_UPDATE_MANAGERS {
        return;
    }
    let mut oldest: Vec<&Entry> = managed.entries.iter().filter(is_update).collect();
    oldest.sort_by_cached_key(|entry| (seconds(entry), entry.manager.sort_key()));
    let oldest: Vec<Manager> = oldest.into_iter().map(|entry| entry.manager.clone()).collect();
    let mut firsts: Vec<Manager> = Vec::new();
    for manager in oldest {
        if left <= MAX_UPDATE_MANAGERS {
            return;
        }
        let version = manager.api_version.clone();
        let Some(first) = firsts.iter().find(|first| first.api_version == version).cloned() else {
            firsts.push(manager);
            continue;
        };
        let Some(entry) = managed.remove(&manager) else { continue };
        let bucket = Manager::new(ANCIENT_CHANGES, Operation::Update, &version, "");
        let old = managed.remove(&bucket).or_else(|| managed.remove(&first));
        let fields = old.map_or(Set::EMPTY, |old| old.fields).union(&entry.fields);
        // The younger of the two times counts, and entries come oldest first.
        managed.entries.push(Entry { manager: bucket, fields, ..entry });
        left -= 1;
    }
}

/// Prints `NAMESPACE/NAME; GROUP/VERSION, Kind=KIND`.
fn name_of(object: &Value) -> String {
    let (namespace, name) = (text_at(object, "namespace"), text_at(object, "name"));
    format!("{namespace}/{name}; {}", kind_of(object))
}

fn kind_of(object: &Value) -> GroupVersionKind {
    let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default();
    GroupVersionKind::from_api_version(text("apiVersion"), text("kind"))
}

fn text_at<'v>(object: &'v Value, field: &str) -> &'v str {
    object
        .get("metadata")
        .and_then(|meta| meta.get(field))
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Returns whether an entry of managed fields says nothing at all.
fn is_blank(entry: &Value) -> bool {
    let is_nothing = |value: &Value| value.is_null() || value.as_str() == Some("");
    entry.as_object().is_some_and(|fields| fields.values().all(is_nothing))
}

#[cfg(test)]
mod tests;
