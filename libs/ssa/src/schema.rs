//! Types of objects as structured merge needs them, built from OpenAPI on demand.

use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use serde_json::Value;

use crate::path::Name;

mod fields;
mod metadata;
mod openapi;

pub(crate) use fields::Fields;

/// A set of named definitions. Each is turned into a type when it is needed for the first time.
pub struct Schema {
    /// Sorted; the position is the index into `atoms`.
    names: Vec<Name>,
    atoms: Vec<OnceLock<Option<Atom>>>,
    load: Load,
}

type Load = Box<dyn Fn(&str) -> Option<Value> + Send + Sync>;

impl Schema {
    /// Makes a schema of the definitions called `names`, which `load` returns in the form of
    /// OpenAPI v2 or v3. A reference to `…/x` means the definition called `x`.
    pub fn new<'a>(
        names: impl IntoIterator<Item = &'a str>,
        load: impl Fn(&str) -> Option<Value> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let mut names: Vec<Name> = names.into_iter().map(Name::from).collect();
        names.sort();
        names.dedup();
        let atoms = names.iter().map(|_| OnceLock::new()).collect();
        Arc::new(Self { names, atoms, load: Box::new(load) })
    }

    /// Makes a schema of definitions that are all at hand.
    pub fn from_definitions(definitions: serde_json::Map<String, Value>) -> Arc<Self> {
        let names: Vec<String> = definitions.keys().cloned().collect();
        Self::new(names.iter().map(String::as_str), move |name| definitions.get(name).cloned())
    }

    /// Returns the type of the definition called `name`.
    pub fn type_of(self: &Arc<Self>, name: &str) -> Option<Type> {
        let root = TypeRef::Named { index: self.index_of(name)?, relationship: None };
        Some(Type { schema: Arc::clone(self), root })
    }

    /// Returns the last part of the name of the definition that a reference leads to.
    pub(crate) fn short_name(&self, of: &TypeRef) -> &str {
        match of {
            TypeRef::Named { index, .. } => {
                self.names.get(*index).and_then(|name| name.rsplit('.').next()).unwrap_or_default()
            }
            TypeRef::Unknown | TypeRef::Inline(_) | TypeRef::Untyped | TypeRef::Deduced => "",
        }
    }

    fn index_of(&self, name: &str) -> Option<usize> {
        self.names.binary_search_by(|known| (**known).cmp(name)).ok()
    }

    pub(crate) fn resolve<'a>(&'a self, of: &'a TypeRef) -> Option<View<'a>> {
        match of {
            TypeRef::Unknown => None,
            TypeRef::Untyped => Some(View::of(&UNTYPED)),
            TypeRef::Deduced => Some(View::of(&DEDUCED)),
            TypeRef::Inline(atom) => Some(View::of(atom)),
            TypeRef::Named { index, relationship } => {
                let atom = self.atoms.get(*index)?.get_or_init(|| {
                    let name = self.names.get(*index)?;
                    Some(openapi::definition(self, name, &(self.load)(name)?))
                });
                let mut view = View::of(atom.as_ref()?);
                if let Some(relationship) = relationship {
                    view.atomic_map = *relationship == Relationship::Atomic;
                }
                Some(view)
            }
        }
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").field("definitions", &self.names.len()).finish_non_exhaustive()
    }
}

/// The type of an object or of a part of one; cheap to clone.
#[derive(Clone, Debug)]
pub struct Type {
    pub(crate) schema: Arc<Schema>,
    pub(crate) root: TypeRef,
}

impl Type {
    /// Makes the type of custom resources with this `openAPIV3Schema`.
    ///
    /// `apiVersion`, `kind` and `metadata` are added as the API server adds them.
    pub fn of_custom_resource(open_api_v3_schema: &Value) -> Self {
        let schema = Schema::new([], |_| None);
        let root = TypeRef::Inline(Arc::new(openapi::custom_resource(&schema, open_api_v3_schema)));
        Self { schema, root }
    }

    /// Returns the type of objects without a schema: maps are granular, lists are atomic.
    pub fn deduced() -> Self {
        static EMPTY: LazyLock<Arc<Schema>> = LazyLock::new(|| Schema::new([], |_| None));
        Self { schema: Arc::clone(&EMPTY), root: TypeRef::Deduced }
    }
}

/// Where to find a type.
#[derive(Clone, Debug)]
pub(crate) enum TypeRef {
    /// Nothing is known, nothing is allowed.
    Unknown,
    /// A definition of the schema; the reference can override how its maps are merged.
    Named { index: usize, relationship: Option<Relationship> },
    /// A type without a name.
    Inline(Arc<Atom>),
    /// Anything, owned as a whole.
    Untyped,
    /// Anything; maps are owned field by field.
    Deduced,
}

/// The shapes that a value can have.
#[derive(Debug, Default)]
pub(crate) struct Atom {
    pub(crate) scalar: Option<Scalar>,
    pub(crate) list: Option<List>,
    pub(crate) map: Option<Map>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    Numeric,
    String,
    Boolean,
    Untyped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relationship {
    Atomic,
    Separable,
}

#[derive(Debug)]
pub(crate) struct List {
    pub(crate) element: TypeRef,
    pub(crate) kind: ListKind,
}

/// How the items of a list relate.
#[derive(Debug)]
pub(crate) enum ListKind {
    /// The list is owned as a whole.
    Atomic,
    /// Items are scalars, each at most once.
    Set,
    /// Items are maps that these fields tell apart.
    Map(Box<[Name]>),
}

impl List {
    pub(crate) fn is_atomic(&self) -> bool {
        matches!(self.kind, ListKind::Atomic)
    }
}

#[derive(Debug)]
pub(crate) struct Map {
    pub(crate) fields: Fields,
    /// The type of fields that are not declared, if such are allowed.
    pub(crate) element: Option<TypeRef>,
    pub(crate) relationship: Option<Relationship>,
}

impl Map {
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(name)
    }

    /// Returns the type of the field `name`, declared or not.
    pub(crate) fn type_of(&self, name: &str) -> Option<&TypeRef> {
        self.field(name).map(|field| &field.of).or(self.element.as_ref())
    }
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: Name,
    pub(crate) of: TypeRef,
    /// Used for list keys that an item leaves out.
    pub(crate) default: Option<Box<Value>>,
    /// How strategic merge patches treat the field, unless by default.
    pub(crate) patch: Option<Box<PatchRule>>,
}

/// The `x-kubernetes-patch-…` extensions of a field.
#[derive(Debug)]
pub(crate) struct PatchRule {
    pub(crate) strategy: Box<str>,
    pub(crate) merge_key: Box<str>,
}

/// A resolved type, possibly narrowed to the shape of one value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) scalar: Option<Scalar>,
    pub(crate) list: Option<&'a List>,
    pub(crate) map: Option<&'a Map>,
    pub(crate) atomic_map: bool,
}

impl<'a> View<'a> {
    fn of(atom: &'a Atom) -> Self {
        let map = atom.map.as_ref();
        Self {
            scalar: atom.scalar,
            list: atom.list.as_ref(),
            map,
            atomic_map: map.is_some_and(|map| map.relationship == Some(Relationship::Atomic)),
        }
    }

    /// Keeps only the shape that `value` has, if it is an allowed one. Null fits every shape.
    pub(crate) fn narrowed(self, value: Option<&Value>) -> Self {
        let nothing = View { scalar: None, list: None, map: None, ..self };
        match value {
            Some(Value::Number(_) | Value::String(_) | Value::Bool(_)) if self.scalar.is_some() => {
                View { scalar: self.scalar, ..nothing }
            }
            Some(Value::Array(_)) if self.list.is_some() => View { list: self.list, ..nothing },
            Some(Value::Object(_)) if self.map.is_some() => View { map: self.map, ..nothing },
            _ => self,
        }
    }

    /// Returns whether two narrowings of one type allow the same shapes.
    pub(crate) fn same_shapes(&self, other: &Self) -> bool {
        self.scalar.is_some() == other.scalar.is_some()
            && self.list.is_some() == other.list.is_some()
            && self.map.is_some() == other.map.is_some()
    }

    /// Chooses the shape that is handled: a map before a scalar before a list.
    pub(crate) fn shape(self) -> Shape<'a> {
        match self {
            View { map: Some(map), .. } => Shape::Map(map, self.atomic_map),
            View { scalar: Some(scalar), .. } => Shape::Scalar(scalar),
            View { list: Some(list), .. } => Shape::List(list),
            _ => Shape::None,
        }
    }
}

/// One shape of a [`View`].
pub(crate) enum Shape<'a> {
    /// A map, and whether it is atomic.
    Map(&'a Map, bool),
    Scalar(Scalar),
    List(&'a List),
    None,
}

static UNTYPED: LazyLock<Atom> = LazyLock::new(|| anything(TypeRef::Untyped, Relationship::Atomic));
static DEDUCED: LazyLock<Atom> =
    LazyLock::new(|| anything(TypeRef::Deduced, Relationship::Separable));

fn anything(element: TypeRef, relationship: Relationship) -> Atom {
    Atom {
        scalar: Some(Scalar::Untyped),
        list: Some(List { element: TypeRef::Untyped, kind: ListKind::Atomic }),
        map: Some(Map {
            fields: Fields::default(),
            element: Some(element),
            relationship: Some(relationship),
        }),
    }
}

#[cfg(test)]
mod tests;
