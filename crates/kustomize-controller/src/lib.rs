//! Applies Kustomizations.
