//! Patches of all kinds.

use flux_yaml::Node;

use crate::error::{BuildError, Result, fail};
use crate::json_patch::JsonPatch;
use crate::kustomization::PatchOptions;
use crate::merge::{Inference, Merger, NewElements};
use crate::node;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::schema::Schemas;
use crate::selector::Selector;
use crate::shared;

/// Strategic merges, each for the one object that it names.
#[derive(Debug)]
pub(crate) struct StrategicMerges {
    pub(crate) patches: Vec<Resource>,
}

impl StrategicMerges {
    pub(crate) fn run(&self, resources: &mut ResMap, schemas: &Schemas) -> Result<()> {
        for patch in &self.patches {
            let at = resources.by_id(patch.original_id())?;
            merge_into_selected(resources, &[at], patch, schemas)?;
        }
        Ok(())
    }
}

/// An entry of `patches`: strategic merges or a JSON patch.
#[derive(Debug)]
pub(crate) struct PatchText {
    pub(crate) content: PatchContent,
    pub(crate) target: Option<Selector>,
    pub(crate) options: PatchOptions,
    /// What error texts call it.
    pub(crate) source: String,
}

/// What the text of a patch turned out to be.
#[derive(Debug)]
pub(crate) enum PatchContent {
    /// Objects.
    Merges(Vec<Resource>),
    /// Operations.
    Operations(JsonPatch),
}

impl PatchText {
    /// Finds out what kind of patch a text is.
    pub(crate) fn parse(text: &[u8], source: String, schemas: &Schemas) -> Result<PatchContent> {
        let merges = crate::read::resources(text, &schemas.scopes);
        let text = String::from_utf8_lossy(text);
        let operations = if text.is_empty() { None } else { JsonPatch::parse(&text).ok() };
        match (merges, operations) {
            (Ok(merges), Some(operations)) if !merges.is_empty() && !operations.is_empty() => {
                fail!("illegally qualifies as both an SM and JSON patch: {source}")
            }
            (Ok(merges), _) => Ok(PatchContent::Merges(merges)),
            (Err(_), Some(operations)) => Ok(PatchContent::Operations(operations)),
            (Err(_), None) => fail!("unable to parse SM or JSON patch from {source}"),
        }
    }

    pub(crate) fn run(&self, resources: &mut ResMap, schemas: &Schemas) -> Result<()> {
        match &self.content {
            PatchContent::Merges(patches) if patches.is_empty() => Ok(()),
            PatchContent::Merges(patches) => self.merge(resources, patches, schemas),
            PatchContent::Operations(patch) => {
                let Some(target) = &self.target else {
                    return fail!("must specify a target for JSON patch {}", self.source);
                };
                for at in resources.select(&target.compile()?)? {
                    let Some(resource) = resources.items_mut().get_mut(at) else { continue };
                    resource.store_previous_id()?;
                    apply_json_patch(resource, patch, schemas)?;
                }
                resources.drop_empty();
                Ok(())
            }
        }
    }

    fn merge(&self, resources: &mut ResMap, patches: &[Resource], schemas: &Schemas) -> Result<()> {
        let allowed = |patch: &Resource| {
            let mut patch = patch.clone();
            patch.traces.allows_name_change |= self.options.allow_name_change;
            patch.traces.allows_kind_change |= self.options.allow_kind_change;
            patch
        };
        let Some(target) = &self.target else {
            for patch in patches {
                let id = patch.original_id();
                let no_match = |error: BuildError| {
                    error.context(format!("no resource matches strategic merge patch \"{id}\""))
                };
                let at = resources.by_id(id).map_err(no_match)?;
                if let Some(resource) = resources.items_mut().get_mut(at) {
                    merge_into(resource, allowed(patch), schemas)?;
                }
            }
            return Ok(());
        };
        let [patch] = patches else {
            return fail!(
                "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set \
                 `patches.target` field: {}",
                self.source
            );
        };
        let unfound = |error: BuildError| {
            let target = crate::gotext::quoted(&target.to_string());
            error.context(format!("unable to find patch target {target} in `resources`"))
        };
        let selected = target.compile().and_then(|target| resources.select(&target));
        merge_into_selected(resources, &selected.map_err(unfound)?, &allowed(patch), schemas)
    }
}

/// Merges a patch into the selected resources, whatever name and kind it has itself.
fn merge_into_selected(
    resources: &mut ResMap,
    selected: &[usize],
    patch: &Resource,
    schemas: &Schemas,
) -> Result<()> {
    // Labels and annotations of the patch become texts, even where they were meant to remove.
    let mut patch = patch.clone();
    let (labels, annotations) = (patch.labels(), patch.annotations());
    patch.set_labels(&labels)?;
    patch.set_annotations(&annotations)?;
    let kind = patch.kind().to_owned();
    for at in selected {
        let Some(resource) = resources.items_mut().get_mut(*at) else { continue };
        let mut patch = patch.clone();
        patch.set_api_version(resource.api_version())?;
        patch.set_kind(&kind)?;
        merge_into(resource, patch, schemas)?;
    }
    resources.drop_empty();
    resources.refuse_duplicates()
}

/// Merges a patch into a resource, whose name and namespace stay what they are.
fn merge_into(resource: &mut Resource, patch: Resource, schemas: &Schemas) -> Result<()> {
    let (name, namespace) = (resource.name().to_owned(), resource.namespace().to_owned());
    let kind = resource.kind().to_owned();
    let Resource { node, traces, .. } = patch;
    if traces.allows_name_change || traces.allows_kind_change {
        resource.store_previous_id()?;
    }
    resource.traces.allows_name_change |= traces.allows_name_change;
    resource.traces.allows_kind_change |= traces.allows_kind_change;
    resource.with_exposed_traces(&schemas.scopes, |resource| {
        let merger =
            Merger { schemas, new_elements: NewElements::First, inference: Inference::Off };
        let before = shared::values(resource);
        let merged = merger.merge(std::mem::take(&mut resource.node), node)?;
        resource.node = merged.unwrap_or_else(Node::null);
        shared::spread(resource, &before);
        if resource.is_empty() {
            resource.node = Node::null();
            return Ok(());
        }
        if !traces.allows_kind_change {
            resource.set_kind(&kind)?;
        }
        if !traces.allows_name_change {
            resource.set_name(&name)?;
        }
        resource.set_namespace(&namespace)
    })
}

/// JSON patches in the deprecated form.
#[derive(Debug)]
pub(crate) struct JsonPatches {
    pub(crate) patch: JsonPatch,
    pub(crate) target: Selector,
}

impl JsonPatches {
    pub(crate) fn run(&self, resources: &mut ResMap, schemas: &Schemas) -> Result<()> {
        for at in resources.select(&self.target.compile()?)? {
            if let Some(resource) = resources.items_mut().get_mut(at) {
                apply_json_patch(resource, &self.patch, schemas)?;
            }
        }
        resources.drop_empty();
        Ok(())
    }
}

/// Applies a JSON patch to an object, which it may change as it likes.
fn apply_json_patch(resource: &mut Resource, patch: &JsonPatch, schemas: &Schemas) -> Result<()> {
    let traces = resource.traces.clone();
    resource.with_exposed_traces(&schemas.scopes, |resource| {
        let patched = patch.apply(resource.to_value()?)?;
        if !patched.is_object() {
            return fail!(
                "json: cannot unmarshal array into Go value of type map[string]interface {{}}"
            );
        }
        let mut node = node::from_value(&patched)?;
        crate::read::prepare(&mut node, "")?;
        resource.node = node;
        Ok(())
    })?;
    // What the patch did to the traces does not count.
    resource.traces = traces;
    // The annotations are written anew, as texts.
    let annotations = resource.annotations();
    resource.set_annotations(&annotations)
}
