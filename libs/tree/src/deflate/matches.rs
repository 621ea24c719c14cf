//! Finds what was there before within a window of 32 KiB.

use super::block::{BlockWriter, Token};

const WINDOW: usize = 1 << 15;
const MASK: usize = WINDOW - 1;
/// Shorter repetitions are not looked for.
const MIN_MATCH: usize = 4;
const MAX_MATCH: usize = 258;
const HASH_BITS: u32 = 17;
/// A block ends after so many tokens.
const BLOCK_TOKENS: usize = 1 << 14;

/// With a match this long, the next position is not tried.
const LAZY: usize = 16;
/// A match this long ends the search.
const NICE: usize = 128;
/// No more candidates than this are looked at.
const CHAIN: usize = 128;
/// A shortest match is not worth a distance larger than this.
const NEAR: usize = 4096;

/// A match: how long, and how far back.
#[derive(Clone, Copy)]
struct Found {
    length: usize,
    distance: usize,
}

/// No match: shorter than any that counts.
const NOTHING: Found = Found { length: MIN_MATCH - 1, distance: 0 };

/// Whether more input can come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    More,
    Complete,
}

/// Turns bytes into tokens, and hands them on block by block.
pub(super) struct Matcher {
    /// Two windows; when the second is used up it becomes the first.
    window: Vec<u8>,
    /// How much of `window` is filled.
    filled: usize,
    /// The position that is looked at.
    at: usize,
    /// Where the current block began; `None` once that has left the window.
    block: Option<usize>,
    /// Latest position of each hash, counted from one at the beginning of all input.
    latest: Vec<u64>,
    /// The position before, of the same hash, for each position of a window.
    earlier: Vec<u64>,
    /// What is added to a position in `window` to count it from the beginning, plus one.
    base: u64,
    /// The match at the position before, which waits for a better one.
    waiting: Found,
    /// Whether the byte before is still to be told.
    owes_literal: bool,
    tokens: Vec<Token>,
    blocks: BlockWriter,
}

impl Matcher {
    pub(super) fn new() -> Self {
        Self {
            window: vec![0; 2 * WINDOW],
            filled: 0,
            at: 0,
            block: Some(0),
            latest: vec![0; 1 << HASH_BITS],
            earlier: vec![0; WINDOW],
            base: 1,
            waiting: NOTHING,
            owes_literal: false,
            tokens: Vec::with_capacity(BLOCK_TOKENS),
            blocks: BlockWriter::default(),
        }
    }

    /// Returns what was compressed so far, for the caller to take away.
    pub(super) fn output(&mut self) -> &mut Vec<u8> {
        self.blocks.output()
    }

    /// Adds input.
    pub(super) fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            self.advance(Input::More);
            let count = self.fill(bytes);
            bytes = bytes.get(count..).unwrap_or_default();
        }
    }

    /// Compresses what is left and ends the last block.
    pub(super) fn finish(&mut self) {
        self.advance(Input::Complete);
        self.blocks.finish();
    }

    fn fill(&mut self, bytes: &[u8]) -> usize {
        if self.at >= 2 * WINDOW - (MIN_MATCH + MAX_MATCH) {
            self.window.copy_within(WINDOW.., 0);
            self.at -= WINDOW;
            self.filled -= WINDOW;
            self.block = self.block.and_then(|block| block.checked_sub(WINDOW));
            self.base += WINDOW as u64;
        }
        let room = &mut self.window[self.filled..];
        let count = room.len().min(bytes.len());
        room[..count].copy_from_slice(&bytes[..count]);
        self.filled += count;
        count
    }

    /// Goes as far as a longest match can be seen, or to the end of complete input.
    fn advance(&mut self, input: Input) {
        loop {
            let ahead = self.filled - self.at;
            if ahead < MIN_MATCH + MAX_MATCH && input == Input::More {
                return;
            }
            if ahead == 0 {
                self.settle_rest();
                return;
            }
            let candidate = self.insert(self.at);
            let before = std::mem::replace(&mut self.waiting, NOTHING);
            if ahead > before.length && before.length < LAZY {
                self.waiting = self.longest(candidate, ahead);
            }
            if before.length >= MIN_MATCH && self.waiting.length <= before.length {
                self.take(before);
            } else {
                self.pass();
            }
        }
    }

    fn settle_rest(&mut self) {
        if self.owes_literal {
            self.tokens.push(Token::literal(self.window[self.at - 1]));
            self.owes_literal = false;
        }
        if !self.tokens.is_empty() {
            self.end_block(self.at);
        }
    }

    /// Emits the match of the position before, and goes to its end.
    fn take(&mut self, found: Found) {
        self.tokens.push(Token::repeat(found.length, found.distance));
        let end = self.at + found.length - 1;
        for position in self.at + 1..end {
            self.insert(position);
        }
        self.at = end;
        self.owes_literal = false;
        self.waiting = NOTHING;
        if self.tokens.len() == BLOCK_TOKENS {
            self.end_block(self.at);
        }
    }

    /// Emits the byte before, and lets this one wait.
    fn pass(&mut self) {
        if self.owes_literal {
            self.tokens.push(Token::literal(self.window[self.at - 1]));
            if self.tokens.len() == BLOCK_TOKENS {
                self.end_block(self.at);
            }
        }
        self.at += 1;
        self.owes_literal = true;
    }

    /// Remembers a position and returns the one before that has the same hash, if it is in reach.
    fn insert(&mut self, position: usize) -> Option<usize> {
        if position + MIN_MATCH > self.filled {
            return None;
        }
        let bytes = &self.window[position..position + MIN_MATCH];
        let word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let hash = word.wrapping_mul(0x1e35_a7bd) >> (32 - HASH_BITS);
        let latest = &mut self.latest[hash as usize];
        let before = std::mem::replace(latest, position as u64 + self.base);
        self.earlier[position & MASK] = before;
        self.reach(before, position)
    }

    /// Returns where in the window a counted position is, if `from` can refer to it.
    fn reach(&self, counted: u64, from: usize) -> Option<usize> {
        let position = usize::try_from(counted.checked_sub(self.base)?).ok()?;
        (position + WINDOW >= from).then_some(position)
    }

    /// Returns the longest match for the current position, the nearest of the longest ones.
    fn longest(&self, first: Option<usize>, ahead: usize) -> Found {
        let limit = ahead.min(MAX_MATCH);
        let nice = limit.min(NICE);
        let at = self.at;
        let here = &self.window[at..at + limit];
        let mut best = NOTHING;
        let mut candidate = first;
        for _ in 0..CHAIN {
            let Some(position) = candidate else { break };
            // A candidate must first of all go on where the best one ends.
            if self.window[position + best.length] == here[best.length] {
                let there = &self.window[position..position + limit];
                let length = here.iter().zip(there).take_while(|(a, b)| a == b).count();
                let distance = at - position;
                if length > best.length && (length > MIN_MATCH || distance <= NEAR) {
                    best = Found { length, distance };
                    if length >= nice {
                        break;
                    }
                }
            }
            if position + WINDOW == at {
                break;
            }
            candidate = self.reach(self.earlier[position & MASK], at);
        }
        best
    }

    fn end_block(&mut self, end: usize) {
        let plain = self.block.filter(|&begin| begin <= end).map(|begin| &self.window[begin..end]);
        self.blocks.write(&self.tokens, plain);
        self.tokens.clear();
        self.block = Some(end);
    }
}
