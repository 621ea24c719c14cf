//! Bytes into tokens, as libyaml's scanner and its Go descendants cut them.
//!
//! The scanner keeps a queue: a mapping is recognized by the `:` behind its first key, and the
//! tokens that open it are then put in front of that key.

mod chars;
mod comment;
mod fault;
mod fetch;
mod markup;
mod quoted;
mod scalar;
mod token;

use std::borrow::Cow;
use std::collections::VecDeque;

pub(crate) use comment::{Comment, Role};
pub(crate) use fault::{Dialect, Fault, Stage};
pub(crate) use token::{Kind, Mark, Payload, Token};

/// A place where a mapping key without `?` may have begun.
#[derive(Clone, Copy, Debug, Default)]
struct SimpleKey {
    possible: bool,
    /// Whether the text is wrong unless a `:` follows.
    required: bool,
    /// Whether the head of the queue no longer waits for it: go-yaml forgets the key that an
    /// empty flow collection may be when the collection ends.
    forgotten: bool,
    /// The number of the key's first token, counted from the beginning of the text.
    token: usize,
    mark: Mark,
}

/// Reads tokens from a text.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    /// Why `text` ends early, if it does.
    trouble: Option<&'static str>,
    dialect: Dialect,
    /// Deepest nesting of flow collections, and of block collections.
    depth: usize,

    pos: usize,
    line: u32,
    /// `pos - line_start` is the column: the byte at which the line begins, moved to the right by
    /// every byte of a character beyond its first.
    line_start: usize,
    /// Line breaks since the last character that is no blank.
    newlines: u32,

    queue: VecDeque<Token<'a>>,
    /// Whether the head of the queue can be handed out.
    is_ready: bool,
    /// How many tokens have been handed out.
    taken: usize,
    /// The last two tokens that went into the queue.
    recent: [Option<(Kind, Mark)>; 2],
    indent: i64,
    indents: Vec<i64>,
    /// One for the block context and one for each open flow collection.
    keys: Vec<SimpleKey>,
    /// Tokens whose keys were given up late, with the index in `keys`: go-yaml still finds what
    /// has taken their place there.
    stale_keys: VecDeque<(usize, usize)>,
    key_allowed: bool,
    /// A mistake in a value that was read together with its key.
    late: Option<Box<Fault>>,
    comments: VecDeque<Comment>,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(
        text: &'a str,
        trouble: Option<&'static str>,
        dialect: Dialect,
        depth: usize,
    ) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            trouble,
            dialect,
            depth,
            pos: 0,
            line: 0,
            line_start: 0,
            newlines: 0,
            queue: VecDeque::with_capacity(16),
            is_ready: false,
            taken: 0,
            recent: [None; 2],
            indent: -1,
            indents: Vec::new(),
            keys: vec![SimpleKey::default()],
            stale_keys: VecDeque::new(),
            key_allowed: true,
            late: None,
            comments: VecDeque::new(),
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Returns kind and place of the next token without taking it.
    #[inline]
    pub(crate) fn peek(&mut self) -> Result<(Kind, Mark), Box<Fault>> {
        if !self.is_ready {
            self.fill()?;
            self.is_ready = true;
        }
        match self.queue.front() {
            Some(token) => Ok((token.kind, token.start)),
            None => Ok((Kind::StreamEnd, self.mark())),
        }
    }

    /// Takes the token that was peeked at.
    #[inline]
    pub(crate) fn take(&mut self) -> Token<'a> {
        self.is_ready = false;
        self.taken += 1;
        match self.queue.pop_front() {
            Some(token) => token,
            None => {
                let (kind, start) = (Kind::StreamEnd, self.mark());
                Token { kind, start, width: 0, payload: Payload::None }
            }
        }
    }

    /// Hands out the next comment that belongs to a token at `place` or before it.
    #[inline]
    pub(crate) fn comment_until(&mut self, kind: Kind, place: Mark) -> Option<Comment> {
        let comment = self.comments.front()?;
        let waits = comment.role == Role::Head && kind == Kind::BlockEnd;
        if place.index < comment.token.index || waits {
            return None;
        }
        self.comments.pop_front()
    }

    /// Reads on until it is certain that nothing will be put before the head of the queue.
    ///
    /// yaml.v3 keeps two more tokens in the queue, so that comments below a token are known
    /// when the token is handed out.
    fn fill(&mut self) -> Result<(), Box<Fault>> {
        let ahead = match self.dialect {
            Dialect::V2 => 0,
            Dialect::V3 => 2,
        };
        loop {
            if self.queue.len() > ahead {
                match self.key_at_head() {
                    None => return Ok(()),
                    Some(index) if !self.is_valid(index)? => return Ok(()),
                    Some(_) => {}
                }
            }
            self.fetch()?;
        }
    }

    fn key_at_head(&mut self) -> Option<usize> {
        while self.stale_keys.front().is_some_and(|&(token, _)| token < self.taken) {
            self.stale_keys.pop_front();
        }
        let index = self.keys.partition_point(|key| key.token < self.taken);
        let rest = self.keys.get(index..)?;
        let same = rest.iter().take_while(|key| key.token == self.taken);
        let found = same.enumerate().find(|(_, key)| key.possible && !key.forgotten);
        let stale = || self.stale_keys.iter().find(|&&(token, _)| token == self.taken);
        found.map(|(offset, _)| index + offset).or_else(|| stale().map(|&(_, index)| index))
    }

    fn push(&mut self, token: Token<'a>) {
        self.recent = [self.recent[1], Some((token.kind, token.start))];
        self.queue.push_back(token);
    }

    fn push_simple(&mut self, kind: Kind, start: Mark, width: u32) {
        self.push(Token { kind, start, width, payload: Payload::None });
    }

    /// Puts a token before the one that is `number`th in the text, at the end if that is gone.
    fn insert(&mut self, number: usize, kind: Kind, start: Mark) {
        let index = number.checked_sub(self.taken).filter(|&index| index < self.queue.len());
        let Some(index) = index else { return self.push_simple(kind, start, 0) };
        self.queue.insert(index, Token { kind, start, width: 0, payload: Payload::None });
        if index + 2 == self.queue.len() {
            self.recent[0] = Some((kind, start));
        }
    }

    fn scanner_fault(&self, context: Mark, problem: impl Into<Cow<'static, str>>) -> Box<Fault> {
        Box::new(Fault {
            stage: Stage::Scanner,
            context: Some(context),
            place: self.mark(),
            problem: problem.into(),
        })
    }

    fn reader_fault(problem: &'static str) -> Box<Fault> {
        Box::new(Fault {
            stage: Stage::Reader,
            context: None,
            place: Mark::default(),
            problem: problem.into(),
        })
    }

    /// Tells whether a simple key can still turn out to be one: within its line and 1,024
    /// characters.
    fn is_valid(&mut self, index: usize) -> Result<bool, Box<Fault>> {
        let Some(&key) = self.keys.get(index) else { return Ok(false) };
        if !key.possible {
            return Ok(false);
        }
        if key.mark.line == self.line && !self.is_far(key.mark) {
            return Ok(true);
        }
        if key.required {
            return Err(self.scanner_fault(key.mark, "could not find expected ':'"));
        }
        self.forbid_key(index);
        self.stale_keys.push_back((key.token, index));
        Ok(false)
    }

    fn is_far(&self, mark: Mark) -> bool {
        const FAR: usize = 1024;
        self.pos > mark.index + FAR
            && self.text.get(mark.index..self.pos).is_none_or(|text| text.chars().count() > FAR)
    }

    fn forbid_key(&mut self, index: usize) {
        if let Some(key) = self.keys.get_mut(index) {
            key.possible = false;
        }
    }

    /// Notes that a simple key may begin here.
    fn save_key(&mut self) -> Result<(), Box<Fault>> {
        let required = self.is_block() && self.indent == i64::from(self.column());
        if self.key_allowed {
            self.remove_key()?;
            let token = self.taken + self.queue.len();
            let key =
                SimpleKey { possible: true, required, forgotten: false, token, mark: self.mark() };
            if let Some(slot) = self.keys.last_mut() {
                *slot = key;
            }
        }
        Ok(())
    }

    /// Gives up the simple key that may have begun on this level.
    fn remove_key(&mut self) -> Result<(), Box<Fault>> {
        let index = self.keys.len() - 1;
        match self.keys.get(index) {
            Some(key) if key.possible && key.required => {
                Err(self.scanner_fault(key.mark, "could not find expected ':'"))
            }
            _ => {
                self.forbid_key(index);
                Ok(())
            }
        }
    }

    fn is_block(&self) -> bool {
        self.keys.len() <= 1
    }

    fn open_flow(&mut self) -> Result<(), Box<Fault>> {
        let token = self.taken + self.queue.len();
        let mark = self.mark();
        self.keys.push(SimpleKey { token, mark, ..SimpleKey::default() });
        if self.keys.len() - 1 > self.depth {
            return Err(self.too_deep(mark));
        }
        Ok(())
    }

    fn close_flow(&mut self) {
        if self.keys.len() <= 1 {
            return;
        }
        let inner = self.keys.pop().map(|key| key.token);
        if let Some(key) = self.keys.last_mut().filter(|key| Some(key.token) == inner) {
            key.forgotten = true;
        }
    }

    fn too_deep(&self, mark: Mark) -> Box<Fault> {
        self.scanner_fault(mark, format!("exceeded max depth of {}", self.depth))
    }

    /// Opens a block collection if `column` is right of the current one.
    fn roll_indent(
        &mut self,
        column: i64,
        number: Option<usize>,
        opening: (Kind, Mark),
    ) -> Result<(), Box<Fault>> {
        if !self.is_block() || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > self.depth {
            let mark = self.keys.last().map_or_else(|| self.mark(), |key| key.mark);
            return Err(self.too_deep(mark));
        }
        let (kind, mark) = opening;
        match number {
            Some(number) => self.insert(number, kind, mark),
            None => self.push_simple(kind, mark, 0),
        }
        Ok(())
    }

    /// Closes the block collections that are right of `column`.
    ///
    /// A collection ends before the comments that stand at the indentation of the collection
    /// around it, so that these are not taken for comments inside.
    fn unroll_indent(&mut self, column: i64, scan_mark: Mark) {
        if !self.is_block() {
            return;
        }
        let mut block_mark = match self.dialect {
            Dialect::V2 => self.mark(),
            Dialect::V3 => scan_mark,
        };
        block_mark.index = block_mark.index.saturating_sub(1);
        while self.indent > column {
            let mut stop = block_mark.index;
            for comment in self.comments.iter().rev() {
                if comment.end.index < stop {
                    break;
                }
                if i64::from(comment.start.column) == self.indent + 1 {
                    block_mark = comment.start;
                }
                stop = comment.scan.index;
            }
            self.push_simple(Kind::BlockEnd, block_mark, 0);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }
}
