//! What changes resources.

mod images;
mod labels;
mod names;
mod namespace;
mod patches;
mod replacements;
mod replicas;
mod sort;
mod values;

pub(crate) use images::{Containers, Images};
pub(crate) use labels::{Annotations, Labels};
pub(crate) use names::{Affix, Affixes, Names};
pub(crate) use namespace::{Namespace, Subjects};
pub(crate) use patches::{JsonPatches, PatchText, StrategicMerges};
pub(crate) use replacements::Replacements;
pub(crate) use replicas::Replicas;
pub(crate) use sort::sort;
pub(crate) use values::{ValueAdd, ValueTarget};

use crate::error::Result;
use crate::hash;
use crate::resmap::ResMap;
use crate::schema::Schemas;

/// One step that changes resources.
#[derive(Debug)]
pub(crate) enum Transformer {
    StrategicMerges(StrategicMerges),
    Patch(PatchText),
    Namespace(Namespace),
    Affixes(Affixes),
    Labels(Labels),
    Annotations(Annotations),
    JsonPatches(JsonPatches),
    Replicas(Replicas),
    Images(Images),
    Replacements(Replacements),
    ValueAdd(ValueAdd),
    Hash,
}

impl Transformer {
    pub(crate) fn run(&self, resources: &mut ResMap, schemas: &Schemas) -> Result<()> {
        match self {
            Self::StrategicMerges(patches) => patches.run(resources, schemas),
            Self::Patch(patch) => patch.run(resources, schemas),
            Self::Namespace(namespace) => namespace.run(resources),
            Self::Affixes(affixes) => affixes.run(resources),
            Self::Labels(labels) => labels.run(resources),
            Self::Annotations(annotations) => annotations.run(resources),
            Self::JsonPatches(patches) => patches.run(resources, schemas),
            Self::Replicas(replicas) => replicas.run(resources),
            Self::Images(images) => images.run(resources),
            Self::Replacements(replacements) => replacements.run(resources, schemas),
            Self::ValueAdd(values) => values.run(resources),
            Self::Hash => hash::append_hashes(resources),
        }
    }
}
