//! Rules for objects of any kind.

use crate::Verdict;
use crate::fields::{Fields, ReadError};

const GENERATION: &[&str] = &["metadata", "generation"];
const OBSERVED: &[&str] = &["status", "observedGeneration"];

/// Judges by deletion, generation and the standard conditions, which come before all other rules.
pub(crate) fn from_metadata_and_conditions(
    fields: Fields<'_>,
) -> Result<Option<Verdict>, ReadError> {
    let deletion = fields
        .strict_text(&["metadata", "deletionTimestamp"])
        .map_err(looking_up("metadata.deletionTimestamp"))?;
    if deletion.is_some_and(|text| !text.is_empty()) {
        return Ok(Some(Verdict::terminating("Resource scheduled for deletion")));
    }
    if let Some(verdict) = from_generation(fields)? {
        return Ok(Some(verdict));
    }
    for condition in fields.conditions()? {
        if condition.is("Reconciling", "True") {
            return Ok(Some(Verdict::in_progress(condition.reason, condition.message)));
        }
        if condition.is("Stalled", "True") {
            return Ok(Some(Verdict::failed(condition.reason, condition.message)));
        }
    }
    Ok(None)
}

fn from_generation(fields: Fields<'_>) -> Result<Option<Verdict>, ReadError> {
    let Some(generation) = generation(fields)? else { return Ok(None) };
    let observed = observed_generation(fields)?;
    Ok(observed.filter(|observed| *observed != generation).map(|observed| {
        let message = format!(
            "{} generation is {generation}, but latest observed generation is {observed}",
            fields.kind()
        );
        Verdict::in_progress("LatestGenerationNotObserved", message)
    }))
}

/// Judges objects whose controllers always set both generations; `None` if they are set.
pub(crate) fn from_missing_generation(fields: Fields<'_>) -> Result<Option<Verdict>, ReadError> {
    let kind = fields.kind();
    if generation(fields)?.is_none() {
        let message = format!("{kind} metadata.generation not found");
        return Ok(Some(Verdict::in_progress("NoGeneration", message)));
    }
    if observed_generation(fields)?.is_none() {
        let message = format!("{kind} status.observedGeneration not found");
        return Ok(Some(Verdict::in_progress("NoObservedGeneration", message)));
    }
    Ok(None)
}

fn generation(fields: Fields<'_>) -> Result<Option<i64>, ReadError> {
    fields.strict_number(GENERATION).map_err(looking_up("metadata.generation"))
}

fn observed_generation(fields: Fields<'_>) -> Result<Option<i64>, ReadError> {
    fields.strict_number(OBSERVED).map_err(looking_up("status.observedGeneration"))
}

fn looking_up(path: &str) -> impl FnOnce(ReadError) -> ReadError {
    move |error| ReadError(format!("looking up {path} from resource: {error}"))
}

/// Judges by the `Ready` condition, and takes an object without one for current.
pub(crate) fn from_ready_condition(fields: Fields<'_>) -> Result<Verdict, ReadError> {
    for condition in fields.conditions()?.iter().filter(|condition| condition.kind == "Ready") {
        match condition.status {
            "True" => return Ok(Verdict::current("Resource is Ready")),
            "False" | "Unknown" => {
                return Ok(Verdict::in_progress(condition.reason, condition.message));
            }
            _ => {}
        }
    }
    Ok(Verdict::current("Resource is current"))
}
