//! What a text may cost at most.

/// Bounds on what is read from one text; past any of them reading ends with an error.
///
/// The defaults hold for untrusted input. Trees of the default depth can be walked, compared,
/// cloned and dropped recursively on a stack of 1 MiB, unoptimized builds included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest text in bytes.
    pub bytes: usize,
    /// Most nodes in one document.
    pub nodes: usize,
    /// Deepest nesting of collections. go-yaml allows 10,000, serde_json 128.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, nodes: 4_000_000, depth: 500 }
    }
}
