//! How lists are merged, by what the OpenAPI schema of their kind says.

use std::sync::LazyLock;

use serde_json::Value;

use crate::error::{BuildError, Result, fail};
use crate::scope::{Scopes, kind_of};

/// The version of the schema that kustomize brings along.
const BUILT_IN_VERSION: &str = "v1.21.2";

static BUILT_IN: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../data/merge-keys.json")).unwrap_or_default()
});

/// The schemas of one build.
#[derive(Debug, Default)]
pub(crate) struct Schemas {
    /// Definitions of the user, and whether Kubernetes' own count besides them.
    custom: Option<(Value, BuiltIn)>,
    /// Which kinds have no namespace.
    pub(crate) scopes: Scopes,
    is_set: bool,
}

/// What becomes of the built-in schema where there is one of the user's.
///
/// # Upstream
/// The command replaces it, unless a kind that it does not know came up before the user's schema:
/// then it is added, and wins. Flux keeps it, and the user's wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BuiltIn {
    Replaced,
    Loses,
    Wins,
}

impl Schemas {
    /// Takes what `openapi` says; the first file that says something wins.
    pub(crate) fn set(
        &mut self,
        version: Option<&str>,
        file: Option<&[u8]>,
        built_in: BuiltIn,
    ) -> Result<()> {
        if self.is_set {
            return Ok(());
        }
        let Some(file) = file else {
            let version = version.unwrap_or_default();
            self.is_set = !version.is_empty();
            if self.is_set && version != BUILT_IN_VERSION {
                return fail!("the specified OpenAPI version is not built in");
            }
            return Ok(());
        };
        if version.is_some() {
            return fail!("builtin version and custom schema provided, cannot use both");
        }
        let invalid = |error: BuildError| error.context("invalid schema file");
        let document = crate::kustomization::yaml_to_json(file).map_err(invalid)?;
        let built_in = match built_in {
            BuiltIn::Replaced if self.scopes.met_unknown() => BuiltIn::Wins,
            other => other,
        };
        self.scopes.add_paths(&document);
        self.custom = Some((document, built_in));
        self.is_set = true;
        Ok(())
    }

    /// Returns the schema that a comment holds, whose references lead to definitions.
    pub(crate) fn of_comment<'a>(&'a self, comment: &'a Value) -> Schema<'a> {
        let (root, built_in) = match &self.custom {
            Some((document, built_in)) => (document, *built_in),
            None => (&Value::Null, BuiltIn::Wins),
        };
        let document = Document { root, built_in };
        document.resolve(comment).unwrap_or(Schema::Custom { document, schema: comment })
    }

    /// Returns the schema of a kind.
    pub(crate) fn of_kind(&self, api_version: &str, kind: &str) -> Option<Schema<'_>> {
        let Some((document, built_in)) = &self.custom else {
            return built_in_kind(api_version, kind);
        };
        let built_in = *built_in;
        let own = || {
            let definitions = document.get("definitions").and_then(Value::as_object);
            let mut schemas = definitions.into_iter().flat_map(|map| map.values());
            let schema = schemas.find(|schema| {
                let kinds = schema.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
                let mut kinds = kinds.into_iter().flatten().filter_map(kind_of);
                kinds.any(|(known, name)| known == api_version && name == kind)
            });
            Some(Schema::Custom {
                document: Document { root: document, built_in },
                schema: schema?,
            })
        };
        match built_in {
            BuiltIn::Replaced => own(),
            BuiltIn::Loses => own().or_else(|| built_in_kind(api_version, kind)),
            BuiltIn::Wins => built_in_kind(api_version, kind).or_else(own),
        }
    }
}

fn built_in_kind(api_version: &str, kind: &str) -> Option<Schema<'static>> {
    let name = BUILT_IN.get("kinds")?.get(format!("{api_version}/{kind}"))?.as_str()?;
    Some(Schema::BuiltIn { field: None, definition: definition(name) })
}

fn definition(name: &str) -> Option<&'static Value> {
    BUILT_IN.get("definitions")?.get(name)
}

/// A document of the user's, where references lead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document<'a> {
    root: &'a Value,
    built_in: BuiltIn,
}

/// The schema of one field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Schema<'a> {
    /// A field of the built-in definitions, and the definition that it or its elements have.
    BuiltIn {
        /// What is known about the field itself; nothing for a whole object.
        field: Option<&'static Value>,
        /// The fields below.
        definition: Option<&'static Value>,
    },
    /// A schema of the user's document.
    Custom {
        /// The document, where references lead.
        document: Document<'a>,
        /// The schema.
        schema: &'a Value,
    },
}

impl<'a> Schema<'a> {
    /// Returns the schema of a field.
    pub(crate) fn field(self, name: &str) -> Option<Schema<'a>> {
        match self {
            Self::BuiltIn { field, definition } => {
                // Below a list only its elements have fields.
                if field.is_some_and(|field| field.get("array").is_some()) {
                    return None;
                }
                let field = definition?.get(name)?;
                Some(Self::BuiltIn { field: Some(field), definition: reference(field) })
            }
            Self::Custom { document, schema } => {
                let own = schema.get("properties").and_then(|fields| fields.get(name));
                let field = own.or_else(|| schema.get("additionalProperties"))?;
                document.resolve(field)
            }
        }
    }

    /// Returns the schema of a list's elements.
    pub(crate) fn elements(self) -> Option<Schema<'a>> {
        match self {
            Self::BuiltIn { field, definition } => {
                field?.get("array")?;
                Some(Self::BuiltIn { field: None, definition })
            }
            Self::Custom { document, schema } => {
                if schema.get("type").and_then(Value::as_str) != Some("array") {
                    return None;
                }
                document.resolve(schema.get("items")?)
            }
        }
    }

    fn text(self, built_in: &str, custom: &str) -> Option<&'a str> {
        match self {
            Self::BuiltIn { field, .. } => field?.get(built_in)?.as_str(),
            Self::Custom { schema, .. } => schema.get(custom)?.as_str(),
        }
    }

    /// Reports whether a list is merged element by element.
    pub(crate) fn is_merged(self) -> bool {
        let strategy = self.text("patchStrategy", "x-kubernetes-patch-strategy");
        strategy.is_some_and(|strategy| strategy.split(',').any(|part| part == "merge"))
    }

    /// Returns the keys by which elements are told apart.
    pub(crate) fn keys(self) -> Vec<String> {
        let list = match self {
            Self::BuiltIn { field, .. } => field.and_then(|field| field.get("listMapKeys")),
            Self::Custom { schema, .. } => schema.get("x-kubernetes-list-map-keys"),
        };
        if let Some(list) = list.and_then(Value::as_array) {
            return list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        let key = self.text("mergeKey", "x-kubernetes-patch-merge-key");
        key.map(str::to_owned).into_iter().collect()
    }
}

fn reference(field: &'static Value) -> Option<&'static Value> {
    definition(field.get("ref")?.as_str()?)
}

impl<'a> Document<'a> {
    /// Follows references, also to built-in definitions; a circle of them leads nowhere.
    fn resolve(self, schema: &'a Value) -> Option<Schema<'a>> {
        let mut schema = schema;
        for _ in 0..32 {
            let Some(target) = schema.get("$ref").and_then(Value::as_str) else {
                return Some(Schema::Custom { document: self, schema });
            };
            let own = self.root.pointer(target.strip_prefix('#')?);
            let name = target.strip_prefix("#/definitions/");
            let built_in = name.and_then(definition).filter(|_| self.built_in != BuiltIn::Replaced);
            match (own, built_in) {
                (Some(own), None) => schema = own,
                (Some(own), Some(_)) if self.built_in == BuiltIn::Loses => schema = own,
                (_, Some(found)) => {
                    return Some(Schema::BuiltIn { field: None, definition: Some(found) });
                }
                (None, None) => return None,
            }
        }
        None
    }
}
