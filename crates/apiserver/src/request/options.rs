//! Options of reads and writes: from the query, or from the body of a DELETE.

use serde_json::Value;

use super::Query;
use crate::status::{FieldError, FieldErrors, Status};

/// What to do about fields that the kind does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    /// Drop them silently.
    Ignore,
    /// Drop them with a warning.
    #[default]
    Warn,
    /// Refuse the request.
    Strict,
}

/// Options of create, update and patch.
#[derive(Clone, Debug, Default)]
pub(crate) struct WriteOptions {
    pub(crate) dry_run: bool,
    pub(crate) field_manager: String,
    pub(crate) field_validation: FieldValidation,
    pub(crate) force: Option<bool>,
}

impl WriteOptions {
    /// Reads and checks the options; `kind` is `CreateOptions`, `UpdateOptions` or `PatchOptions`.
    pub(crate) fn from_query(query: &Query, kind: &str) -> Result<Self, Status> {
        let mut errors = FieldErrors::new();
        let mut options = Self {
            force: (kind == "PatchOptions").then(|| query.flag("force")).flatten(),
            field_manager: query.text("fieldManager").to_owned(),
            ..Self::default()
        };
        check_manager(&options.field_manager, &mut errors);
        options.dry_run = dry_run(query.all("dryRun"), &mut errors);
        match query.text("fieldValidation") {
            "" | "Warn" => {}
            "Ignore" => options.field_validation = FieldValidation::Ignore,
            "Strict" => options.field_validation = FieldValidation::Strict,
            other => errors.push(FieldError::not_supported(
                "fieldValidation",
                other,
                &["Ignore", "Strict", "Warn"],
            )),
        }
        refuse(kind, &errors)?;
        Ok(options)
    }
}

fn refuse(kind: &str, errors: &FieldErrors) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    Err(Status::invalid("meta.k8s.io", kind, "", errors))
}

fn check_manager(manager: &str, errors: &mut FieldErrors) {
    if manager.len() > 128 {
        errors.push(FieldError::too_long("fieldManager", 128));
    }
    for (at, c) in manager.char_indices() {
        if c.is_control() {
            let detail = format!("invalid character U+{:04X} (at position {at})", u32::from(c));
            errors.push(FieldError::invalid("fieldManager", manager, &detail));
        }
    }
}

fn dry_run<'a>(values: impl Iterator<Item = &'a str>, errors: &mut FieldErrors) -> bool {
    let values: Vec<&str> = values.collect();
    if values.iter().any(|value| *value != "All") {
        errors.push(FieldError::not_supported("dryRun", Value::from(values.clone()), &["All"]));
    }
    !values.is_empty()
}

/// How a list's version is to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VersionMatch {
    Exact,
    NotOlderThan,
}

/// Options of list and watch.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListOptions {
    pub(crate) label_selector: String,
    pub(crate) field_selector: String,
    pub(crate) limit: Option<i64>,
    pub(crate) continue_token: String,
    pub(crate) resource_version: String,
    pub(crate) version_match: Option<VersionMatch>,
    pub(crate) watch: bool,
    pub(crate) bookmarks: bool,
    pub(crate) timeout_seconds: Option<i64>,
    pub(crate) send_initial_events: Option<bool>,
}

impl ListOptions {
    /// Reads and checks the options.
    pub(crate) fn from_query(query: &Query) -> Result<Self, Status> {
        let number = |key| query.number(key).map_err(Status::bad_request);
        let options = Self {
            label_selector: query.text("labelSelector").to_owned(),
            field_selector: query.text("fieldSelector").to_owned(),
            limit: number("limit")?.filter(|limit| *limit > 0),
            continue_token: query.text("continue").to_owned(),
            resource_version: query.text("resourceVersion").to_owned(),
            version_match: None,
            watch: query.flag("watch") == Some(true),
            bookmarks: query.flag("allowWatchBookmarks") == Some(true),
            timeout_seconds: number("timeoutSeconds")?,
            send_initial_events: query.flag("sendInitialEvents"),
        };
        let mut errors = FieldErrors::new();
        let matching = query.text("resourceVersionMatch");
        match options.watch {
            true => options.check_watch(matching, &mut errors),
            false => options.check_list(matching, &mut errors),
        }
        refuse("ListOptions", &errors)?;
        let version_match = match matching {
            "Exact" => Some(VersionMatch::Exact),
            "NotOlderThan" => Some(VersionMatch::NotOlderThan),
            _ => None,
        };
        Ok(Self { version_match, ..options })
    }

    fn check_list(&self, matching: &str, errors: &mut FieldErrors) {
        const FIELD: &str = "resourceVersionMatch";
        if self.send_initial_events.is_some() {
            let detail = "sendInitialEvents is forbidden for list";
            errors.push(FieldError::forbidden("sendInitialEvents", detail));
        }
        if matching.is_empty() {
            return;
        }
        if self.resource_version.is_empty() {
            let detail = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            errors.push(FieldError::forbidden(FIELD, detail));
        }
        if !self.continue_token.is_empty() {
            let detail = "resourceVersionMatch is forbidden when continue is provided";
            errors.push(FieldError::forbidden(FIELD, detail));
        }
        if !matches!(matching, "Exact" | "NotOlderThan") {
            let supported = ["Exact", "NotOlderThan", ""];
            errors.push(FieldError::not_supported(FIELD, matching, &supported));
        }
        if matching == "Exact" && self.resource_version == "0" {
            let detail = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            errors.push(FieldError::forbidden(FIELD, detail));
        }
    }

    fn check_watch(&self, matching: &str, errors: &mut FieldErrors) {
        const FIELD: &str = "resourceVersionMatch";
        if self.send_initial_events.is_some() && matching != "NotOlderThan" {
            let detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            errors.push(FieldError::forbidden(FIELD, detail));
        }
        if self.send_initial_events.is_none() && !matching.is_empty() {
            let detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents \
                          is provided";
            errors.push(FieldError::forbidden(FIELD, detail));
        }
        if !matches!(matching, "" | "NotOlderThan") {
            errors.push(FieldError::not_supported(FIELD, matching, &["NotOlderThan"]));
        }
        if !self.continue_token.is_empty() {
            let detail = "resourceVersionMatch is forbidden when continue is provided";
            errors.push(FieldError::forbidden(FIELD, detail));
        }
    }
}

/// What happens to dependents of a deleted object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Propagation {
    Background,
    Foreground,
    Orphan,
}

/// Options of a deletion.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeleteOptions {
    pub(crate) dry_run: bool,
    pub(crate) grace_period_seconds: Option<i64>,
    pub(crate) propagation: Option<Propagation>,
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
}

impl DeleteOptions {
    /// Reads the options from a body, or from the query if there is none.
    pub(crate) fn read(body: Option<&Value>, query: &Query) -> Result<Self, Status> {
        match body {
            Some(body) => Self::from_body(body),
            None => Self::from_query(query),
        }
    }

    fn from_query(query: &Query) -> Result<Self, Status> {
        let mut errors = FieldErrors::new();
        let mut options = Self {
            grace_period_seconds: query
                .number("gracePeriodSeconds")
                .map_err(Status::bad_request)?,
            ..Self::default()
        };
        let policy = query.get("propagationPolicy").filter(|text| !text.is_empty());
        let orphan = query.flag("orphanDependents");
        options.propagation = propagation(policy, orphan, &mut errors);
        options.dry_run = dry_run(query.all("dryRun"), &mut errors);
        refuse("DeleteOptions", &errors)?;
        Ok(options)
    }

    fn from_body(body: &Value) -> Result<Self, Status> {
        let mut errors = FieldErrors::new();
        let text =
            |pointer: &str| body.pointer(pointer).and_then(Value::as_str).filter(|t| !t.is_empty());
        let mut options = Self {
            grace_period_seconds: body.get("gracePeriodSeconds").and_then(Value::as_i64),
            uid: text("/preconditions/uid").map(str::to_owned),
            resource_version: text("/preconditions/resourceVersion").map(str::to_owned),
            ..Self::default()
        };
        let orphan = body.get("orphanDependents").and_then(Value::as_bool);
        options.propagation = propagation(text("/propagationPolicy"), orphan, &mut errors);
        let dry = body.get("dryRun").and_then(Value::as_array);
        let dry = dry.into_iter().flatten().filter_map(Value::as_str);
        options.dry_run = dry_run(dry, &mut errors);
        refuse("DeleteOptions", &errors)?;
        Ok(options)
    }
}

fn propagation(
    policy: Option<&str>,
    orphan: Option<bool>,
    errors: &mut FieldErrors,
) -> Option<Propagation> {
    if policy.is_some() && orphan.is_some() {
        let detail = "orphanDependents and deletionPropagation cannot be both set";
        errors.push(FieldError::invalid("propagationPolicy", policy, detail));
    }
    match (policy, orphan) {
        (Some("Background"), _) | (None, Some(false)) => Some(Propagation::Background),
        (Some("Foreground"), _) => Some(Propagation::Foreground),
        (Some("Orphan"), _) | (None, Some(true)) => Some(Propagation::Orphan),
        (Some(other), _) => {
            let supported = ["Foreground", "Background", "Orphan", "nil"];
            errors.push(FieldError::not_supported("propagationPolicy", other, &supported));
            None
        }
        (None, None) => None,
    }
}
