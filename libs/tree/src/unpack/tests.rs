use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::{Kind, Tree as _};

/// An archive of one entry with exactly this name.
fn archive(name: &str, kind: EntryType, content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o4755);
    header.set_size(content.len() as u64);
    header.set_cksum();
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    tar.append(&header, content).unwrap();
    tar.into_inner().unwrap().finish().unwrap()
}

fn opened(bytes: &[u8], symlinks: Symlinks) -> Result<MemoryTree, UnpackError> {
    unpack(bytes, symlinks, UnpackLimits { bytes: 1000, entries: 10 })
}

#[test]
fn names_that_could_lead_outside_are_refused() {
    for name in ["/etc/passwd", "../x", "a/../../x", "a\\b", "a/.."] {
        let bytes = archive(name, EntryType::Regular, b"x");
        let failed = opened(&bytes, Symlinks::Refuse).unwrap_err();
        let is_refused = matches!(failed, UnpackError::InvalidName { .. } | UnpackError::Tree(_));
        assert!(is_refused, "{name}: {failed}");
    }
}

#[test]
fn symlinks_are_refused_or_skipped() {
    let bytes = archive("link", EntryType::Symlink, b"");
    assert!(matches!(opened(&bytes, Symlinks::Refuse), Err(UnpackError::Symlink { .. })));
    assert_eq!(opened(&bytes, Symlinks::Skip).unwrap(), MemoryTree::new());
}

#[test]
fn devices_are_refused() {
    let bytes = archive("null", EntryType::Char, b"");
    assert!(matches!(opened(&bytes, Symlinks::Skip), Err(UnpackError::Unsupported { .. })));
}

#[test]
fn a_hard_link_is_an_empty_file() {
    let bytes = archive("hard", EntryType::Link, b"");
    assert_eq!(&*opened(&bytes, Symlinks::Refuse).unwrap().read("hard").unwrap(), b"");
}

#[test]
fn too_many_bytes_are_refused() {
    let bytes = archive("big", EntryType::Regular, &[0; 1001]);
    let failed = opened(&bytes, Symlinks::Refuse).unwrap_err();
    assert_eq!(failed.to_string(), "tar \"big\" is bigger than max archive size of 1000 bytes");
}

#[test]
fn a_bomb_in_a_long_name_is_refused_without_being_read() {
    let bytes = archive("pax", EntryType::XHeader, &vec![b'a'; 8 << 20]);
    assert!(matches!(opened(&bytes, Symlinks::Refuse), Err(UnpackError::NotTar(_))));
}

#[test]
fn garbage_is_told_from_a_broken_archive() {
    assert!(matches!(opened(b"no gzip", Symlinks::Refuse), Err(UnpackError::NotGzip(_))));
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&[1; 2000]).unwrap();
    let bytes = gzip.finish().unwrap();
    assert!(matches!(opened(&bytes, Symlinks::Refuse), Err(UnpackError::NotTar(_))));
    let whole = archive("file", EntryType::Regular, &[7; 900]);
    assert!(opened(&whole[..whole.len() / 2], Symlinks::Refuse).is_err());
}

#[test]
fn on_disk_only_the_execute_bit_survives() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("out");
    let bytes = archive("sub/run", EntryType::Regular, b"#!");
    unpack_to_disk(bytes.as_slice(), &to, Symlinks::Refuse, UnpackLimits::default()).unwrap();
    let tree = crate::DiskTree::open(&to).unwrap();
    assert_eq!(tree.stat("sub/run").unwrap(), Kind::File { executable: cfg!(unix) });
    assert_eq!(&*tree.read("sub/run").unwrap(), b"#!");
}
