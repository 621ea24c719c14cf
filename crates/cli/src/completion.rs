//! `completion`: scripts for shells, and the answers to what these scripts ask.

use flux_cluster::{Cluster, Contexts, List};
use flux_manifest::GroupVersionKind;

use crate::cobra::{
    Arity, Asked, Command, Complete, Completion, Directive, Matches, Shell, ask, print, script,
};
use crate::context::Context;
use crate::frame::{Global, connection};
use crate::{CliError, Environment, Exit, Io};

/// How long a shell waits for names from the cluster.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// Describes the command.
pub(crate) fn command() -> Command {
    let of = |shell: &'static str, how: &str| {
        Command::leaf(shell, &format!("Print the completion script for {shell}"))
            .arity(Arity::Any)
            .example(&format!("  # Load it into the running shell\n  {how}"))
    };
    Command::group("completion", "Print completion scripts for shells")
        .long("Prints a script that lets a shell complete commands, flags and names of objects.")
        .child(of("bash", "source <(flux completion bash)"))
        .child(of("zsh", "source <(flux completion zsh)"))
        .child(of("fish", "flux completion fish | source"))
        .child(of("powershell", "flux completion powershell | Out-String | Invoke-Expression"))
}

/// Prints a script.
pub(crate) fn run(shell: &str, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let shell = match shell {
        "zsh" => Shell::Zsh,
        "fish" => Shell::Fish,
        "powershell" => Shell::Pwsh,
        _ => Shell::Bash,
    };
    cx.io.data(script(shell))?;
    Ok(Exit::SUCCESS)
}

/// Tells whether a shell asks, and whether it shows descriptions.
pub(crate) fn is_request(words: &[String]) -> Option<bool> {
    match words.first()?.as_str() {
        "__complete" => Some(true),
        "__completeNoDesc" => Some(false),
        _ => None,
    }
}

/// Answers a shell.
pub(crate) async fn answer(
    (root, words): (&Command, &[String]),
    described: bool,
    environment: &Environment,
    (io, cluster): (&mut Io, Option<Cluster>),
) -> Result<Exit, CliError> {
    let (found, directive) = match ask(root, words) {
        Asked::Words(found, directive) => (found, directive),
        Asked::Outside(matches, what, text) => {
            outside(&matches, what, &text, (environment, cluster))
                .await
                .unwrap_or((Vec::new(), Directive::ERROR))
        }
    };
    io.data(&print(&found, directive, described))?;
    Ok(Exit::SUCCESS)
}

/// Asks the kubeconfig or the cluster; nothing if neither can be reached.
async fn outside(
    matches: &Matches,
    what: Complete,
    text: &str,
    (environment, cluster): (&Environment, Option<Cluster>),
) -> Option<(Vec<Completion>, Directive)> {
    let names = match what {
        Complete::Contexts => Contexts::read(&connection(matches, environment)).ok()?.names,
        Complete::Names(group, version, kind) => {
            let kind = GroupVersionKind::new(group, version, kind);
            names(kind, matches, (environment, cluster)).await?
        }
        Complete::Namespaces => {
            let kind = GroupVersionKind::new("", "v1", "Namespace");
            names(kind, matches, (environment, cluster)).await?
        }
        Complete::Nothing | Complete::Words(_) => Vec::new(),
    };
    let taken = &matches.arguments;
    let fitting = names.into_iter().filter(|it| it.starts_with(text) && !taken.contains(it));
    Some((fitting.map(Completion::word).collect(), Directive::NO_FILES))
}

async fn names(
    kind: GroupVersionKind,
    matches: &Matches,
    (environment, cluster): (&Environment, Option<Cluster>),
) -> Option<Vec<String>> {
    let global = Global::read(matches, environment).ok()?;
    let asking = async {
        let cluster = match cluster {
            Some(cluster) => cluster,
            None => Cluster::connect(&global.connection).await.ok()?,
        };
        let namespaced = kind.kind != "Namespace";
        let list = if namespaced { List::namespace(&global.namespace) } else { List::all() };
        cluster.list_metadata(&kind, &list).await.ok()
    };
    let objects = tokio::time::timeout(PATIENCE, asking).await.ok()??;
    Some(objects.iter().map(|object| object.name().to_owned()).collect())
}
