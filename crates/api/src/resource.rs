//! The envelope of every custom resource.

use std::fmt;

use flux_manifest::{GroupVersionKind, Object};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Condition, Metadata, ObjectReference};

/// The spec of a custom resource, which names the kind that it belongs to.
pub trait Definition:
    Clone + fmt::Debug + PartialEq + Default + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The API group.
    const GROUP: &'static str;
    /// The version that is served and stored.
    const VERSION: &'static str;
    /// The kind.
    const KIND: &'static str;
    /// The resource name in URLs.
    const PLURAL: &'static str;
    /// What stands in `status`.
    type Status: ResourceStatus;
}

/// What the statuses of all kinds share.
pub trait ResourceStatus:
    Clone + fmt::Debug + PartialEq + Default + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Returns the conditions.
    fn conditions(&self) -> &[Condition];
    /// Returns the conditions for changes; use [`crate::conditions`] to make them.
    fn conditions_mut(&mut self) -> &mut Vec<Condition>;
    /// Returns the generation that the status speaks of; `None` for kinds without.
    fn observed_generation(&self) -> Option<i64>;
    /// Records the generation that the status speaks of.
    fn observe_generation(&mut self, generation: i64);
    /// Returns the `requestedAt` annotation that was handled last.
    fn last_handled_reconcile_at(&self) -> Option<&str>;
    /// Records the `requestedAt` annotation that was handled.
    fn handle_reconcile_at(&mut self, requested_at: &str);
}

/// One custom resource: metadata, spec and status; kind and version come from the spec's type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource<S: Definition> {
    /// Name, labels, finalizers and so on.
    pub metadata: Metadata,
    /// What is wanted.
    pub spec: S,
    /// What was found; the default when the object has none yet.
    pub status: S::Status,
}

impl<S: Definition> Resource<S> {
    /// Returns the kind of all resources of this type.
    pub fn gvk() -> GroupVersionKind {
        GroupVersionKind::new(S::GROUP, S::VERSION, S::KIND)
    }

    /// Returns `group/version`.
    pub fn api_version() -> String {
        format!("{}/{}", S::GROUP, S::VERSION)
    }

    /// Makes a resource without status.
    pub fn new(namespace: &str, name: &str, spec: S) -> Self {
        let metadata =
            Metadata { name: name.into(), namespace: namespace.into(), ..Metadata::default() };
        Self { metadata, spec, status: S::Status::default() }
    }

    /// Reads a resource from an object.
    ///
    /// # Errors
    /// A field of the wrong type or a missing one.
    pub fn from_object(object: &Object) -> Result<Self, serde_json::Error> {
        Self::deserialize(object.as_value())
    }

    /// Writes the resource as an object.
    ///
    /// # Errors
    /// None in practice: every field type has a JSON form.
    pub fn to_object(&self) -> Result<Object, serde_json::Error> {
        let value = serde_json::to_value(self)?;
        Object::try_from(value).map_err(serde::ser::Error::custom)
    }

    /// Tells whether deletion has begun.
    pub fn is_deleting(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    /// Returns the value of `reconcile.fluxcd.io/requestedAt`.
    pub fn requested_at(&self) -> Option<&str> {
        self.metadata.annotations.get(crate::names::REQUESTED_AT).map(String::as_str)
    }

    /// Names the resource in full.
    pub fn reference(&self) -> ObjectReference {
        ObjectReference {
            kind: S::KIND.to_owned(),
            namespace: self.metadata.namespace.clone(),
            name: self.metadata.name.clone(),
            uid: self.metadata.uid.clone(),
            api_version: Self::api_version(),
            resource_version: self.metadata.resource_version.clone(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a, S: Definition> {
    api_version: String,
    kind: &'static str,
    metadata: &'a Metadata,
    spec: &'a S,
    #[serde(skip_serializing_if = "is_default")]
    status: &'a S::Status,
}

fn is_default<T: Default + PartialEq>(value: &&T) -> bool {
    **value == T::default()
}

impl<S: Definition> Serialize for Resource<S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let Self { metadata, spec, status } = self;
        Written { api_version: Self::api_version(), kind: S::KIND, metadata, spec, status }
            .serialize(serializer)
    }
}

#[derive(Deserialize)]
#[serde(bound = "")]
struct Read<S: Definition> {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    spec: S,
    status: Option<S::Status>,
}

impl<'de, S: Definition> Deserialize<'de> for Resource<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Read { metadata, spec, status } = Read::deserialize(deserializer)?;
        Ok(Self { metadata, spec, status: status.unwrap_or_default() })
    }
}

/// Implements [`ResourceStatus`] for a struct with the usual three fields.
macro_rules! resource_status {
    ($status:ty) => {
        impl crate::ResourceStatus for $status {
            fn conditions(&self) -> &[crate::Condition] {
                &self.conditions
            }
            fn conditions_mut(&mut self) -> &mut Vec<crate::Condition> {
                &mut self.conditions
            }
            fn observed_generation(&self) -> Option<i64> {
                Some(self.observed_generation)
            }
            fn observe_generation(&mut self, generation: i64) {
                self.observed_generation = generation;
            }
            fn last_handled_reconcile_at(&self) -> Option<&str> {
                self.last_handled_reconcile_at.as_deref()
            }
            fn handle_reconcile_at(&mut self, requested_at: &str) {
                self.last_handled_reconcile_at = Some(requested_at.to_owned());
            }
        }
    };
}
pub(crate) use resource_status;
