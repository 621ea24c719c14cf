//! Documents and their directives.

use super::{Context, Event, Parser, State, Step, What, plain_event};
use crate::Comments;
use crate::scanner::{Fault, Kind, Mark, Payload};

const DEFAULT_TAGS: [(&str, &str); 2] = [("!", "!"), ("!!", "tag:yaml.org,2002:")];

impl<'a> Parser<'a> {
    /// A document without `---` can only be the first one, or follow `...`.
    pub(super) fn document_start(&mut self, implicit: bool) -> Step<'a> {
        let (mut kind, mut start) = self.peek()?;
        while !implicit && kind == Kind::DocumentEnd {
            self.take();
            (kind, start) = self.peek()?;
        }
        let is_explicit =
            matches!(kind, Kind::VersionDirective | Kind::TagDirective | Kind::DocumentStart);
        if kind == Kind::StreamEnd {
            self.state = State::End;
            return Ok(plain_event(What::StreamEnd, start));
        }
        self.process_directives()?;
        if implicit && !is_explicit {
            self.states.push(State::DocumentEnd);
            self.state = State::BlockNode;
            let comments = self.claim_document_head();
            return Ok(Event { comments, ..plain_event(What::DocumentStart, start) });
        }
        let (kind, place) = self.peek()?;
        if kind != Kind::DocumentStart {
            return Err(Self::parser_fault(None, place, "did not find expected <document start>"));
        }
        self.states.push(State::DocumentEnd);
        self.state = State::DocumentContent;
        self.take();
        Ok(plain_event(What::DocumentStart, start))
    }

    /// Of the comments at the top, those above the last empty line belong to the document.
    fn claim_document_head(&mut self) -> Option<Box<Comments>> {
        let head = &mut self.pending.head;
        let (end, rest) = match head.strip_suffix('\n') {
            Some(stripped) => (stripped.len(), head.len()),
            None => {
                let empty = head.rfind("\n\n")?;
                (empty, empty + 2)
            }
        };
        let below = head.split_off(rest);
        let mut head = std::mem::replace(&mut self.pending.head, below);
        head.truncate(end);
        (!head.is_empty()).then(|| Box::new(Comments { head, ..Comments::default() }))
    }

    pub(super) fn document_content(&mut self) -> Step<'a> {
        let (kind, start) = self.peek()?;
        match kind {
            Kind::VersionDirective
            | Kind::TagDirective
            | Kind::DocumentStart
            | Kind::DocumentEnd
            | Kind::StreamEnd => {
                let next = self.states.pop().unwrap_or(State::End);
                Ok(self.empty_scalar(next, start))
            }
            _ => self.node(Context::Block),
        }
    }

    pub(super) fn document_end(&mut self) -> Step<'a> {
        let (kind, start) = self.peek()?;
        if kind == Kind::DocumentEnd {
            self.take();
        }
        self.tag_directives.clear();
        self.state = State::NextDocument;
        let mut comments = self.claim_comments();
        if let Some(comments) = &mut comments
            && comments.foot.is_empty()
        {
            comments.foot = std::mem::take(&mut comments.head);
        }
        Ok(Event { comments, ..plain_event(What::DocumentEnd, start) })
    }

    fn process_directives(&mut self) -> Result<(), Box<Fault>> {
        let mut has_version = false;
        loop {
            let (kind, start) = self.peek()?;
            if !matches!(kind, Kind::VersionDirective | Kind::TagDirective) {
                break;
            }
            match self.take().payload {
                Payload::Version(_) if has_version => {
                    let problem = "found duplicate %YAML directive";
                    return Err(Self::parser_fault(None, start, problem));
                }
                Payload::Version(false) => {
                    let problem = "found incompatible YAML document";
                    return Err(Self::parser_fault(None, start, problem));
                }
                Payload::Version(true) => has_version = true,
                Payload::Tag(directive) => self.add_tag_directive(*directive, start)?,
                _ => {}
            }
        }
        for (handle, prefix) in DEFAULT_TAGS {
            if !self.has_tag_directive(handle) {
                self.tag_directives.push((handle.to_owned(), prefix.to_owned()));
            }
        }
        Ok(())
    }

    fn has_tag_directive(&self, handle: &str) -> bool {
        self.tag_directives.iter().any(|(known, _)| known == handle)
    }

    fn add_tag_directive(
        &mut self,
        directive: (String, String),
        start: Mark,
    ) -> Result<(), Box<Fault>> {
        const MOST: usize = 1000;
        if self.has_tag_directive(&directive.0) {
            return Err(Self::parser_fault(None, start, "found duplicate %TAG directive"));
        }
        if self.tag_directives.len() >= MOST {
            return Err(Self::parser_fault(None, start, "found too many %TAG directives"));
        }
        self.tag_directives.push(directive);
        Ok(())
    }
}
