use serde_json::json;
use tracing::Level;

use super::{Encoding, line};

#[test]
fn lines_are_json_that_begins_with_level_time_and_message() {
    let fields = json!({"message": "applied \"x\"", "name": "a"});
    let line = line(Encoding::Json, &Level::INFO, fields.as_object().unwrap().clone());
    assert!(line.starts_with(r#"{"level":"info","ts":""#), "{line}");
    assert!(line.ends_with(r#"Z","msg":"applied \"x\"","name":"a"}"#), "{line}");
}
