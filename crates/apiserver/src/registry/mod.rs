//! The table of everything that is served: resources, their names, and the strategy of each.

mod strategy;
mod table;
mod typing;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

pub use strategy::{
    Change, Context, Decoded, DeletionDefaults, PlainStrategy, Strategy, Update, View,
};

pub(crate) use typing::{Typing, built_in_type};

use crate::store::Collection;

/// Whether objects live in namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Objects live in namespaces.
    Namespaced,
    /// Objects live beside namespaces.
    Cluster,
}

/// What requests a resource answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names of the API's verbs")]
pub enum Verb {
    Create,
    Delete,
    DeleteCollection,
    Get,
    List,
    Patch,
    Update,
    Watch,
}

impl Verb {
    /// All verbs, as most resources have them.
    pub const ALL: [Self; 8] = [
        Self::Create,
        Self::Delete,
        Self::DeleteCollection,
        Self::Get,
        Self::List,
        Self::Patch,
        Self::Update,
        Self::Watch,
    ];

    /// Returns the name in discovery and authorization.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
            Self::Get => "get",
            Self::List => "list",
            Self::Patch => "patch",
            Self::Update => "update",
            Self::Watch => "watch",
        }
    }
}

/// A path below an object.
#[derive(Clone, Debug)]
pub struct Subresource {
    /// The last part of the path, such as `status`.
    pub name: String,
    /// What stands behind it.
    pub behaviour: SubresourceBehaviour,
    /// Group, version and kind of bodies where they differ from the resource's own.
    pub kind: Option<(String, String, String)>,
    /// The verbs in discovery.
    pub verbs: Vec<Verb>,
}

impl Subresource {
    /// The `status` subresource.
    pub fn status() -> Self {
        Self {
            name: "status".to_owned(),
            behaviour: SubresourceBehaviour::Status,
            kind: None,
            verbs: vec![Verb::Get, Verb::Patch, Verb::Update],
        }
    }

    /// The `scale` subresource with `autoscaling/v1` bodies.
    pub fn scale(paths: ScalePaths) -> Self {
        Self {
            name: "scale".to_owned(),
            behaviour: SubresourceBehaviour::Scale(paths),
            kind: Some(("autoscaling".to_owned(), "v1".to_owned(), "Scale".to_owned())),
            verbs: vec![Verb::Get, Verb::Patch, Verb::Update],
        }
    }
}

/// What a subresource does.
#[derive(Clone, Debug)]
pub enum SubresourceBehaviour {
    /// Reads and writes the object, but only what [`Strategy::prepare_status_update`] lets through.
    Status,
    /// Shows the object as a `Scale`.
    Scale(ScalePaths),
    /// Writes the object through [`Strategy::prepare_subresource_update`] (`approval`, `resize`,
    /// `ephemeralcontainers`, `finalize`).
    Part,
    /// `serviceaccounts/token`.
    Token,
    /// `pods/binding` and `pods/eviction`: a body of another kind that changes the object through
    /// [`Strategy::act`].
    Action,
    /// Listed in discovery and refused with this message (`pods/log`, `pods/exec`, …).
    Refused(String),
}

/// Where a kind keeps what its `Scale` shows, as paths such as `.spec.replicas`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalePaths {
    /// The wanted number.
    pub spec_replicas: String,
    /// The observed number.
    pub status_replicas: String,
    /// The selector: a text in the object's status, or a `LabelSelector` map.
    pub selector: Option<String>,
}

/// A column of the printed table of a custom resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrinterColumn {
    /// Heading.
    pub name: String,
    /// OpenAPI type: `string`, `integer`, `date`, …
    pub type_name: String,
    /// OpenAPI format.
    pub format: String,
    /// What the column is about.
    pub description: String,
    /// 0 for columns that are always shown.
    pub priority: i32,
    /// Where the value is.
    pub json_path: String,
}

/// One served resource in one version.
#[derive(Clone)]
pub struct ResourceInfo {
    /// API group, empty for the core group.
    pub group: String,
    /// Version, such as `v1`.
    pub version: String,
    /// Kind of the objects.
    pub kind: String,
    /// Kind of lists.
    pub list_kind: String,
    /// The name in paths.
    pub plural: String,
    /// The name of one, for command lines.
    pub singular: String,
    /// Further names for command lines.
    pub short_names: Vec<String>,
    /// Groupings such as `all`.
    pub categories: Vec<String>,
    /// Namespaced or not.
    pub scope: Scope,
    /// What the resource answers.
    pub verbs: Vec<Verb>,
    /// Paths below objects.
    pub subresources: Vec<Subresource>,
    /// Where the objects are stored; versions of one kind share it.
    pub storage: Collection,
    /// The `apiVersion` of stored objects.
    pub storage_api_version: String,
    /// Changes whenever stored bytes may no longer be what a read must show (a new schema with
    /// other defaults); 0 for kinds whose shape never changes.
    pub shape: u64,
    /// Columns of custom resources; built-in kinds have theirs in `table`.
    pub columns: Option<Vec<PrinterColumn>>,
    /// Paths for field selectors of custom resources, such as `.spec.color`.
    pub selectable_fields: Vec<String>,
    /// Whether a definition stands behind it.
    pub is_custom: bool,
    /// Warning sent with each answer if the version is deprecated.
    pub deprecation_warning: Option<String>,
    /// The `openAPIV3Schema` of custom resources.
    pub open_api_schema: Option<Arc<serde_json::Value>>,
    /// The rules of the kind.
    pub strategy: Arc<dyn Strategy>,
    /// What field managers know about the kind, found out when it is asked for.
    pub(crate) typing: OnceLock<Arc<Typing>>,
}

impl ResourceInfo {
    /// Makes a resource with all verbs and the usual names: `Pod` becomes `pods`, `pod`, `PodList`.
    pub fn new(api_version: &str, kind: &str, scope: Scope, strategy: Arc<dyn Strategy>) -> Self {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        let singular = kind.to_lowercase();
        let plural = pluralize(&singular);
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            list_kind: format!("{kind}List"),
            storage: Collection::new(group, &plural),
            plural,
            singular,
            short_names: Vec::new(),
            categories: Vec::new(),
            scope,
            verbs: Verb::ALL.to_vec(),
            subresources: Vec::new(),
            storage_api_version: api_version.to_owned(),
            shape: 0,
            columns: None,
            selectable_fields: Vec::new(),
            is_custom: false,
            deprecation_warning: None,
            open_api_schema: None,
            strategy,
            typing: OnceLock::new(),
        }
    }

    /// Returns what field managers know about the kind.
    pub(crate) fn typing(&self) -> &Typing {
        self.typing.get_or_init(|| Arc::new(Typing::new(self)))
    }

    /// Returns `apiVersion` as objects carry it.
    pub fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// Returns group and plural for messages.
    pub fn group_resource(&self) -> crate::status::GroupResource<'_> {
        crate::status::GroupResource { group: &self.group, resource: &self.plural }
    }

    /// Finds a subresource by its name.
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|sub| sub.name == name)
    }

    /// Tells whether objects live in namespaces.
    pub fn is_namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }
}

fn pluralize(singular: &str) -> String {
    match singular {
        "endpoints" => singular.to_owned(),
        _ if singular.ends_with('s') || singular.ends_with("ch") => format!("{singular}es"),
        _ if singular.ends_with('y') => format!("{}ies", &singular[..singular.len() - 1]),
        _ => format!("{singular}s"),
    }
}

/// Everything that is served at one moment.
#[derive(Clone, Default)]
pub struct Resources {
    by_path: BTreeMap<(String, String, String), Arc<ResourceInfo>>,
}

impl Resources {
    /// Adds or replaces a resource.
    pub fn insert(&mut self, info: ResourceInfo) {
        let key = (info.group.clone(), info.version.clone(), info.plural.clone());
        self.by_path.insert(key, Arc::new(info));
    }

    /// Removes every version of a resource.
    pub fn remove(&mut self, group: &str, plural: &str) {
        self.by_path.retain(|(g, _, p), _| g != group || p != plural);
    }

    /// Finds a resource by what its path says.
    pub fn get(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<ResourceInfo>> {
        self.by_path.get(&(group.to_owned(), version.to_owned(), plural.to_owned()))
    }

    /// Finds a resource by group and plural name in any version.
    pub fn any_version(&self, group: &str, plural: &str) -> Option<&Arc<ResourceInfo>> {
        self.iter().find(|info| info.group == group && info.plural == plural)
    }

    /// Finds a resource by group, version and kind.
    pub fn by_kind(&self, group: &str, version: &str, kind: &str) -> Option<&Arc<ResourceInfo>> {
        self.iter().find(|one| one.group == group && one.version == version && one.kind == kind)
    }

    /// Goes over all resources, sorted by group, version and plural name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ResourceInfo>> {
        self.by_path.values()
    }

    /// Tells whether a group is served in any version.
    pub fn has_group(&self, group: &str) -> bool {
        self.iter().any(|info| info.group == group)
    }
}

/// The current [`Resources`]; definitions change them while the server runs.
#[derive(Default)]
pub struct Registry {
    current: RwLock<Arc<Resources>>,
}

impl Registry {
    /// Starts with the given resources.
    pub fn new(resources: impl IntoIterator<Item = ResourceInfo>) -> Self {
        let mut table = Resources::default();
        resources.into_iter().for_each(|info| table.insert(info));
        Self { current: RwLock::new(Arc::new(table)) }
    }

    /// Returns what is served now.
    pub fn resources(&self) -> Arc<Resources> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes what is served, for all requests that begin afterwards.
    pub fn change(&self, change: impl FnOnce(&mut Resources)) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut current));
    }
}
