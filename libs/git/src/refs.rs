//! The references that a server offers.

use gix::protocol::handshake::Ref;
use gix_transport::Service;
use gix_transport::client::Capabilities;

use crate::remote::Connection;
use crate::{Cancel, GitError, Hash, Remote, TransportError};

/// One reference of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteRef {
    /// The full name, such as `refs/heads/main`.
    pub name: String,
    /// The object that it points to: a commit, or the tag object of an annotated tag.
    pub target: Hash,
    /// The commit behind an annotated tag.
    pub peeled: Option<Hash>,
}

impl RemoteRef {
    /// Returns the commit, whatever stands in between.
    pub fn commit(&self) -> &Hash {
        self.peeled.as_ref().unwrap_or(&self.target)
    }
}

/// Lists what the server offers, in one request.
///
/// # Errors
/// The server cannot be reached, refuses, or has nothing.
pub fn list(remote: &Remote, cancel: &Cancel) -> Result<Vec<RemoteRef>, GitError> {
    let mut connection = remote.connect(cancel)?;
    match Advertised::read(&mut connection, cancel) {
        Ok(advertised) => Ok(advertised.refs),
        Err(cause) => Err(GitError::List { url: remote.shown(), cause }),
    }
}

/// What a server says of itself, before anything is asked for.
pub(crate) struct Advertised {
    pub(crate) refs: Vec<RemoteRef>,
    pub(crate) handshake: gix::protocol::Handshake,
}

impl Advertised {
    pub(crate) fn read(
        connection: &mut Connection,
        cancel: &Cancel,
    ) -> Result<Self, TransportError> {
        cancel.remaining()?;
        let failed = |error: gix::Error, connection: &Connection| {
            connection.failure.take().unwrap_or_else(|| garbage(&error))
        };
        let mut progress = gix::progress::Discard;
        let refuse =
            |_| Err(gix::error::ErrorExt::raise(gix::error::message("no credential helper")));
        let answered = gix::protocol::handshake(
            &mut connection.transport,
            Service::UploadPack,
            refuse,
            Vec::new(),
            &mut progress,
        );
        let mut handshake = answered.map_err(|error| failed(error, connection))?;
        let listed = match handshake.refs.take() {
            Some(refs) => refs,
            None => ls_refs(&handshake.capabilities, connection)
                .map_err(|error| failed(error, connection))?,
        };
        let refs: Vec<_> = listed.into_iter().filter_map(known).collect();
        if refs.is_empty() {
            return Err(TransportError::Empty);
        }
        Ok(Self { refs, handshake })
    }
}

/// Asks for the references of a server that speaks version 2 only.
fn ls_refs(capabilities: &Capabilities, connection: &mut Connection) -> gix::Result<Vec<Ref>> {
    let agent = ("agent", Some(crate::fetch::AGENT.to_owned()));
    gix::protocol::LsRefsCommand::new(None, capabilities, agent).invoke_blocking(
        &mut connection.transport,
        &mut gix::progress::Discard,
        false,
    )
}

/// What is no Git protocol, in go-git's words.
fn garbage(_error: &gix::Error) -> TransportError {
    TransportError::Protocol("invalid pkt-len found".to_owned())
}

fn known(listed: Ref) -> Option<RemoteRef> {
    let (name, target, peeled) = match listed {
        Ref::Peeled { full_ref_name, tag, object } => (full_ref_name, tag, Some(object)),
        Ref::Direct { full_ref_name, object } => (full_ref_name, object, None),
        Ref::Symbolic { full_ref_name, tag: Some(tag), object, .. } => {
            (full_ref_name, tag, Some(object))
        }
        Ref::Symbolic { full_ref_name, tag: None, object, .. } => (full_ref_name, object, None),
        Ref::Unborn { .. } => return None,
    };
    Some(RemoteRef {
        name: name.to_string(),
        target: Hash::new(&target),
        peeled: peeled.map(|id| Hash::new(&id)),
    })
}
