//! Help in cobra's form.

use std::fmt::Write;

use super::flag::Flag;
use super::parse::Flags;
use super::{Command, Type};

/// Returns the help of the command at the end of a path of words.
pub(crate) fn help(root: &Command, path: &[&str]) -> String {
    let mut chain = vec![root];
    for word in path {
        match chain.last().and_then(|command| command.find(word)) {
            Some(child) => chain.push(child),
            None => break,
        }
    }
    let command = chain.last().copied().unwrap_or(root);
    let about = if command.long.is_empty() { &command.short } else { &command.long };
    let mut text = String::new();
    if !about.trim().is_empty() {
        text = format!("{}\n\n", about.trim_end());
    }
    if command.runnable || !command.children.is_empty() {
        text.push_str(&usage(&chain, command));
    }
    text
}

fn usage(chain: &[&Command], command: &Command) -> String {
    let path = chain.iter().map(|it| it.name).collect::<Vec<_>>().join(" ");
    let mut text = "Usage:".to_owned();
    let mut add = |part: String| text.push_str(&part);
    let has_children = command.children.iter().any(Command::is_available);
    if command.runnable {
        let operands = if command.operands.is_empty() { "" } else { " " };
        add(format!("\n  {path}{operands}{} [flags]", command.operands));
    }
    if has_children {
        add(format!("\n  {path} [command]"));
    }
    if !command.aliases.is_empty() {
        add(format!("\n\nAliases:\n  {}, {}", command.name, command.aliases.join(", ")));
    }
    if !command.example.is_empty() {
        add(format!("\n\nExamples:\n{}", command.example));
    }
    if has_children {
        add(format!("\n\nAvailable Commands:{}", children(command)));
    }
    let all = Flags::of(chain).0;
    let is_local = |flag: &&&Flag| {
        command.flags.iter().chain(&command.persistent).any(|own| own.name == flag.name)
    };
    let local: Vec<&Flag> = all.iter().filter(is_local).copied().collect();
    let inherited: Vec<&Flag> = all.iter().filter(|it| !is_local(it)).copied().collect();
    for (title, flags) in [("Flags", local), ("Global Flags", inherited)] {
        let lines = usage_lines(&flags);
        if !lines.is_empty() {
            add(format!("\n\n{title}:\n{}", lines.trim_end()));
        }
    }
    if has_children {
        add(format!("\n\nUse \"{path} [command] --help\" for more information about a command."));
    }
    text.push('\n');
    text
}

fn children(command: &Command) -> String {
    let mut children: Vec<&Command> = command.children.iter().collect();
    children.sort_by_key(|child| child.name);
    let longest = children.iter().map(|child| child.name.len()).max().unwrap_or(0);
    let width = longest.max(11);
    let shown = children.into_iter().filter(|child| child.is_available());
    shown.fold(String::new(), |mut text, child| {
        // Writing to a text cannot fail.
        let _ = write!(text, "\n  {:<width$} {}", child.name, child.short);
        text
    })
}

/// Returns the lines that describe flags, sorted by name.
fn usage_lines(flags: &[&Flag]) -> String {
    let mut shown: Vec<&Flag> = flags.iter().copied().filter(|flag| !flag.hidden).collect();
    shown.sort_by_key(|flag| flag.name);
    let heads: Vec<(String, String)> = shown.iter().map(|flag| head(flag)).collect();
    let width = heads.iter().map(|(head, _)| head.chars().count()).max().unwrap_or(0) + 3;
    heads.into_iter().fold(String::new(), |mut text, (head, about)| {
        // A text of several lines goes on below its first one.
        let about = about.replace('\n', &format!("\n{:width$}", ""));
        let _ = writeln!(text, "{head:<width$}{about}");
        text
    })
}

/// Returns name and type of a flag, and what it means.
fn head(flag: &Flag) -> (String, String) {
    let mut head = match flag.short {
        Some(short) => format!("  -{short}, --{}", flag.name),
        None => format!("      --{}", flag.name),
    };
    let (kind, mut about) = flag.unquoted();
    if !kind.is_empty() && !matches!(flag.kind, Type::Bool) {
        head.push_str(&format!(" {kind}"));
    }
    about.push_str(&flag.shown_default());
    (head, about)
}
