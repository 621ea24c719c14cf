//! `tree`: what an object has applied, drawn with lines.

use flux_manifest::{Object, ObjectId};
use serde_json::Value;

use crate::cobra::{Command, Flag, Matches};
use crate::context::Context;
use crate::frame::shared;
use crate::kind::KUSTOMIZATION;
use crate::words::names_of;
use crate::{CliError, Exit};

/// Describes the command.
pub(crate) fn command() -> Command {
    let kustomization = Command::leaf("kustomization", "Print what a Kustomization has applied")
        .operands("[name]")
        .alias(&["ks", "kustomizations"])
        .long("Prints the inventory of a Kustomization as a tree, that of the Kustomizations in it below them.")
        .example("  # Print the objects of a Kustomization and all below it\n  flux tree kustomization flux-system\n\n  # Print Flux objects alone\n  flux tree kustomization flux-system --compact")
        .complete(names_of(&KUSTOMIZATION))
        .flag(Flag::bool("compact", "list Flux objects only"))
        .flag(shared::output("format of the tree: json or yaml"));
    Command::group("tree", "Print what Flux objects have applied").child(kustomization)
}

/// Runs the command.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let Some(name) = matches.name() else {
        return Err(CliError::Usage("kustomization name is required".to_owned()));
    };
    let root = cx.get(&KUSTOMIZATION, name).await?;
    let tree =
        Growth { compact: matches.is_on("compact"), path: Vec::new() }.branch(&root, cx).await?;
    let printed = match matches.text("output") {
        "" => tree.draw() + "\n",
        "json" => pretty_json(&tree.to_value())? + "\n",
        "yaml" => flux_yaml::to_string(&tree.to_value()),
        other => {
            return Err(CliError::Usage(format!(
                "output format must be 'yaml' or 'json', got {other}"
            )));
        }
    };
    cx.io.data(&printed)?;
    Ok(Exit::SUCCESS)
}

/// Writes JSON as a person reads it.
pub(crate) fn pretty_json(value: &Value) -> Result<String, CliError> {
    serde_json::to_string_pretty(value).map_err(|error| CliError::Failed(error.to_string()))
}

/// How a tree is grown from inventories.
struct Growth {
    compact: bool,
    /// The Kustomizations on the way down, so that one that applies itself ends there.
    path: Vec<ObjectId>,
}

impl Growth {
    async fn branch(&mut self, object: &Object, cx: &mut Context<'_>) -> Result<Branch, CliError> {
        let id = object.id();
        self.path.push(id.clone());
        let mut children = Vec::new();
        for child in inventory(object)? {
            if self.compact && !child.group.contains("toolkit.fluxcd.io") {
                continue;
            }
            let nested = child.kind == "Kustomization" && child.group == KUSTOMIZATION.group;
            if !nested || self.path.contains(&child) {
                children.push(Branch { id: child, children: Vec::new() });
                continue;
            }
            let namespace = std::mem::replace(&mut cx.global.namespace, child.namespace.clone());
            let found = cx.find(&KUSTOMIZATION, &child.name).await;
            cx.global.namespace = namespace;
            children.push(match found? {
                Some(object) => Box::pin(self.branch(&object, cx)).await?,
                None => Branch { id: child, children: Vec::new() },
            });
        }
        self.path.pop();
        Ok(Branch { id, children })
    }
}

fn inventory(object: &Object) -> Result<Vec<ObjectId>, CliError> {
    let entries = object.pointer("/status/inventory/entries").and_then(Value::as_array);
    let ids = entries.into_iter().flatten().filter_map(|entry| entry.get("id")?.as_str());
    let parsed: Result<Vec<ObjectId>, _> = ids.map(str::parse).collect();
    parsed.map_err(|error| CliError::Failed(error.to_string()))
}

/// An object and what it has applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Branch {
    /// The object.
    pub(crate) id: ObjectId,
    /// What it has applied, in the order of its inventory.
    pub(crate) children: Vec<Branch>,
}

impl Branch {
    /// Draws the tree; the first line is the object itself.
    pub(crate) fn draw(&self) -> String {
        let mut text = label(&self.id);
        text.push('\n');
        draw_children(&self.children, "", &mut text);
        text
    }

    /// Returns the tree in the shape that upstream prints as JSON and YAML.
    pub(crate) fn to_value(&self) -> serde_json::Value {
        let ObjectId { namespace, name, group, kind } = &self.id;
        let mut value = serde_json::json!({
            "resource": {
                "Namespace": namespace,
                "Name": name,
                "GroupKind": { "Group": group, "Kind": kind },
            },
        });
        if !self.children.is_empty() {
            let children: Vec<_> = self.children.iter().map(Self::to_value).collect();
            value["resources"] = children.into();
        }
        value
    }
}

/// Draws the lines below an object; `prefix` continues the lines of its ancestors.
fn draw_children(children: &[Branch], prefix: &str, text: &mut String) {
    for (n, child) in children.iter().enumerate() {
        let last = n + 1 == children.len();
        let (corner, stem) = if last { ("└── ", "    ") } else { ("├── ", "│   ") };
        text.push_str(&format!("{prefix}{corner}{}\n", label(&child.id)));
        draw_children(&child.children, &format!("{prefix}{stem}"), text);
    }
}

fn label(id: &ObjectId) -> String {
    if id.namespace.is_empty() {
        format!("{}/{}", id.kind, id.name)
    } else {
        format!("{}/{}/{}", id.kind, id.namespace, id.name)
    }
}
