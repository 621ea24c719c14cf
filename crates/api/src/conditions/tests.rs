use super::{Finding, Summary, Writer, cut, summary};
use crate::Condition;

fn at(second: i64) -> crate::Time {
    crate::Time::new(jiff::Timestamp::from_second(second).unwrap())
}

fn shown(conditions: &[Condition]) -> String {
    let line = |c: &Condition| {
        format!(
            "{} {} {} gen={} at={}",
            c.kind,
            c.status.as_str(),
            c.reason,
            c.observed_generation,
            c.last_transition_time.get().as_second()
        )
    };
    conditions.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn conditions_are_listed_in_the_order_users_know() {
    let mut list = Vec::new();
    let mut to = Writer::new(&mut list, 2, at(5));
    to.set("Healthy", Finding::no("HealthCheckFailed", ""));
    to.set("Ready", Finding::unknown("Progressing", ""));
    to.reconciling("Progressing", "");
    assert_eq!(
        shown(&list),
        "Reconciling True Progressing gen=2 at=5\nReady Unknown Progressing gen=2 at=5\n\
         Healthy False HealthCheckFailed gen=2 at=5"
    );
    Writer::new(&mut list, 2, at(6)).stalled("AccessDenied", "");
    assert!(shown(&list).starts_with("Stalled True AccessDenied gen=2 at=6\nReady"));
}

#[test]
fn the_transition_time_moves_with_status_reason_or_message_only() {
    let mut list = Vec::new();
    Writer::new(&mut list, 1, at(1)).set("Ready", Finding::yes("Succeeded", "a"));
    Writer::new(&mut list, 2, at(2)).set("Ready", Finding::yes("Succeeded", "a"));
    assert_eq!(shown(&list), "Ready True Succeeded gen=2 at=1");
    Writer::new(&mut list, 2, at(3)).set("Ready", Finding::yes("Succeeded", "b"));
    assert_eq!(shown(&list), "Ready True Succeeded gen=2 at=3");
}

#[test]
fn long_messages_are_cut_at_a_character() {
    let long = "ä".repeat(20_000);
    let short = cut(long);
    assert!(short.len() <= 32_768 && short.ends_with("ä..."));
    assert_eq!(cut("fine".to_owned()), "fine");
}

#[test]
fn bad_news_that_holds_decides_the_summary() {
    let mut list = Vec::new();
    let mut to = Writer::new(&mut list, 1, at(1));
    let rules = Summary {
        types: &["FetchFailed", "ArtifactOutdated", "ArtifactInStorage", "Reconciling"],
        negative: &["FetchFailed", "ArtifactOutdated", "Reconciling"],
    };
    assert_eq!(summary(&[], rules), None);
    to.set("ArtifactInStorage", Finding::yes("Succeeded", "stored"));
    to.set("ArtifactOutdated", Finding::yes("NewRevision", "new"));
    to.set("FetchFailed", Finding::yes("GitOperationFailed", "failed"));
    assert_eq!(summary(&list, rules), Some(Finding::no("GitOperationFailed", "failed")));
    list.retain(|c| c.kind == "ArtifactInStorage");
    assert_eq!(summary(&list, rules), Some(Finding::yes("Succeeded", "stored")));
}
