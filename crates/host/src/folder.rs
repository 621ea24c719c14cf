//! Noticing edits in a directory.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecursiveMode, Watcher as _};
use tokio::sync::watch;

use crate::HostError;

/// A directory whose edits are noticed as long as this value lives.
pub struct Folder {
    // Stops watching when dropped.
    _watcher: notify::RecommendedWatcher,
    edits: watch::Receiver<u64>,
}

impl Folder {
    /// Begins to watch a directory and all below it.
    ///
    /// # Errors
    /// The directory cannot be watched, as when the system's limit is reached.
    pub fn watch(path: &Path) -> Result<Self, HostError> {
        let fail = |error: notify::Error| HostError::File {
            action: "watch",
            path: path.to_owned(),
            source: std::io::Error::other(error),
        };
        let (sender, edits) = watch::channel(0);
        let root = path.to_owned();
        let seen = move |event: notify::Result<notify::Event>| {
            // An error means that something may have been missed: look.
            let matters = event.map_or(true, |event| is_edit(&root, &event));
            if matters {
                sender.send_modify(|count| *count += 1);
            }
        };
        let mut watcher = notify::recommended_watcher(seen).map_err(fail)?;
        watcher.watch(path, RecursiveMode::Recursive).map_err(fail)?;
        Ok(Self { _watcher: watcher, edits })
    }

    /// Calls `look` after every burst of edits, until the folder is dropped.
    ///
    /// A folder that was made a moment ago is watched only from now on, so what was written into
    /// it before is found by a second look a little later.
    pub fn settled(
        &self,
        look: impl Fn() + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let mut edits = self.edits.clone();
        async move {
            while edits.changed().await.is_ok() {
                while let Ok(Ok(())) = tokio::time::timeout(QUIET, edits.changed()).await {}
                look();
                match tokio::time::timeout(SECOND_LOOK, edits.changed()).await {
                    Ok(Ok(())) => edits.mark_changed(),
                    Ok(Err(_)) => return,
                    Err(_) => look(),
                }
            }
        }
    }
}

/// How long nothing must have changed before a look is worth it.
const QUIET: Duration = Duration::from_millis(20);
/// When folders that were just made are surely watched.
const SECOND_LOOK: Duration = Duration::from_millis(300);

/// Tells whether an event may have changed the content: not mere reading, and in `.git` only what
/// moves branches.
fn is_edit(root: &Path, event: &notify::Event) -> bool {
    let touched = |path: &PathBuf| match path.strip_prefix(root) {
        Ok(inside) => match inside.strip_prefix(".git") {
            Ok(git) => {
                git == Path::new("HEAD")
                    || git == Path::new("packed-refs")
                    || git.starts_with("refs")
            }
            Err(_) => true,
        },
        Err(_) => true,
    };
    !event.kind.is_access() && (event.paths.is_empty() || event.paths.iter().any(touched))
}

#[cfg(test)]
mod tests {
    use notify::event::{AccessKind, CreateKind, EventKind};

    use super::*;

    fn edit(kind: EventKind, path: &str) -> bool {
        is_edit(Path::new("/src"), &notify::Event::new(kind).add_path(PathBuf::from(path)))
    }

    #[test]
    fn reading_and_the_inside_of_git_are_no_edits() {
        let create = EventKind::Create(CreateKind::File);
        assert!(edit(create, "/src/a.yaml"));
        assert!(edit(create, "/src/.git/refs/heads/main"));
        assert!(!edit(create, "/src/.git/index.lock"));
        assert!(!edit(EventKind::Access(AccessKind::Read), "/src/a.yaml"));
    }

    #[tokio::test]
    async fn an_edit_below_the_folder_is_followed_by_a_look() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("sub")).unwrap();
        let folder = Folder::watch(root.path()).unwrap();
        let (sender, mut looks) = tokio::sync::mpsc::unbounded_channel();
        let following = tokio::spawn(folder.settled(move || sender.send(()).unwrap_or_default()));
        std::fs::write(root.path().join("sub/a.yaml"), "a").unwrap();
        looks.recv().await.unwrap();
        drop(folder);
        following.await.unwrap();
    }
}
