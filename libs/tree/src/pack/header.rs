//! Tar headers, laid out as Go's `archive/tar` lays them out.

use std::io::{self, Write};

use super::BLOCK;
use crate::{Kind, path};

/// Field sizes of the ustar header.
const NAME: usize = 100;
const PREFIX: usize = 155;
/// The largest size that eleven octal digits hold.
const MAX_OCTAL_SIZE: u64 = 0o77_777_777_777;

/// Writes the header of one entry, preceded by a PAX header if ustar cannot hold it.
pub(super) fn write(out: &mut dyn Write, name: &str, kind: Kind, size: u64) -> io::Result<()> {
    let (mode, flag) = match kind {
        Kind::Directory => (0o750, b'5'),
        Kind::File { executable: true } => (0o700, b'0'),
        Kind::File { executable: false } | Kind::Symlink | Kind::Special => (0o600, b'0'),
    };
    let fits = size <= MAX_OCTAL_SIZE;
    if fits && name.is_ascii() && name.len() <= NAME {
        return entry(out, Fields { name, prefix: "", mode, size, flag });
    }
    if fits && let Some((prefix, name)) = split(name) {
        return entry(out, Fields { name, prefix, mode, size, flag });
    }
    let mut records = Vec::new();
    if !name.is_ascii() || name.len() > NAME {
        records.push(record("path", name));
    }
    if !fits {
        records.push(record("size", &size.to_string()));
    }
    pax(out, name, &records.concat())?;
    let name = ascii(name);
    entry(out, Fields { name: &name, prefix: "", mode, size: if fits { size } else { 0 }, flag })
}

/// What differs between headers.
struct Fields<'a> {
    name: &'a str,
    prefix: &'a str,
    mode: u64,
    size: u64,
    flag: u8,
}

fn entry(out: &mut dyn Write, fields: Fields<'_>) -> io::Result<()> {
    let mut block = common(&fields);
    octal(&mut block, 329..337, 0);
    octal(&mut block, 337..345, 0);
    put(&mut block, 345, fields.prefix.as_bytes(), PREFIX);
    seal(&mut block);
    out.write_all(&block)
}

/// Writes the entry that carries what the header after it cannot hold.
fn pax(out: &mut dyn Write, name: &str, records: &str) -> io::Result<()> {
    let parent = path::parent(name);
    let slash = if parent.is_empty() { "" } else { "/" };
    let full = ascii(&format!("{parent}{slash}PaxHeaders.0/{}", path::name(name)));
    let short = full.get(..NAME).unwrap_or(&full).trim_end_matches('/');
    let size = records.len();
    let fields = Fields { name: short, prefix: "", mode: 0, size: size as u64, flag: b'x' };
    let mut block = common(&fields);
    seal(&mut block);
    out.write_all(&block)?;
    out.write_all(records.as_bytes())?;
    let padding = size.next_multiple_of(BLOCK) - size;
    out.write_all([0; BLOCK].get(..padding).unwrap_or_default())
}

fn common(fields: &Fields<'_>) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    put(&mut block, 0, name_field(fields.name).as_bytes(), NAME);
    octal(&mut block, 100..108, fields.mode);
    octal(&mut block, 108..116, 0);
    octal(&mut block, 116..124, 0);
    octal(&mut block, 124..136, fields.size);
    octal(&mut block, 136..148, 0);
    put(&mut block, 156, &[fields.flag], 1);
    put(&mut block, 257, b"ustar\x0000", 8);
    block
}

/// A name that is cut off must not end in a slash: readers would take the file for a directory.
fn name_field(name: &str) -> &str {
    match name.get(..NAME) {
        Some(cut) if name.len() > NAME => cut.trim_end_matches('/'),
        _ => name,
    }
}

fn put(block: &mut [u8; BLOCK], at: usize, bytes: &[u8], limit: usize) {
    let cut = bytes.get(..limit).unwrap_or(bytes);
    if let Some(field) = block.get_mut(at..at + cut.len()) {
        field.copy_from_slice(cut);
    }
}

fn octal(block: &mut [u8; BLOCK], field: std::ops::Range<usize>, value: u64) {
    let digits = field.len() - 1;
    put(block, field.start, format!("{value:0digits$o}").as_bytes(), digits);
}

/// Fills in the checksum, which counts its own field as spaces.
fn seal(block: &mut [u8; BLOCK]) {
    put(block, 148, b"        ", 8);
    let sum: u64 = block.iter().map(|&byte| u64::from(byte)).sum();
    put(block, 148, format!("{sum:06o}\0 ").as_bytes(), 8);
}

/// Splits a long name at a slash such that both halves fit.
fn split(name: &str) -> Option<(&str, &str)> {
    if !name.is_ascii() {
        return None;
    }
    let limit = name.len().min(PREFIX + 1);
    let at = name.get(..limit)?.rfind('/').filter(|&at| at > 0 && at <= PREFIX)?;
    let (prefix, rest) = (name.get(..at)?, name.get(at + 1..)?);
    (!rest.is_empty() && rest.len() <= NAME).then_some((prefix, rest))
}

fn ascii(name: &str) -> String {
    name.chars().filter(char::is_ascii).collect()
}

/// Formats a PAX record, whose length counts its own digits.
fn record(key: &str, value: &str) -> String {
    let bare = key.len() + value.len() + 3;
    let mut size = bare + bare.to_string().len();
    if bare + size.to_string().len() != size {
        size = bare + size.to_string().len();
    }
    format!("{size} {key}={value}\n")
}
