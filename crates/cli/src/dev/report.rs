//! What happens, as lines that read without color.

use std::time::Duration;

use flux_host::{Standing, Trouble};
use flux_runtime::{Notification, Severity};

/// Returns the lines of one event: what happened to which object, a change a line below it.
pub(super) fn notification(event: &Notification) -> String {
    let about = &event.involved_object;
    let subject = format!("{}/{}/{}", about.kind, about.namespace, about.name);
    let symbol = match event.severity {
        Severity::Error => "✗",
        Severity::Info | Severity::Trace => "✔",
    };
    let message = event.message.trim_end();
    if is_change_set(message) {
        let lines: Vec<String> = message.lines().map(|line| format!("  {line}\n")).collect();
        return format!("► {subject}: {}\n{}", event.reason, lines.concat());
    }
    let mut lines = message.lines();
    let first = lines.next().unwrap_or_default();
    let mut text = format!("{symbol} {subject}: {}: {first}\n", event.reason);
    for line in lines {
        text.push_str(&format!("  {line}\n"));
    }
    text
}

/// Tells whether a message lists objects and what became of them.
fn is_change_set(message: &str) -> bool {
    let is_change = |line: &str| {
        let actions = ["created", "configured", "deleted", "skipped", "unchanged"];
        let parts: Vec<&str> = line.split(' ').collect();
        matches!(parts.as_slice(), [subject, action] if subject.contains('/') && actions.contains(action))
    };
    !message.is_empty() && message.lines().all(is_change)
}

/// Returns the lines that tell how everything stands, and how long that took.
pub(super) fn standing(standing: &Standing, took: Option<Duration>) -> String {
    let mut text = String::new();
    let trouble = |symbol: &str, it: &Trouble| {
        format!("{symbol} {}: {}\n", it.subject, it.message.trim_end())
    };
    for it in &standing.waiting {
        text.push_str(&trouble("◎", it));
    }
    for it in &standing.failed {
        text.push_str(&trouble("✗", it));
    }
    let took = took.map(|it| format!(" after {:.2}s", it.as_secs_f64())).unwrap_or_default();
    let (ready, not) = (standing.ready.len(), standing.failed.len() + standing.waiting.len());
    if not == 0 {
        text.push_str(&format!("✔ all {ready} sources and Kustomizations are ready{took}\n"));
    } else {
        text.push_str(&format!(
            "✗ {not} of {} sources and Kustomizations are not ready{took}\n",
            ready + not
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(severity: Severity, message: &str) -> Notification {
        let about = serde_json::json!({"kind": "Kustomization", "namespace": "flux-system", "name": "apps"});
        Notification {
            involved_object: serde_json::from_value(about).unwrap(),
            severity,
            timestamp: "2026-01-01T00:00:00Z".parse().unwrap(),
            message: message.to_owned(),
            reason: "Progressing".to_owned(),
            metadata: Default::default(),
            reporting_controller: "kustomize-controller".to_owned(),
            reporting_instance: "test".to_owned(),
        }
    }

    #[test]
    fn a_change_set_is_a_line_an_object() {
        let text = notification(&event(
            Severity::Info,
            "Namespace/podinfo created\nService/podinfo/podinfo configured",
        ));
        assert_eq!(
            text,
            "► Kustomization/flux-system/apps: Progressing\n  Namespace/podinfo created\n  Service/podinfo/podinfo configured\n"
        );
    }

    #[test]
    fn an_error_says_what_failed_and_why() {
        let text = notification(&event(Severity::Error, "kustomize build failed:\nno such file"));
        assert_eq!(
            text,
            "✗ Kustomization/flux-system/apps: Progressing: kustomize build failed:\n  no such file\n"
        );
    }

    #[test]
    fn what_is_not_ready_comes_with_its_message() {
        let failed =
            vec![Trouble { subject: "Kustomization/a/b".to_owned(), message: "no".to_owned() }];
        let text = standing(
            &Standing { failed, ..Standing::default() },
            Some(Duration::from_millis(1500)),
        );
        assert_eq!(
            text,
            "✗ Kustomization/a/b: no\n✗ 1 of 1 sources and Kustomizations are not ready after 1.50s\n"
        );
    }
}
