//! Has a server send objects, and writes them down as a pack.

use std::io::BufRead;
use std::num::NonZeroU32;

use gix::ObjectId;
use gix::odb::pack;
use gix::progress::{Discard, DynNestedProgress};
use gix::protocol::fetch::{self, Arguments, Context, Options, Response, Shallow, Tags, negotiate};

use crate::refs::Advertised;
use crate::remote::Connection;
use crate::store::{MAX_OBJECT, Objects};
use crate::{Cancel, TransportError};

/// What servers see in their logs.
pub(crate) const AGENT: &str = concat!("git/flux-rs-", env!("CARGO_PKG_VERSION"));

/// How much history comes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum History {
    /// The wanted commits only, if the server can do that.
    None,
    /// All of it.
    Full,
}

/// Fetches `wants` into `objects`.
pub(crate) fn fetch(
    connection: &mut Connection,
    advertised: &mut Advertised,
    wants: Vec<ObjectId>,
    history: History,
    into: Destination<'_>,
) -> Result<(), TransportError> {
    into.cancel.remaining()?;
    let can_be_shallow = match advertised.handshake.server_protocol_version {
        gix_transport::Protocol::V2 => true,
        _ => advertised.handshake.capabilities.contains("shallow"),
    };
    let shallow = match history {
        History::None if can_be_shallow => Shallow::DepthAtRemote(NonZeroU32::MIN),
        History::None | History::Full => Shallow::NoChange,
    };
    let mut everything = WantAll { wants };
    let directory = into.objects.directory().to_owned();
    let write = |input: &mut dyn BufRead, progress: &mut dyn DynNestedProgress, stop: &_| {
        let options = pack::bundle::write::Options {
            alloc_limit_bytes: Some(MAX_OBJECT),
            ..Default::default()
        };
        let no_thin_pack = None::<gix::odb::HandleArc>;
        pack::Bundle::write_to_directory(
            input,
            Some(&directory.join("pack")),
            progress,
            stop,
            no_thin_pack,
            gix::hash::Kind::Sha1,
            options,
        )?;
        Ok(true)
    };
    let context = Context {
        handshake: &mut advertised.handshake,
        transport: &mut connection.transport,
        user_agent: ("agent", Some(AGENT.to_owned())),
        trace_packetlines: false,
    };
    let options = Options {
        shallow_file: directory.join("shallow"),
        shallow: &shallow,
        tags: Tags::None,
        reject_shallow_remote: false,
    };
    let cancel = into.cancel;
    let fetched =
        gix::protocol::fetch(&mut everything, write, Discard, cancel.flag(), context, options);
    match fetched {
        Ok(_) => Ok(()),
        Err(error) => Err(why(&error, connection, cancel)),
    }
}

/// Where objects go, and until when.
#[derive(Clone, Copy)]
pub(crate) struct Destination<'a> {
    pub(crate) objects: &'a Objects,
    pub(crate) cancel: &'a Cancel,
}

fn why(error: &gix::Error, connection: &Connection, cancel: &Cancel) -> TransportError {
    if let Some(known) = connection.failure.take() {
        return known;
    }
    if let Err(over) = cancel.remaining() {
        return over;
    }
    let texts: Vec<_> = error.iter_errors().map(ToString::to_string).collect();
    if texts.iter().any(|text| text.contains("end of file") || text.contains("EOF")) {
        return TransportError::Connection("unexpected EOF".to_owned());
    }
    TransportError::Protocol(texts.last().cloned().unwrap_or_else(|| error.to_string()))
}

/// Asks for everything that is wanted and offers nothing.
struct WantAll {
    wants: Vec<ObjectId>,
}

impl fetch::Negotiate for WantAll {
    fn mark_complete_and_common_ref(&mut self) -> gix::Result<negotiate::Action> {
        let remote_ref_target_known = vec![false; self.wants.len()];
        Ok(negotiate::Action::MustNegotiate { remote_ref_target_known })
    }

    fn add_wants(&mut self, arguments: &mut Arguments, _known: &[bool]) -> bool {
        self.wants.iter().for_each(|id| arguments.want(id));
        !self.wants.is_empty()
    }

    fn one_round(
        &mut self,
        _state: &mut negotiate::one_round::State,
        _arguments: &mut Arguments,
        _previous: Option<&Response>,
    ) -> gix::Result<(negotiate::Round, bool)> {
        let round = negotiate::Round {
            haves_sent: 0,
            in_vain: 0,
            haves_to_send: 0,
            previous_response_had_at_least_one_in_common: false,
        };
        Ok((round, true))
    }
}
