//! For tests only: worlds in memory, clock, faults, golden files, Git servers.
