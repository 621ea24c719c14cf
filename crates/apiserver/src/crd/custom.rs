//! The rules of custom resources, in one version of their definition.

use std::sync::Arc;

use flux_schema::{
    FieldError as SchemaError, FieldErrorKind as SchemaErrorKind, Path, RuleSet, apply_defaults,
    drop_wrong_nulls,
};
use serde_json::{Number, Value, json};

use super::definition::{Definition, Version};
use super::embedded;
use super::replicas::{Part, checked_scale};
use crate::builtin::decode_metadata;
use crate::document::{Document, Node};
use crate::meta;
use crate::registry::{Context, Decoded, ResourceInfo, Strategy, Update};
use crate::status::{FieldError, FieldErrorKind, FieldErrors, Status};

/// The strategy of one version of a custom resource.
pub(super) struct CustomStrategy {
    definition: Arc<Definition>,
    version: String,
    storage: String,
}

impl CustomStrategy {
    pub(super) fn new(definition: Arc<Definition>, version: &str, storage: &str) -> Self {
        Self { definition, version: version.to_owned(), storage: storage.to_owned() }
    }

    fn version(&self) -> Option<&Version> {
        self.definition.versions.get(&self.version)
    }

    fn has_status(&self) -> bool {
        self.version().is_some_and(|version| version.has_status)
    }
}

impl Strategy for CustomStrategy {
    fn decode(&self, document: Document) -> Result<Decoded, String> {
        let mut strict_errors: Vec<String> =
            document.duplicates().iter().map(Node::duplicate_text).collect();
        let metadata = document.root().get("metadata").cloned();
        let mut object = document.into_value();
        settle_numbers(&mut object);
        if let Some(metadata) = metadata.filter(|node| !matches!(node, Node::Null)) {
            let decoded = decode_metadata(&metadata)?;
            let is_unknown = |text: &String| text.starts_with("unknown");
            strict_errors.extend(decoded.strict_errors.into_iter().filter(is_unknown));
            meta::map(&mut object).insert("metadata".into(), decoded.object);
        }
        if let Some(version) = self.version() {
            let unknown = flux_schema::prune(&mut object, version.schema());
            strict_errors.extend(unknown.iter().map(|path| format!("unknown field \"{path}\"")));
            drop_wrong_nulls(&mut object, version.schema());
            if version.embeds {
                let unknown = embedded::coerce(&mut object, version.schema());
                let unknown = unknown.map_err(|error| error.to_string())?;
                let text = |path: &String| format!("unknown field \"{path}\"");
                strict_errors.extend(unknown.iter().map(text));
            }
        }
        Ok(Decoded { object, strict_errors })
    }

    fn foreign_warnings(&self, document: &Document) -> Vec<String> {
        let mut object = document.clone().into_value();
        let api_version = meta::text(&object, "/apiVersion").to_owned();
        let group = api_version.split_once('/').map(|(group, _)| group);
        if group != Some(&self.definition.group)
            || meta::text(&object, "/kind") != self.definition.kind
        {
            return Vec::new();
        }
        // A version that there is not knows nothing.
        let nothing = flux_schema::Schema::default();
        let schema = self.definition.version_of(&api_version).map_or(&nothing, Version::schema);
        let unknown = flux_schema::prune(&mut object, schema);
        unknown.iter().map(|path| format!("unknown field \"{path}\"")).collect()
    }

    fn default(&self, object: &mut Value) {
        if let Some(version) = self.version() {
            apply_defaults(object, version.schema());
        }
    }

    fn decode_stored(&self, resource: &ResourceInfo, object: &mut Value) {
        let stored_as = meta::text(object, "/apiVersion").to_owned();
        if let Some(version) = self.definition.version_of(&stored_as) {
            apply_defaults(object, version.schema());
            drop_wrong_nulls(object, version.schema());
        }
        self.convert(object, &resource.api_version());
    }

    fn encode_stored(&self, resource: &ResourceInfo, object: &mut Value) {
        self.convert(object, &resource.storage_api_version);
        // Reads set these defaults anyway; stored bytes that have them can be sent as they are.
        if let Some(version) = self.definition.versions.get(&self.storage) {
            apply_defaults(object, version.schema());
        }
    }

    fn prepare_create(&self, _: &Context<'_>, object: &mut Value) -> Result<(), Status> {
        if self.has_status() {
            meta::map(object).remove("status");
            // The client's status goes, the default of the definition comes.
            self.default(object);
        }
        meta::of(object).insert("generation".into(), 1.into());
        Ok(())
    }

    fn prepare_update(&self, _: &Context<'_>, update: Update<'_>) -> Result<(), Status> {
        if self.has_status() {
            meta::set(meta::map(update.object), "status", update.old.get("status").cloned());
        }
        Ok(())
    }

    fn admit(&self, ctx: &Context<'_>, _: &mut Value, old: Option<&Value>) -> Result<(), Status> {
        if old.is_some() || !self.definition.is_terminating {
            return Ok(());
        }
        let mut status = Status::method_not_supported(ctx.resource.group_resource(), "create");
        "create not allowed while custom resource definition is terminating"
            .clone_into(&mut status.message);
        Err(status)
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let Some(version) = self.version() else { return FieldErrors::new() };
        let mut all = version.validator.validate(&Path::ROOT, object);
        all.extend(checked_scale(version.scale.as_ref(), object, Part::Whole));
        all.extend(embedded_errors(version, object));
        all.extend(flux_schema::validate_lists(&Path::ROOT, version.schema(), object));
        checked_rules(version, object, None, &mut all);
        convert(all)
    }

    fn validate_update(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let Some(version) = self.version() else { return FieldErrors::new() };
        let mut all = version.validator.validate_update(&Path::ROOT, object, old);
        all.extend(checked_scale(version.scale.as_ref(), object, Part::Whole));
        all.extend(embedded_errors(version, object));
        all.extend(changed_lists(version, object, old));
        checked_rules(version, object, Some(old), &mut all);
        convert(all)
    }

    fn validate_status_update(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let Some(version) = self.version() else { return FieldErrors::new() };
        let mut all = Vec::new();
        if let Some((validator, status)) = version.status.as_ref().zip(object.get("status")) {
            let base = Path::new("status");
            let old_status = old.get("status").unwrap_or(&Value::Null);
            all.extend(validator.validate_update(&base, status, old_status));
        }
        all.extend(checked_scale(version.scale.as_ref(), object, Part::Status));
        all.extend(embedded_errors(version, object));
        all.extend(changed_lists(version, object, old));
        checked_rules(version, object, Some(old), &mut all);
        convert(all)
    }

    fn generation_changed(&self, object: &Value, old: &Value) -> Option<bool> {
        let (Some(new), Some(old)) = (object.as_object(), old.as_object()) else {
            return Some(true);
        };
        let changed = |key: &String| key != "metadata" && new.get(key) != old.get(key);
        Some(new.keys().any(changed) || old.keys().any(changed))
    }

    fn allows_unconditional_update(&self) -> bool {
        false
    }

    fn warnings(&self, _: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut all = self.excused(object, old);
        let known = old.map(meta::finalizers).unwrap_or_default();
        let mut added: Vec<String> =
            meta::finalizers(object).into_iter().filter(|one| !known.contains(one)).collect();
        added.sort();
        all.extend(added.iter().filter_map(|one| finalizer_warning(one)));
        all
    }
}

impl CustomStrategy {
    /// Returns the broken rules that do not count because nothing changed where they apply.
    fn excused(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let rules = old.and_then(|old| Some((self.version()?.rules()?, old)));
        let Some((rules, old)) = rules else { return Vec::new() };
        rules.run(object, Some(old)).excused.iter().map(ToString::to_string).collect()
    }

    /// Converts with strategy None: another `apiVersion`, minus what that version does not know.
    fn convert(&self, object: &mut Value, api_version: &str) {
        if meta::text(object, "/apiVersion") == api_version {
            return;
        }
        meta::map(object).insert("apiVersion".into(), api_version.into());
        if let Some(version) = self.definition.version_of(api_version) {
            flux_schema::prune(object, version.schema());
        }
    }
}

/// Numbers as Go keeps them: whole floats are printed without a fraction, and what does not fit
/// into 64 bits with a sign is a float.
fn settle_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if number.is_u64() && number.as_i64().is_none() {
                if let Some(float) = number.as_f64().and_then(Number::from_f64) {
                    *number = float;
                }
            } else if let Some(whole) = number.as_f64().filter(|float| {
                number.is_f64() && float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0
            }) {
                #[allow(clippy::cast_possible_truncation, reason = "small and whole")]
                let whole = whole as i64;
                *number = whole.into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(settle_numbers),
        Value::Object(map) => map.values_mut().for_each(settle_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

pub(super) fn convert(errors: Vec<SchemaError>) -> FieldErrors {
    errors.into_iter().map(FieldError::from).collect()
}

impl From<SchemaError> for FieldError {
    fn from(error: SchemaError) -> Self {
        let kind = match error.kind {
            SchemaErrorKind::Required => FieldErrorKind::Required,
            SchemaErrorKind::Duplicate => FieldErrorKind::Duplicate,
            SchemaErrorKind::Invalid => FieldErrorKind::Invalid,
            SchemaErrorKind::TypeInvalid => FieldErrorKind::TypeInvalid,
            SchemaErrorKind::NotSupported => FieldErrorKind::NotSupported,
            SchemaErrorKind::Forbidden => FieldErrorKind::Forbidden,
            SchemaErrorKind::TooLong => FieldErrorKind::TooLong,
            SchemaErrorKind::TooMany => FieldErrorKind::TooMany,
            SchemaErrorKind::Internal => FieldErrorKind::Internal,
        };
        Self { kind, field: error.field, value: error.value, detail: error.detail }
    }
}

/// Resources inside an object are checked whether they changed or not.
fn embedded_errors(version: &Version, object: &Value) -> Vec<SchemaError> {
    if !version.embeds {
        return Vec::new();
    }
    flux_schema::validate_embedded(&Path::ROOT, version.schema(), object, &embedded::judge)
}

/// Lists are checked unless the old object was wrong already.
fn changed_lists(version: &Version, object: &Value, old: &Value) -> Vec<SchemaError> {
    let check = |object| flux_schema::validate_lists(&Path::ROOT, version.schema(), object);
    if check(old).is_empty() { check(object) } else { Vec::new() }
}

/// Runs the rules of the schema unless the object is so wrong that they would fail.
fn checked_rules(
    version: &Version,
    object: &Value,
    old: Option<&Value>,
    errors: &mut Vec<SchemaError>,
) {
    let Some(rules) = version.rules() else { return };
    match RuleSet::unchecked(errors) {
        Some(error) => errors.push(error),
        None => errors.extend(rules.run(object, old).errors),
    }
}

fn finalizer_warning(finalizer: &str) -> Option<String> {
    const STANDARD: [&str; 3] = ["orphan", "foregroundDeletion", "kubernetes"];
    if finalizer.contains('/') || STANDARD.contains(&finalizer) {
        return None;
    }
    let quoted = json!(finalizer);
    let why = match finalizer.contains('.') {
        true => {
            "prefer a domain-qualified finalizer name including a path (/) to avoid accidental \
             conflicts with other finalizer writers"
        }
        false => {
            "prefer a domain-qualified finalizer name to avoid accidental conflicts with other \
             finalizer writers"
        }
    };
    Some(format!("metadata.finalizers: {quoted}: {why}"))
}
