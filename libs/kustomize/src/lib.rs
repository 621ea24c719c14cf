//! Builds a kustomization directory into objects.
