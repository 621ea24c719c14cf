//! What one kind does differently from all others.

use serde_json::Value;

use super::{Registry, ResourceInfo};
use crate::authn::User;
use crate::clock::Timestamp;
use crate::document::{Document, Node};
use crate::random::Random;
use crate::status::{FieldErrors, Status};
use crate::store::Store;

/// What a strategy may see while it decides. Writes are serialised: nothing changes in the store
/// between `prepare_*` and the commit, so allocating from what [`View`] shows is safe.
pub struct Context<'a> {
    /// Who asks, after impersonation.
    pub user: &'a User,
    /// The time of the request.
    pub now: Timestamp,
    /// What is written to.
    pub resource: &'a ResourceInfo,
    /// The namespace of the request, empty for cluster-scoped resources.
    pub namespace: &'a str,
    /// The subresource of the request, empty for the object itself.
    pub subresource: &'a str,
    /// Whether nothing will be stored.
    pub dry_run: bool,
    /// The other objects.
    pub view: View<'a>,
    /// What is served.
    pub registry: &'a Registry,
    /// Names, numbers and uids.
    pub random: &'a Random,
}

/// Reads of other objects.
#[derive(Clone, Copy)]
pub struct View<'a> {
    store: &'a Store,
}

impl<'a> View<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Returns an object as it is stored; the namespace is empty for cluster-scoped ones.
    pub fn get(&self, group: &str, plural: &str, namespace: &str, name: &str) -> Option<Value> {
        let collection = crate::store::Collection::new(group, plural);
        let key = crate::store::key(namespace, name);
        self.store.get(&collection, &key).map(|stored| stored.to_value())
    }

    /// Returns all objects of a namespace (empty: of all namespaces) as they are stored.
    pub fn list(&self, group: &str, plural: &str, namespace: &str) -> Vec<Value> {
        let collection = crate::store::Collection::new(group, plural);
        let prefix = crate::store::prefix(namespace);
        self.store.list(&collection, &prefix).iter().map(|stored| stored.to_value()).collect()
    }
}

/// A body that could be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// The object without fields that the kind does not have.
    pub object: Value,
    /// What a strict decoder objects to, in the order of the text: `unknown field "spec.x"`,
    /// `duplicate field "data.k"`.
    pub strict_errors: Vec<String>,
}

/// An update: the new object may be changed, the old one is what is stored.
pub struct Update<'a> {
    /// What will be stored.
    pub object: &'a mut Value,
    /// What is stored, in the request's version.
    pub old: &'a Value,
}

/// A write that was committed, for [`Strategy::committed`].
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// A new object.
    Created(&'a Value),
    /// Old and new object.
    Updated(&'a Value, &'a Value),
    /// The last state of an object that is gone.
    Deleted(&'a Value),
}

/// What a DELETE without `propagationPolicy` does to dependents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionDefaults {
    /// The garbage collector removes them.
    Background,
    /// They stay, through the `orphan` finalizer.
    Orphan,
    /// The kind has none, and takes no finalizers on their behalf.
    Unsupported,
}

/// The rules of one kind (in one version). All methods have the defaults of a plain kind such as
/// ConfigMap; the order of calls is `decode`, `default`, (managed fields are booked), `admit`,
/// `prepare_*`, `validate*`: so what `default` sets belongs to the client's field manager, what
/// `admit` and `prepare_*` set to nobody.
///
/// Errors and warnings carry the original's words. Objects are in the version of the
/// [`ResourceInfo`] unless said otherwise. `metadata` common to all kinds (names, uid, times,
/// labels, owner references, managedFields) is none of a strategy's business.
#[allow(unused_variables, reason = "defaults ignore what they are given")]
pub trait Strategy: Send + Sync {
    /// Turns a body into an object: drops unknown fields, checks JSON types.
    ///
    /// # Errors
    /// The text after `cannot be handled as a KIND: `, such as `json: cannot unmarshal number
    /// into Go struct field ConfigMap.data of type string`.
    fn decode(&self, document: Document) -> Result<Decoded, String> {
        let strict_errors = document.duplicates().iter().map(Node::duplicate_text).collect();
        Ok(Decoded { object: document.into_value(), strict_errors })
    }

    /// Does the same with the outcome of a strategic merge patch.
    ///
    /// # Errors
    /// The text for a value that does not fit its type.
    fn decode_merged(&self, document: Document) -> Result<Decoded, String> {
        self.decode(document)
    }

    /// Returns what a body of another version than the path's is warned about before it is refused.
    fn foreign_warnings(&self, document: &Document) -> Vec<String> {
        Vec::new()
    }

    /// Sets what is missing; runs on bodies, on patch results and on objects of older shapes.
    fn default(&self, object: &mut Value) {}

    /// Turns a stored object (in the storage version) into this version.
    fn decode_stored(&self, resource: &ResourceInfo, object: &mut Value) {
        set_api_version(object, &resource.api_version());
    }

    /// Turns an object of this version into the storage version.
    fn encode_stored(&self, resource: &ResourceInfo, object: &mut Value) {
        set_api_version(object, &resource.storage_api_version);
    }

    /// Drops what a client may not set and fills in what the server decides.
    ///
    /// # Errors
    /// A refusal such as an address that is taken.
    fn prepare_create(&self, ctx: &Context<'_>, object: &mut Value) -> Result<(), Status> {
        Ok(())
    }

    /// The same for an update of the main resource: keeps the old status, for instance.
    ///
    /// # Errors
    /// See [`Strategy::prepare_create`].
    fn prepare_update(&self, ctx: &Context<'_>, update: Update<'_>) -> Result<(), Status> {
        Ok(())
    }

    /// The same for `status`. The default takes `status` (and managedFields) from the new object
    /// and everything else from the old one.
    ///
    /// # Errors
    /// See [`Strategy::prepare_create`].
    fn prepare_status_update(&self, ctx: &Context<'_>, update: Update<'_>) -> Result<(), Status> {
        keep_all_but_status(update);
        Ok(())
    }

    /// The same for a subresource of behaviour `Part`, named by `ctx.subresource`.
    ///
    /// # Errors
    /// See [`Strategy::prepare_create`].
    fn prepare_subresource_update(
        &self,
        ctx: &Context<'_>,
        update: Update<'_>,
    ) -> Result<(), Status> {
        Ok(())
    }

    /// Runs a subresource of behaviour `Action` (`pods/binding`): changes the object by the body.
    ///
    /// # Errors
    /// A refusal.
    fn act(&self, ctx: &Context<'_>, update: Update<'_>, body: &Value) -> Result<Value, Status> {
        Err(Status::method_not_allowed())
    }

    /// What admission plugins do to the kind: changes and refusals. `old` is set for updates.
    ///
    /// # Errors
    /// A refusal, mostly [`Status::forbidden`].
    fn admit(
        &self,
        ctx: &Context<'_>,
        object: &mut Value,
        old: Option<&Value>,
    ) -> Result<(), Status> {
        Ok(())
    }

    /// Refuses deletions as admission plugins do.
    ///
    /// # Errors
    /// A refusal, mostly [`Status::forbidden`].
    fn admit_delete(&self, ctx: &Context<'_>, object: &Value) -> Result<(), Status> {
        Ok(())
    }

    /// Checks a new object.
    fn validate(&self, ctx: &Context<'_>, object: &Value) -> FieldErrors {
        FieldErrors::new()
    }

    /// Checks an update of the main resource.
    fn validate_update(&self, ctx: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        self.validate(ctx, object)
    }

    /// Checks an update of `status` or of a subresource of behaviour `Part`.
    fn validate_status_update(
        &self,
        ctx: &Context<'_>,
        object: &Value,
        old: &Value,
    ) -> FieldErrors {
        FieldErrors::new()
    }

    /// Texts for `Warning` headers of an accepted create or update.
    fn warnings(&self, ctx: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<String> {
        Vec::new()
    }

    /// Tells whether `metadata.generation` is kept for this kind, and if so whether this update
    /// changed what counts. `None`: a client's generation stays as it is.
    fn generation_changed(&self, object: &Value, old: &Value) -> Option<bool> {
        None
    }

    /// Tells what names are allowed; the default is a DNS subdomain.
    ///
    /// Returns the texts of what is wrong with `name`; `prefix` is set for `generateName`.
    fn name_errors(&self, name: &str, prefix: Option<&str>) -> Vec<String> {
        crate::names::dns_subdomain_errors(name, prefix)
    }

    /// Tells whether PUT may create.
    fn allows_create_on_update(&self) -> bool {
        false
    }

    /// Tells whether PUT may come without resourceVersion.
    fn allows_unconditional_update(&self) -> bool {
        true
    }

    /// Returns what a deletion does to dependents when nobody says.
    fn deletion_defaults(&self) -> DeletionDefaults {
        DeletionDefaults::Background
    }

    /// Returns a warning about a deletion that does not say what becomes of dependents.
    fn deletion_warning(&self) -> Option<&'static str> {
        None
    }

    /// Returns how many seconds a deletion waits, given what was asked for; `None` for kinds
    /// that are not deleted gracefully. 0 removes at once.
    fn grace_period(&self, object: &Value, requested: Option<i64>) -> Option<i64> {
        None
    }

    /// Tells whether DELETE answers with the object instead of a Status (Pods, Services, …).
    fn returns_deleted_object(&self) -> bool {
        false
    }

    /// Changes an object whose deletion began (a namespace becomes Terminating).
    fn mark_deleting(&self, object: &mut Value) {}

    /// Tells whether something beside `metadata.finalizers` keeps a deleted object (a namespace's
    /// `spec.finalizers`).
    fn holds_deletion(&self, object: &Value) -> bool {
        false
    }

    /// Returns what field selectors may name beside `metadata.name` and `metadata.namespace`,
    /// with the object's values.
    fn selectable_fields(&self, object: &Value) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Returns the schema for server-side apply and for the documents of OpenAPI: the OpenAPI
    /// definition of this kind. `None` deduces the structure from the values.
    fn schema_name(&self) -> Option<&'static str> {
        None
    }

    /// Learns of a committed write; CRDs register their resources here. Never for dry runs.
    fn committed(&self, ctx: &Context<'_>, change: Change<'_>) {}
}

/// The strategy of kinds without rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainStrategy;

impl Strategy for PlainStrategy {}

fn set_api_version(object: &mut Value, api_version: &str) {
    if let Some(map) = object.as_object_mut() {
        map.insert("apiVersion".into(), api_version.into());
    }
}

fn keep_all_but_status(update: Update<'_>) {
    let status = update.object.get_mut("status").map(Value::take);
    let tracked = update.object.pointer_mut("/metadata/managedFields").map(Value::take);
    let mut kept = update.old.clone();
    if let Some(map) = kept.as_object_mut() {
        match status {
            Some(status) => map.insert("status".into(), status),
            None => map.remove("status"),
        };
    }
    if let Some(metadata) = kept.get_mut("metadata").and_then(Value::as_object_mut) {
        match tracked {
            Some(tracked) => metadata.insert("managedFields".into(), tracked),
            None => metadata.remove("managedFields"),
        };
    }
    *update.object = kept;
}
