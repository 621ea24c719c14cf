//! Where decryption comes in.

use flux_tree::Tree;
use serde_json::Value;

/// Decrypts what is encrypted in a tree and in built objects.
///
/// Errors are texts in the words of the original; they hold no secret.
pub trait Decryptor: Send + Sync {
    /// Returns the decrypted content of the files below `directory` that generators and patches
    /// read, by their paths. It is called before the build, with the kustomization file in place.
    ///
    /// # Errors
    /// A file is encrypted and cannot be decrypted.
    fn sources(&self, tree: &dyn Tree, directory: &str) -> Result<Vec<(String, Vec<u8>)>, String>;

    /// Returns the decrypted object; nothing if it is not encrypted. It is called only for
    /// Kustomizations that ask for decryption.
    ///
    /// # Errors
    /// The object is encrypted and cannot be decrypted.
    fn object(&self, object: &Value) -> Result<Option<Value>, String>;
}

/// Leaves everything as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDecryption;

impl Decryptor for NoDecryption {
    fn sources(
        &self,
        _tree: &dyn Tree,
        _directory: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, String> {
        Ok(Vec::new())
    }

    fn object(&self, _object: &Value) -> Result<Option<Value>, String> {
        Ok(None)
    }
}
