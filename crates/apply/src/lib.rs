//! Staged server-side apply, inventory, drift and pruning.
