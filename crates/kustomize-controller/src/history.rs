//! The last builds of a Kustomization.

use std::collections::BTreeMap;
use std::time::Duration;

use flux_api::{Snapshot, Time};

/// How many are kept.
const KEPT: usize = 5;

/// One finished build and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finished {
    pub(crate) digest: String,
    pub(crate) took: Duration,
    pub(crate) revisions: BTreeMap<String, String>,
}

/// Notes a build: one with the same digest and status counts up and moves to the front.
pub(crate) fn note(history: &mut Vec<Snapshot>, finished: Finished, status: &str, now: Time) {
    let Finished { digest, took, revisions } = finished;
    let same = |it: &Snapshot| it.digest == digest && it.last_reconciled_status == status;
    let earlier = history.iter().position(same).map(|at| history.remove(at));
    let snapshot = Snapshot {
        first_reconciled: earlier.as_ref().map_or(now, |it| it.first_reconciled),
        total_reconciliations: earlier.map_or(0, |it| it.total_reconciliations).saturating_add(1),
        digest,
        last_reconciled: now,
        last_reconciled_duration: took.into(),
        last_reconciled_status: status.to_owned(),
        metadata: revisions,
    };
    history.insert(0, snapshot);
    history.truncate(KEPT);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Time {
        format!("2026-01-01T00:00:{second:02}Z").parse().unwrap()
    }

    fn shown(history: &[Snapshot]) -> Vec<String> {
        let line = |it: &Snapshot| {
            format!("{} {} {}", it.digest, it.last_reconciled_status, it.total_reconciliations)
        };
        history.iter().map(line).collect()
    }

    #[test]
    fn the_same_build_with_the_same_end_counts_up_and_moves_to_the_front() {
        let mut history = Vec::new();
        for (second, (digest, status)) in
            [("a", "ok"), ("b", "ok"), ("a", "bad"), ("a", "ok")].into_iter().enumerate()
        {
            let took = Duration::from_secs(1);
            let finished = Finished { digest: digest.into(), took, revisions: BTreeMap::new() };
            note(&mut history, finished, status, at(second as i64));
        }
        assert_eq!(shown(&history), ["a ok 2", "a bad 1", "b ok 1"]);
        assert_eq!((history[0].first_reconciled, history[0].last_reconciled), (at(0), at(3)));
    }

    #[test]
    fn five_are_kept() {
        let mut history = Vec::new();
        for n in 0..7 {
            let took = Duration::ZERO;
            let finished = Finished { digest: n.to_string(), took, revisions: BTreeMap::new() };
            note(&mut history, finished, "ok", at(n));
        }
        assert_eq!(shown(&history), ["6 ok 1", "5 ok 1", "4 ok 1", "3 ok 1", "2 ok 1"]);
    }
}
