//! The resourceVersion of a read: what it may say, and waiting until it is reached.

use std::time::Duration;

use serde_json::Value;

use crate::server::Core;
use crate::status::{Cause, Details, Status};

/// How long a read waits for a version that is not reached yet.
const PATIENCE: Duration = Duration::from_secs(3);

/// Reads the version of a list.
pub(super) fn parse_list(text: &str) -> Result<u64, Status> {
    parse(text).map_err(|error| Status::bad_request(format!("invalid resource version: {error}")))
}

/// Reads the version of a GET or a watch.
pub(super) fn parse_single(text: &str) -> Result<u64, Status> {
    parse(text).map_err(|error| Status::new(500, "", error))
}

fn parse(text: &str) -> Result<u64, String> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| {
        let quoted = Value::from(text);
        format!(
            "resourceVersion: Invalid value: {quoted}: strconv.ParseUint: parsing {quoted}: \
             invalid syntax"
        )
    })
}

/// Waits until a version is reached.
///
/// # Errors
/// 504 if it is not reached in time.
pub(super) async fn wait(core: &Core, version: u64) -> Result<(), Status> {
    if version <= core.store.revision() {
        return Ok(());
    }
    let mut changes = core.store.subscribe_all();
    let reached = changes.wait_for(|revision| *revision >= version);
    if tokio::time::timeout(PATIENCE, reached).await.is_ok_and(|reached| reached.is_ok()) {
        return Ok(());
    }
    let current = core.store.revision();
    let message = format!("Timeout: Too large resource version: {version}, current: {current}");
    let mut status = Status::new(504, "Timeout", message);
    let cause = Cause {
        reason: "ResourceVersionTooLarge".to_owned(),
        message: "Too large resource version".to_owned(),
        field: String::new(),
    };
    status.details = Some(Box::new(Details {
        causes: vec![cause],
        retry_after_seconds: Some(1),
        ..Details::default()
    }));
    Err(status)
}
