//! Nodes in block context.

use super::{Context, Event, Parser, State, Step, What, plain_event};
use crate::Style;
use crate::scanner::{Fault, Kind, Mark, Payload};

/// Anchor and tag in front of a node.
#[derive(Default)]
struct Properties<'a> {
    anchor: Option<&'a str>,
    tag: Option<(Box<(String, String)>, Mark)>,
}

impl<'a> Parser<'a> {
    /// Reads a scalar, an alias or the beginning of a collection.
    pub(super) fn node(&mut self, context: Context) -> Step<'a> {
        let next = self.peek()?;
        self.node_at(context, next)
    }

    /// As [`Parser::node`], given the token that has been looked at.
    pub(super) fn node_at(&mut self, context: Context, (kind, start): (Kind, Mark)) -> Step<'a> {
        let mut kind = kind;
        if kind == Kind::Alias {
            return Ok(self.alias(start));
        }
        let mut place = start;
        let mut properties = Properties::default();
        if matches!(kind, Kind::Anchor | Kind::Tag) {
            properties = self.properties(kind)?;
            (kind, place) = self.peek()?;
        }
        let tag = match properties.tag {
            Some((tag, mark)) => Some(self.resolve_tag(*tag, start, mark)?),
            None => None,
        };
        let mut event =
            Event { tag, anchor: properties.anchor, ..plain_event(What::StreamEnd, start) };
        let indentless = context == Context::BlockOrIndentless && kind == Kind::BlockEntry;
        let block = context != Context::Flow;
        match kind {
            Kind::BlockEntry if indentless => {
                self.state = State::IndentlessEntry;
                event.what = What::SequenceStart(Style::Plain);
            }
            Kind::Scalar => {
                self.pop_state();
                event.comments = self.claim_comments();
                event.what = self.scalar();
            }
            Kind::FlowSequenceStart => {
                self.state = State::FlowSequenceFirst;
                event.comments = self.claim_comments();
                event.what = What::SequenceStart(Style::Flow);
            }
            Kind::FlowMappingStart => {
                self.state = State::FlowMappingFirst;
                event.comments = self.claim_comments();
                event.what = What::MappingStart(Style::Flow);
            }
            Kind::BlockSequenceStart if block => {
                self.state = State::BlockSequenceFirst;
                event.comments = self.claim_stem();
                event.what = What::SequenceStart(Style::Plain);
            }
            Kind::BlockMappingStart if block => {
                self.state = State::BlockMappingFirst;
                event.comments = self.claim_stem();
                event.what = What::MappingStart(Style::Plain);
            }
            _ if event.anchor.is_some() || event.tag.is_some() => {
                let next = self.states.pop().unwrap_or(State::End);
                event.what = self.empty_scalar(next, start).what;
            }
            _ => {
                let problem = "did not find expected node content";
                return Err(Self::parser_fault(Some(start), place, problem));
            }
        }
        Ok(event)
    }

    fn alias(&mut self, start: Mark) -> Event<'a> {
        self.pop_state();
        let comments = self.claim_comments();
        let name = match self.take().payload {
            Payload::Name(name) => name,
            _ => "",
        };
        Event { comments, ..plain_event(What::Alias(name), start) }
    }

    fn scalar(&mut self) -> What<'a> {
        match self.take().payload {
            Payload::Scalar(value, style) => What::Scalar(value, style),
            _ => What::Scalar("".into(), Style::Plain),
        }
    }

    /// Takes at most one anchor and one tag, in any order.
    fn properties(&mut self, first: Kind) -> Result<Properties<'a>, Box<Fault>> {
        let mut properties = Properties::default();
        self.take_property(&mut properties);
        let (kind, _) = self.peek()?;
        if kind != first && matches!(kind, Kind::Anchor | Kind::Tag) {
            self.take_property(&mut properties);
            self.peek()?;
        }
        Ok(properties)
    }

    fn take_property(&mut self, properties: &mut Properties<'a>) {
        let token = self.take();
        match token.payload {
            Payload::Name(name) => properties.anchor = Some(name),
            Payload::Tag(tag) => properties.tag = Some((tag, token.start)),
            _ => {}
        }
    }

    fn resolve_tag(
        &self,
        (handle, suffix): (String, String),
        start: Mark,
        place: Mark,
    ) -> Result<Box<str>, Box<Fault>> {
        if handle.is_empty() {
            return Ok(suffix.into_boxed_str());
        }
        match self.tag_directives.iter().find(|(known, _)| *known == handle) {
            Some((_, prefix)) => Ok(format!("{prefix}{suffix}").into_boxed_str()),
            None => Err(Self::parser_fault(Some(start), place, "found undefined tag handle")),
        }
    }

    pub(super) fn block_sequence_entry(&mut self) -> Step<'a> {
        let (kind, start) = self.peek()?;
        match kind {
            Kind::BlockEntry => {
                let (next, mark) = self.take_entry()?;
                if matches!(next.0, Kind::BlockEntry | Kind::BlockEnd) {
                    return Ok(self.empty_scalar(State::BlockSequenceEntry, mark));
                }
                self.states.push(State::BlockSequenceEntry);
                self.node_at(Context::Block, next)
            }
            Kind::BlockEnd => {
                self.take();
                Ok(self.close(What::SequenceEnd, start))
            }
            _ => Err(self.unclosed(start, "did not find expected '-' indicator")),
        }
    }

    pub(super) fn indentless_entry(&mut self) -> Step<'a> {
        let (kind, start) = self.peek()?;
        if kind != Kind::BlockEntry {
            self.pop_state();
            return Ok(plain_event(What::SequenceEnd, start));
        }
        let (next, mark) = self.take_entry()?;
        if matches!(next.0, Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd) {
            return Ok(self.empty_scalar(State::IndentlessEntry, mark));
        }
        self.states.push(State::IndentlessEntry);
        self.node_at(Context::Block, next)
    }

    /// Takes a dash and looks at what follows; returns that and the place behind the dash.
    ///
    /// Where a collection follows, the comments above the dash belong to the collection and not
    /// to the first thing in it.
    fn take_entry(&mut self) -> Result<((Kind, Mark), Mark), Box<Fault>> {
        let stem = self.pending.head.len();
        let mark = self.take().end();
        let next = match self.peek() {
            // go-yaml does not notice the mistake here; looking again, it may find another one.
            Err(first) if stem > 0 => return Err(self.peek().err().unwrap_or(first)),
            peeked => peeked?,
        };
        if stem > 0 && matches!(next.0, Kind::BlockSequenceStart | Kind::BlockMappingStart) {
            let rest = self.pending.head.split_off(stem);
            let head = rest.strip_prefix('\n').unwrap_or_default().to_owned();
            self.pending.stem = std::mem::replace(&mut self.pending.head, head);
        }
        Ok((next, mark))
    }

    pub(super) fn block_mapping_key(&mut self) -> Step<'a> {
        let (kind, start) = self.peek()?;
        match kind {
            Kind::Key => {
                let mark = self.take().end();
                let next = self.peek()?;
                if matches!(next.0, Kind::Key | Kind::Value | Kind::BlockEnd) {
                    return Ok(self.empty_scalar(State::BlockMappingValue, mark));
                }
                self.states.push(State::BlockMappingValue);
                self.node_at(Context::BlockOrIndentless, next)
            }
            Kind::BlockEnd => {
                let comments = self.claim_comments();
                self.take();
                Ok(Event { comments, ..self.close(What::MappingEnd, start) })
            }
            _ => Err(self.unclosed(start, "did not find expected key")),
        }
    }

    pub(super) fn block_mapping_value(&mut self) -> Step<'a> {
        let (kind, start) = self.peek()?;
        if kind != Kind::Value {
            return Ok(self.empty_scalar(State::BlockMappingKey, start));
        }
        let mark = self.take().end();
        let next = self.peek()?;
        if matches!(next.0, Kind::Key | Kind::Value | Kind::BlockEnd) {
            return Ok(self.empty_scalar(State::BlockMappingKey, mark));
        }
        self.states.push(State::BlockMappingKey);
        self.node_at(Context::BlockOrIndentless, next)
    }
}
