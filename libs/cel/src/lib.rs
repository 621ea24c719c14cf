//! The Common Expression Language with the Kubernetes libraries.
