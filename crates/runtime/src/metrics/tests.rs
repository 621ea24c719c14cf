use std::time::Duration;

use flux_api::ObjectReference;

use super::Metrics;
use crate::{Next, Workers};

#[test]
fn metrics_have_the_names_that_dashboards_ask_for() {
    let metrics = Metrics::default();
    let workers = Workers { controller: "kustomization", group: "g", kind: "K", concurrency: 4 };
    metrics.set_max_concurrent(&workers);
    metrics.begin_pass(&workers);
    metrics.end_pass(&workers, &Next::Retry("no".into()), Duration::from_millis(30));
    let text = metrics.to_text();
    for line in [
        r#"controller_runtime_reconcile_total{controller="kustomization",result="error"} 1"#,
        r#"controller_runtime_reconcile_errors_total{controller="kustomization"} 1"#,
        r#"controller_runtime_max_concurrent_reconciles{controller="kustomization"} 4"#,
        r#"controller_runtime_active_workers{controller="kustomization"} 0"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn the_series_of_an_object_that_is_gone_is_gone() {
    let metrics = Metrics::default();
    let about = ObjectReference { kind: "K".into(), name: "n".into(), ..Default::default() };
    metrics.observe_reconcile(&about, Duration::from_secs(2));
    let series = r#"gotk_reconcile_duration_seconds_sum{kind="K",name="n",namespace=""} 2.0"#;
    assert!(metrics.to_text().contains(series), "{}", metrics.to_text());
    metrics.forget(&about);
    assert!(!metrics.to_text().contains("gotk_reconcile_duration_seconds_sum"));
}
