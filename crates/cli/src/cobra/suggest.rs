//! Words that somebody may have meant.

use flux_gostd::quote::quote;

use super::Command;

/// Says that a command is not known, and which ones are like it.
pub(super) fn unknown_command(root: &Command, word: &str) -> String {
    let mut text = format!("unknown command {} for {}", quote(word), quote(root.name));
    let available = root.children.iter().filter(|child| child.is_available());
    let mut names: Vec<&str> =
        available.map(|child| child.name).filter(|name| is_like(word, name)).collect();
    names.sort_unstable();
    if !names.is_empty() {
        text.push_str("\n\nDid you mean this?\n");
        for name in names {
            text.push_str(&format!("\t{name}\n"));
        }
    }
    text
}

fn is_like(word: &str, name: &str) -> bool {
    let (word, name) = (word.to_lowercase(), name.to_lowercase());
    name.starts_with(&word) || distance(&word, &name) <= 2
}

/// Counts the insertions, removals and replacements between two words.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (n, letter) in one.chars().enumerate() {
        let mut next = vec![n + 1];
        for ((&counterpart, &diagonal), &above) in other.iter().zip(&row).zip(row.iter().skip(1)) {
            let left = next.last().copied().unwrap_or(0);
            let replaced = diagonal + usize::from(letter != counterpart);
            next.push(replaced.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
