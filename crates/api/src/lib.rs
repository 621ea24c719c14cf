//! Types of the custom resources of Flux; their definitions.
