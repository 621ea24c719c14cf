//! File trees in memory or on disk, safe tar.gz in and out, ignore rules.
//!
//! In: a directory, an archive, or files given one by one. Out: a [`Tree`] that can be read, and
//! archives that are the same bytes whenever the content is the same.
//! Never: leaves the root of a tree, follows a symlink out of it, changes what it reads.
//!
//! Start at [`Tree`]; [`MemoryTree`], [`DiskTree`], [`MountedTree`] and [`Subtree`] implement it. [`pack`] and
//! [`unpack`] turn trees into archives and back, [`ignore`] decides what an archive leaves out.

mod deflate;
mod disk;
pub mod ignore;
mod memory;
mod mount;
mod pack;
pub mod path;
mod subtree;
mod tree;
mod unpack;

pub use deflate::GzipWriter;
pub use disk::DiskTree;
pub use memory::MemoryTree;
pub use mount::MountedTree;
pub use pack::{PackError, pack};
pub use subtree::Subtree;
pub use tree::{Entry, Kind, Tree, TreeError, Visit, walk};
pub use unpack::{Symlinks, UnpackError, UnpackLimits, unpack, unpack_to_disk};
