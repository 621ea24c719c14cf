//! The text of an expression, places in it, and what is wrong with it.

use std::fmt;

/// A place in a source: the number of characters before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Offset(pub(crate) u32);

/// The text of an expression with its lines.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    start: u32,
    text: String,
}

/// A line from 1 and a column from 0, as cel-go counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    line: i64,
    column: i64,
}

/// The position of what concerns the whole text.
const NOWHERE: Position = Position { line: -1, column: -1 };

impl Source {
    pub(crate) fn new(text: &str) -> Self {
        let mut start = 0;
        let lines = text.split('\n').map(|line| {
            let begin = start;
            start += u32::try_from(line.chars().count()).unwrap_or(u32::MAX - 1).saturating_add(1);
            Line { start: begin, text: line.to_owned() }
        });
        Self { lines: lines.collect() }
    }

    fn position(&self, offset: Offset) -> Position {
        if matches!(self.lines.as_slice(), [line] if line.text.is_empty()) {
            // An empty text has a line but no column.
            return Position { line: 1, column: -1 };
        }
        let after = self.lines.partition_point(|line| line.start <= offset.0);
        let index = after.saturating_sub(1);
        let start = self.lines.get(index).map_or(0, |line| line.start);
        Position { line: index as i64 + 1, column: i64::from(offset.0.saturating_sub(start)) }
    }

    fn line(&self, number: i64) -> Option<&str> {
        let index = usize::try_from(number - 1).ok()?;
        self.lines.get(index).map(|line| line.text.as_str())
    }
}

/// What is wrong at one place of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issue {
    /// `None` if it concerns the whole text.
    pub(crate) offset: Option<Offset>,
    pub(crate) message: String,
}

/// Everything that is wrong with an expression, in cel-go's words.
///
/// `Display` prints one block for each problem: place, message, the line and a mark below it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Issues {
    text: String,
    messages: Vec<String>,
}

/// How many problems are printed.
const SHOWN: usize = 100;

impl Issues {
    pub(crate) fn new(source: &Source, issues: Vec<Issue>) -> Self {
        let mut placed: Vec<_> = issues
            .into_iter()
            .map(|issue| (issue.offset.map_or(NOWHERE, |at| source.position(at)), issue.message))
            .collect();
        placed.sort_by_key(|(position, _)| *position);
        let total = placed.len();
        let mut blocks: Vec<_> = placed
            .iter()
            .take(SHOWN)
            .map(|(position, message)| block(source, *position, message))
            .collect();
        if total > SHOWN {
            blocks.push(format!("{} more errors were truncated", total - SHOWN));
        }
        let messages = placed.into_iter().map(|(_, message)| message).collect();
        Self { text: blocks.join("\n"), messages }
    }

    /// Returns the messages alone, in the order of their places.
    pub fn messages(&self) -> &[String] {
        &self.messages
    }
}

fn block(source: &Source, position: Position, message: &str) -> String {
    let mut out = format!(
        "ERROR: <input>:{}:{}: {message}",
        position.line,
        position.column.saturating_add(1)
    );
    let Some(line) = source.line(position.line).filter(|line| !line.is_empty()) else {
        return out;
    };
    let line = line.replace('\t', " ");
    out.push_str("\n | ");
    out.push_str(&line);
    out.push_str("\n | ");
    let mut chars = line.chars();
    for _ in 0..position.column {
        match chars.next() {
            None => break,
            Some(c) if c.is_ascii() => out.push('.'),
            Some(_) => out.push('．'),
        }
    }
    out.push(if chars.next().is_none_or(|c| c.is_ascii()) { '^' } else { '＾' });
    out
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
