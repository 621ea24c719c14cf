//! Bodies into objects: content types, field validation, kinds that do not fit.

use serde_json::Value;

use crate::document::{self, Document, Node};
use crate::protobuf;
use crate::registry::{Decoded, ResourceInfo};
use crate::request::{FieldValidation, Request};
use crate::status::{FieldError, Status};

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyFormat {
    Json,
    Yaml,
    Protobuf,
}

impl BodyFormat {
    /// Reads the Content-Type of a create or update; none means JSON.
    pub(crate) fn of(request: &Request) -> Result<Self, Status> {
        let header = request.header(http::header::CONTENT_TYPE).unwrap_or_default();
        let media_type = header.split(';').next().unwrap_or_default().trim();
        match media_type.to_ascii_lowercase().as_str() {
            "" | "application/json" => Ok(Self::Json),
            "application/yaml" => Ok(Self::Yaml),
            "application/vnd.kubernetes.protobuf" => Ok(Self::Protobuf),
            _ => Err(unsupported_media_type(&[
                "application/json",
                "application/yaml",
                "application/vnd.kubernetes.protobuf",
            ])),
        }
    }
}

/// 415 with the types that would be accepted.
pub(crate) fn unsupported_media_type(accepted: &[&str]) -> Status {
    let message = format!(
        "the body of the request was in an unknown format - accepted media types include: {}",
        accepted.join(", ")
    );
    Status::new(415, "UnsupportedMediaType", message)
}

/// Reads a body as a tree.
pub(crate) fn document(format: BodyFormat, body: &[u8]) -> Result<Document, String> {
    match format {
        BodyFormat::Json => document::parse(body),
        BodyFormat::Yaml => {
            let text = String::from_utf8_lossy(body);
            let value = flux_yaml::from_str(&text).map_err(|error| error.to_string())?;
            Ok(Document::from(&value))
        }
        BodyFormat::Protobuf => protobuf::parse(body).map(|value| Document::from(&value)),
    }
}

/// An object that was read from a body, with texts for warnings.
pub(crate) struct Body {
    pub(crate) object: Value,
    pub(crate) warnings: Vec<String>,
}

/// Reads the body of a create or update of `info`.
pub(crate) fn object(
    request: &Request,
    info: &ResourceInfo,
    validation: FieldValidation,
) -> Result<Body, Status> {
    let format = BodyFormat::of(request)?;
    let unrecognized = |why: String| {
        let summary = summary(&request.body);
        Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): {why} ({summary})",
            info.kind
        ))
    };
    let document = document(format, &request.body).map_err(|error| match format {
        BodyFormat::Protobuf => Status::bad_request(error),
        BodyFormat::Json | BodyFormat::Yaml => {
            unrecognized(format!("couldn't get version/kind; json parse error: {error}"))
        }
    })?;
    match document.root() {
        Node::Object(_) | Node::Null => {}
        other => return Err(unrecognized(no_type(other))),
    }
    let kind = document.root().get("kind").and_then(Node::as_str).unwrap_or_default();
    if info.is_custom && kind.is_empty() {
        let text = String::from_utf8_lossy(&request.body);
        return Err(unrecognized(format!("Object 'Kind' is missing in '{text}'")));
    }
    from_document(info, document, validation)
}

/// Tells that a body is nothing that could have a type.
fn no_type(root: &Node) -> String {
    format!(
        "couldn't get version/kind; json parse error: json: cannot unmarshal {} into Go value of \
         type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \
         \"json:\\\"kind,omitempty\\\"\" }}",
        root.type_name()
    )
}

/// Returns the beginning of a body: as it is if it looks like an object, else in hexadecimal digits.
fn summary(body: &[u8]) -> String {
    const MOST: usize = 30;
    let start = body.get(..MOST).unwrap_or(body);
    let more = if body.len() > MOST { " ..." } else { "" };
    let shown = match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => String::from_utf8_lossy(start).into_owned(),
        Some(_) => start.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    format!("{shown}{more}")
}

/// Turns a tree into an object of `info`.
pub(crate) fn from_document(
    info: &ResourceInfo,
    document: Document,
    validation: FieldValidation,
) -> Result<Body, Status> {
    let decoded = decoded(info, document, Source::Text).map_err(|error| {
        let mut status = error.of_body(info);
        if validation != FieldValidation::Warn {
            status.warnings.clear();
        }
        status
    })?;
    accept(decoded, validation).map_err(|error| error.of_body(info))
}

/// What was done to an object before it is read again.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Source {
    /// It is a text.
    Text,
    /// Maps were merged into it.
    Maps,
}

/// Turns the outcome of a patch into an object of `info`, with what the patch itself was blamed for.
pub(crate) fn from_patched(
    info: &ResourceInfo,
    (patched, source): (&Value, Source),
    blamed: Vec<String>,
    validation: FieldValidation,
) -> Result<Body, DecodeError> {
    let mut decoded = decoded(info, Document::from(patched), source)?;
    decoded.strict_errors.splice(0..0, blamed);
    accept(decoded, validation)
}

fn accept(decoded: Decoded, validation: FieldValidation) -> Result<Body, DecodeError> {
    let Decoded { object, strict_errors } = decoded;
    let warnings = match validation {
        FieldValidation::Strict if !strict_errors.is_empty() => {
            let text = strict_errors.join(", ");
            return Err(DecodeError::Content(format!("strict decoding error: {text}")));
        }
        FieldValidation::Warn => strict_errors,
        FieldValidation::Ignore | FieldValidation::Strict => Vec::new(),
    };
    Ok(Body { object, warnings })
}

/// Why a tree is no object of a kind.
pub(crate) enum DecodeError {
    /// It is of this other kind, for this reason.
    Kind { found: String, why: String },
    /// It is no custom resource of the version, which is refused like this.
    Custom(Status),
    /// Something in it does not fit.
    Content(String),
}

impl DecodeError {
    /// 400 with the text for a body that a client sent.
    fn of_body(self, info: &ResourceInfo) -> Status {
        let ResourceInfo { kind, version, .. } = info;
        Status::bad_request(match self {
            Self::Kind { found, why } => format!("{found} cannot be handled as a {kind}: {why}"),
            Self::Custom(status) => return status,
            Self::Content(why) => {
                format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {why}")
            }
        })
    }

    /// 422 that quotes what a patch came to.
    pub(crate) fn of_patched(self, patched: &str) -> Status {
        let why = match self {
            Self::Custom(status) if status.code == 422 => return status,
            Self::Custom(status) => status.message,
            Self::Kind { why, .. } | Self::Content(why) => why,
        };
        let error = FieldError::invalid("patch", patched, &why);
        Status::invalid("", "", "", &error.into())
    }
}

fn decoded(
    info: &ResourceInfo,
    document: Document,
    source: Source,
) -> Result<Decoded, DecodeError> {
    check_kind(info, &document)?;
    let resets_managers = resets_managers(document.root());
    let decoded = match source {
        Source::Text => info.strategy.decode(document),
        Source::Maps => info.strategy.decode_merged(document),
    };
    let mut decoded = decoded.map_err(DecodeError::Content)?;
    if resets_managers {
        let metadata = crate::meta::of(&mut decoded.object);
        metadata.insert("managedFields".into(), Value::Array(Vec::new()));
    }
    let map = crate::meta::map(&mut decoded.object);
    map.insert("kind".into(), info.kind.as_str().into());
    map.insert("apiVersion".into(), info.api_version().into());
    Ok(decoded)
}

/// Tells whether `managedFields` is a list without content, which a typed decoder would drop.
fn resets_managers(root: &Node) -> bool {
    match root.get("metadata").and_then(|metadata| metadata.get("managedFields")) {
        Some(Node::Array(entries)) => match entries.as_slice() {
            [] => true,
            [Node::Object(fields)] => fields.is_empty(),
            _ => false,
        },
        _ => false,
    }
}

/// Refuses a body whose type is another one than the path's. A missing type is the path's.
fn check_kind(info: &ResourceInfo, document: &Document) -> Result<(), DecodeError> {
    let root = document.root();
    let text = |key| root.get(key).and_then(Node::as_str).unwrap_or_default();
    let (kind, api_version) = (text("kind"), text("apiVersion"));
    if info.is_custom {
        return check_custom_kind(info, document, (kind, api_version));
    }
    let kind = if kind.is_empty() { &info.kind } else { kind };
    let own_version = info.api_version();
    let api_version = if api_version.is_empty() { &own_version } else { api_version };
    if kind == info.kind && api_version == own_version {
        return Ok(());
    }
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    let found = format!("{kind} in version \"{version}\"");
    let why = match flux_schema::resources::all()
        .iter()
        .find(|one| one.kind.kind == kind && one.kind.group == group && one.kind.version == version)
    {
        // The original reads it as what it says it is, and only then turns it into what it should be.
        Some(one) => match flux_schema::openapi::name_of(&one.kind)
            .map(|definition| crate::builtin::decode_as(definition, document))
        {
            Some(Err(why)) => why,
            _ => format!(
                "converting ({version}.{kind}) to ({}.{}): unknown conversion",
                internal_package(&info.group),
                info.kind
            ),
        },
        None => format!(
            "no kind \"{kind}\" is registered for version \"{api_version}\" in scheme \
             \"pkg/runtime/scheme.go:111\""
        ),
    };
    Err(DecodeError::Kind { found, why })
}

/// Returns the name of Go's package of internal types.
fn internal_package(group: &str) -> &str {
    match group {
        "" => "core",
        group => group.split('.').next().unwrap_or(group),
    }
}

fn check_custom_kind(
    info: &ResourceInfo,
    document: &Document,
    (kind, api_version): (&str, &str),
) -> Result<(), DecodeError> {
    let own_version = info.api_version();
    if api_version != own_version {
        let why = format!(
            "the API version in the data ({api_version}) does not match the expected API version \
             ({own_version})"
        );
        let mut status = Status::bad_request(why);
        status.warnings = info.strategy.foreign_warnings(document);
        return Err(DecodeError::Custom(status));
    }
    if kind != info.kind {
        let name = document.root().get("metadata").and_then(|metadata| metadata.get("name"));
        let name = name.and_then(Node::as_str).unwrap_or_default();
        let error = FieldError::invalid("kind", kind, &format!("must be {}", info.kind));
        return Err(DecodeError::Custom(Status::invalid(&info.group, kind, name, &error.into())));
    }
    Ok(())
}
