//! `create image`.

use flux_gostd::re2::Regexp;
use flux_manifest::Object;
use serde_json::{Value, json};

use super::{Cast, Words, apply_and_wait, print_export, usage};
use crate::CliError;
use crate::cobra::{Command, Flag};
use crate::context::Context;
use crate::kind::{IMAGE_POLICY, IMAGE_REPOSITORY, IMAGE_UPDATE, Kind};
use crate::words::names_of;

/// Describes the commands.
pub(super) fn command() -> Command {
    Command::group("image", "Create or update image automation objects")
        .child(repository_command())
        .child(policy_command())
        .child(update_command())
}

fn leaf(kind: &'static Kind) -> Command {
    Command::leaf(kind.word, &format!("Create or update an {}", kind.kind))
        .operands("[name]")
        .complete(names_of(kind))
}

fn repository_command() -> Command {
    leaf(&IMAGE_REPOSITORY)
        .example("  # Look for new tags of an image\n  flux create image repository alpine --image=alpine --interval=10m")
        .flags([
            Flag::text("image", "image whose tags are listed, such as library/alpine"),
            Flag::text("secret-ref", "name of a Secret with credentials for the registry"),
            Flag::text("cert-ref", "name of a Secret with TLS certificates"),
            Flag::duration("scan-timeout", "how long listing may take; the interval by default"),
        ])
}

fn policy_command() -> Command {
    leaf(&IMAGE_POLICY)
        .example("  # Choose the newest version of a range\n  flux create image policy podinfo --image-ref=podinfo --select-semver='>=1.0.0'")
        .flags([
            Flag::text("image-ref", "name of an ImageRepository"),
            Flag::text("select-semver", "range of versions among the tags"),
            Flag::text("select-alpha", "choose by the alphabet: asc takes the last, desc the first"),
            Flag::text("select-numeric", "choose by number: asc takes the last, desc the first"),
            Flag::text("filter-regex", "regular expression for the tags that count"),
            Flag::text("filter-extract", "what of a tag counts, with the groups of --filter-regex"),
            Flag::text("reflect-digest", "when the digest is looked up: Never, IfNotPresent or Always"),
            Flag::duration("interval", "how often the digest is looked up if it is always"),
        ])
}

fn update_command() -> Command {
    leaf(&IMAGE_UPDATE)
        .example("  # Write new tags to a branch\n  flux create image update flux-system --git-repo-ref=flux-system --git-repo-path=./clusters/my-cluster --checkout-branch=main --author-name=flux --author-email=flux@example.com")
        .flags([
            Flag::text("git-repo-ref", "name of a GitRepository"),
            Flag::text("git-repo-namespace", "namespace of the GitRepository; that of the object by default"),
            Flag::text("git-repo-path", "directory whose manifests are updated; all by default"),
            Flag::text("checkout-branch", "branch to begin with"),
            Flag::text("push-branch", "branch to push to; the one to begin with by default"),
            Flag::text("commit-template", "template of commit messages"),
            Flag::text("author-name", "name of the author of commits"),
            Flag::text("author-email", "address of the author of commits"),
            Flag::text("signing-key-secret", "name of a Secret with the key that signs commits"),
            Flag::text("signing-key-type", "type of the key that signs commits: gpg or ssh"),
        ])
}

/// Runs the command for a kind.
pub(super) async fn run(kind: &str, cast: &Cast<'_>, cx: &mut Context<'_>) -> Result<(), CliError> {
    let (kind, spec) = match kind {
        "repository" => (&IMAGE_REPOSITORY, repository(cast)?),
        "policy" => (&IMAGE_POLICY, policy(cast)?),
        _ => (&IMAGE_UPDATE, update(cast)?),
    };
    let object = cast.object(kind, spec, cx)?;
    if cast.is_export() {
        return print_export(object.as_value(), cx);
    }
    write(kind, &object, cx).await
}

async fn write(kind: &Kind, object: &Object, cx: &mut Context<'_>) -> Result<(), CliError> {
    cx.io.generate(&format!("generating {}", kind.kind))?;
    let words = Words { subject: kind.kind, written: kind.kind };
    apply_and_wait(object, &words, cx).await?;
    cx.io.success(&format!("{} reconciliation completed", kind.kind))
}

fn repository(cast: &Cast<'_>) -> Result<Value, CliError> {
    let image = cast.matches.some("image");
    let image = image.ok_or_else(|| usage("an image repository (--image) is required"))?;
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-/".contains(&b);
    let path = image.split_once('/').map_or(image, |(_, path)| path);
    if path.is_empty() || !path.bytes().all(allowed) {
        return Err(CliError::Usage(format!(
            "unable to parse image value: repository can only contain the characters `abcdefghijklmnopqrstuvwxyz0123456789_-./`: {path}"
        )));
    }
    Ok(json!({
        "image": image,
        "interval": cast.interval(),
        "timeout": cast.duration("scan-timeout"),
        "secretRef": cast.reference("secret-ref"),
        "certSecretRef": cast.reference("cert-ref"),
    }))
}

fn policy(cast: &Cast<'_>) -> Result<Value, CliError> {
    let flags = cast.matches;
    let name = flags.some("image-ref").ok_or_else(|| {
        usage("the name of an ImageRepository in the namespace is required (--image-ref)")
    })?;
    let policy = selection(cast)?;
    let reflect = flags.text("reflect-digest");
    if !matches!(reflect, "" | "Never" | "IfNotPresent" | "Always") {
        return Err(usage(
            "invalid value for --reflect-digest, must be one of 'Never', 'IfNotPresent', 'Always'",
        ));
    }
    let filter = filter(cast)?;
    let interval = cast.duration("interval");
    if !interval.is_null() && reflect != "Always" {
        return Err(usage(
            "the --interval flag can only be used with the 'Always' digest reflection policy, use --reflect-digest=Always",
        ));
    }
    Ok(json!({
        "imageRepositoryRef": {"name": name},
        "policy": policy,
        "filterTags": filter,
        "digestReflectionPolicy": cast.text("reflect-digest"),
        "interval": interval,
    }))
}

/// Returns how a tag is chosen; nothing for a range with an order, as upstream does.
fn selection(cast: &Cast<'_>) -> Result<Value, CliError> {
    let flags = cast.matches;
    let (range, alpha, numeric) =
        (flags.some("select-semver"), flags.some("select-alpha"), flags.some("select-numeric"));
    let order = |flag: &str, order: &str, field: &str| match order {
        "asc" | "desc" => Ok(json!({ field: {"order": order} })),
        _ => Err(CliError::Usage(format!("--{flag} must be one of [\"asc\", \"desc\"]"))),
    };
    match (range, alpha, numeric) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => Ok(json!({})),
        (None, Some(_), Some(_)) => Err(usage(
            "only one of --select-semver, --select-alpha or --select-numeric can be specified",
        )),
        (Some(range), None, None) => Ok(json!({"semver": {"range": range}})),
        (None, Some(alpha), None) => order("select-alpha", alpha, "alphabetical"),
        (None, None, Some(numeric)) => order("select-numeric", numeric, "numerical"),
        (None, None, None) => {
            Err(usage("a policy must be provided with either --select-semver or --select-alpha"))
        }
    }
}

fn filter(cast: &Cast<'_>) -> Result<Value, CliError> {
    let (pattern, extract) =
        (cast.matches.text("filter-regex"), cast.matches.text("filter-extract"));
    if pattern.is_empty() {
        return match extract {
            "" => Ok(Value::Null),
            _ => Err(usage("cannot specify --filter-extract without specifying --filter-regex")),
        };
    }
    let regexp =
        Regexp::new(pattern).map_err(|_| usage("--filter-regex is an invalid regex pattern"))?;
    check_extract(extract, &regexp)?;
    Ok(json!({"pattern": pattern, "extract": cast.text("filter-extract")}))
}

/// Checks that a replacement names groups of the pattern only.
fn check_extract(template: &str, regexp: &Regexp) -> Result<(), CliError> {
    let mut rest = template;
    while let Some((_, after)) = rest.split_once('$') {
        if let Some(after) = after.strip_prefix('$') {
            rest = after;
            continue;
        }
        let malformed = || usage("--filter-extract is malformed");
        let (inner, braced) = match after.strip_prefix('{') {
            Some(inner) => (inner, true),
            None => (after, false),
        };
        let end = inner.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inner.len());
        let (name, tail) = inner.split_at(end);
        if name.is_empty() {
            return Err(malformed());
        }
        rest = if braced { tail.strip_prefix('}').ok_or_else(malformed)? } else { tail };
        let number =
            name.bytes().all(|b| b.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
        let known = regexp.group_names().iter().flatten().any(|group| group == name);
        if !number && !known {
            return Err(CliError::Usage(format!(
                "capture group ${name} used in --filter-extract not found in --filter-regex"
            )));
        }
    }
    Ok(())
}

fn update(cast: &Cast<'_>) -> Result<Value, CliError> {
    let flags = cast.matches;
    let needed = [
        ("git-repo-ref", "a reference to a GitRepository is required (--git-repo-ref)"),
        ("checkout-branch", "the Git repository branch is required (--checkout-branch)"),
        ("author-name", "the author name is required (--author-name)"),
        ("author-email", "the author email is required (--author-email)"),
    ];
    for (flag, text) in needed {
        flags.some(flag).ok_or_else(|| usage(text))?;
    }
    let (key, kind) = (flags.some("signing-key-secret"), flags.text("signing-key-type"));
    if !kind.is_empty() && key.is_none() {
        return Err(usage("--signing-key-type requires --signing-key-secret"));
    }
    if !matches!(kind, "" | "gpg" | "ssh") {
        return Err(usage("--signing-key-type must be one of: gpg, ssh"));
    }
    let signing = key.map_or(
        Value::Null,
        |name| json!({"secretRef": {"name": name}, "type": cast.text("signing-key-type")}),
    );
    let push = flags.some("push-branch").map_or(Value::Null, |branch| json!({ "branch": branch }));
    let strategy = flags
        .some("git-repo-path")
        .map_or(Value::Null, |path| json!({"path": path, "strategy": "Setters"}));
    Ok(json!({
        "sourceRef": {
            "kind": "GitRepository",
            "name": flags.text("git-repo-ref"),
            "namespace": cast.text("git-repo-namespace"),
        },
        "git": {
            "checkout": {"ref": {"branch": flags.text("checkout-branch")}},
            "commit": {
                "author": {"name": flags.text("author-name"), "email": flags.text("author-email")},
                "messageTemplate": cast.text("commit-template"),
                "signingKey": signing,
            },
            "push": push,
        },
        "interval": cast.interval(),
        "update": strategy,
    }))
}
