//! The way of a request: who asks, may he, what does the path name, do it.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use serde_json::{Value, json};

use crate::admission::Calls;
use crate::authn::{User, openid};
use crate::authz::{self, Attributes};
use crate::body::Body;
use crate::discovery;
use crate::health;
use crate::openapi;
use crate::random::Random;
use crate::read;
use crate::registry::{ResourceInfo, Resources, SubresourceBehaviour, Verb};
use crate::request::{Accept, Query, Request, Target, TargetKind};
use crate::respond::Answer;
use crate::selector::FieldSelector;
use crate::server::Core;
use crate::service::ClientCertificate;
use crate::status::Status;
use crate::write;

/// Answers a request.
pub(crate) async fn respond(core: Arc<Core>, parts: Parts, body: Bytes) -> http::Response<Body> {
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let target = Target::parse(&parts.method, parts.uri.path(), &query);
    let accept = parts.headers.get(http::header::ACCEPT).and_then(|value| value.to_str().ok());
    let encoding = Accept::encoding_only(accept);
    let user = match authorize(&core, &parts, &target, &query) {
        Ok(user) => user,
        Err(status) => return Answer::status(&status).encoded(encoding).into_response(),
    };
    let Parts { method, headers, .. } = parts;
    let (calls, random) = (Calls::default(), Random::from_seed(0));
    let request = Request { method, target, query, headers, body, user, calls, random };
    match route(core, request).await {
        Ok(answer) => answer.into_response(),
        Err(status) => Answer::status(&status).encoded(encoding).into_response(),
    }
}

/// Returns who asks, after impersonation, if he may do what he asks for.
fn authorize(
    core: &Core,
    parts: &Parts,
    target: &Target,
    query: &Query,
) -> Result<Arc<User>, Status> {
    let certificate = parts.extensions.get::<ClientCertificate>();
    let user = core.authenticator.authenticate(
        &parts.headers,
        certificate.map(|certificate| certificate.0.as_ref()),
        |token| core.account_of(token),
    )?;
    let fields = FieldSelector::parse(query.text("fieldSelector")).unwrap_or_default();
    let wanted = Attributes::of(target, fields.exact("metadata.name"));
    let user = authz::impersonate(core, &parts.headers, user, &wanted)?;
    let decision = core.authorizer.authorize(&core.store, &user, &wanted);
    match decision.allowed {
        true => Ok(user),
        false => Err(wanted.forbidden(&user, &decision.reason)),
    }
}

async fn route(core: Arc<Core>, request: Request) -> Result<Answer, Status> {
    if request.target.kind == TargetKind::Other {
        return other(&core, &request);
    }
    let info = match find(&core, &request.target) {
        Ok(info) => info,
        Err(answer) => return answer,
    };
    resource(core, request, info).await
}

/// Answers paths that name no resource.
fn other(core: &Core, request: &Request) -> Result<Answer, Status> {
    let path = request.target.path.as_str();
    let resources = core.registry.resources();
    let answer = match path.trim_end_matches('/') {
        "" => Some(Ok(Answer::value(200, paths(&resources)))),
        "/version" => Some(Ok(Answer::value(200, health::version()))),
        _ => health::check(path, &request.query)
            .or_else(|| openid::answer(core, request, path))
            .map(Ok)
            .or_else(|| {
                let asked = (&request.headers, &request.query);
                openapi::answer(&core.documents, &resources, asked, path)
            })
            .or_else(|| discovery::answer(&resources, &request.headers, path)),
    };
    match answer {
        None if is_below_built_in(path) => Err(Status::no_such_resource()),
        None => Ok(Answer::text(404, "404 page not found\n")),
        Some(_) if !matches!(request.method.as_str(), "GET") => Err(Status::method_not_allowed()),
        Some(answer) => answer,
    }
}

/// Tells whether a group has a server of its own, which knows what it lacks.
fn is_built_in(group: &str) -> bool {
    flux_schema::resources::all().iter().any(|resource| resource.kind.group == group)
}

/// Tells whether a path is one of a group that is built in.
fn is_below_built_in(path: &str) -> bool {
    let mut parts = path.trim_start_matches('/').split('/');
    match (parts.next(), parts.next()) {
        (Some("api"), Some(_)) => true,
        (Some("apis"), Some(group)) => !group.is_empty() && is_built_in(group),
        _ => false,
    }
}

/// Lists the paths that there are.
fn paths(resources: &Resources) -> Value {
    let mut paths: Vec<String> = ["/.well-known/openid-configuration", "/api", "/api/v1", "/apis"]
        .iter()
        .map(|path| (*path).to_owned())
        .collect();
    for group in discovery::groups(resources).iter().filter(|group| !group.name.is_empty()) {
        paths.push(format!("/apis/{}", group.name));
        paths.extend(group.versions.iter().map(|one| format!("/apis/{}/{}", group.name, one.name)));
    }
    let rest = [
        "/healthz",
        "/livez",
        "/openapi/v2",
        "/openapi/v3",
        "/openid/v1/jwks",
        "/readyz",
        "/version",
    ];
    paths.extend(rest.iter().map(|path| (*path).to_owned()));
    json!({"paths": paths})
}

/// Finds the resource of a path, or the answer for paths that name none.
fn find(core: &Core, target: &Target) -> Result<Arc<ResourceInfo>, Result<Answer, Status>> {
    let resources = core.registry.resources();
    let Some(info) = resources.get(&target.group, &target.version, &target.resource) else {
        if is_built_in(&target.group) {
            return Err(Err(Status::no_such_resource()));
        }
        return Err(Ok(Answer::text(404, "404 page not found\n")));
    };
    let inside = !target.object_namespace().is_empty();
    if inside && !info.is_namespaced() {
        return Err(Ok(Answer::text(404, "404 page not found\n")));
    }
    Ok(info.clone())
}

async fn resource(
    core: Arc<Core>,
    request: Request,
    info: Arc<ResourceInfo>,
) -> Result<Answer, Status> {
    let target = &request.target;
    let verb = match target.verb {
        "create" => Verb::Create,
        "delete" => Verb::Delete,
        "deletecollection" => Verb::DeleteCollection,
        "get" => Verb::Get,
        "list" => Verb::List,
        "patch" => Verb::Patch,
        "update" => Verb::Update,
        "watch" => Verb::Watch,
        _ => return Err(Status::method_not_allowed()),
    };
    check_method(&info, target, verb)?;
    if let Some(sub) = info.subresource(&request.target.subresource).cloned() {
        match (&sub.behaviour, verb) {
            (SubresourceBehaviour::Token, Verb::Create) => {
                return write::request_token(&core, &request, &info);
            }
            (SubresourceBehaviour::Refused(why), _) => {
                return Err(Status::new(501, "NotImplemented", why.clone()));
            }
            (_, verb) if !sub.verbs.contains(&verb) => {
                // Paths of custom resources take every method and refuse it later.
                return Err(match info.is_custom {
                    true => Status::method_not_supported(info.group_resource(), verb.as_str()),
                    false => Status::method_not_allowed(),
                });
            }
            _ => {}
        }
    } else if !request.target.subresource.is_empty() {
        return Err(Status::no_such_resource());
    }
    // Warned is who was let through, whatever comes of the request.
    let warning = info.deprecation_warning.clone();
    let answer = match verb {
        Verb::Get => read::get(&core, &request, &info).await,
        Verb::List => read::list(&core, &request, &info).await,
        Verb::Watch => read::watch(core, &request, info).await,
        Verb::Create | Verb::Update | Verb::Patch | Verb::Delete | Verb::DeleteCollection => {
            written(&core, &request, &info, verb).await
        }
    };
    let answer = answer.or_else(|status| match warning {
        Some(_) => Ok(Answer::status(&status)),
        None => Err(status),
    })?;
    Ok(answer.first_warning(warning))
}

/// Answers a write. What a webhook has to say first is asked while nothing is held; then the write
/// begins anew.
async fn written(
    core: &Core,
    request: &Request,
    info: &ResourceInfo,
    verb: Verb,
) -> Result<Answer, Status> {
    let seed = core.random.next_u64();
    loop {
        request.random.rewind(seed);
        let answer = match verb {
            Verb::Create => write::create(core, request, info),
            Verb::Update => write::update(core, request, info),
            Verb::Patch => write::patch(core, request, info),
            Verb::DeleteCollection => write::delete_collection(core, request, info),
            _ => write::delete(core, request, info),
        };
        if !request.calls.make().await {
            return answer;
        }
    }
}

/// Refuses methods that a path does not have.
fn check_method(info: &ResourceInfo, target: &Target, verb: Verb) -> Result<(), Status> {
    let named = !target.name.is_empty();
    let fits = match verb {
        Verb::Create => !named || !target.subresource.is_empty(),
        Verb::Update | Verb::Patch => named,
        _ => true,
    };
    let everywhere = info.is_namespaced() && target.object_namespace().is_empty();
    if everywhere && named {
        return Err(Status::no_such_resource());
    }
    let needs_namespace = !matches!(verb, Verb::List | Verb::Watch);
    if !fits || everywhere && needs_namespace {
        return Err(Status::method_not_allowed());
    }
    if target.subresource.is_empty() && !info.verbs.contains(&verb) {
        return Err(Status::method_not_allowed());
    }
    Ok(())
}
