//! URLs of the Kubernetes API.

use std::fmt::Write as _;

use crate::discovery::ApiResource;

/// Writes the path of a resource, of one object, or of a part of it.
pub(crate) fn resource(resource: &ApiResource, namespace: &str, rest: &[&str]) -> String {
    let mut path = group_version(&resource.group, &resource.version);
    if resource.namespaced && !namespace.is_empty() {
        path.push_str("/namespaces/");
        push_escaped(&mut path, namespace);
    }
    path.push('/');
    path.push_str(&resource.plural);
    for part in rest.iter().filter(|part| !part.is_empty()) {
        path.push('/');
        push_escaped(&mut path, part);
    }
    path
}

/// Writes the path of a group and version.
pub(crate) fn group_version(group: &str, version: &str) -> String {
    if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") }
}

/// Appends a query; pairs with an empty value are left out.
pub(crate) fn with_query(mut path: String, pairs: &[(&str, &str)]) -> String {
    let mut separator = '?';
    for (key, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        path.push(separator);
        path.push_str(key);
        path.push('=');
        push_escaped(&mut path, value);
        separator = '&';
    }
    path
}

fn push_escaped(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' => {
                out.push(char::from(byte));
            }
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests;
