//! Paths inside a tree: relative, separated by `/`, the root being the empty text.

#[cfg(test)]
mod tests;

/// Returns `path` without `.`, `..`, empty components and surrounding slashes.
///
/// Returns `None` if it climbs above the root. A leading slash means the root of the tree.
pub fn clean(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Returns `path` below `base`, cleaned; `None` if the result climbs above the root.
pub fn join(base: &str, path: &str) -> Option<String> {
    clean(&format!("{base}/{path}"))
}

/// Returns `path` below `base` where no `..` climbs above `base`: it stays there instead.
pub fn join_confined(base: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    let below = parts.join("/");
    match (base.is_empty(), below.is_empty()) {
        (true, _) => below,
        (_, true) => base.to_owned(),
        _ => format!("{base}/{below}"),
    }
}

/// Returns the directory that holds `path`; the root holds itself.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Returns the last component.
pub fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Returns `name` as a child of the cleaned directory `dir`.
pub(crate) fn child(dir: &str, name: &str) -> String {
    if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") }
}
