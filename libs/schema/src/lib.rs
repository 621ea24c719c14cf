//! Structural schemas: validation, defaulting, pruning; the OpenAPI data of the built-in kinds.
