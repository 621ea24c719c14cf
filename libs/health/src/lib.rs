//! Judges whether Kubernetes objects have reached the state that their specs ask for.
