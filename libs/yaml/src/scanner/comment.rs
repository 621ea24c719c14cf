//! Comments and the tokens that they belong to, as yaml.v3 decides.

use super::{Kind, Mark, Scanner};

/// Where a comment stands in relation to its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Head,
    Line,
    Foot,
}

/// A comment that no token has claimed yet.
#[derive(Debug)]
pub(crate) struct Comment {
    /// Where the gap that holds the comment begins.
    pub(super) scan: Mark,
    /// The comment belongs to the first token here or behind.
    pub(super) token: Mark,
    /// Where the comment begins; its column counts from 1 in comments on lines of their own.
    pub(super) start: Mark,
    pub(super) end: Mark,
    pub(crate) role: Role,
    pub(crate) text: String,
}

/// How far blanks and empty lines are followed to the next comment.
const REACH: usize = 512;

impl Scanner<'_> {
    /// Takes a comment behind the last token, on the same line.
    pub(super) fn scan_line_comment(&mut self, token: Mark) {
        if self.newlines > 0 {
            return;
        }
        let blanks = (0..REACH).find(|&peek| !self.is_blank(peek)).unwrap_or_default();
        if self.at(blanks) != b'#' {
            return;
        }
        self.pos += blanks;
        let start = self.mark();
        let text = self.take_line().to_owned();
        let (scan, end) = (Mark::default(), Mark::default());
        self.comments.push_back(Comment { scan, token, start, end, role: Role::Line, text });
    }

    /// Takes the comments from here to the next token and tells feet of what was before from
    /// heads of what is to come.
    pub(super) fn scan_comments(&mut self, scan_mark: Mark) {
        let previous = match self.recent {
            [Some(before), Some((Kind::FlowEntry, _))] => Some(before),
            [_, last] => last,
        };
        let mut gap = Gap {
            after_value: matches!(previous, Some((Kind::Value, _))),
            scan: scan_mark,
            token: previous.map_or_else(Mark::default, |(_, start)| start),
            start: Mark::default(),
            next_indent: self.indent.max(0),
            after_empty: false,
            can_be_foot: self.newlines <= 1,
            line: self.line,
            column: self.column(),
            text: String::new(),
            foot_line: self.foot_line(scan_mark),
        };
        let mut peek = 0;
        while peek < REACH {
            gap.column += 1;
            if self.is_blank(peek) {
                peek += 1;
                continue;
            }
            if self.closes_flow(peek) || self.is_break_or_end(peek) {
                self.end_comment_line(&mut gap, peek);
                if !self.is_break(peek) {
                    break;
                }
                gap.can_be_foot = false;
                gap.after_empty = true;
                gap.column = 0;
                gap.line += 1;
                peek += 1;
                continue;
            }
            let column = i64::from(gap.column);
            if column - 1 < gap.next_indent && gap.column != gap.start.column {
                self.push_foot(&mut gap, peek);
            }
            if self.at(peek) != b'#' {
                break;
            }
            self.take_comment_line(&mut gap, peek);
            peek = 1;
        }
        if !gap.text.is_empty() {
            let end = Mark { index: (self.pos + peek).saturating_sub(1), ..gap.here(0) };
            let Gap { scan, start, text, .. } = gap;
            let role = Role::Head;
            self.comments.push_back(Comment { scan, token: start, start, end, role, text });
        }
    }

    /// The line on which a comment has to begin to be below the last token.
    fn foot_line(&self, scan_mark: Mark) -> Option<u32> {
        let below = u32::from(self.newlines == 0 && self.column() > 1);
        (scan_mark.line > 0).then(|| (self.line + 1 + below).saturating_sub(self.newlines))
    }

    fn closes_flow(&self, peek: usize) -> bool {
        !self.is_block() && matches!(self.at(peek), b']' | b'}')
    }

    /// At an empty line, the end of the text or of a flow collection: what was collected is a
    /// foot if nothing separates it from the last token.
    fn end_comment_line(&mut self, gap: &mut Gap, peek: usize) {
        let closes = self.closes_flow(peek);
        if !closes && gap.after_empty {
            return;
        }
        let is_dedented = i64::from(gap.start.column) - 1 < gap.next_indent;
        let is_below = gap.foot_line == Some(gap.start.line) && !gap.after_value;
        if closes || (gap.can_be_foot && (is_below || is_dedented)) {
            if is_dedented && !gap.text.is_empty() {
                gap.token = gap.start;
            }
            self.push_foot(gap, peek);
        } else if !gap.text.is_empty() && self.at(peek) != 0 {
            gap.text.push('\n');
        }
    }

    fn push_foot(&mut self, gap: &mut Gap, peek: usize) {
        if gap.text.is_empty() {
            return;
        }
        let end = gap.here(self.pos + peek);
        self.comments.push_back(Comment {
            scan: gap.scan,
            token: gap.token,
            start: gap.start,
            end,
            role: Role::Foot,
            text: std::mem::take(&mut gap.text),
        });
        gap.scan = end;
        gap.token = end;
    }

    fn take_comment_line(&mut self, gap: &mut Gap, peek: usize) {
        let comment = self.pos + peek;
        if gap.text.is_empty() {
            gap.start = gap.here(comment);
        } else {
            gap.text.push('\n');
        }
        gap.after_empty = false;
        while self.pos < comment {
            if self.skip_break().is_empty() {
                self.pos += 1;
            }
        }
        gap.text.push_str(self.take_line());
        gap.column = 0;
        gap.line = self.line;
        gap.next_indent = self.indent.max(0);
    }
}

/// The comments between two tokens, as far as they have been read.
struct Gap {
    after_value: bool,
    scan: Mark,
    token: Mark,
    start: Mark,
    next_indent: i64,
    after_empty: bool,
    can_be_foot: bool,
    line: u32,
    column: u32,
    text: String,
    foot_line: Option<u32>,
}

impl Gap {
    fn here(&self, index: usize) -> Mark {
        Mark { index, line: self.line, column: self.column }
    }
}
