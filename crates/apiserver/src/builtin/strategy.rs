//! What all built-in kinds have in common, and the rules that one of them may have on top.

use serde_json::Value;

use super::typed;
use crate::document::Document;
use crate::meta;
use crate::names;
use crate::registry::{Change, Context, Decoded, DeletionDefaults, ResourceInfo, Strategy, Update};
use crate::status::{FieldError, FieldErrors, Status};

/// Whether the server counts changes of a kind in `metadata.generation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generation {
    /// It does not; a client's value is kept.
    Kept,
    /// It is 1 for new objects and grows with every change beside metadata and status.
    Counted,
    /// The same, and changed annotations count too.
    CountedWithAnnotations,
}

/// What names of a kind have to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameRule {
    Subdomain,
    Label,
    PathSegment,
}

/// What one built-in kind does beyond its types. The defaults are those of a plain kind.
#[allow(unused_variables, reason = "defaults ignore what they are given")]
pub(crate) trait Rules: Send + Sync {
    fn generation(&self) -> Generation {
        Generation::Kept
    }

    fn names(&self) -> NameRule {
        NameRule::Subdomain
    }

    /// Sets what is missing.
    fn default(&self, object: &mut Value) {}

    /// Runs on new objects, after the status was emptied.
    fn prepare_create(&self, ctx: &Context<'_>, object: &mut Value) -> Result<(), Status> {
        Ok(())
    }

    /// Runs on changed objects, after the old status was put back.
    fn prepare_update(&self, ctx: &Context<'_>, update: Update<'_>) -> Result<(), Status> {
        Ok(())
    }

    /// Runs on changes of the status, after everything else but metadata was put back.
    fn prepare_status(&self, ctx: &Context<'_>, update: Update<'_>) -> Result<(), Status> {
        Ok(())
    }

    /// Runs on changes through a subresource of its own.
    fn prepare_part(&self, ctx: &Context<'_>, update: Update<'_>) -> Result<(), Status> {
        Ok(())
    }

    fn act(&self, ctx: &Context<'_>, update: Update<'_>, body: &Value) -> Result<Value, Status> {
        Err(Status::method_not_allowed())
    }

    fn admit(
        &self,
        ctx: &Context<'_>,
        object: &mut Value,
        old: Option<&Value>,
    ) -> Result<(), Status> {
        Ok(())
    }

    fn admit_delete(&self, ctx: &Context<'_>, object: &Value) -> Result<(), Status> {
        Ok(())
    }

    fn validate(&self, ctx: &Context<'_>, object: &Value) -> FieldErrors {
        FieldErrors::new()
    }

    fn validate_update(&self, ctx: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        self.validate(ctx, object)
    }

    fn validate_status(&self, ctx: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        FieldErrors::new()
    }

    fn warnings(&self, ctx: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<String> {
        Vec::new()
    }

    fn allows_create_on_update(&self) -> bool {
        false
    }

    fn allows_unconditional_update(&self) -> bool {
        true
    }

    fn deletion_defaults(&self) -> DeletionDefaults {
        DeletionDefaults::Background
    }

    fn deletion_warning(&self) -> Option<&'static str> {
        None
    }

    fn grace_period(&self, object: &Value, requested: Option<i64>) -> Option<i64> {
        None
    }

    fn returns_deleted_object(&self) -> bool {
        false
    }

    fn mark_deleting(&self, object: &mut Value) {}

    fn holds_deletion(&self, object: &Value) -> bool {
        false
    }

    fn selectable_fields(&self, object: &Value) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Turns the stored version into the one of this resource.
    fn decode_stored(&self, object: &mut Value) {}

    /// Turns this version into the stored one.
    fn encode_stored(&self, object: &mut Value) {}

    fn committed(&self, ctx: &Context<'_>, change: Change<'_>) {}
}

/// The rules of kinds that have none.
pub(super) struct NoRules;

impl Rules for NoRules {
    fn validate(&self, ctx: &Context<'_>, object: &Value) -> FieldErrors {
        missing_texts(ctx.resource, object)
    }
}

/// Checks an object by nothing but the definition of its kind.
fn missing_texts(info: &ResourceInfo, object: &Value) -> FieldErrors {
    let kind = flux_manifest::GroupVersionKind::new(&info.group, &info.version, &info.kind);
    let name = flux_schema::openapi::name_of(&kind).unwrap_or_default();
    let missing = flux_schema::openapi::missing_texts(name, object);
    missing.into_iter().map(FieldError::from).collect()
}

/// The rules of kinds that have none but whose changes are counted.
pub(super) struct CountedOnly;

impl Rules for CountedOnly {
    fn generation(&self) -> Generation {
        Generation::Counted
    }

    fn validate(&self, ctx: &Context<'_>, object: &Value) -> FieldErrors {
        missing_texts(ctx.resource, object)
    }
}

/// A built-in kind: its type and its rules.
pub(super) struct Builtin {
    pub(super) definition: &'static str,
    /// Whether the status is written through a subresource only.
    pub(super) has_status: bool,
    pub(super) rules: Box<dyn Rules>,
}

impl Builtin {
    fn reset_status(&self, object: &mut Value) {
        if !self.has_status {
            return;
        }
        let zero = typed::zero_field(self.definition, "status");
        meta::set(meta::map(object), "status", zero);
    }
}

impl Strategy for Builtin {
    fn decode(&self, document: Document) -> Result<Decoded, String> {
        typed::decode(self.definition, &document)
    }

    fn decode_merged(&self, document: Document) -> Result<Decoded, String> {
        typed::convert(self.definition, &document)
    }

    fn default(&self, object: &mut Value) {
        self.rules.default(object);
    }

    fn decode_stored(&self, resource: &ResourceInfo, object: &mut Value) {
        self.rules.decode_stored(object);
        meta::map(object).insert("apiVersion".into(), resource.api_version().into());
    }

    fn encode_stored(&self, resource: &ResourceInfo, object: &mut Value) {
        self.rules.encode_stored(object);
        let version = resource.storage_api_version.as_str();
        meta::map(object).insert("apiVersion".into(), version.into());
    }

    fn prepare_create(&self, ctx: &Context<'_>, object: &mut Value) -> Result<(), Status> {
        self.reset_status(object);
        if self.rules.generation() != Generation::Kept {
            meta::of(object).insert("generation".into(), 1.into());
        }
        self.rules.prepare_create(ctx, object)
    }

    fn prepare_update(&self, ctx: &Context<'_>, update: Update<'_>) -> Result<(), Status> {
        let Update { object, old } = update;
        if self.has_status {
            meta::set(meta::map(object), "status", old.get("status").cloned());
        }
        self.rules.prepare_update(ctx, Update { object, old })
    }

    fn prepare_subresource_update(
        &self,
        ctx: &Context<'_>,
        update: Update<'_>,
    ) -> Result<(), Status> {
        self.rules.prepare_part(ctx, update)
    }

    fn act(&self, ctx: &Context<'_>, update: Update<'_>, body: &Value) -> Result<Value, Status> {
        self.rules.act(ctx, update, body)
    }

    fn admit(
        &self,
        ctx: &Context<'_>,
        object: &mut Value,
        old: Option<&Value>,
    ) -> Result<(), Status> {
        self.rules.admit(ctx, object, old)
    }

    fn admit_delete(&self, ctx: &Context<'_>, object: &Value) -> Result<(), Status> {
        self.rules.admit_delete(ctx, object)
    }

    fn validate(&self, ctx: &Context<'_>, object: &Value) -> FieldErrors {
        self.rules.validate(ctx, object)
    }

    fn validate_update(&self, ctx: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        self.rules.validate_update(ctx, object, old)
    }

    fn validate_status_update(
        &self,
        ctx: &Context<'_>,
        object: &Value,
        old: &Value,
    ) -> FieldErrors {
        self.rules.validate_status(ctx, object, old)
    }

    fn warnings(&self, ctx: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<String> {
        self.rules.warnings(ctx, object, old)
    }

    fn generation_changed(&self, object: &Value, old: &Value) -> Option<bool> {
        let annotations = |object: &Value| object.pointer("/metadata/annotations").cloned();
        match self.rules.generation() {
            Generation::Kept => None,
            Generation::Counted => Some(differs_beside_metadata(object, old)),
            Generation::CountedWithAnnotations => Some(
                differs_beside_metadata(object, old) || annotations(object) != annotations(old),
            ),
        }
    }

    fn prepare_status_update(&self, ctx: &Context<'_>, update: Update<'_>) -> Result<(), Status> {
        let Update { object, old } = update;
        let stays = |key: &str| !matches!(key, "apiVersion" | "kind" | "metadata" | "status");
        let map = meta::map(object);
        map.retain(|key, _| !stays(key));
        for (key, value) in old.as_object().into_iter().flatten().filter(|(key, _)| stays(key)) {
            map.insert(key.clone(), value.clone());
        }
        self.rules.prepare_status(ctx, Update { object, old })
    }

    fn name_errors(&self, name: &str, prefix: Option<&str>) -> Vec<String> {
        match self.rules.names() {
            NameRule::Subdomain => names::dns_subdomain_errors(name, prefix),
            NameRule::Label => label_errors(name, prefix, names::dns_label_errors),
            NameRule::PathSegment => names::path_segment_errors(name, prefix),
        }
    }

    fn allows_create_on_update(&self) -> bool {
        self.rules.allows_create_on_update()
    }

    fn allows_unconditional_update(&self) -> bool {
        self.rules.allows_unconditional_update()
    }

    fn deletion_defaults(&self) -> DeletionDefaults {
        self.rules.deletion_defaults()
    }

    fn deletion_warning(&self) -> Option<&'static str> {
        self.rules.deletion_warning()
    }

    fn grace_period(&self, object: &Value, requested: Option<i64>) -> Option<i64> {
        self.rules.grace_period(object, requested)
    }

    fn returns_deleted_object(&self) -> bool {
        let short = self.definition.rsplit('.').next().unwrap_or_default();
        RETURNED.contains(&short) || self.rules.returns_deleted_object()
    }

    fn mark_deleting(&self, object: &mut Value) {
        self.rules.mark_deleting(object);
    }

    fn holds_deletion(&self, object: &Value) -> bool {
        self.rules.holds_deletion(object)
    }

    fn selectable_fields(&self, object: &Value) -> Vec<(&'static str, String)> {
        self.rules.selectable_fields(object)
    }

    fn schema_name(&self) -> Option<&'static str> {
        Some(self.definition)
    }

    fn committed(&self, ctx: &Context<'_>, change: Change<'_>) {
        self.rules.committed(ctx, change);
    }
}

/// Kinds without other rules about deletion whose deletion answers with the object.
const RETURNED: [&str; 8] = [
    "CSIDriver",
    "CSINode",
    "PodTemplate",
    "ResourceQuota",
    "ServiceAccount",
    "StorageClass",
    "VolumeAttachment",
    "VolumeAttributesClass",
];

/// A name with dots is told so, and nothing else, where a label is wanted.
fn label_errors(
    name: &str,
    prefix: Option<&str>,
    check: fn(&str, Option<&str>) -> Vec<String>,
) -> Vec<String> {
    match name.contains('.') {
        true => vec!["must not contain dots".to_owned()],
        false => check(name, prefix),
    }
}

fn differs_beside_metadata(object: &Value, old: &Value) -> bool {
    let (Some(new), Some(old)) = (object.as_object(), old.as_object()) else { return true };
    let counts = |key: &String| !matches!(key.as_str(), "metadata" | "status" | "apiVersion");
    let changed = |key: &String| counts(key) && new.get(key) != old.get(key);
    new.keys().any(changed) || old.keys().any(changed)
}
