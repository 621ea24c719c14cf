//! Jobs and CronJobs.

use serde_json::{Value, json};

use super::super::pod::{check_template, default_template};
use super::super::strategy::{Generation, Rules};
use super::super::value::{Check, each, fill, fill_empty, flag, int, is_set, make, selects, text};
use super::{check_numbers, status, template_warnings};
use crate::meta;
use crate::registry::{Context, DeletionDefaults};
use crate::status::{FieldError, FieldErrors, Status};

/// The labels by which a Job knows its Pods, new and old.
const UID_LABELS: [&str; 2] = ["batch.kubernetes.io/controller-uid", "controller-uid"];
const NAME_LABELS: [&str; 2] = ["batch.kubernetes.io/job-name", "job-name"];

pub(in super::super) struct Job;

impl Rules for Job {
    fn generation(&self) -> Generation {
        Generation::Counted
    }

    fn default(&self, object: &mut Value) {
        let labels = object["spec"]["template"]["metadata"]["labels"].clone();
        let spec = make(object, "spec");
        default_job_spec(spec);
        let metadata = make(object, "metadata");
        if labels.is_object() && !is_set(metadata, "labels") {
            metadata["labels"] = labels;
        }
    }

    fn prepare_create(&self, _: &Context<'_>, object: &mut Value) -> Result<(), Status> {
        if !flag(&object["spec"], "manualSelector") {
            let (uid, name) = (meta::uid(object).to_owned(), meta::name(object).to_owned());
            // Labels that were taken over from the template stay the same as the template's.
            let shared = object["metadata"]["labels"]
                == object["spec"]["template"]["metadata"]["labels"]
                || !is_set(&object["metadata"], "labels");
            generate_selector(&mut object["spec"], &uid, &name);
            if shared {
                let labels = object["spec"]["template"]["metadata"]["labels"].clone();
                object["metadata"]["labels"] = labels;
            }
        }
        Ok(())
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        check_generated_selector(&mut check, object);
        check_job_spec(&mut check, "spec", &object["spec"]);
        let labels = &object["spec"]["template"]["metadata"]["labels"];
        if !selects(&object["spec"]["selector"], labels) {
            let why = "`selector` does not match template `labels`";
            check.invalid("spec.template.metadata.labels", labels.clone(), why);
        }
        check.done()
    }

    fn validate_update(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let mut check = Check::new();
        let (new, old) = (&object["spec"], &old["spec"]);
        check_job_spec(&mut check, "spec", new);
        check.immutable("spec.selector", &new["selector"], &old["selector"]);
        if new["template"] != old["template"] {
            let suspended = flag(old, "suspend");
            if !suspended {
                check.invalid("spec.template", new["template"].clone(), "field is immutable");
            }
        }
        check.immutable("spec.completionMode", &new["completionMode"], &old["completionMode"]);
        if text(new, "completionMode") != "Indexed" {
            check.immutable("spec.completions", &new["completions"], &old["completions"]);
        }
        check.immutable(
            "spec.podFailurePolicy",
            &new["podFailurePolicy"],
            &old["podFailurePolicy"],
        );
        check.done()
    }

    fn deletion_defaults(&self) -> DeletionDefaults {
        DeletionDefaults::Orphan
    }

    fn deletion_warning(&self) -> Option<&'static str> {
        Some(
            "child pods are preserved by default when jobs are deleted; set \
             propagationPolicy=Background to remove them or set propagationPolicy=Orphan to \
             suppress this warning",
        )
    }

    fn validate_status(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        status::check_job(object, old)
    }

    fn selectable_fields(&self, object: &Value) -> Vec<(&'static str, String)> {
        let succeeded = int(&object["status"], "succeeded").unwrap_or(0);
        vec![("status.successful", succeeded.to_string())]
    }

    fn warnings(&self, ctx: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<String> {
        template_warnings(ctx, "spec.template", object, old)
    }
}

fn default_job_spec(spec: &mut Value) {
    default_template(make(spec, "template"));
    if !is_set(spec, "completions") && !is_set(spec, "parallelism") {
        fill(spec, "completions", 1);
    }
    fill(spec, "parallelism", 1);
    fill(spec, "completionMode", "NonIndexed");
    fill(spec, "suspend", false);
    fill(spec, "manualSelector", false);
    if is_set(spec, "backoffLimitPerIndex") {
        fill(spec, "backoffLimit", i64::from(i32::MAX));
    } else {
        fill(spec, "backoffLimit", 6);
    }
    let replacement =
        if is_set(spec, "podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
    fill(spec, "podReplacementPolicy", replacement);
    for rule in each(&mut spec["podFailurePolicy"], "rules") {
        for condition in each(rule, "onPodConditions") {
            fill_empty(condition, "status", "True");
        }
    }
    if spec["podFailurePolicy"].is_null() {
        super::super::value::drop_field(spec, "podFailurePolicy");
    }
}

fn generate_selector(spec: &mut Value, uid: &str, name: &str) {
    let labels = make(make(make(spec, "template"), "metadata"), "labels");
    for (keys, value) in [(UID_LABELS, uid), (NAME_LABELS, name)] {
        for key in keys {
            meta::map(labels).insert(key.to_owned(), value.into());
        }
    }
    let selector = make(make(spec, "selector"), "matchLabels");
    meta::map(selector).insert(UID_LABELS[0].to_owned(), uid.into());
}

/// A selector that the server was to make may not hold anything else.
fn check_generated_selector(check: &mut Check, object: &Value) {
    if flag(&object["spec"], "manualSelector") {
        return;
    }
    let selector = &object["spec"]["selector"];
    let expected = json!({"matchLabels": {UID_LABELS[0]: meta::uid(object)}});
    if *selector != expected {
        check.invalid("spec.selector", selector.clone(), "`selector` not auto-generated");
    }
}

fn check_job_spec(check: &mut Check, path: &str, spec: &Value) {
    for key in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        check.not_negative(spec, path, key);
    }
    let mode = text(spec, "completionMode");
    if is_set(spec, "completionMode") {
        check.one_of(format!("{path}.completionMode"), mode, &["Indexed", "NonIndexed"]);
    }
    if mode != "Indexed" {
        for key in ["backoffLimitPerIndex", "maxFailedIndexes"] {
            if is_set(spec, key) {
                let why = "requires indexed completion mode";
                check.invalid(format!("{path}.{key}"), spec[key].clone(), why);
            }
        }
    }
    if is_set(spec, "podReplacementPolicy") {
        let policy = text(spec, "podReplacementPolicy");
        let allowed: &[&str] = match is_set(spec, "podFailurePolicy") {
            true => &["Failed"],
            false => &["Failed", "TerminatingOrFailed"],
        };
        check.one_of(format!("{path}.podReplacementPolicy"), policy, allowed);
    }
    if mode == "Indexed" && !is_set(spec, "completions") {
        let why = "when completion mode is Indexed";
        check.required(format!("{path}.completions"), why);
    }
    let template = &spec["template"];
    check_template(check, &format!("{path}.template"), template);
    let field = format!("{path}.template.spec.restartPolicy");
    match text(&template["spec"], "restartPolicy") {
        "" | "Always" => check.required(field, "valid values: \"OnFailure\", \"Never\""),
        "OnFailure" | "Never" => {}
        other => check.push(FieldError::not_supported(field, other, &["OnFailure", "Never"])),
    }
}

pub(in super::super) struct CronJob;

impl Rules for CronJob {
    fn generation(&self) -> Generation {
        Generation::Counted
    }

    fn default(&self, object: &mut Value) {
        let spec = make(object, "spec");
        fill_empty(spec, "concurrencyPolicy", "Allow");
        fill(spec, "suspend", false);
        fill(spec, "successfulJobsHistoryLimit", 3);
        fill(spec, "failedJobsHistoryLimit", 1);
        // Only the template of Pods gets defaults; the Job gets its own when it is made.
        let job = make(make(spec, "jobTemplate"), "spec");
        default_template(make(job, "template"));
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        if meta::name(object).len() > 52 {
            let why = "must be no more than 52 characters";
            check.invalid("metadata.name", meta::name(object), why);
        }
        check_cron_job(&mut check, &object["spec"]);
        check.done()
    }

    fn validate_update(&self, _: &Context<'_>, object: &Value, _: &Value) -> FieldErrors {
        let mut check = Check::new();
        check_cron_job(&mut check, &object["spec"]);
        check.done()
    }

    fn warnings(&self, ctx: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut all = template_warnings(ctx, "spec.jobTemplate.spec.template", object, old);
        let schedule = text(&object["spec"], "schedule");
        if schedule.contains("TZ") {
            let why = "CRON_TZ or TZ used in spec.schedule is not officially supported, see \
                       https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for \
                       more details";
            all.push(why.to_owned());
        }
        all
    }
}

fn check_cron_job(check: &mut Check, spec: &Value) {
    match text(spec, "schedule") {
        "" => check.required("spec.schedule", ""),
        schedule => {
            if let Some(why) = schedule_error(schedule) {
                check.invalid("spec.schedule", schedule, &why);
            }
            if schedule.contains("TZ") {
                let why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
                check.invalid("spec.schedule", schedule, why);
            }
        }
    }
    if let Some(zone) = spec.get("timeZone").and_then(Value::as_str) {
        check_time_zone(check, zone);
    }
    check_numbers(
        check,
        spec,
        &["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"],
    );
    check.one_of(
        "spec.concurrencyPolicy",
        text(spec, "concurrencyPolicy"),
        &["Allow", "Forbid", "Replace"],
    );
    let job = &spec["jobTemplate"]["spec"];
    let path = "spec.jobTemplate.spec";
    check_job_spec(check, path, job);
    if flag(job, "manualSelector") {
        let field = format!("{path}.manualSelector");
        check.push(FieldError::not_supported(field, true, &["nil", "false"]));
    }
}

/// Tells whether a name can be one of a time zone: there is no database to ask, so what lies in one
/// of its areas is taken for known.
fn is_zone(name: &str) -> bool {
    const AREAS: [&str; 17] = [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Brazil",
        "Canada",
        "Chile",
        "Etc",
        "Europe",
        "Indian",
        "Mexico",
        "Pacific",
        "US",
        "posix",
    ];
    const ALONE: [&str; 40] = [
        "CET",
        "CST6CDT",
        "Cuba",
        "EET",
        "EST",
        "EST5EDT",
        "Egypt",
        "Eire",
        "Factory",
        "GB",
        "GB-Eire",
        "GMT",
        "GMT+0",
        "GMT-0",
        "GMT0",
        "Greenwich",
        "HST",
        "Hongkong",
        "Iceland",
        "Iran",
        "Israel",
        "Jamaica",
        "Japan",
        "Kwajalein",
        "Libya",
        "MET",
        "MST",
        "MST7MDT",
        "NZ",
        "NZ-CHAT",
        "Navajo",
        "PRC",
        "PST8PDT",
        "Poland",
        "Portugal",
        "ROC",
        "ROK",
        "Singapore",
        "Turkey",
        "UTC",
    ];
    match name.split_once('/') {
        Some((area, place)) => AREAS.contains(&area) && !place.is_empty(),
        None => {
            ALONE.contains(&name) || matches!(name, "UCT" | "Universal" | "W-SU" | "WET" | "Zulu")
        }
    }
}

fn check_time_zone(check: &mut Check, zone: &str) {
    const FIELD: &str = "spec.timeZone";
    if zone.is_empty() {
        check.invalid(FIELD, zone, "timeZone must be nil or non-empty string");
        return;
    }
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '+');
    if !zone.chars().all(letter) {
        check.invalid(FIELD, zone, &format!("unknown time zone {zone}"));
        return;
    }
    if zone.eq_ignore_ascii_case("local") {
        let why = "timeZone must be an explicit time zone as defined in \
                   https://www.iana.org/time-zones";
        check.invalid(FIELD, zone, why);
        return;
    }
    if !is_zone(zone) {
        check.invalid(FIELD, zone, &format!("unknown time zone {zone}"));
    }
}

/// Returns what is wrong with a schedule, in the words of the cron library.
fn schedule_error(schedule: &str) -> Option<String> {
    let rest = match schedule.strip_prefix("TZ=").or_else(|| schedule.strip_prefix("CRON_TZ=")) {
        Some(rest) => rest.split_once(' ').map_or("", |(_, rest)| rest),
        None => schedule,
    };
    if let Some(name) = rest.strip_prefix('@') {
        let known = ["yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly"];
        let every = name
            .strip_prefix("every ")
            .is_some_and(|span| span.parse::<flux_gostd::Duration>().is_ok());
        return (!known.contains(&name) && !every)
            .then(|| format!("unrecognized descriptor: @{name}"));
    }
    let fields: Vec<&str> = rest.split_whitespace().collect();
    if fields.len() != 5 {
        return Some(format!(
            "expected exactly 5 fields, found {}: [{}]",
            fields.len(),
            fields.join(" ")
        ));
    }
    let bounds = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
    fields.iter().zip(bounds).find_map(|(field, (low, high))| {
        field.split(',').find_map(|part| part_error(part, low, high))
    })
}

fn part_error(part: &str, low: u32, high: u32) -> Option<String> {
    const NAMES: [&str; 19] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "sun",
        "mon", "tue", "wed", "thu", "fri", "sat",
    ];
    let (range, step) =
        part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
    if step.is_some_and(|step| step.parse::<u32>().is_err()) {
        let step = step.unwrap_or_default();
        return Some(format!(
            "failed to parse int from {step}: strconv.Atoi: parsing \"{step}\": invalid syntax"
        ));
    }
    if matches!(range, "*" | "?") {
        return None;
    }
    for end in range.split('-') {
        if NAMES.contains(&end.to_lowercase().as_str()) {
            continue;
        }
        match end.parse::<u32>() {
            Err(_) => {
                return Some(format!(
                    "failed to parse int from {end}: strconv.Atoi: parsing \"{end}\": invalid syntax"
                ));
            }
            Ok(number) if number < low => {
                return Some(format!(
                    "beginning of range ({number}) below minimum ({low}): {part}"
                ));
            }
            Ok(number) if number > high => {
                return Some(format!("end of range ({number}) above maximum ({high}): {part}"));
            }
            Ok(_) => {}
        }
    }
    None
}
