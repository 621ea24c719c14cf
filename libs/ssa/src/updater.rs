//! Merges applied objects into live ones and keeps book of who owns what.

use std::borrow::Cow;

use serde_json::Value;

use crate::conflict::{Conflict, Conflicts};
use crate::managed::{Entry, ManagedFields, Manager};
use crate::path::Path;
use crate::schema::Type;
use crate::set::Set;
use crate::typed::{self, Comparison, Duplicates, InvalidValues, Typed};
use crate::value::equals;

/// What the engine must know about the versions of one kind.
pub trait Versions: Sync {
    /// Returns the type of objects in `api_version`; nothing if there is no such version (any more).
    fn type_in(&self, api_version: &str) -> Option<&Type>;

    /// Converts `object` to `api_version`. Unless overridden, only `apiVersion` changes.
    fn convert(&self, object: &Value, api_version: &str) -> Result<Value, String> {
        let mut converted = object.clone();
        if let Some(fields) = converted.as_object_mut() {
            fields.insert("apiVersion".to_owned(), api_version.into());
        }
        Ok(converted)
    }

    /// Returns the fields that writes in `api_version` never own, such as `status` of an object
    /// with a subresource for it.
    fn reset_fields(&self, api_version: &str) -> &Set {
        let _ = api_version;
        const { &Set::EMPTY }
    }

    /// Returns what an object of `api_version` looks like before it has any content.
    ///
    /// Kinds whose objects always carry some fields, however empty, return them here: nobody owns
    /// such a field as long as nobody gives it a value.
    fn empty(&self, api_version: &str, kind: &str) -> Value {
        serde_json::json!({ "apiVersion": api_version, "kind": kind, "metadata": {} })
    }
}

/// What to do when others own fields that an apply changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// Fail with the list of conflicts.
    Refuse,
    /// Take the fields over.
    Force,
}

/// Who applies, and what it may do to others.
#[derive(Clone, Copy)]
pub(crate) struct Claim<'a> {
    pub(crate) manager: &'a Manager,
    pub(crate) on_conflict: OnConflict,
}

/// Why fields could not be merged.
#[derive(Debug)]
pub(crate) enum Failure {
    Conflicts(Conflicts),
    Other(String),
}

/// What an apply comes to.
pub(crate) struct Merged {
    /// The object; its managed fields are in an undefined state.
    pub(crate) object: Value,
    /// Whether it differs from the live one.
    pub(crate) changed: bool,
    pub(crate) managed: ManagedFields,
}

enum Unconverted {
    /// The version does not exist any more.
    Missing,
    Failed(String),
}

impl From<InvalidValues> for Unconverted {
    fn from(errors: InvalidValues) -> Self {
        Self::Failed(errors.to_string())
    }
}

/// The rules of ownership for writes in one version.
#[derive(Clone, Copy)]
pub(crate) struct Updater<'a> {
    pub(crate) versions: &'a dyn Versions,
    pub(crate) api_version: &'a str,
    pub(crate) of: &'a Type,
}

/// An object in some version, with its type.
struct Converted<'a> {
    value: Cow<'a, Value>,
    of: &'a Type,
}

impl Converted<'_> {
    fn typed(&self) -> Typed<'_> {
        Typed::assume(&self.value, self.of)
    }
}

impl<'a> Updater<'a> {
    /// Takes away from everybody what a write other than an apply changed.
    ///
    /// Returns what is left and the set of changed fields, which belong to the writer now.
    pub(crate) fn update(
        self,
        live: Typed<'_>,
        new: Typed<'_>,
        managed: ManagedFields,
    ) -> Result<(ManagedFields, Set), Failure> {
        let managed = self.reconciled(live.value(), managed)?;
        let (managed, changes) = self.settle(live, new, managed, None)?;
        Ok((managed, changes.modified.union(&changes.added)))
    }

    /// Merges `applied` into `live`.
    pub(crate) fn apply(
        self,
        live: Typed<'_>,
        applied: Typed<'_>,
        managed: ManagedFields,
        claim: Claim<'_>,
    ) -> Result<Merged, Failure> {
        let manager = claim.manager;
        let mut managed = self.reconciled(live.value(), managed)?;
        let mut new = live.merge_without_managers(&applied);
        let reset = self.versions.reset_fields(self.api_version);
        let mut fields = applied.field_set();
        if !reset.is_empty() {
            fields = fields.recursive_difference(reset);
        }
        let last = managed.remove(manager);
        managed.entries.push(Entry {
            manager: manager.clone(),
            api_version: self.api_version.to_owned(),
            time: last.as_ref().and_then(|last| last.time),
            fields,
        });
        if let Some(last) = last
            && let Some(pruned) = self
                .prune(&new, &managed, manager, &last)
                .map_err(|why| Failure::Other(format!("failed to prune fields: {why}")))?
        {
            new = pruned;
        }
        let merged = Typed::assume(&new, self.of);
        let (managed, _) = self.settle(live, merged, managed, Some(claim))?;
        let is_same = |same: fn(&Value, &Value) -> bool| same_object(live.value(), &new, same);
        Ok(if is_same(|l, r| l == r) {
            Merged { object: new, changed: false, managed }
        } else if is_same(equals) {
            Merged { object: live.value().clone(), changed: false, managed }
        } else {
            Merged { object: new, changed: true, managed }
        })
    }

    /// Takes away from all managers but the claimant what changes, and what vanishes.
    fn settle(
        self,
        live: Typed<'_>,
        new: Typed<'_>,
        mut managed: ManagedFields,
        claim: Option<Claim<'_>>,
    ) -> Result<(ManagedFields, Comparison), Failure> {
        let mut here = live.compare(&new);
        here.exclude(self.versions.reset_fields(self.api_version));
        let mut known: Vec<(String, Option<Comparison>)> =
            vec![(self.api_version.to_owned(), Some(here))];
        let mut conflicts: Vec<(Manager, Set)> = Vec::new();
        let mut kept = Vec::with_capacity(managed.entries.len());
        for mut entry in std::mem::take(&mut managed.entries) {
            if claim.is_some_and(|claim| *claim.manager == entry.manager) {
                kept.push(entry);
                continue;
            }
            let at = match known.iter().position(|(version, _)| *version == entry.api_version) {
                Some(at) => at,
                None => {
                    let comparison = self.compare_in(&entry.api_version, live, new)?;
                    known.push((entry.api_version.clone(), comparison));
                    known.len() - 1
                }
            };
            let Some((_, Some(changes))) = known.get(at) else { continue };
            let lost = entry.fields.intersection(&changes.modified.union(&changes.added));
            if !lost.is_empty() {
                entry.fields = entry.fields.difference(&lost);
                conflicts.push((entry.manager.clone(), lost));
            }
            if !changes.removed.is_empty() {
                entry.fields = entry.fields.difference(&changes.removed);
            }
            kept.push(entry);
        }
        let refuses = claim.is_some_and(|claim| claim.on_conflict == OnConflict::Refuse);
        if refuses && !conflicts.is_empty() {
            return Err(Failure::Conflicts(conflict_list(conflicts)));
        }
        kept.retain(|entry| !entry.fields.is_empty());
        managed.entries = kept;
        let here = known.swap_remove(0).1.unwrap_or_default();
        Ok((managed, here))
    }

    /// Compares two objects in another version, if that version still exists.
    fn compare_in(
        self,
        version: &str,
        live: Typed<'_>,
        new: Typed<'_>,
    ) -> Result<Option<Comparison>, Failure> {
        let convert = |object, which: &str| match self.convert(object, version) {
            Ok(converted) => Ok(Some(converted)),
            Err(Unconverted::Missing) => Ok(None),
            Err(Unconverted::Failed(why)) => {
                Err(Failure::Other(format!("failed to convert {which} object: {why}")))
            }
        };
        let Some(live) = convert(live.value(), "old")? else { return Ok(None) };
        let Some(new) = convert(new.value(), "new")? else { return Ok(None) };
        let mut changes = live.typed().compare(&new.typed());
        changes.exclude(self.versions.reset_fields(version));
        Ok(Some(changes))
    }

    /// Converts an object, unless it is in that version already.
    fn convert<'v>(self, object: &'v Value, version: &str) -> Result<Converted<'v>, Unconverted>
    where
        'a: 'v,
    {
        let of = self.versions.type_in(version).ok_or(Unconverted::Missing)?;
        if object.get("apiVersion").and_then(Value::as_str) == Some(version) {
            return Ok(Converted { value: Cow::Borrowed(object), of });
        }
        let value = self.versions.convert(object, version).map_err(Unconverted::Failed)?;
        Typed::new(&value, of, Duplicates::Refuse)?;
        Ok(Converted { value: Cow::Owned(value), of })
    }

    /// Fits all sets to the present schemas and drops the managers of versions that are gone.
    fn reconciled(
        self,
        live: &Value,
        mut managed: ManagedFields,
    ) -> Result<ManagedFields, Failure> {
        let mut failed = None;
        managed.entries.retain_mut(|entry| match self.convert(live, &entry.api_version) {
            Ok(converted) => {
                if let Some(fields) = typed::reconcile(&entry.fields, converted.of) {
                    entry.fields = fields;
                }
                true
            }
            Err(Unconverted::Missing) => false,
            Err(Unconverted::Failed(why)) => {
                failed.get_or_insert(why);
                true
            }
        });
        match failed {
            None => Ok(managed),
            Some(why) => Err(Failure::Other(why)),
        }
    }

    /// Removes from `merged` what `manager` owned before, does not apply any more and nobody else
    /// owns. Returns nothing if that is nothing.
    fn prune(
        self,
        merged: &Value,
        managed: &ManagedFields,
        manager: &Manager,
        last: &Entry,
    ) -> Result<Option<Value>, String> {
        let gives_nothing_up = last.api_version == self.api_version
            && managed.entry(manager).is_some_and(|now| last.fields.is_subset(&now.fields));
        if last.fields.is_empty() || gives_nothing_up {
            return Ok(None);
        }
        let merged = match self.convert(merged, &last.api_version) {
            Ok(merged) => merged,
            Err(Unconverted::Missing) => return Ok(None),
            Err(Unconverted::Failed(why)) => {
                return Err(format!(
                    "failed to convert merged object to last applied version: {why}"
                ));
            }
        };
        let typed = merged.typed();
        let last_fields = last.fields.with_named_fields(typed.schema(), typed.root());
        let pruned = typed.remove(&last_fields);
        let pruned = self
            .add_back_owned(&merged.value, pruned, &last.api_version, managed)
            .map_err(|why| format!("failed add back owned items: {why}"))?;
        let pruned = self
            .add_back_dangling(typed, &pruned, &last.api_version, &last_fields)
            .map_err(|why| format!("failed add back dangling items: {why}"))?;
        match self.convert(&pruned, self.api_version) {
            Ok(back) => Ok(Some(back.value.into_owned())),
            Err(Unconverted::Missing) => Ok(None),
            Err(Unconverted::Failed(why)) => Err(why),
        }
    }

    /// Puts everything back that some manager owns, whatever version it owns it in.
    fn add_back_owned(
        self,
        merged: &Value,
        mut pruned: Value,
        pruned_version: &str,
        managed: &ManagedFields,
    ) -> Result<Value, String> {
        let mut owned: Vec<(&str, Set)> = Vec::new();
        for entry in &managed.entries {
            match owned.iter_mut().find(|(version, _)| *version == entry.api_version) {
                Some((_, fields)) => *fields = fields.union(&entry.fields),
                None => owned.push((&entry.api_version, entry.fields.clone())),
            }
        }
        // The version that was pruned comes first: other versions may need what is put back by it.
        owned.sort_by_key(|(version, _)| *version != pruned_version);
        let mut merged = Cow::Borrowed(merged);
        for (version, fields) in owned {
            let converted = |object, which: &str| match self.convert(object, version) {
                Ok(converted) => Ok(Some(converted)),
                Err(Unconverted::Missing) => Ok(None),
                Err(Unconverted::Failed(why)) => {
                    Err(format!("failed to convert {which} object at version {version}: {why}"))
                }
            };
            let Some(whole) = converted(&merged, "merged")? else { continue };
            let Some(part) = converted(&pruned, "pruned")? else { continue };
            let (whole_typed, part_typed) = (whole.typed(), part.typed());
            let with_named =
                |set: &Set| set.with_named_fields(whole_typed.schema(), whole_typed.root());
            let keep = with_named(&part_typed.field_set()).union(&with_named(&fields));
            let drop = with_named(&whole_typed.field_set()).difference(&keep);
            let next = whole_typed.remove(&drop);
            let whole = whole.value.into_owned();
            pruned = next;
            merged = Cow::Owned(whole);
        }
        Ok(pruned)
    }

    /// Removes from `merged` only what the manager had owned and what is missing in `pruned`.
    fn add_back_dangling(
        self,
        merged: Typed<'_>,
        pruned: &Value,
        version: &str,
        last_fields: &Set,
    ) -> Result<Value, String> {
        let pruned = match self.convert(pruned, version) {
            Ok(pruned) => pruned,
            Err(Unconverted::Missing) => return Ok(merged.value().clone()),
            Err(Unconverted::Failed(why)) => {
                return Err(format!(
                    "failed to convert pruned object to last applied version: {why}"
                ));
            }
        };
        let with_named = |set: &Set| set.with_named_fields(merged.schema(), merged.root());
        let pruned = with_named(&pruned.typed().field_set());
        let whole = with_named(&merged.field_set());
        Ok(merged.remove(&whole.difference(&pruned).intersection(last_fields)))
    }
}

fn conflict_list(mut conflicts: Vec<(Manager, Set)>) -> Conflicts {
    conflicts.sort_by_cached_key(|(manager, _)| manager.sort_key());
    let mut list = Vec::new();
    for (manager, fields) in conflicts {
        fields.for_each(&mut |path| {
            list.push(Conflict { manager: manager.clone(), path: Path(path.to_vec()) });
        });
    }
    Conflicts(list)
}

/// Returns whether two objects are the same apart from their managed fields.
fn same_object(left: &Value, right: &Value, same: fn(&Value, &Value) -> bool) -> bool {
    let (Some(left), Some(right)) = (left.as_object(), right.as_object()) else {
        return same(left, right);
    };
    left.len() == right.len()
        && left.iter().all(|(name, l)| match right.get(name) {
            None => false,
            Some(r) if name == "metadata" => same_metadata(l, r, same),
            Some(r) => same(l, r),
        })
}

fn same_metadata(left: &Value, right: &Value, same: fn(&Value, &Value) -> bool) -> bool {
    let (Some(left), Some(right)) = (left.as_object(), right.as_object()) else {
        return same(left, right);
    };
    let fields = |map: &'_ serde_json::Map<String, Value>| {
        map.len() - usize::from(map.contains_key("managedFields"))
    };
    fields(left) == fields(right)
        && left
            .iter()
            .filter(|(name, _)| *name != "managedFields")
            .all(|(name, l)| right.get(name).is_some_and(|r| same(l, r)))
}
