//! `begin` and `report` as tables: how a pass ended, what becomes of the object.

use expect_test::{Expect, expect};
use flux_api::names::reason;
use flux_api::{Artifact, OciRepository, OciRepositoryStatus, Time};
use flux_artifact::{Store, StoreOptions};

use super::report::{Plan, begin, report};
use super::*;
use crate::oci_repository::OciSource;

fn at(seconds: i64) -> Time {
    Time::new(jiff::Timestamp::from_second(1_767_225_600 + seconds).unwrap())
}

fn artifact(revision: &str, digest: &str) -> Artifact {
    Artifact {
        digest: digest.to_owned(),
        last_update_time: at(0),
        metadata: Default::default(),
        path: "ocirepository/ns/app/1.tar.gz".to_owned(),
        revision: revision.to_owned(),
        size: Some(1),
        url: "http://old/ocirepository/ns/app/1.tar.gz".to_owned(),
    }
}

fn fresh() -> Seen<flux_api::OciRepositorySpec> {
    let mut object = OciRepository::new("ns", "app", Default::default());
    object.metadata.generation = 1;
    object.spec.interval = "10m".parse().unwrap();
    object.spec.url = "oci://r.io/app".to_owned();
    object.status.observed_generation = -1;
    Seen { object, artifact: Presence::None }
}

fn published(revision: &str, digest: &str) -> Outcome<()> {
    Outcome::Published(Box::new(Published {
        artifact: artifact(revision, digest),
        stored: (reason::SUCCEEDED, format!("stored artifact for digest '{revision}'")),
        progress: Progress::default(),
        note: (),
    }))
}

fn up_to_date() -> Outcome<()> {
    let stored = Some((reason::SUCCEEDED, "stored artifact for digest 'v1@aa'".to_owned()));
    let (trace, progress) = ("same".to_owned(), Progress::default());
    Outcome::UpToDate(Box::new(UpToDate { stored, trace, progress, note: () }))
}

fn failed(failure: Failure, progress: Progress) -> Outcome<()> {
    Outcome::Failed(Box::new(Failed { failure, progress }))
}

fn store() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(StoreOptions::new(directory.path(), "new")).unwrap();
    (directory, store)
}

fn ready() -> Seen<flux_api::OciRepositorySpec> {
    let mut seen = fresh();
    let (_directory, store) = store();
    let begun = begin::<OciSource>(&seen, &store, at(0));
    let outcome = published("v1@aa", "sha256:aa");
    seen.object.status = report::<OciSource>(&seen, begun.status, &outcome, at(0)).status;
    seen.object.status.url = Some("http://old/ocirepository/ns/app/latest.tar.gz".to_owned());
    seen.artifact = Presence::Stored;
    seen
}

fn show(status: &OciRepositoryStatus) -> String {
    let line = |c: &flux_api::Condition| {
        let (kind, status, generation) = (&c.kind, c.status.as_str(), c.observed_generation);
        format!("{kind}={status} {} g{generation}: {}\n", c.reason, c.message)
    };
    let observed = status.observed_generation;
    status.conditions.iter().map(line).collect::<String>() + &format!("observed={observed}\n")
}

fn check(seen: &Seen<flux_api::OciRepositorySpec>, outcome: &Outcome<()>, want: Expect) {
    let (_directory, store) = store();
    let begun = begin::<OciSource>(seen, &store, at(60));
    let got = report::<OciSource>(seen, begun.status, outcome, at(60));
    let mut shown = show(&got.status);
    for event in &got.events {
        shown += &format!("{:?} {}: {}\n", event.severity, event.reason, event.message);
    }
    shown += &match got.next {
        Plan::Await => "await\n".to_owned(),
        Plan::Interval(interval) => format!("after {}s\n", interval.as_secs()),
        Plan::Retry(_) => "retry\n".to_owned(),
    };
    want.assert_eq(&shown);
}

#[test]
fn a_first_artifact_is_news() {
    check(
        &fresh(),
        &published("v1@aa", "sha256:aa"),
        expect![[r#"
            Ready=True Succeeded g1: stored artifact for digest 'v1@aa'
            ArtifactInStorage=True Succeeded g1: stored artifact for digest 'v1@aa'
            observed=1
            Info NewArtifact: stored artifact with revision 'v1@aa' from 'oci://r.io/app'
            after 600s
        "#]],
    );
}

#[test]
fn the_same_again_is_of_interest_in_the_cluster_only() {
    check(
        &ready(),
        &up_to_date(),
        expect![[r#"
            Ready=True Succeeded g1: stored artifact for digest 'v1@aa'
            ArtifactInStorage=True Succeeded g1: stored artifact for digest 'v1@aa'
            observed=1
            Trace ArtifactUpToDate: same
            after 600s
        "#]],
    );
}

#[test]
fn a_failure_is_told_and_leaves_the_generation_unobserved() {
    let mut seen = ready();
    seen.object.metadata.generation = 2;
    let drift = Some(Drift { reason: reason::NEW_REVISION, message: "new 'v2'".to_owned() });
    let failure = Failure::fetch("OCIArtifactPullFailed", "gone");
    check(
        &seen,
        &failed(failure, Progress { drift, ..Progress::default() }),
        expect![[r#"
            Reconciling=True ProgressingWithRetry g2: building artifact: new 'v2'
            Ready=False OCIArtifactPullFailed g2: gone
            ArtifactOutdated=True NewRevision g2: new 'v2'
            FetchFailed=True OCIArtifactPullFailed g2: gone
            ArtifactInStorage=True Succeeded g1: stored artifact for digest 'v1@aa'
            observed=1
            Error OCIArtifactPullFailed: gone
            retry
        "#]],
    );
}

#[test]
fn a_failure_that_went_away_is_good_news() {
    let mut seen = ready();
    let (_directory, store) = store();
    let begun = begin::<OciSource>(&seen, &store, at(10));
    let outcome = failed(Failure::fetch("OCIArtifactPullFailed", "gone"), Progress::default());
    seen.object.status = report::<OciSource>(&seen, begun.status, &outcome, at(10)).status;
    check(
        &seen,
        &up_to_date(),
        expect![[r#"
            Ready=True Succeeded g1: stored artifact for digest 'v1@aa'
            ArtifactInStorage=True Succeeded g1: stored artifact for digest 'v1@aa'
            observed=1
            Trace ArtifactUpToDate: same
            Info Succeeded: stored artifact with revision 'v1@aa' from 'oci://r.io/app'
            after 600s
        "#]],
    );
}

#[test]
fn what_cannot_be_right_stalls() {
    check(
        &fresh(),
        &failed(Failure::fetch(reason::URL_INVALID, "no url").stalled(), Progress::default()),
        expect![[r#"
            Stalled=True URLInvalid g1: no url
            Ready=False URLInvalid g1: no url
            FetchFailed=True URLInvalid g1: no url
            observed=1
            Error URLInvalid: no url
            await
        "#]],
    );
}

#[test]
fn signatures_that_are_wrong_make_ready_false() {
    check(
        &ready(),
        &failed(Failure::unverified("no signature"), Progress::default()),
        expect![[r#"
            Reconciling=True ProgressingWithRetry g1: reconciliation in progress
            Ready=False VerificationError g1: no signature
            ArtifactInStorage=True Succeeded g1: stored artifact for digest 'v1@aa'
            SourceVerified=False VerificationError g1: no signature
            observed=1
            Error VerificationError: no signature
            retry
        "#]],
    );
}

#[test]
fn the_host_of_a_stored_artifact_follows_the_controller() {
    let (_directory, store) = store();
    let status = begin::<OciSource>(&ready(), &store, at(60)).status;
    assert_eq!(status.artifact.unwrap().url, "http://new/ocirepository/ns/app/1.tar.gz");
    assert_eq!(status.url.as_deref(), Some("http://new/ocirepository/ns/app/latest.tar.gz"));
}

#[test]
fn an_artifact_that_is_gone_is_built_again() {
    let (_directory, store) = store();
    let mut seen = ready();
    seen.artifact = Presence::Gone;
    let begun = begin::<OciSource>(&seen, &store, at(60));
    assert!(begun.is_worth_telling && begun.status.artifact.is_none());
    expect![[r#"
        Reconciling=True Progressing g1: building artifact: disappeared from storage
        Ready=Unknown Progressing g1: building artifact: disappeared from storage
        observed=1
    "#]]
    .assert_eq(&show(&begun.status));
}
