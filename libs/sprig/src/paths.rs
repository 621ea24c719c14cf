//! Slash-separated paths; the functions for files take the same paths on all systems but Windows.

use flux_gotemplate::Type;

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    let one = &[Type::Str];
    registry.add("base", one, |args| Ok(base(&args.text(0)).into()));
    registry.add("dir", one, |args| Ok(dir(&args.text(0)).into()));
    registry.add("clean", one, |args| Ok(clean(&args.text(0)).into()));
    registry.add("ext", one, |args| Ok(ext(&args.text(0)).into()));
    registry.add("isAbs", one, |args| Ok(args.text(0).starts_with('/').into()));
    for (name, other) in [
        ("base", "osBase"),
        ("dir", "osDir"),
        ("clean", "osClean"),
        ("ext", "osExt"),
        ("isAbs", "osIsAbs"),
    ] {
        registry.alias(name, &[other]);
    }
}

fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit('/').next() {
        Some("") | None => "/",
        Some(name) => name,
    }
}

fn dir(path: &str) -> String {
    clean(path.rfind('/').map_or("", |slash| path.get(..=slash).unwrap_or_default()))
}

fn ext(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rfind('.').and_then(|dot| name.get(dot..)).unwrap_or_default()
}

fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => {
                    parts.pop();
                }
                _ if rooted => {}
                _ => parts.push(".."),
            },
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}
