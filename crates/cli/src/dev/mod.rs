//! `dev`: a whole installation on this machine that applies a directory.

mod report;

use std::path::{Path, PathBuf};
use std::time::Instant;

use flux_cluster::{Cluster, Subscription, Topic};
use flux_host::{
    Component, Dev, DevOptions, EmbeddedOptions, HostError, Override, Revision, Source, Standing,
    standing,
};
use flux_manifest::Object;

use crate::cobra::{Arity, Command, Flag, Matches};
use crate::context::Context;
use crate::interrupt::interrupted;
use crate::kind::{GIT_REPOSITORY, KUSTOMIZATION};
use crate::{CliError, Exit};

/// Describes the command.
pub(crate) fn command() -> Command {
    Command::leaf("dev", "Run the whole loop on this machine: an API server, the controllers, and a directory to apply")
        .operands("[DIR]")
        .long(
            "Starts an embedded Kubernetes-compatible API server and the Flux controllers in this process, and \
             applies a directory as a bootstrap would: a GitRepository and a Kustomization named flux-system. \
             Edits are live at once. The kubeconfig is written to the file that --kubeconfig names.",
        )
        .example("  # Apply a directory and every edit of it\n  flux dev ./clusters/staging\n\n  # Tell by the exit status whether it can be applied\n  flux dev . --once")
        .arity(Arity::AtMost(1))
        .flag(Flag::text("path", "path inside the directory to build").default("./"))
        .flag(
            Flag::custom("revision", ("string", revision), "which content counts: `head`, the last commit, or worktree, the files as they are")
                .default("worktree"),
        )
        .flag(Flag::repeated("override", "serve GitRepositories with this URL from a local directory, as `URL=DIR` (can be repeated)"))
        .flag(Flag::bool("once", "exit when everything is Ready, or with status 1 when something cannot become Ready"))
        .flag(Flag::text("data-dir", "keep the state over restarts in this directory; otherwise it is in memory"))
        .flag(
            Flag::text("components", "controllers to run, comma-separated, or none for the API server alone")
                .default("source-controller,kustomize-controller"),
        )
        .flag(Flag::text(
            "cluster-controllers",
            "controllers of the cluster itself, comma-separated, all or none: namespace-lifecycle, garbage-collection, service-accounts, role-aggregation, resource-quotas, workload-simulator; all by default, none with --components none",
        ))
        .flag(Flag::text("compaction-interval", "how often the API server forgets old states: 5m by default, 10s with --components none"))
        .flag(Flag::text("listen", "address of the API server; port 0 takes any free port").default("127.0.0.1:0"))
        .flag(Flag::text("token-auth-file", "further users in kube-apiserver's format: token,user,uid,\"group1,group2\""))
}

fn revision(text: &str) -> Result<String, String> {
    match text {
        "head" | "worktree" => Ok(text.to_owned()),
        _ => Err("must be head or worktree".to_owned()),
    }
}

/// Runs the command until it is interrupted or, with `--once`, until nothing changes any more.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let options = options(matches, cx)?;
    let directory = options.source.as_ref().map(|source| source.directory.clone());
    let begun = Instant::now();
    let dev = tokio::select! {
        started = Dev::start(options) => started.map_err(failed)?,
        () = interrupted() => return Ok(Exit::SUCCESS),
    };
    let mut session = Session::new(dev, begun);
    let outcome = match &directory {
        Some(directory) => session.follow(directory, matches.is_on("once"), cx).await,
        None => session.serve(cx).await,
    };
    session.dev.stop().await;
    outcome
}

fn failed(error: HostError) -> CliError {
    CliError::Failed(error.to_string())
}

fn options(matches: &Matches, cx: &Context<'_>) -> Result<DevOptions, CliError> {
    let base = &cx.environment.directory;
    let components = Component::parse_list(matches.some("components").unwrap_or_default())
        .map_err(|error| CliError::Usage(error.to_string()))?;
    let directory = matches.name().map(|directory| base.join(directory));
    if directory.is_none() && !components.is_empty() {
        return Err(CliError::Usage(
            "a directory to apply is required; `--components none` runs the API server alone"
                .to_owned(),
        ));
    }
    let mut overrides = Vec::new();
    for text in matches.list("override") {
        let (url, directory) = text
            .split_once('=')
            .ok_or_else(|| CliError::Usage(format!("--override takes URL=DIR, got `{text}`")))?;
        overrides.push(Override { url: url.to_owned(), directory: base.join(directory) });
    }
    let revision = match matches.some("revision") {
        Some("head") => Revision::Head,
        _ => Revision::Worktree,
    };
    let path = matches.some("path").unwrap_or("./").to_owned();
    let data_dir = matches.some("data-dir").map(|it| base.join(it));
    // The flag alone: `$KUBECONFIG` names a file with other clusters in it.
    let kubeconfig = match matches.some("kubeconfig") {
        Some(path) => base.join(path),
        None => default_kubeconfig(data_dir.as_deref(), directory.as_deref(), cx),
    };
    let usage = |error: String| CliError::Usage(error);
    // A server alone is one for tests: it does nothing unasked, and lists expire while one waits.
    let (controllers, interval) =
        if components.is_empty() { ("none", "10s") } else { ("all", "5m") };
    let controllers = matches.some("cluster-controllers").unwrap_or(controllers);
    let interval = matches.some("compaction-interval").unwrap_or(interval);
    let interval = interval
        .parse::<flux_gostd::Duration>()
        .map_err(|error| usage(format!("--compaction-interval: {error}")))?;
    Ok(DevOptions {
        embedded: EmbeddedOptions {
            controllers: controllers
                .parse()
                .map_err(|error| usage(format!("--cluster-controllers: {error}")))?,
            compaction_interval: interval.to_std().unwrap_or_default(),
            listen: matches.some("listen").unwrap_or("127.0.0.1:0").to_owned(),
            data_dir,
            token_auth_file: matches.some("token-auth-file").map(|it| base.join(it)),
        },
        components,
        source: directory.map(|directory| Source { directory, path, revision, overrides }),
        kubeconfig,
    })
}

/// Chooses a place that only this user can write: the data directory, or the user's cache.
fn default_kubeconfig(
    data_dir: Option<&Path>,
    directory: Option<&Path>,
    cx: &Context<'_>,
) -> PathBuf {
    if let Some(data_dir) = data_dir {
        return data_dir.join("kubeconfig");
    }
    let variable = |name: &str| cx.environment.variable(name).map(PathBuf::from);
    let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let cache = cache.unwrap_or_else(|| cx.environment.directory.clone());
    let name = directory
        .and_then(Path::file_name)
        .map_or_else(|| "apiserver".into(), |it| it.to_string_lossy());
    cache.join("flux/dev").join(format!("{name}.kubeconfig"))
}

/// A running installation and what has been told of it.
struct Session {
    dev: Dev,
    begun: Instant,
    sources: Subscription,
    kustomizations: Subscription,
    /// The standing that was told last.
    told: Option<Standing>,
}

impl Session {
    fn new(dev: Dev, begun: Instant) -> Self {
        let watch =
            |cluster: &Cluster, kind: &crate::kind::Kind| cluster.watch(Topic::all(kind.gvk()));
        let sources = watch(dev.cluster(), &GIT_REPOSITORY);
        let kustomizations = watch(dev.cluster(), &KUSTOMIZATION);
        Self { dev, begun, sources, kustomizations, told: None }
    }

    /// Tells where the server is and waits for an interrupt.
    async fn serve(&mut self, cx: &mut Context<'_>) -> Result<Exit, CliError> {
        self.tell_addresses(cx)?;
        interrupted().await;
        Ok(Exit::SUCCESS)
    }

    /// Tells what happens until it is interrupted or, with `once`, settled.
    async fn follow(
        &mut self,
        directory: &Path,
        once: bool,
        cx: &mut Context<'_>,
    ) -> Result<Exit, CliError> {
        let deadline = tokio::time::Instant::now() + cx.global.timeout;
        let interrupt = interrupted();
        tokio::pin!(interrupt);
        loop {
            tokio::select! {
                biased;
                () = &mut interrupt => return Ok(Exit::SUCCESS),
                Some(notification) = self.dev.notification() => {
                    cx.io.data(&report::notification(&notification))?;
                }
                _ = self.sources.next() => {}
                _ = self.kustomizations.next() => {}
                () = tokio::time::sleep_until(deadline), if once => {
                    self.tell_standing(&self.standing(), cx)?;
                    return Err(CliError::Failed("timed out waiting for everything to become ready".to_owned()));
                }
            }
            let standing = self.standing();
            if !standing.is_settled() || self.told.as_ref() == Some(&standing) {
                continue;
            }
            let first = self.told.is_none();
            self.tell_standing(&standing, cx)?;
            if once {
                let exit = if standing.failed.is_empty() { Exit::SUCCESS } else { Exit::FAILURE };
                return Ok(exit);
            }
            if first {
                self.tell_addresses(cx)?;
                cx.io.data(&format!("watching {}; Ctrl-C stops\n", directory.display()))?;
            }
            self.told = Some(standing);
        }
    }

    /// Judges all objects; waiting before the first source and Kustomization are known.
    fn standing(&self) -> Standing {
        let (sources, kustomizations) = (self.sources.store(), self.kustomizations.store());
        let mut objects: Vec<Object> = Vec::new();
        for store in [&sources, &kustomizations] {
            objects.extend(store.list().iter().map(|object| (**object).clone()));
        }
        let begun = sources.is_synced() && kustomizations.is_synced() && objects.len() > 1;
        if begun { standing(&objects) } else { Standing::starting() }
    }

    fn tell_standing(&self, standing: &Standing, cx: &mut Context<'_>) -> Result<(), CliError> {
        let since = if self.told.is_none() { Some(self.begun.elapsed()) } else { None };
        cx.io.data(&report::standing(standing, since))
    }

    fn tell_addresses(&self, cx: &mut Context<'_>) -> Result<(), CliError> {
        let kubeconfig = self.dev.kubeconfig().display();
        cx.io.data(&format!("kubeconfig: {kubeconfig}\nserver: {}\n", self.dev.url()))
    }
}
