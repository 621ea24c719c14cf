//! The file by which kubectl finds the embedded API server.

use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::HostError;

/// Name of cluster, user and context in the file.
const NAME: &str = "flux-dev";

/// Returns the text of a kubeconfig for one server and one bearer token.
pub(crate) fn text(url: &str, ca_pem: &str, token: &str) -> String {
    let authority = STANDARD.encode(ca_pem);
    format!(
        "apiVersion: v1\n\
         kind: Config\n\
         clusters:\n\
         - name: {NAME}\n\
         \x20 cluster:\n\
         \x20   server: {url}\n\
         \x20   certificate-authority-data: {authority}\n\
         users:\n\
         - name: {NAME}\n\
         \x20 user:\n\
         \x20   token: {token}\n\
         contexts:\n\
         - name: {NAME}\n\
         \x20 context:\n\
         \x20   cluster: {NAME}\n\
         \x20   user: {NAME}\n\
         current-context: {NAME}\n"
    )
}

/// Writes a kubeconfig that only its owner can read, in one step.
///
/// # Errors
/// The directory cannot be made or written.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), HostError> {
    let fail = |source| HostError::File { action: "write", path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder).map_err(fail)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let temporary = path.with_file_name(name);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary).map_err(fail)?;
    file.write_all(text.as_bytes()).map_err(fail)?;
    std::fs::rename(&temporary, path).map_err(fail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_replaced_and_readable_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub/kubeconfig");
        write(&path, "old").unwrap();
        write(&path, &text("https://127.0.0.1:1", "CA", "secret")).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("    certificate-authority-data: Q0E=\n"), "{text}");
        assert!(text.contains("    token: secret\n"), "{text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
