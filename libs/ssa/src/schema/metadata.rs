//! The type of `metadata`, which the schemas of custom resources leave out.

use std::sync::{Arc, LazyLock};

use super::openapi::scalar;
use super::{Atom, Field, Fields, List, ListKind, Map, Relationship, Scalar, TypeRef};

/// Returns the type of `metadata`.
pub(super) fn of() -> TypeRef {
    static METADATA: LazyLock<Arc<Atom>> = LazyLock::new(|| Arc::new(metadata()));
    TypeRef::Inline(Arc::clone(&METADATA))
}

fn metadata() -> Atom {
    structure(
        vec![
            ("annotations", text_map()),
            ("creationTimestamp", one(Scalar::Untyped)),
            ("deletionGracePeriodSeconds", one(Scalar::Numeric)),
            ("deletionTimestamp", one(Scalar::Untyped)),
            ("finalizers", list(one(Scalar::String), ListKind::Set)),
            ("generateName", one(Scalar::String)),
            ("generation", one(Scalar::Numeric)),
            ("labels", text_map()),
            ("managedFields", list(inline(managed_fields_entry()), ListKind::Atomic)),
            ("name", one(Scalar::String)),
            ("namespace", one(Scalar::String)),
            (
                "ownerReferences",
                list(inline(owner_reference()), ListKind::Map(["uid".into()].into())),
            ),
            ("resourceVersion", one(Scalar::String)),
            ("selfLink", one(Scalar::String)),
            ("uid", one(Scalar::String)),
        ],
        None,
    )
}

fn managed_fields_entry() -> Atom {
    let texts = ["apiVersion", "fieldsType", "manager", "operation", "subresource"];
    let mut fields: Vec<_> = texts.map(|name| (name, one(Scalar::String))).into();
    fields.push(("fieldsV1", inline(map_of(TypeRef::Deduced))));
    fields.push(("time", one(Scalar::Untyped)));
    structure(fields, None)
}

fn owner_reference() -> Atom {
    let texts = ["apiVersion", "kind", "name", "uid"];
    let flags = ["blockOwnerDeletion", "controller"];
    let mut fields: Vec<_> = texts.map(|name| (name, one(Scalar::String))).into();
    fields.extend(flags.map(|name| (name, one(Scalar::Boolean))));
    structure(fields, Some(Relationship::Atomic))
}

fn structure(fields: Vec<(&str, TypeRef)>, relationship: Option<Relationship>) -> Atom {
    let declared =
        |(name, of): (&str, TypeRef)| Field { name: name.into(), of, default: None, patch: None };
    let fields: Vec<Field> = fields.into_iter().map(declared).collect();
    let map = Map { fields: fields.into(), element: None, relationship };
    Atom { map: Some(map), ..Atom::default() }
}

fn text_map() -> TypeRef {
    inline(map_of(one(Scalar::String)))
}

fn map_of(element: TypeRef) -> Atom {
    let map = Map { fields: Fields::default(), element: Some(element), relationship: None };
    Atom { map: Some(map), ..Atom::default() }
}

fn list(element: TypeRef, kind: ListKind) -> TypeRef {
    inline(Atom { list: Some(List { element, kind }), ..Atom::default() })
}

fn one(of: Scalar) -> TypeRef {
    inline(scalar(of))
}

fn inline(atom: Atom) -> TypeRef {
    TypeRef::Inline(Arc::new(atom))
}
