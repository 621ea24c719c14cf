//! Verdicts on live objects, as kstatus and Flux's rule for Jobs give them.

use std::path::Path;

use anyhow::Context;
use flux_gostd::Time;
use flux_health::{Status, Verdict};
use serde_json::{Value, json};

use super::Case;

/// The objects carry old timestamps; this is late enough for all of them.
const NOW: i64 = 4_000_000_000;

/// Judges every recorded object.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let now = Time::from_unix(NOW, 0);
    let mut cases = read(root, "cases.json", |object| flux_health::judge_by_kstatus(object, &now))?;
    cases.extend(read(root, "flux_job_reader_cases.json", |object| {
        // Some rows leave out what kind the object is; the reader is only ever given Jobs.
        let mut job = object.clone();
        job["apiVersion"] = json!("batch/v1");
        job["kind"] = json!("Job");
        flux_health::judge(&job, &now)
    })?);
    Ok(cases)
}

fn read(root: &Path, file: &str, judge: impl Fn(&Value) -> Verdict) -> anyhow::Result<Vec<Case>> {
    let path = root.join("kstatus").join(file);
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let rows: Vec<Value> = serde_json::from_str(&text)?;
    let stem = file.trim_end_matches(".json");
    let case = |(index, row): (usize, &Value)| {
        let got = show(&judge(&row["object"]));
        let want = row.get("expected").unwrap_or(&row["error"]);
        Case::compare(format!("{stem}-{index}"), &got, want)
    };
    Ok(rows.iter().enumerate().map(case).collect())
}

/// Shows a verdict in the form of the recorded ones.
fn show(verdict: &Verdict) -> Value {
    let Verdict { status, message, condition } = verdict;
    if *status == Status::Unknown {
        return json!(message);
    }
    let conditions = condition.iter().map(|condition| {
        let mut value =
            json!({"type": condition.kind.as_str(), "status": "True", "reason": condition.reason});
        if !condition.message.is_empty() {
            value["message"] = json!(condition.message);
        }
        value
    });
    json!({
        "status": status.as_str(),
        "message": message,
        "conditions": conditions.collect::<Vec<_>>(),
    })
}
