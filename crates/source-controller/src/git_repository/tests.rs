//! `decide` and `report` as tables: what was seen, what becomes of it.

use std::path::Path;

use expect_test::{Expect, expect};
use flux_api::conditions::{Finding, Writer};
use flux_api::names::{condition, reason};
use flux_api::{Artifact, GitRepository, GitRepositoryStatus, LocalReference, Time};
use flux_git::Remote;
use flux_git::local::{Directory, Mode};

use super::decide::{Content, Decision, decide};
use super::observe::{Access, Observed, Presence};
use super::outcome::{Failure, Outcome, Stage, Stored, Verified};
use super::report::{Plan, begin, report};
use crate::Override;

const REVISION: &str = "main@sha1:1111";

fn at(seconds: i64) -> Time {
    Time::new(jiff::Timestamp::from_second(1_767_225_600 + seconds).unwrap())
}

fn artifact(revision: &str, digest: &str) -> Artifact {
    Artifact {
        digest: digest.to_owned(),
        last_update_time: at(0),
        metadata: Default::default(),
        path: "gitrepository/ns/app/1.tar.gz".to_owned(),
        revision: revision.to_owned(),
        size: Some(1),
        url: "http://host/1.tar.gz".to_owned(),
    }
}

/// A repository that was just made.
fn fresh() -> Observed {
    let mut object = GitRepository::new("ns", "app", Default::default());
    object.metadata.generation = 1;
    object.spec.interval = "10m".parse().unwrap();
    object.spec.url = "https://example.com/app".to_owned();
    object.status.observed_generation = -1;
    let remote = Remote::parse(&object.spec.url).unwrap();
    Observed {
        object,
        artifact: Presence::None,
        access: Ok(Access::Remote(Box::new(remote))),
        includes: Ok(Vec::new()),
        keys: None,
    }
}

/// A repository whose artifact is stored.
fn ready() -> Observed {
    let mut seen = fresh();
    let outcome = stored(REVISION, "sha256:aa");
    let begun = begin(&seen, at(0));
    seen.object.status = report(&seen, begun.status, &outcome, at(0)).status;
    seen.artifact = Presence::Stored;
    seen
}

fn stored(revision: &str, digest: &str) -> Outcome {
    Outcome::Stored(Box::new(Stored {
        artifact: artifact(revision, digest),
        includes: Vec::new(),
        subject: "a change".to_owned(),
        verified: None,
    }))
}

fn failed() -> Outcome {
    let failure = Failure::fetch(reason::GIT_OPERATION_FAILED, "no route".to_owned());
    Outcome::Failed { failure, stage: Stage::Before }
}

fn show_status(status: &GitRepositoryStatus) -> String {
    let line = |c: &flux_api::Condition| {
        let (kind, status, generation) = (&c.kind, c.status.as_str(), c.observed_generation);
        format!("{kind}={status} {} g{generation}: {}\n", c.reason, c.message)
    };
    let observed = status.observed_generation;
    status.conditions.iter().map(line).collect::<String>() + &format!("observed={observed}\n")
}

fn check(seen: &Observed, outcome: &Outcome, want: Expect) {
    let begun = begin(seen, at(60));
    let got = report(seen, begun.status, outcome, at(60));
    let mut shown = show_status(&got.status);
    for event in &got.events {
        shown += &format!("{:?} {}: {}\n", event.severity, event.reason, event.message);
    }
    shown += &match got.next {
        Plan::Await => "await\n".to_owned(),
        Plan::Interval(interval) => format!("after {}s\n", interval.as_secs()),
        Plan::Dependency => "dependency\n".to_owned(),
        Plan::Retry(_) => "retry\n".to_owned(),
    };
    want.assert_eq(&shown);
}

fn check_begin(seen: &Observed, want: Expect) {
    let begun = begin(seen, at(60));
    let told = if begun.is_worth_telling { "told" } else { "silent" };
    want.assert_eq(&format!("{}{told}\n", show_status(&begun.status)));
}

#[test]
fn a_new_repository_is_being_built() {
    check_begin(
        &fresh(),
        expect![[r#"
            Reconciling=True Progressing g1: building artifact
            Ready=Unknown Progressing g1: building artifact
            observed=-1
            told
        "#]],
    );
}

#[test]
fn a_routine_pass_says_nothing_before_it_is_done() {
    let begun = begin(&ready(), at(60));
    assert!(!begun.is_worth_telling);
}

#[test]
fn a_request_is_answered_at_once_and_ready_stays() {
    let mut seen = ready();
    let annotations = &mut seen.object.metadata.annotations;
    annotations.insert(flux_api::names::REQUESTED_AT.to_owned(), "now".to_owned());
    check_begin(
        &seen,
        expect![[r#"
            Reconciling=True Progressing g1: reconciliation in progress
            Ready=True Succeeded g1: stored artifact for revision 'main@sha1:1111'
            ArtifactInStorage=True Succeeded g1: stored artifact for revision 'main@sha1:1111'
            observed=1
            told
        "#]],
    );
}

#[test]
fn a_lost_artifact_is_built_again() {
    let mut seen = ready();
    seen.artifact = Presence::Gone;
    check_begin(
        &seen,
        expect![[r#"
            Reconciling=True Progressing g1: building artifact: disappeared from storage
            Ready=Unknown Progressing g1: building artifact: disappeared from storage
            observed=1
            told
        "#]],
    );
    // The same bytes are no news.
    check(
        &seen,
        &stored(REVISION, "sha256:aa"),
        expect![[r#"
            Ready=True Succeeded g1: stored artifact for revision 'main@sha1:1111'
            ArtifactInStorage=True Succeeded g1: stored artifact for revision 'main@sha1:1111'
            observed=1
            after 600s
        "#]],
    );
}

#[test]
fn a_first_artifact_makes_it_ready() {
    check(
        &fresh(),
        &stored(REVISION, "sha256:aa"),
        expect![[r#"
            Ready=True Succeeded g1: stored artifact for revision 'main@sha1:1111'
            ArtifactInStorage=True Succeeded g1: stored artifact for revision 'main@sha1:1111'
            observed=1
            Info NewArtifact: stored artifact for commit 'a change'
            after 600s
        "#]],
    );
}

#[test]
fn a_first_failure_is_retried_and_not_observed() {
    check(
        &fresh(),
        &failed(),
        expect![[r#"
            Reconciling=True ProgressingWithRetry g1: building artifact
            Ready=False GitOperationFailed g1: no route
            FetchFailed=True GitOperationFailed g1: no route
            observed=-1
            Error GitOperationFailed: no route
            retry
        "#]],
    );
}

#[test]
fn a_failure_after_a_change_of_the_spec_keeps_the_artifact() {
    let mut seen = ready();
    seen.object.metadata.generation = 2;
    check(
        &seen,
        &failed(),
        expect![[r#"
            Reconciling=True ProgressingWithRetry g2: processing object: new generation 1 -> 2
            Ready=False GitOperationFailed g2: no route
            FetchFailed=True GitOperationFailed g2: no route
            ArtifactInStorage=True Succeeded g1: stored artifact for revision 'main@sha1:1111'
            observed=1
            Error GitOperationFailed: no route
            retry
        "#]],
    );
}

#[test]
fn recovery_is_told_although_nothing_new_came() {
    let mut seen = ready();
    let begun = begin(&seen, at(10));
    seen.object.status = report(&seen, begun.status, &failed(), at(10)).status;
    let outcome = Outcome::Unchanged { revision: REVISION.to_owned() };
    check(
        &seen,
        &outcome,
        expect![[r#"
            Ready=True Succeeded g1: stored artifact for revision 'main@sha1:1111'
            ArtifactInStorage=True Succeeded g1: stored artifact for revision 'main@sha1:1111'
            observed=1
            Info Succeeded: stored artifact for commit 'main@sha1:1111'
            Trace GitOperationSucceeded: no changes since last reconciliation: observed revision 'main@sha1:1111'
            after 600s
        "#]],
    );
}

#[test]
fn an_unchanged_range_is_up_to_date() {
    let mut seen = ready();
    seen.object.spec.reference =
        Some(flux_api::GitReference { semver: Some("1.x".to_owned()), ..Default::default() });
    let outcome = Outcome::Unchanged { revision: REVISION.to_owned() };
    let begun = begin(&seen, at(60));
    let got = report(&seen, begun.status, &outcome, at(60));
    assert_eq!(got.events[0].reason, reason::ARTIFACT_UP_TO_DATE);
}

#[test]
fn a_wrong_address_stalls() {
    let mut seen = fresh();
    let failure = Failure::fetch(reason::URL_INVALID, "no address".to_owned()).stalled();
    seen.access = Err(failure.clone());
    let Decision::Settle(outcome) = decide(&seen) else { panic!("it goes on") };
    check(
        &seen,
        &outcome,
        expect![[r#"
            Stalled=True URLInvalid g1: no address
            Ready=False URLInvalid g1: no address
            FetchFailed=True URLInvalid g1: no address
            observed=1
            Error URLInvalid: no address
            await
        "#]],
    );
}

#[test]
fn a_missing_include_is_waited_for() {
    let mut seen = fresh();
    seen.includes = Err(Failure::include("NoArtifact", "no artifact yet".to_owned()));
    let Decision::Settle(outcome) = decide(&seen) else { panic!("it goes on") };
    check(
        &seen,
        &outcome,
        expect![[r#"
            Reconciling=True ProgressingWithRetry g1: building artifact
            Ready=False NoArtifact g1: no artifact yet
            IncludeUnavailable=True NoArtifact g1: no artifact yet
            observed=-1
            Trace NoArtifact: no artifact yet
            dependency
        "#]],
    );
}

#[test]
fn a_suspended_repository_only_takes_note_of_its_generation() {
    let mut seen = ready();
    seen.object.metadata.generation = 2;
    seen.object.spec.suspend = true;
    let Decision::Settle(outcome) = decide(&seen) else { panic!("it goes on") };
    check(
        &seen,
        &outcome,
        expect![[r#"
            Ready=True Succeeded g2: stored artifact for revision 'main@sha1:1111'
            ArtifactInStorage=True Succeeded g1: stored artifact for revision 'main@sha1:1111'
            observed=2
            await
        "#]],
    );
}

#[test]
fn a_bad_signature_makes_it_not_ready_and_an_accepted_commit_outdated() {
    let seen = ready();
    let failure = Failure::unverified("InvalidCommitSignature", "bad".to_owned());
    check(
        &seen,
        &Outcome::Failed { failure, stage: Stage::Fetched },
        expect![[r#"
            Reconciling=True ProgressingWithRetry g1: reconciliation in progress
            Ready=False InvalidCommitSignature g1: bad
            ArtifactInStorage=True Succeeded g1: stored artifact for revision 'main@sha1:1111'
            SourceVerified=False InvalidCommitSignature g1: bad
            observed=1
            Error InvalidCommitSignature: bad
            retry
        "#]],
    );
    let failure = Failure::storage("CopyFailure", "taken".to_owned());
    let stage = Stage::Accepted("main@sha1:2222".to_owned());
    check(
        &seen,
        &Outcome::Failed { failure, stage },
        expect![[r#"
            Reconciling=True ProgressingWithRetry g1: reconciliation in progress
            Ready=False CopyFailure g1: taken
            ArtifactInStorage=True Succeeded g1: stored artifact for revision 'main@sha1:1111'
            ArtifactOutdated=True NewRevision g1: new upstream revision 'main@sha1:2222'
            StorageOperationFailed=True CopyFailure g1: taken
            observed=1
            Error CopyFailure: taken
            retry
        "#]],
    );
}

#[test]
fn a_good_signature_is_recorded() {
    let mut seen = ready();
    seen.object.spec.verify = Some(Default::default());
    let verified = Some(Verified { mode: "HEAD".to_owned(), message: "by me".to_owned() });
    let outcome = Outcome::UpToDate { revision: REVISION.to_owned(), verified };
    let got = report(&seen, begin(&seen, at(60)).status, &outcome, at(60));
    assert_eq!(got.status.source_verification_mode.as_deref(), Some("HEAD"));
    assert!(flux_api::conditions::is_true(&got.status.conditions, condition::SOURCE_VERIFIED));
}

#[test]
fn a_deleted_repository_is_finalized_even_if_suspended() {
    let mut seen = ready();
    seen.object.spec.suspend = true;
    seen.object.metadata.deletion_timestamp = Some(at(0));
    assert!(matches!(decide(&seen), Decision::Finalize));
}

/// Returns what the decision knows and whether the content is the same.
fn known(change: impl FnOnce(&mut Observed)) -> (Option<String>, Content) {
    let mut seen = ready();
    change(&mut seen);
    match decide(&seen) {
        Decision::Fetch(fetch) => (fetch.known, fetch.content),
        Decision::Settle(_) | Decision::Finalize => panic!("nothing is fetched"),
    }
}

#[test]
fn only_an_unchanged_and_stored_artifact_spares_a_fetch() {
    assert_eq!(known(|_| {}), (Some(REVISION.to_owned()), Content::Same));
    let fetched = (None, Content::Changed);
    assert_eq!(known(|seen| seen.artifact = Presence::Gone), fetched);
    assert_eq!(known(|seen| seen.object.spec.ignore = Some(String::new())), fetched);
    assert_eq!(known(|seen| seen.object.spec.recurse_submodules = true), fetched);
    assert_eq!(known(|seen| seen.object.spec.sparse_checkout.push("a".to_owned())), fetched);
    assert_eq!(known(|seen| seen.object.spec.verify = Some(Default::default())), fetched);
    let include = flux_api::GitInclude {
        repository: LocalReference { name: "lib".to_owned() },
        ..Default::default()
    };
    assert_eq!(known(|seen| seen.object.spec.include.push(include)), fetched);
    let not_in_storage = known(|seen| {
        let conditions = &mut seen.object.status.conditions;
        let mut writer = Writer::new(conditions, 1, at(0));
        writer.set(condition::ARTIFACT_IN_STORAGE, Finding::no("X", "x"));
    });
    assert_eq!(not_in_storage, (None, Content::Same));
}

#[test]
fn a_local_directory_is_taken_as_access() {
    let directory = Directory::open(Path::new(".")).unwrap();
    let mut seen = fresh();
    seen.access = Ok(Access::Local(Override { directory, mode: Mode::Worktree }));
    assert!(matches!(decide(&seen), Decision::Fetch(_)));
}
