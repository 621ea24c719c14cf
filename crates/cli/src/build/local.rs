//! Builds a local directory as a Kustomization says.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use flux_build::{Built, Ignore, Lookup, Options, Stage, Undefined, Variables};
use flux_cluster::Target;
use flux_manifest::Object;
use flux_plan::Owner;
use flux_tree::{DiskTree, Entry, Kind, Tree, TreeError};
use serde_json::{Value, json};

use super::mask::mask;
use crate::CliError;
use crate::cobra::Matches;
use crate::context::Context;
use crate::create::go_error;
use crate::debug::lookups;
use crate::kind::KUSTOMIZATION;

const GROUP: &str = "kustomize.toolkit.fluxcd.io";

/// Whether there is a cluster to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Cluster,
    None,
}

/// Builds one Kustomization from a directory.
pub(crate) struct Builder {
    name: String,
    namespace: String,
    directory: PathBuf,
    file: Option<String>,
    access: Access,
    ignore: String,
    undefined: Undefined,
    recursive: bool,
    sources: BTreeMap<String, String>,
    objects: Vec<Object>,
    /// Whether a Kustomization that is not in the cluster is no failure.
    tolerates_missing: bool,
    /// The Kustomization, once it is known.
    kustomization: Option<Object>,
}

/// Tells whether an object is a Flux Kustomization.
pub(crate) fn is_kustomization(object: &Object) -> bool {
    object.kind() == "Kustomization" && object.gvk().group == GROUP
}

impl Builder {
    /// Reads what is to be built from the flags.
    pub(crate) fn new(name: &str, matches: &Matches, cx: &Context<'_>) -> Result<Self, CliError> {
        let path = matches.text("path");
        let directory = cx.environment.directory.join(path);
        let quoted = flux_gostd::quote::quote(path);
        if path.is_empty() || !directory.is_dir() {
            return Err(CliError::Usage(format!("invalid resource path {quoted}")));
        }
        let file = matches.some("kustomization-file").map(str::to_owned);
        let dry = matches.is_on("dry-run");
        if dry && file.is_none() {
            let text = "dry-run mode requires a kustomization file";
            return Err(CliError::Usage(text.to_owned()));
        }
        if let Some(file) = &file
            && !cx.environment.directory.join(file).is_file()
        {
            let quoted = flux_gostd::quote::quote(file);
            return Err(CliError::Usage(format!("invalid kustomization file {quoted}")));
        }
        Ok(Self {
            name: name.to_owned(),
            namespace: cx.global.namespace.clone(),
            directory,
            file,
            access: if dry { Access::None } else { Access::Cluster },
            ignore: matches.list("ignore-paths").join("\n"),
            undefined: match matches.is_on("strict-substitute") {
                true => Undefined::Refuse,
                false => Undefined::Empty,
            },
            recursive: matches.is_on("recursive"),
            sources: matches.map("local-sources"),
            objects: read_objects(matches.some("objects"), cx)?,
            tolerates_missing: matches.is_on("ignore-not-found"),
            kustomization: None,
        })
    }

    /// Returns a builder for a Kustomization that this one has built.
    pub(crate) fn nested(
        &self,
        kustomization: &Object,
        cx: &Context<'_>,
    ) -> Result<Self, CliError> {
        let text = |key: &str| {
            let value = kustomization.pointer(&format!("/spec/sourceRef/{key}"));
            value.and_then(Value::as_str).unwrap_or_default()
        };
        let namespace = match text("namespace") {
            "" => kustomization.namespace(),
            namespace => namespace,
        };
        let source = format!("{}/{namespace}/{}", text("kind"), text("name"));
        let Some(local) = self.sources.get(&source) else {
            return Err(CliError::Failed(format!(
                "cannot get local path for {source} of kustomization {}",
                kustomization.name()
            )));
        };
        let path = kustomization.pointer("/spec/path").and_then(Value::as_str).unwrap_or_default();
        let below = flux_tree::path::join_confined("", path);
        Ok(Self {
            name: kustomization.name().to_owned(),
            namespace: kustomization.namespace().to_owned(),
            directory: cx.environment.directory.join(local).join(below),
            file: None,
            access: self.access,
            ignore: self.ignore.clone(),
            undefined: self.undefined,
            recursive: self.recursive,
            sources: self.sources.clone(),
            objects: self.objects.clone(),
            tolerates_missing: false,
            kustomization: Some(kustomization.clone()),
        })
    }

    /// Forgets the Kustomization that was built, so that only the cluster's counts.
    pub(crate) fn live_only(mut self) -> Self {
        self.kustomization = None;
        self
    }

    /// Whether the Kustomizations that are built are gone on with.
    pub(crate) fn is_recursive(&self) -> bool {
        self.recursive
    }

    /// Returns the Kustomization that was built.
    pub(crate) fn kustomization(&self) -> Option<&Object> {
        self.kustomization.as_ref()
    }

    /// Tells whether an object is the Kustomization that was built.
    pub(crate) fn is_itself(&self, object: &Object) -> bool {
        self.kustomization
            .as_ref()
            .is_some_and(|own| own.name() == object.name() && own.namespace() == object.namespace())
    }

    /// Returns the text whose digest `status.history` has.
    pub(crate) async fn exact(&mut self, cx: &mut Context<'_>) -> Result<String, CliError> {
        let kustomization = self.resolve(cx).await?;
        self.run(&kustomization, cx).await.map(|built| built.yaml)
    }

    /// Builds the objects, those of nested Kustomizations behind them if asked for.
    pub(crate) async fn build(&mut self, cx: &mut Context<'_>) -> Result<Vec<Object>, CliError> {
        let mut objects = self.build_alone(cx).await?;
        if self.recursive {
            let mut added = Vec::new();
            for object in objects.iter().filter(|it| is_kustomization(it)) {
                if !self.is_itself(object) {
                    let mut nested = self.nested(object, cx)?;
                    added.extend(Box::pin(nested.build(cx)).await?);
                }
            }
            objects.extend(added);
        }
        Ok(objects)
    }

    /// Builds the objects of this Kustomization alone.
    pub(crate) async fn build_alone(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Result<Vec<Object>, CliError> {
        let kustomization = self.resolve(cx).await?;
        let mut objects = self.run(&kustomization, cx).await?.objects;
        let owner = Owner {
            group: GROUP.to_owned(),
            name: kustomization.name().to_owned(),
            namespace: kustomization.namespace().to_owned(),
        };
        let (labels, annotations) = flux_build::common_metadata(kustomization.as_value());
        for object in &mut objects {
            owner.mark(object);
            mask(object);
            flux_plan::set_metadata(object, &labels, &annotations);
        }
        self.kustomization = Some(kustomization);
        Ok(objects)
    }

    /// Finds the Kustomization: that of the file, with the status of the one in the cluster.
    async fn resolve(&self, cx: &mut Context<'_>) -> Result<Object, CliError> {
        let fail =
            |text: String| CliError::Failed(format!("failed to get kustomization object: {text}"));
        let mut live = self.kustomization.clone();
        if self.access == Access::Cluster {
            let target = Target::new(KUSTOMIZATION.gvk(), &self.namespace, &self.name);
            match cx.cluster().await?.get(&target).await {
                Ok(found) => live = Some(found),
                Err(error) => {
                    let fallback = live.is_some() || self.tolerates_missing;
                    if !error.is_not_found() || !fallback {
                        return Err(fail(error.to_string()));
                    }
                }
            }
        }
        let Some(file) = &self.file else {
            return live.ok_or_else(|| fail("not found".to_owned()));
        };
        let mut own = self.in_file(file, cx).map_err(fail)?;
        if let Some(status) = live.and_then(|live| live.pointer("/status").cloned()) {
            own.edit(|fields| fields.insert("status".to_owned(), status));
        }
        Ok(own)
    }

    fn in_file(&self, file: &str, cx: &Context<'_>) -> Result<Object, String> {
        let text =
            std::fs::read_to_string(cx.environment.directory.join(file)).map_err(|error| {
                format!("failed to read kustomization file {file}: {}", go_error(file, &error))
            })?;
        let objects = flux_manifest::documents::read_objects(&text)
            .map_err(|error| format!("failed to unmarshall kustomization file {file}: {error}"))?;
        let is = |it: &Object| {
            is_kustomization(it)
                && it.name() == self.name
                && (it.namespace().is_empty() || it.namespace() == self.namespace)
        };
        objects.into_iter().find(is).ok_or_else(|| {
            format!(
                "failed find kustomization with name '{}' and namespace '{}' in file '{file}'",
                self.name, self.namespace
            )
        })
    }

    async fn run(&self, kustomization: &Object, cx: &mut Context<'_>) -> Result<Built, CliError> {
        let mut lookups = match self.access {
            Access::Cluster => {
                lookups(kustomization.as_value(), kustomization.namespace(), cx).await?
            }
            Access::None => {
                vec![Lookup::NotFound; flux_build::references(kustomization.as_value()).len()]
            }
        };
        let given = given(kustomization, &self.objects);
        for (lookup, given) in lookups.iter_mut().zip(given) {
            if let Some(given) = given {
                *lookup = given;
            }
        }
        let only_inline = self.access == Access::None && self.objects.is_empty();
        let (tree, value) = rooted(&self.directory, kustomization)?;
        let options = Options {
            root: "/",
            undefined: self.undefined,
            ignore: Ignore::Patterns(&self.ignore),
            variables: if only_inline { Variables::InlineOnly } else { Variables::All },
            ..Options::default()
        };
        flux_build::build(&tree, &value, &lookups, &options).map_err(|error| failure(&error))
    }
}

/// Says why a build failed, as the command does.
fn failure(error: &flux_build::BuildError) -> CliError {
    let text = error.text();
    CliError::Failed(match error.stage() {
        Stage::Path | Stage::Generate => {
            format!("failed to generate kustomization.yaml: {text} <nil>")
        }
        Stage::Build | Stage::Decode | Stage::Objects => format!("kustomize build failed: {text}"),
        Stage::PostBuild | Stage::Decrypt | Stage::Replace => text.to_owned(),
    })
}

/// Returns the whole disk as a tree, and the Kustomization with the directory as its path: bases
/// may lie anywhere.
fn rooted(directory: &Path, kustomization: &Object) -> Result<(Window, Value), CliError> {
    let fail = |error: String| CliError::Failed(format!("kustomize build failed: {error}"));
    let full = std::fs::canonicalize(directory)
        .map_err(|error| fail(go_error(&directory.display().to_string(), &error)))?;
    let tree = DiskTree::open(Path::new("/")).map_err(|error| fail(error.to_string()))?;
    let mut value = kustomization.as_value().clone();
    let path = full.to_string_lossy().into_owned();
    if let Some(fields) = value.as_object_mut() {
        let spec = fields.entry("spec").or_insert_with(|| json!({}));
        spec["path"] = path.as_str().into();
    }
    Ok((Window { tree, directory: path.trim_start_matches('/').to_owned() }, value))
}

/// The whole disk, of which the directories above the built one show nothing but the way to it:
/// whoever looks for ignore rules finds those of the built directory, and soon.
struct Window {
    tree: DiskTree,
    directory: String,
}

impl Tree for Window {
    fn entry_kind(&self, path: &str) -> Result<Kind, TreeError> {
        self.tree.entry_kind(path)
    }

    fn link_target(&self, path: &str) -> Result<String, TreeError> {
        self.tree.link_target(path)
    }

    fn file_content(&self, path: &str) -> Result<Cow<'_, [u8]>, TreeError> {
        self.tree.file_content(path)
    }

    fn directory(&self, path: &str) -> Result<Vec<Entry>, TreeError> {
        let below = match path {
            "" => Some(self.directory.as_str()),
            _ => self.directory.strip_prefix(path).and_then(|rest| rest.strip_prefix('/')),
        };
        let mut entries = self.tree.directory(path)?;
        if let Some(next) = below.and_then(|rest| rest.split('/').next()) {
            entries.retain(|entry| entry.name == next);
        }
        Ok(entries)
    }
}

/// Returns for each reference what the given objects hold.
pub(super) fn given(kustomization: &Object, objects: &[Object]) -> Vec<Option<Lookup>> {
    let references = flux_build::references(kustomization.as_value());
    let find = |reference: flux_build::Reference| {
        let is = |it: &&Object| {
            let same = it.namespace() == kustomization.namespace() || it.namespace().is_empty();
            it.kind() == reference.kind.as_str() && it.name() == reference.name && same
        };
        objects.iter().find(is).map(|it| Lookup::of_object(it.as_value()))
    };
    references.into_iter().map(find).collect()
}

/// Reads the objects of a file.
pub(super) fn read_objects(file: Option<&str>, cx: &Context<'_>) -> Result<Vec<Object>, CliError> {
    let Some(file) = file else { return Ok(Vec::new()) };
    let text = std::fs::read_to_string(cx.environment.directory.join(file))
        .map_err(|error| CliError::Failed(go_error(file, &error)))?;
    flux_manifest::documents::read_objects(&text)
        .map_err(|error| CliError::Failed(format!("{file}: {error}")))
}
