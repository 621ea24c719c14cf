//! Names, tags and digests of images.

use flux_yaml::{Kind, Node};

use crate::error::{BuildError, Cause, Result};
use crate::field::{self, FieldSpec};
use crate::kustomization::Image;
use crate::node::{self, is_null};
use crate::pattern::Pattern;
use crate::resmap::ResMap;

/// Changes an image wherever it is used.
#[derive(Debug)]
pub(crate) struct Images {
    pub(crate) image: Image,
    pub(crate) fields: Vec<FieldSpec>,
    pub(crate) containers: Containers,
}

/// Whether lists of containers count wherever they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Containers {
    /// At any depth of any object.
    Anywhere,
    /// Only where the fields name them.
    Named,
}

impl Images {
    pub(crate) fn run(&self, resources: &mut ResMap) -> Result<()> {
        let name = &self.image.name;
        let tail = "(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$";
        let compiled = Pattern::new(&format!("^{name}{tail}"));
        let mut change = Change { image: &self.image, pattern: compiled.ok() };
        for resource in resources.items_mut() {
            let is_walked = self.containers == Containers::Anywhere;
            if is_walked && resource.kind() != "CustomResourceDefinition" {
                change.walk(&mut resource.node)?;
            }
        }
        for resource in resources.items_mut() {
            if resource.kind() == "CustomResourceDefinition" {
                continue;
            }
            for spec in &self.fields {
                field::change(&mut resource.node, spec, None, &mut |field| change.image(field))?;
            }
        }
        Ok(())
    }
}

struct Change<'a> {
    image: &'a Image,
    /// Nothing if the name is no valid expression.
    pattern: Option<Pattern>,
}

impl Change<'_> {
    /// Changes the images of every list of containers, at any depth.
    fn walk(&mut self, node: &mut Node) -> Result<()> {
        match node.kind {
            Kind::Mapping => {
                for (key, value) in node.entries_mut() {
                    self.walk(value)?;
                    let is_list = value.kind == Kind::Sequence;
                    if !is_list || !matches!(key.value.as_str(), "containers" | "initContainers") {
                        continue;
                    }
                    for container in &mut value.content {
                        if is_null(container) {
                            continue;
                        }
                        node::expect_kind(container, Kind::Mapping)?;
                        if let Some(image) = container.get_mut("image") {
                            self.image(image)?;
                        }
                    }
                }
                Ok(())
            }
            Kind::Sequence => node.content.iter_mut().try_for_each(|item| self.walk(item)),
            Kind::Scalar | Kind::Alias => Ok(()),
        }
    }

    fn image(&mut self, field: &mut Node) -> Result<()> {
        node::expect_kind(field, Kind::Scalar)?;
        let Some(pattern) = &self.pattern else {
            let text = "runtime error: invalid memory address or nil pointer dereference";
            return Err(BuildError::with_cause(text, Cause::Crash));
        };
        if !pattern.is_match(&field.value) {
            return Ok(());
        }
        let changed = changed(self.image, &field.value);
        node::set_scalar(field, node::scalar(&changed, node::NO_TAG))
    }
}

fn changed(image: &Image, value: &str) -> String {
    let (name, mut tag, mut digest) = split(value);
    let mut result = if image.new_name.is_empty() { name } else { &image.new_name }.to_owned();
    let suffixed = format!("{tag}{}", image.tag_suffix);
    if !image.new_tag.is_empty() || !image.digest.is_empty() {
        (tag, digest) = (&image.new_tag, &image.digest);
    } else if !image.tag_suffix.is_empty() {
        (tag, digest) = (&suffixed, "");
    }
    for (sign, part) in [(':', tag), ('@', digest)] {
        if !part.is_empty() {
            result.push(sign);
            result.push_str(part);
        }
    }
    result
}

/// Splits an image into name, tag and digest. A colon before the first slash belongs to the host.
fn split(image: &str) -> (&str, &str, &str) {
    let start = image.find('/').unwrap_or(0);
    let behind = image.get(start..).unwrap_or_default();
    let at = behind.find('@').map(|at| at + start);
    let colon = behind.find(':').map(|at| at + start);
    let parts = |from: usize, to: usize| image.get(from..to).unwrap_or_default();
    let len = image.len();
    match (colon, at) {
        (None, None) => (image, "", ""),
        (Some(colon), Some(at)) if colon < at => {
            (parts(0, colon), parts(colon + 1, at), parts(at + 1, len))
        }
        (_, Some(at)) => (parts(0, at), "", parts(at + 1, len)),
        (Some(colon), None) => (parts(0, colon), parts(colon + 1, len), ""),
    }
}
