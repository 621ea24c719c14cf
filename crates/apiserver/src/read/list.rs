//! Lists: selectors, versions, chunks.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::continue_token::Place;
use super::{Filter, accept, go_type, partial, shown, version};
use crate::registry::ResourceInfo;
use crate::request::{Encoding, ListOptions, Request, Shape, VersionMatch};
use crate::respond::{Answer, to_json};
use crate::server::Core;
use crate::status::Status;
use crate::store::{self, Expired, Page, Stored};
use crate::table;

/// What a list shows.
pub(crate) struct Items {
    pub(crate) items: Vec<Arc<Stored>>,
    pub(crate) revision: u64,
    pub(crate) continue_token: Option<String>,
    pub(crate) remaining: Option<usize>,
}

/// Answers with a list.
pub(crate) async fn list(
    core: &Core,
    request: &Request,
    info: &ResourceInfo,
) -> Result<Answer, Status> {
    accept(request)?;
    let options = ListOptions::from_query(&request.query)?;
    let filter = Filter::parse(info, &options)?;
    let items = select(core, request, info, (&options, &filter)).await?;
    list_answer(core, request, info, &items)
}

async fn select(
    core: &Core,
    request: &Request,
    info: &ResourceInfo,
    (options, filter): (&ListOptions, &Filter),
) -> Result<Items, Status> {
    let prefix = store::prefix(request.target.object_namespace());
    let wanted = version::parse_list(&options.resource_version)?;
    let limit = options.limit.and_then(|limit| usize::try_from(limit).ok());
    if options.continue_token.is_empty() {
        version::wait(core, wanted).await?;
        let exact = match options.version_match {
            Some(found) => found == VersionMatch::Exact,
            None => limit.is_some() && wanted > 0,
        };
        let page = match exact {
            true => core.store.page_at(&info.storage, &prefix, wanted).map_err(|_| {
                Status::expired("The resourceVersion for the provided list is too old.")
            })?,
            false => core.store.page(&info.storage, &prefix),
        };
        return Ok(chunk(info, filter, page, Chunk { prefix: &prefix, after: None, limit }));
    }
    if !options.resource_version.is_empty() && options.resource_version != "0" {
        let text = "specifying resource version is not allowed when using continue";
        return Err(Status::bad_request(text));
    }
    let place = Place::parse(&options.continue_token)?;
    let page = match place.revision {
        None => core.store.page(&info.storage, &prefix),
        Some(revision) => core
            .store
            .page_at(&info.storage, &prefix, revision)
            .map_err(|_: Expired| too_old(&place))?,
    };
    let after = Some(format!("{prefix}{}", place.after));
    Ok(chunk(info, filter, page, Chunk { prefix: &prefix, after, limit }))
}

fn too_old(place: &Place) -> Status {
    let mut status = Status::expired(
        "The provided continue parameter is too old to display a consistent list result. You can \
         start a new list without the continue parameter, or use the continue token in this \
         response to retrieve the remainder of the results. Continuing with the provided token \
         results in an inconsistent list - objects that were created, modified, or deleted \
         between the time the first chunk was returned and now may show up in the list.",
    );
    let on = Place { revision: None, after: place.after.clone() };
    status.continue_token = Some(on.to_token());
    status
}

struct Chunk<'a> {
    prefix: &'a str,
    after: Option<String>,
    limit: Option<usize>,
}

fn chunk(info: &ResourceInfo, filter: &Filter, page: Page, chunk: Chunk<'_>) -> Items {
    let Page { mut items, revision } = page;
    if let Some(after) = &chunk.after {
        let from = items.partition_point(|stored| *stored.key <= **after);
        items.drain(..from);
    }
    let total = items.len();
    let limit = chunk.limit.unwrap_or(usize::MAX);
    let mut seen = 0;
    let mut chosen: Vec<Arc<Stored>> = Vec::new();
    for stored in items {
        if chosen.len() == limit {
            break;
        }
        seen += 1;
        if filter.matches(info, &stored) {
            chosen.push(stored);
        }
    }
    let left = total - seen;
    let last = chosen.last().filter(|_| left > 0);
    let continue_token = last.map(|stored| {
        let after = stored.key.strip_prefix(chunk.prefix).unwrap_or(&stored.key).to_owned();
        Place { revision: Some(revision), after }.to_token()
    });
    let remaining = (left > 0 && filter.is_empty()).then_some(left);
    Items { items: chosen, revision, continue_token, remaining }
}

/// Makes a list of what was chosen, in the form that the client asked for.
pub(crate) fn list_answer(
    core: &Core,
    request: &Request,
    info: &ResourceInfo,
    items: &Items,
) -> Result<Answer, Status> {
    let accept = accept(request)?;
    let value = match &accept.shape {
        Shape::Whole if accept.encoding == Encoding::Json => {
            return Ok(Answer::json(200, whole(info, items).into()));
        }
        Shape::Whole => serde_json::from_slice(&whole(info, items)).unwrap_or_default(),
        Shape::Partial { list: false, .. } => {
            return Err(Status::new(
                406,
                "NotAcceptable",
                format!(
                    "you requested PartialObjectMetadata, but the requested object is a list ({})",
                    go_type(info, &info.list_kind)
                ),
            ));
        }
        Shape::Partial { version, list: true } => {
            let objects = items.items.iter().map(|one| partial::object(&shown(info, one), version));
            let mut list = Map::new();
            list.insert("kind".into(), "PartialObjectMetadataList".into());
            list.insert("apiVersion".into(), format!("meta.k8s.io/{version}").into());
            list.insert("metadata".into(), Value::Object(metadata(items)));
            list.insert("items".into(), objects.collect());
            Value::Object(list)
        }
        Shape::Table(version) => {
            let options = table::Options::of(request, version)?;
            let objects: Vec<Value> = items.items.iter().map(|one| shown(info, one)).collect();
            table::of_list(info, &objects, core.now(), (&options, metadata(items)))
        }
    };
    Ok(Answer::value(200, value).encoded(accept.encoding))
}

fn metadata(items: &Items) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("resourceVersion".into(), items.revision.to_string().into());
    if let Some(token) = &items.continue_token {
        out.insert("continue".into(), token.as_str().into());
    }
    if let Some(remaining) = items.remaining {
        out.insert("remainingItemCount".into(), remaining.into());
    }
    out
}

/// Writes the list; objects that are stored as they are shown are copied as bytes.
fn whole(info: &ResourceInfo, items: &Items) -> Vec<u8> {
    let size: usize = items.items.iter().map(|stored| stored.bytes.len()).sum();
    let mut out = Vec::with_capacity(size + 256);
    let kind = Value::from(info.list_kind.as_str());
    let version = Value::from(info.api_version());
    let mut metadata = metadata(items);
    if info.is_custom {
        // Lists of custom resources always say it.
        metadata.entry("continue").or_insert_with(|| "".into());
    }
    let metadata = Value::Object(metadata);
    let head =
        format!("{{\"kind\":{kind},\"apiVersion\":{version},\"metadata\":{metadata},\"items\":[");
    out.extend_from_slice(head.as_bytes());
    for (at, stored) in items.items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_item(info, stored, &mut out);
    }
    out.extend_from_slice(b"]}");
    out
}

fn write_item(info: &ResourceInfo, stored: &Stored, out: &mut Vec<u8>) {
    match (super::is_as_stored(info, stored), info.is_custom) {
        (true, true) => out.extend_from_slice(&stored.bytes),
        (true, false) => stored.write_untyped(out),
        (false, custom) => {
            let mut object = shown(info, stored);
            if !custom && let Some(map) = object.as_object_mut() {
                map.remove("kind");
                map.remove("apiVersion");
            }
            out.extend(to_json(&object));
        }
    }
}
