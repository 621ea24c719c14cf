//! `build`: what a Kustomization would apply, on the controller's engine.
//!
//! `build kustomization` builds a directory as a Kustomization of the cluster or of a file says;
//! `build DIR` and `build --all DIR`, in `repository`, need no cluster.

mod local;
mod mask;
mod repository;

use flux_manifest::Object;

use crate::cobra::{Arity, Command, Flag, Matches};
use crate::context::Context;
use crate::kind::KUSTOMIZATION;
use crate::words::names_of;
use crate::{CliError, Exit};

pub(crate) use local::{Builder, is_kustomization};
pub(crate) use mask::{MASK, decode};

/// Returns the flags that building and comparing share.
pub(crate) fn flags() -> [Flag; 8] {
    [
        Flag::text(
            "path",
            "directory to build, in place of the Kustomization's path in its source",
        ),
        Flag::text(
            "kustomization-file",
            "file with the Kustomization, which comes before the one in the cluster",
        ),
        Flag::list("ignore-paths", "paths to leave out, in .gitignore's format"),
        Flag::bool("strict-substitute", "fail if a variable without a default is not set"),
        Flag::bool("recursive", "go on with the Kustomizations that are built").short('r'),
        Flag::map(
            "local-sources",
            "directories that stand for sources: Kind/namespace/name=path,…",
        ),
        Flag::bool("in-memory-build", "accepted: nothing is ever written to the directory"),
        objects_flag(),
    ]
}

fn objects_flag() -> Flag {
    Flag::text(
        "objects",
        "file with ConfigMaps and Secrets for substituteFrom, which come before those in the cluster",
    )
}

/// Describes the command.
pub(crate) fn command() -> Command {
    let kustomization = Command::leaf("kustomization", "Build a Kustomization")
        .operands("[name]")
        .alias(&["ks"])
        .long("Prints what a Kustomization would apply, built from a local directory. Encrypted values are masked.")
        .example("  # Build a directory as a Kustomization of the cluster says\n  flux build kustomization my-app --path ./path/to/local/manifests\n\n  # Build without a cluster\n  flux build kustomization my-app --path ./path/to/local/manifests --kustomization-file ./my-app.yaml --dry-run\n\n  # Go on with the Kustomizations that are built\n  flux build kustomization my-app --path ./path/to/local/manifests --recursive --local-sources GitRepository/flux-system/my-repo=./")
        .complete(names_of(&KUSTOMIZATION))
        .flags(flags())
        .flags([
            Flag::bool("dry-run", "build without a cluster; needs --kustomization-file, and substituteFrom is left out unless --objects is given"),
            Flag::bool("exact", "print the very text whose digest is in status.history"),
        ]);
    let mut build = Command::leaf("build", "Build manifests")
        .operands("[DIR]")
        .long("Prints what a directory is built into: as kustomize does, or with --all every Flux Kustomization of a repository, each as its parent would put it into the cluster.")
        .example("  # Build a directory with a kustomization file\n  flux build ./apps/staging\n\n  # Build all Kustomizations of a repository and tell which fail\n  flux build --all .")
        .arity(Arity::AtMost(1))
        .flags([
            Flag::bool("all", "build every Flux Kustomization of the repository and print one result each"),
            objects_flag(),
        ])
        .child(kustomization);
    build.complete = crate::cobra::Complete::Nothing;
    build
}

/// Runs the command.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    if matches.path.len() == 1 {
        return match (matches.name(), matches.is_on("all")) {
            (Some(directory), true) => repository::all(directory, matches, cx),
            (Some(directory), false) => repository::one(directory, cx),
            (None, _) => Err(CliError::Usage("a directory to build is required".to_owned())),
        };
    }
    let Some(name) = matches.name() else {
        return Err(CliError::Usage("kustomization name is required".to_owned()));
    };
    let mut builder = Builder::new(name, matches, cx)?;
    if matches.is_on("exact") {
        let text = builder.exact(cx).await?;
        cx.io.data(&text)?;
        return Ok(Exit::SUCCESS);
    }
    let objects = builder.build(cx).await?;
    cx.io.data(&documents(&objects))?;
    Ok(Exit::SUCCESS)
}

/// Writes objects, a separator after each.
fn documents(objects: &[Object]) -> String {
    let document = |object: &Object| format!("{}---\n", flux_yaml::to_string(object.as_value()));
    objects.iter().map(document).collect()
}
