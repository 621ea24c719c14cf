//! The one seam to a Kubernetes API server.
