//! Tokens into events: the beginnings and ends of documents and collections, scalars, aliases.

mod document;
mod flow;
mod node;

use std::borrow::Cow;

use crate::scanner::{Fault, Kind, Mark, Role, Scanner, Stage, Token};
use crate::{Comments, Style};

/// One step through a document.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub(crate) what: What<'a>,
    pub(crate) start: Mark,
    pub(crate) anchor: Option<&'a str>,
    /// The tag with its handle resolved, in long form.
    pub(crate) tag: Option<Box<str>>,
    pub(crate) comments: Option<Box<Comments>>,
}

/// What an event is.
#[derive(Debug)]
pub(crate) enum What<'a> {
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    Alias(&'a str),
    Scalar(Cow<'a, str>, Style),
    SequenceStart(Style),
    SequenceEnd,
    MappingStart(Style),
    MappingEnd,
}

/// Where the parser is in the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    FirstDocument,
    NextDocument,
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequenceFirst,
    BlockSequenceEntry,
    IndentlessEntry,
    BlockMappingFirst,
    BlockMappingKey,
    BlockMappingValue,
    FlowSequenceFirst,
    FlowSequenceEntry,
    FlowPairKey,
    FlowPairValue,
    FlowPairEnd,
    FlowMappingFirst,
    FlowMappingKey,
    FlowMappingValue,
    FlowMappingNoValue,
    End,
}

/// Comments that wait for the event that they belong to.
#[derive(Debug, Default)]
struct Pending {
    any: bool,
    head: String,
    line: String,
    foot: String,
    /// The head of an entry that turned out to be a collection of its own.
    stem: String,
}

/// Reads events from a text.
#[derive(Debug)]
pub(crate) struct Parser<'a> {
    scanner: Scanner<'a>,
    state: State,
    states: Vec<State>,
    /// Where the open collections began.
    marks: Vec<Mark>,
    tag_directives: Vec<(String, String)>,
    pending: Pending,
}

type Step<'a> = Result<Event<'a>, Box<Fault>>;

impl<'a> Parser<'a> {
    pub(crate) fn new(scanner: Scanner<'a>) -> Self {
        Self {
            scanner,
            state: State::FirstDocument,
            states: Vec::new(),
            marks: Vec::new(),
            tag_directives: Vec::new(),
            pending: Pending::default(),
        }
    }

    pub(crate) fn scanner(&self) -> &Scanner<'a> {
        &self.scanner
    }

    /// Returns the next event; behind the end of the text, `StreamEnd` again and again.
    pub(crate) fn next(&mut self) -> Step<'a> {
        match self.state {
            State::FirstDocument => self.document_start(true),
            State::NextDocument => self.document_start(false),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::BlockNode => self.node(Context::Block),
            State::BlockSequenceFirst => {
                self.open()?;
                self.block_sequence_entry()
            }
            State::BlockSequenceEntry => self.block_sequence_entry(),
            State::IndentlessEntry => self.indentless_entry(),
            State::BlockMappingFirst => {
                self.open()?;
                self.block_mapping_key()
            }
            State::BlockMappingKey => self.block_mapping_key(),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequenceFirst => {
                self.open()?;
                self.flow_sequence_entry(true)
            }
            State::FlowSequenceEntry => self.flow_sequence_entry(false),
            State::FlowPairKey => self.flow_pair_key(),
            State::FlowPairValue => self.flow_pair_value(),
            State::FlowPairEnd => self.flow_pair_end(),
            State::FlowMappingFirst => {
                self.open()?;
                self.flow_mapping_key(true)
            }
            State::FlowMappingKey => self.flow_mapping_key(false),
            State::FlowMappingValue => self.flow_mapping_value(),
            State::FlowMappingNoValue => {
                let (_, start) = self.peek()?;
                Ok(self.empty_scalar(State::FlowMappingKey, start))
            }
            State::End => Ok(plain_event(What::StreamEnd, Mark::default())),
        }
    }

    /// Looks at the next token; the comments that it claims become pending.
    #[inline]
    fn peek(&mut self) -> Result<(Kind, Mark), Box<Fault>> {
        let (kind, start) = self.scanner.peek()?;
        while let Some(comment) = self.scanner.comment_until(kind, start) {
            self.pending.any = true;
            let text = match comment.role {
                Role::Head => &mut self.pending.head,
                Role::Line => &mut self.pending.line,
                Role::Foot => &mut self.pending.foot,
            };
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&comment.text);
        }
        Ok((kind, start))
    }

    fn take(&mut self) -> Token<'a> {
        self.scanner.take()
    }

    /// Takes the token that opens a collection.
    fn open(&mut self) -> Result<(), Box<Fault>> {
        let (_, start) = self.peek()?;
        self.marks.push(start);
        self.take();
        Ok(())
    }

    fn close(&mut self, what: What<'a>, start: Mark) -> Event<'a> {
        self.marks.pop();
        self.pop_state();
        plain_event(what, start)
    }

    fn pop_state(&mut self) {
        self.state = self.states.pop().unwrap_or(State::End);
    }

    /// Returns a null that is not in the text; the parser goes on in `next`.
    fn empty_scalar(&mut self, next: State, start: Mark) -> Event<'a> {
        self.state = next;
        plain_event(What::Scalar(Cow::Borrowed(""), Style::Plain), start)
    }

    fn claim_comments(&mut self) -> Option<Box<Comments>> {
        if !std::mem::take(&mut self.pending.any) {
            return None;
        }
        let Pending { any: _, head, line, foot, stem: _ } = std::mem::take(&mut self.pending);
        let is_empty = head.is_empty() && line.is_empty() && foot.is_empty();
        (!is_empty).then(|| Box::new(Comments { head, line, foot, ..Comments::default() }))
    }

    fn claim_stem(&mut self) -> Option<Box<Comments>> {
        let head = std::mem::take(&mut self.pending.stem);
        (!head.is_empty()).then(|| Box::new(Comments { head, ..Comments::default() }))
    }

    fn parser_fault(context: Option<Mark>, place: Mark, problem: &'static str) -> Box<Fault> {
        Box::new(Fault { stage: Stage::Parser, context, place, problem: problem.into() })
    }

    fn unclosed(&mut self, place: Mark, problem: &'static str) -> Box<Fault> {
        Self::parser_fault(self.marks.pop(), place, problem)
    }
}

/// What may begin at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Context {
    Block,
    /// A block node, or a sequence that is not indented.
    BlockOrIndentless,
    Flow,
}

fn plain_event(what: What<'_>, start: Mark) -> Event<'_> {
    Event { what, start, anchor: None, tag: None, comments: None }
}
