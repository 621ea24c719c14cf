//! Writes: create, update, patch, delete, with everything that all kinds share.

mod apply;
mod create;
mod delete;
mod ownership;
mod patch;
mod scale;
#[cfg(test)]
mod tests;
mod token;
mod update;

pub(crate) use create::create;
pub(crate) use delete::{delete, delete_collection};
pub(crate) use patch::patch;
pub(crate) use token::request_token;
pub(crate) use update::update;

use serde_json::Value;

use crate::registry::{Context, ResourceInfo, View};
use crate::request::{Request, Shape, WriteOptions};
use crate::respond::Answer;
use crate::server::Core;
use crate::status::Status;
use crate::store::{self, Stored, Target};

/// What of an object a write is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Whole,
    Status,
    Other,
}

/// One write: where it goes and how.
pub(crate) struct Scope<'a> {
    pub(crate) core: &'a Core,
    pub(crate) request: &'a Request,
    pub(crate) info: &'a ResourceInfo,
    pub(crate) options: WriteOptions,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(
        core: &'a Core,
        request: &'a Request,
        info: &'a ResourceInfo,
        options_kind: &str,
    ) -> Result<Self, Status> {
        let options = WriteOptions::from_query(&request.query, options_kind)?;
        Ok(Self { core, request, info, options })
    }

    /// Returns the name of the field manager: the given one, or what the user agent says.
    pub(crate) fn manager(&self) -> String {
        match self.options.field_manager.as_str() {
            "" => self.request.default_manager(),
            given => given.to_owned(),
        }
    }

    pub(crate) fn namespace(&self) -> &'a str {
        self.request.target.object_namespace()
    }

    pub(crate) fn subresource(&self) -> &'a str {
        &self.request.target.subresource
    }

    pub(crate) fn part(&self) -> Part {
        match self.request.target.subresource.as_str() {
            "" | "scale" => Part::Whole,
            "status" => Part::Status,
            _ => Part::Other,
        }
    }

    pub(crate) fn key(&self) -> String {
        store::key(self.namespace(), &self.request.target.name)
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            user: &self.request.user,
            now: self.core.now(),
            resource: self.info,
            namespace: self.namespace(),
            subresource: &self.request.target.subresource,
            dry_run: self.options.dry_run,
            view: View::new(&self.core.store),
            registry: &self.core.registry,
            random: &self.request.random,
        }
    }

    pub(crate) fn target<'k>(&'k self, key: &'k str) -> Target<'k> {
        Target { collection: &self.info.storage, key, shape: self.info.shape }
    }

    pub(crate) fn not_found(&self) -> Status {
        Status::not_found(self.info.group_resource(), &self.request.target.name)
    }

    /// Fills in or checks `metadata.namespace`.
    pub(crate) fn set_namespace(&self, object: &mut Value) -> Result<(), Status> {
        let wanted = self.namespace();
        let given = crate::meta::namespace(object);
        if !self.info.is_namespaced() {
            crate::meta::of(object).remove("namespace");
            return Ok(());
        }
        if given.is_empty() {
            crate::meta::of(object).insert("namespace".into(), wanted.into());
        } else if given != wanted {
            return Err(Status::bad_request(
                "the namespace of the provided object does not match the namespace sent on the \
                 request",
            ));
        }
        Ok(())
    }

    /// Answers with an object, in the form that the client asked for.
    pub(crate) fn answer_value(&self, code: u16, object: Value) -> Result<Answer, Status> {
        crate::read::shaped(self.core, self.request, self.info, (code, object))
    }

    /// Answers with what was stored.
    pub(crate) fn answer(&self, code: u16, stored: &Stored) -> Result<Answer, Status> {
        let accept = crate::read::accept(self.request)?;
        if accept.shape != Shape::Whole {
            let object = crate::read::shown(self.info, stored);
            return crate::read::shaped(self.core, self.request, self.info, (code, object));
        }
        let bytes = crate::read::shown_bytes(self.info, stored);
        Ok(Answer::json(code, bytes).encoded(accept.encoding))
    }
}
