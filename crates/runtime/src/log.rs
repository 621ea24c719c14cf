//! Logs as the original controllers write them: one JSON object a line, as zap makes it.

use std::fmt;
use std::io::Write as _;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// One JSON object a line.
    #[default]
    Json,
    /// Columns for people.
    Console,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verbosity {
    /// Everything.
    Trace,
    /// What helps to find a mistake.
    Debug,
    /// What happens.
    #[default]
    Info,
    /// What went wrong.
    Error,
}

impl Verbosity {
    fn level(self) -> Level {
        match self {
            Self::Trace => Level::TRACE,
            Self::Debug => Level::DEBUG,
            Self::Info => Level::INFO,
            Self::Error => Level::ERROR,
        }
    }
}

/// Begins to write logs to standard error; a second call in one process changes nothing.
pub fn start(encoding: Encoding, verbosity: Verbosity) {
    let filter = tracing_subscriber::filter::Targets::new()
        .with_default(Level::ERROR.min(verbosity.level()))
        .with_target("flux", verbosity.level());
    let layer = Zap { encoding }.with_filter(filter);
    // It fails only if somebody else has begun already.
    let _ = tracing_subscriber::registry().with(layer).try_init();
}

struct Zap {
    encoding: Encoding,
}

/// The fields of a span, kept for the lines written inside it.
struct Fields(Map<String, Value>);

impl<S> Layer<S> for Zap
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Map::new();
        attributes.record(&mut Collect(&mut fields));
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Fields(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Map::new();
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(Fields(of_span)) = span.extensions().get::<Fields>() {
                fields.extend(of_span.clone());
            }
        }
        event.record(&mut Collect(&mut fields));
        let line = line(self.encoding, event.metadata().level(), fields);
        // There is nowhere to report that standard error cannot be written.
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}

fn line(encoding: Encoding, level: &Level, mut fields: Map<String, Value>) -> String {
    let message = fields.remove("message").unwrap_or_default();
    let message = message.as_str().unwrap_or_default();
    let level = match *level {
        Level::ERROR => "error",
        Level::WARN | Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    };
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    match encoding {
        Encoding::Json => {
            // The first three keys stand first, in this order, as zap writes them.
            let rest = Value::Object(fields).to_string();
            let rest = rest.strip_prefix('{').unwrap_or(&rest);
            let comma = if rest == "}" { "" } else { "," };
            format!(
                "{{\"level\":\"{level}\",\"ts\":\"{now}\",\"msg\":{}{comma}{rest}",
                Value::from(message)
            )
        }
        Encoding::Console => {
            format!("{now}\t{}\t{message}\t{}", level.to_uppercase(), Value::Object(fields))
        }
    }
}

struct Collect<'a>(&'a mut Map<String, Value>);

impl Visit for Collect<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests;
