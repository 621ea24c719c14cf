use super::*;

#[test]
fn old_revisions_are_understood() {
    let hash = "a".repeat(40);
    let now = [
        (format!("main/{hash}"), format!("main@sha1:{hash}")),
        (format!("feature/x/{hash}"), format!("feature/x@sha1:{hash}")),
        (format!("HEAD/{hash}"), format!("sha1:{hash}")),
        (format!("main@sha1:{hash}"), format!("main@sha1:{hash}")),
        (String::new(), String::new()),
    ];
    for (old, new) in now {
        assert_eq!(transform_legacy(&old), new);
    }
}
