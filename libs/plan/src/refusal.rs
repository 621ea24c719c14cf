//! What a refusal by the API server means.

/// Tells whether a refusal means that an immutable field would have changed.
///
/// `reason` is the reason of the API server's Status, empty where there is none.
///
/// # Upstream
/// Every Conflict and every Invalid counts, so that `force` recreates an object that is
/// refused for any invalid field.
pub fn is_immutable(reason: &str, message: &str) -> bool {
    if reason == "Conflict" || reason == "Invalid" {
        return true;
    }
    let lower = message;
    pair(lower, "is", "immutable") || pair(lower, "immutable", "field")
}

/// Tells whether `first` and `second` stand in a text with one white space between them.
fn pair(text: &str, first: &str, second: &str) -> bool {
    text.match_indices(first).any(|(start, _)| {
        let mut rest = text[start + first.len()..].chars();
        rest.next().is_some_and(|c| c.is_ascii_whitespace()) && rest.as_str().starts_with(second)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_immutable_field_is_recognised_by_reason_or_words() {
        assert!(is_immutable("Invalid", "anything"));
        assert!(is_immutable("", "spec.selector: Invalid value: field is immutable"));
        assert!(is_immutable("", "updates to immutable field forbidden"));
        assert!(!is_immutable("", "is not immutable"));
        assert!(!is_immutable("Forbidden", "not allowed"));
    }
}
