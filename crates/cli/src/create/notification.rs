//! `create alert`, `create alert-provider` and `create receiver`.

use serde_json::{Value, json};

use super::types::{RECEIVER, kind_name, kind_name_namespace};
use super::{Cast, Words, apply_and_wait, print_export, usage};
use crate::CliError;
use crate::cobra::{Command, Flag};
use crate::context::Context;
use crate::kind::{ALERT, PROVIDER, RECEIVER as RECEIVER_KIND};
use crate::wait::success_line;
use crate::words::names_of;

/// Describes `create alert`.
pub(super) fn alert_command() -> Command {
    Command::leaf("alert", "Create or update an Alert")
        .operands("[name]")
        .complete(names_of(&ALERT))
        .example("  # Tell a provider what happens to all Kustomizations\n  flux create alert deployments --event-severity=info --event-source=Kustomization/* --provider-ref=slack")
        .flags([
            Flag::text("provider-ref", "name of the Provider that is told"),
            Flag::text("event-severity", "least severity of events: info or error"),
            Flag::list("event-source", "objects whose events are told, as <kind>/<name>[.<namespace>]"),
        ])
}

/// Describes `create alert-provider`.
pub(super) fn provider_command() -> Command {
    Command::leaf("alert-provider", "Create or update a Provider")
        .operands("[name]")
        .complete(names_of(&PROVIDER))
        .example("  # Send to a channel of Slack\n  flux create alert-provider slack --type=slack --channel=general --address=https://hooks.slack.com/services/mock --secret-ref=webhook")
        .flags([
            Flag::text("type", "type of the provider"),
            Flag::text("channel", "channel to send to"),
            Flag::text("username", "name to send as"),
            Flag::text("address", "address of the Git repository, chat or webhook"),
            Flag::text("secret-ref", "name of a Secret with a token"),
        ])
}

/// Describes `create receiver`.
pub(super) fn receiver_command() -> Command {
    Command::leaf("receiver", "Create or update a Receiver")
        .operands("[name]")
        .complete(names_of(&RECEIVER_KIND))
        .example("  # Fetch a source when GitHub says that it has changed\n  flux create receiver github --type=github --event=ping --event=push --secret-ref=webhook-token --resource=GitRepository/webapp")
        .flags([
            Flag::custom("type", RECEIVER, "who sends"),
            Flag::text("secret-ref", "name of a Secret with a token"),
            Flag::list("event", "events that count"),
            Flag::list("resource", "objects to reconcile, as <kind>/<name>"),
        ])
}

/// Runs `create alert`.
pub(super) async fn alert(cast: &Cast<'_>, cx: &mut Context<'_>) -> Result<(), CliError> {
    let flags = cast.matches;
    let provider = flags.some("provider-ref").ok_or_else(|| usage("provider ref is required"))?;
    let mut sources = Vec::new();
    for text in flags.list("event-source") {
        let (kind, name, namespace) = kind_name_namespace(&text);
        if kind.is_empty() {
            return Err(invalid_source(&text));
        }
        let namespace = if namespace.is_empty() { Value::Null } else { namespace.into() };
        sources.push(json!({"kind": kind, "name": name, "namespace": namespace}));
    }
    if sources.is_empty() {
        return Err(usage("at least one event source is required"));
    }
    let spec = json!({
        "providerRef": {"name": provider},
        "eventSeverity": cast.text("event-severity"),
        "eventSources": sources,
    });
    let object = cast.object(&ALERT, spec, cx)?;
    if cast.is_export() {
        return print_export(object.as_value(), cx);
    }
    cx.io.generate("generating Alert")?;
    apply_and_wait(&object, &Words { subject: "Alert", written: "Alert" }, cx).await?;
    cx.io.success(&format!("Alert {} is ready", cast.name))
}

fn invalid_source(text: &str) -> CliError {
    CliError::Usage(format!("invalid event source '{text}', must be in format <kind>/<name>"))
}

/// Runs `create alert-provider`.
pub(super) async fn provider(cast: &Cast<'_>, cx: &mut Context<'_>) -> Result<(), CliError> {
    let kind = cast.matches.some("type").ok_or_else(|| usage("Provider type is required"))?;
    let spec = json!({
        "type": kind,
        "channel": cast.text("channel"),
        "username": cast.text("username"),
        "address": cast.text("address"),
        "secretRef": cast.reference("secret-ref"),
    });
    let object = cast.object(&PROVIDER, spec, cx)?;
    if cast.is_export() {
        return print_export(object.as_value(), cx);
    }
    cx.io.generate("generating Provider")?;
    apply_and_wait(&object, &Words { subject: "Provider", written: "Provider" }, cx).await?;
    cx.io.success(&format!("Provider {} is ready", cast.name))
}

/// Runs `create receiver`.
pub(super) async fn receiver(cast: &Cast<'_>, cx: &mut Context<'_>) -> Result<(), CliError> {
    let flags = cast.matches;
    let kind = flags.some("type").ok_or_else(|| usage("Receiver type is required"))?;
    let secret = flags.some("secret-ref").ok_or_else(|| usage("secret ref is required"))?;
    let mut resources = Vec::new();
    for text in flags.list("resource") {
        let (kind, name) = kind_name(&text);
        if kind.is_empty() {
            return Err(invalid_source(&text));
        }
        resources.push(json!({"kind": kind, "name": name}));
    }
    if resources.is_empty() {
        return Err(usage("atleast one resource is required"));
    }
    let events = flags.list("event");
    let spec = json!({
        "type": kind,
        "events": if events.is_empty() { Value::Null } else { json!(events) },
        "resources": resources,
        "secretRef": {"name": secret},
    });
    let object = cast.object(&RECEIVER_KIND, spec, cx)?;
    if cast.is_export() {
        return print_export(object.as_value(), cx);
    }
    cx.io.generate("generating Receiver")?;
    let words = Words { subject: "Receiver", written: "Receiver" };
    let ready = apply_and_wait(&object, &words, cx).await?;
    cx.io.success(&format!("Receiver {} is ready", cast.name))?;
    cx.io.success(&success_line(&RECEIVER_KIND, &ready))
}
