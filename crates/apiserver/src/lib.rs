//! An embedded Kubernetes-compatible API server: a service first, a listener second.
