//! Flow collections, including the single pairs that may stand in a flow sequence.

use super::{Context, Event, Parser, State, Step, What, plain_event};
use crate::Style;
use crate::scanner::{Fault, Kind, Mark};

impl<'a> Parser<'a> {
    pub(super) fn flow_sequence_entry(&mut self, first: bool) -> Step<'a> {
        let problem = "did not find expected ',' or ']'";
        let (kind, start) = self.flow_entry(first, Kind::FlowSequenceEnd, problem)?;
        match kind {
            Kind::FlowSequenceEnd => Ok(self.close_flow(What::SequenceEnd, start)),
            Kind::Key => {
                self.take();
                self.state = State::FlowPairKey;
                Ok(plain_event(What::MappingStart(Style::Flow), start))
            }
            _ => {
                self.states.push(State::FlowSequenceEntry);
                self.node(Context::Flow)
            }
        }
    }

    /// Moves over the comma before an entry and returns the token behind.
    fn flow_entry(
        &mut self,
        first: bool,
        end: Kind,
        problem: &'static str,
    ) -> Result<(Kind, Mark), Box<Fault>> {
        let (kind, start) = self.peek()?;
        if first || kind == end {
            return Ok((kind, start));
        }
        if kind != Kind::FlowEntry {
            return Err(self.unclosed(start, problem));
        }
        self.take();
        self.peek()
    }

    fn close_flow(&mut self, what: What<'a>, start: Mark) -> Event<'a> {
        let comments = self.claim_comments();
        self.take();
        Event { comments, ..self.close(what, start) }
    }

    pub(super) fn flow_pair_key(&mut self) -> Step<'a> {
        let (kind, _) = self.peek()?;
        if matches!(kind, Kind::Value | Kind::FlowEntry | Kind::FlowSequenceEnd) {
            // The token is skipped as go-yaml does, which makes an error of `[? : a]`.
            let mark = self.take().end();
            return Ok(self.empty_scalar(State::FlowPairValue, mark));
        }
        self.states.push(State::FlowPairValue);
        self.node(Context::Flow)
    }

    pub(super) fn flow_pair_value(&mut self) -> Step<'a> {
        let (kind, start) = self.peek()?;
        if kind == Kind::Value {
            self.take();
            let (kind, _) = self.peek()?;
            if !matches!(kind, Kind::FlowEntry | Kind::FlowSequenceEnd) {
                self.states.push(State::FlowPairEnd);
                return self.node(Context::Flow);
            }
        }
        Ok(self.empty_scalar(State::FlowPairEnd, start))
    }

    pub(super) fn flow_pair_end(&mut self) -> Step<'a> {
        let (_, start) = self.peek()?;
        self.state = State::FlowSequenceEntry;
        Ok(plain_event(What::MappingEnd, start))
    }

    pub(super) fn flow_mapping_key(&mut self, first: bool) -> Step<'a> {
        let problem = "did not find expected ',' or '}'";
        let (kind, start) = self.flow_entry(first, Kind::FlowMappingEnd, problem)?;
        match kind {
            Kind::FlowMappingEnd => Ok(self.close_flow(What::MappingEnd, start)),
            Kind::Key => {
                self.take();
                let (kind, start) = self.peek()?;
                if matches!(kind, Kind::Value | Kind::FlowEntry | Kind::FlowMappingEnd) {
                    return Ok(self.empty_scalar(State::FlowMappingValue, start));
                }
                self.states.push(State::FlowMappingValue);
                self.node(Context::Flow)
            }
            _ => {
                self.states.push(State::FlowMappingNoValue);
                self.node(Context::Flow)
            }
        }
    }

    pub(super) fn flow_mapping_value(&mut self) -> Step<'a> {
        let (kind, mut start) = self.peek()?;
        if kind == Kind::Value {
            self.take();
            let (kind, place) = self.peek()?;
            if !matches!(kind, Kind::FlowEntry | Kind::FlowMappingEnd) {
                self.states.push(State::FlowMappingKey);
                return self.node(Context::Flow);
            }
            start = place;
        }
        Ok(self.empty_scalar(State::FlowMappingKey, start))
    }
}
