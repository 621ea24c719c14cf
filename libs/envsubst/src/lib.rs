//! Post-build substitution of variables.
