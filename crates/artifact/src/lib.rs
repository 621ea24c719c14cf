//! The artifact store, its file server, and fetching with digest checks.
