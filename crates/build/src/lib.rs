//! From a file tree and a Kustomization to the objects to apply.
