//! The registry's side of the protocol.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{Access, Fault, Manifest, State, digest};
use crate::http::{Answer, Request, pairs};

/// What a path stands for.
enum Place {
    Root,
    Manifest(String, String),
    Blob(String, String),
    Upload(String, String),
    Tags(String),
    Referrers(String, String),
}

fn place(path: &str) -> Option<Place> {
    let rest = path.strip_prefix("/v2/")?;
    if rest.is_empty() {
        return Some(Place::Root);
    }
    if let Some(name) = rest.strip_suffix("/tags/list") {
        return Some(Place::Tags(name.to_owned()));
    }
    let (before, last) = rest.rsplit_once('/')?;
    let last = last.to_owned();
    if let Some(name) = before.strip_suffix("/blobs/uploads") {
        return Some(Place::Upload(name.to_owned(), last));
    }
    let (name, kind) = before.rsplit_once('/')?;
    let name = name.to_owned();
    match kind {
        "manifests" => Some(Place::Manifest(name, last)),
        "blobs" => Some(Place::Blob(name, last)),
        "referrers" => Some(Place::Referrers(name, last)),
        _ => None,
    }
}

fn problem(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "errors": [{ "code": code, "message": message }] }))
}

impl State {
    pub(super) fn respond(&mut self, request: &Request) -> Option<Answer> {
        let path = request.uri.path().to_owned();
        self.requests.push(format!("{} {path}", request.method));
        let fault = self.fault(request.method.as_str(), &path);
        match &fault {
            Some(Fault::Silence) => return None,
            Some(Fault::Status(status, pause)) => {
                let answer = problem(*status, "UNAVAILABLE", "come back later");
                return Some(match pause {
                    Some(seconds) => answer.with("retry-after", seconds.to_string()),
                    None => answer,
                });
            }
            _ => {}
        }
        if path == "/token" {
            return Some(self.token(request));
        }
        let Some(place) = place(&path) else { return Some(Answer::text(404, "not found")) };
        if let Some(refusal) = self.refusal(request, &place) {
            return Some(refusal);
        }
        let mut answer = self.answer(request, place, fault.as_ref());
        match fault {
            Some(Fault::CutAfter(limit)) => answer.cut_after = Some(limit),
            Some(Fault::Lie) => answer.body = Bytes::from(vec![b'x'; answer.body.len()]),
            _ => {}
        }
        Some(answer)
    }

    fn fault(&mut self, method: &str, path: &str) -> Option<Fault> {
        let plan = self.faults.iter_mut().find(|plan| {
            plan.left > 0 && plan.method == method && path.contains(plan.part.as_str())
        })?;
        plan.left -= 1;
        Some(plan.fault.clone())
    }

    /// Refuses who is not let in.
    fn refusal(&self, request: &Request, place: &Place) -> Option<Answer> {
        let given = request.header("authorization");
        let refused = || problem(401, "UNAUTHORIZED", "authentication required");
        match &self.access {
            Access::Open => None,
            Access::Basic(username, password) => {
                let wanted = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
                (given != wanted)
                    .then(|| refused().with("www-authenticate", "Basic realm=\"registry\""))
            }
            Access::Token { .. } | Access::AnonymousToken => {
                let name = match place {
                    Place::Root => "",
                    Place::Manifest(name, _)
                    | Place::Blob(name, _)
                    | Place::Upload(name, _)
                    | Place::Referrers(name, _)
                    | Place::Tags(name) => name,
                };
                let is_read = matches!(request.method, Method::GET | Method::HEAD);
                let actions = if is_read { "pull" } else { "push,pull" };
                let scope = format!("repository:{name}:{actions}");
                let granted = given.strip_prefix("Bearer ").and_then(|it| self.tokens.get(it));
                let is_granted = granted.is_some_and(|granted| {
                    let mut scopes = granted.split(' ');
                    scopes.any(|it| it == scope || it == format!("repository:{name}:push,pull"))
                });
                (!is_granted).then(|| {
                    let challenge = format!(
                        "Bearer realm=\"{}\",service=\"test\",scope=\"{scope}\"",
                        self.realm
                    );
                    refused().with("www-authenticate", challenge)
                })
            }
        }
    }

    /// Gives out a token.
    fn token(&mut self, request: &Request) -> Answer {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let form = pairs(&body);
        let field =
            |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let scopes = match request.method {
            Method::POST => field("scope").unwrap_or_default(),
            _ => {
                let scopes = request.parameters().into_iter().filter(|(key, _)| key == "scope");
                scopes.map(|(_, value)| value).collect::<Vec<_>>().join(" ")
            }
        };
        let is_known = match &self.access {
            Access::Token { username, password, refresh } => {
                let basic = STANDARD.encode(format!("{username}:{password}"));
                request.header("authorization") == format!("Basic {basic}")
                    || (field("grant_type").as_deref() == Some("refresh_token")
                        && field("refresh_token").as_ref() == Some(refresh))
            }
            Access::AnonymousToken => !scopes.contains("push"),
            Access::Open | Access::Basic(..) => false,
        };
        if !is_known {
            return problem(401, "UNAUTHORIZED", "unauthorized: incorrect username or password");
        }
        self.counter += 1;
        let token = format!("token-{}", self.counter);
        self.tokens.insert(token.clone(), scopes);
        Answer::json(200, &json!({ "token": token, "expires_in": 60 }))
    }

    fn answer(&mut self, request: &Request, place: Place, fault: Option<&Fault>) -> Answer {
        match place {
            Place::Root => Answer::json(200, &json!({})),
            Place::Tags(name) => self.tags(&name, request),
            Place::Referrers(name, digest) => self.referrers(&name, &digest, request),
            Place::Manifest(name, version) => match request.method {
                Method::PUT => self.put(&name, &version, request),
                Method::DELETE => self.delete(&name, &version),
                _ => self.get(&name, &version),
            },
            Place::Blob(name, digest) => self.blob(&name, &digest, request),
            Place::Upload(name, id) => self.upload(&name, &id, (request, fault)),
        }
    }

    fn get(&self, name: &str, version: &str) -> Answer {
        let Some(repository) = self.repositories.get(name) else {
            return problem(404, "NAME_UNKNOWN", "name unknown");
        };
        let digest = repository.tags.get(version).map_or(version, String::as_str);
        match repository.manifests.get(digest) {
            Some(manifest) => Answer::bytes(200, &manifest.media_type, manifest.bytes.clone())
                .with("docker-content-digest", digest),
            None => problem(404, "MANIFEST_UNKNOWN", "manifest unknown"),
        }
    }

    fn put(&mut self, name: &str, version: &str, request: &Request) -> Answer {
        let digest = digest(&request.body);
        let repository = self.repositories.entry(name.to_owned()).or_default();
        let value: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let blobs = value["layers"].as_array().into_iter().flatten().chain([&value["config"]]);
        let missing = blobs
            .filter_map(|blob| blob["digest"].as_str())
            .find(|digest| !repository.blobs.contains_key(*digest));
        if missing.is_some() {
            return problem(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry");
        }
        let media_type = request.header("content-type").to_owned();
        let manifest = Manifest { media_type, bytes: request.body.clone() };
        repository.manifests.insert(digest.clone(), manifest);
        if !version.contains(':') {
            repository.tags.insert(version.to_owned(), digest.clone());
        } else if version != digest {
            return problem(400, "DIGEST_INVALID", "provided digest did not match");
        }
        Answer::text(201, "")
            .with("location", format!("/v2/{name}/manifests/{digest}"))
            .with("docker-content-digest", digest)
    }

    fn delete(&mut self, name: &str, version: &str) -> Answer {
        let Some(repository) = self.repositories.get_mut(name) else {
            return problem(404, "NAME_UNKNOWN", "name unknown");
        };
        let was_there = repository.tags.remove(version).is_some()
            || repository.manifests.remove(version).is_some();
        repository.tags.retain(|_, digest| *digest != version);
        if was_there {
            Answer::text(202, "")
        } else {
            problem(404, "MANIFEST_UNKNOWN", "manifest unknown")
        }
    }

    fn blob(&self, name: &str, digest: &str, request: &Request) -> Answer {
        let blob = self.repositories.get(name).and_then(|it| it.blobs.get(digest));
        let Some(blob) = blob else { return problem(404, "BLOB_UNKNOWN", "blob unknown") };
        let range = request.header("range").strip_prefix("bytes=");
        let from = range.and_then(|range| range.strip_suffix('-'));
        let from = from.and_then(|from| from.parse::<usize>().ok());
        let answer = match from {
            Some(from) if from < blob.len() => {
                let last = blob.len() - 1;
                Answer::bytes(206, "application/octet-stream", blob.slice(from..))
                    .with("content-range", format!("bytes {from}-{last}/{}", blob.len()))
            }
            _ => Answer::bytes(200, "application/octet-stream", blob.clone()),
        };
        answer.with("docker-content-digest", digest)
    }

    fn upload(&mut self, name: &str, id: &str, at: (&Request, Option<&Fault>)) -> Answer {
        let (request, fault) = at;
        if request.method == Method::POST && id.is_empty() {
            self.counter += 1;
            let id = format!("upload-{}", self.counter);
            self.uploads.insert(id.clone(), Vec::new());
            return Answer::text(202, "")
                .with("location", format!("/v2/{name}/blobs/uploads/{id}"));
        }
        let Some(upload) = self.uploads.get_mut(id) else {
            return problem(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
        };
        let here = format!("/v2/{name}/blobs/uploads/{id}");
        match request.method {
            Method::PATCH => {
                let range = request.header("content-range");
                let from = range.split_once('-').and_then(|(from, _)| from.parse::<usize>().ok());
                if from.is_some_and(|from| from != upload.len()) {
                    return problem(416, "RANGE_INVALID", "invalid content range");
                }
                if let Some(Fault::LoseUpload(count)) = fault {
                    upload.extend(request.body.iter().take(*count));
                    return problem(500, "UNKNOWN", "lost");
                }
                upload.extend_from_slice(&request.body);
                let last = upload.len().saturating_sub(1);
                Answer::text(202, "").with("location", here).with("range", format!("0-{last}"))
            }
            Method::PUT => {
                upload.extend_from_slice(&request.body);
                let bytes = Bytes::from(std::mem::take(upload));
                let wanted = request.parameter("digest").unwrap_or_default();
                if digest(&bytes) != wanted {
                    return problem(400, "DIGEST_INVALID", "provided digest did not match");
                }
                self.uploads.remove(id);
                let repository = self.repositories.entry(name.to_owned()).or_default();
                repository.blobs.insert(wanted.clone(), bytes);
                Answer::text(201, "").with("location", format!("/v2/{name}/blobs/{wanted}"))
            }
            _ => {
                let last = upload.len().saturating_sub(1);
                let answer = Answer::text(204, "").with("location", here);
                if upload.is_empty() { answer } else { answer.with("range", format!("0-{last}")) }
            }
        }
    }

    fn tags(&self, name: &str, request: &Request) -> Answer {
        let Some(repository) = self.repositories.get(name) else {
            return problem(404, "NAME_UNKNOWN", "repository name not known to registry");
        };
        let last = request.parameter("last").unwrap_or_default();
        let asked = request.parameter("n").and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
        let count = if self.page == 0 { asked } else { asked.min(self.page) };
        let mut tags: Vec<_> = repository.tags.keys().filter(|tag| **tag > last).collect();
        let is_more = tags.len() > count;
        tags.truncate(count);
        let answer = Answer::json(200, &json!({ "name": name, "tags": tags }));
        match tags.last() {
            Some(last) if is_more => {
                let next = format!("</v2/{name}/tags/list?last={last}&n={count}>; rel=\"next\"");
                answer.with("link", next)
            }
            _ => answer,
        }
    }

    fn referrers(&self, name: &str, digest: &str, request: &Request) -> Answer {
        if self.has_no_referrers {
            return Answer::text(404, "404 page not found");
        }
        let wanted = request.parameter("artifactType");
        let repository = self.repositories.get(name);
        let manifests = repository.into_iter().flat_map(|it| &it.manifests);
        let found: Vec<Value> = manifests
            .filter_map(|(own, manifest)| {
                let value: Value = serde_json::from_slice(&manifest.bytes).ok()?;
                (value["subject"]["digest"] == digest).then_some(())?;
                let kind = value["artifactType"].as_str().or(value["config"]["mediaType"].as_str());
                wanted.as_ref().is_none_or(|wanted| kind == Some(wanted.as_str())).then(|| {
                    json!({
                        "mediaType": manifest.media_type, "digest": own,
                        "size": manifest.bytes.len(), "artifactType": kind,
                        "annotations": value["annotations"],
                    })
                })
            })
            .collect();
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": found,
        });
        Answer::bytes(200, "application/vnd.oci.image.index.v1+json", index.to_string())
    }
}
