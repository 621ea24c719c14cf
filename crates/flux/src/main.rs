//! The executable: chooses a face and nothing else.

fn main() {}
