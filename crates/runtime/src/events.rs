//! Events: objects in the cluster, and messages to the notification controller.

use std::collections::BTreeMap;

use flux_api::names::EVENT_PREFIX;
use flux_api::{Definition, ObjectReference, Resource, Time};
use flux_cluster::Cluster;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::Clock;

mod deliver;
mod record;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// As it should be.
    Info,
    /// A person may have to act.
    Error,
    /// Of interest in the cluster only; not sent to the notification controller.
    Trace,
}

/// Something that happened to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// How bad it is.
    pub severity: Severity,
    /// Why, in one word.
    pub reason: String,
    /// Why, for a person.
    pub message: String,
    /// Facts for programs, by full key.
    pub metadata: BTreeMap<String, String>,
}

/// An event as the notification controller takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// The object.
    pub involved_object: ObjectReference,
    /// How bad it is.
    pub severity: Severity,
    /// When it happened.
    pub timestamp: Time,
    /// Why, for a person.
    pub message: String,
    /// Why, in one word.
    pub reason: String,
    /// Facts for programs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The controller that tells.
    pub reporting_controller: String,
    /// The host that it runs on.
    pub reporting_instance: String,
}

/// Where notifications go.
#[derive(Clone, Debug, Default)]
pub enum Delivery {
    /// Nowhere.
    #[default]
    None,
    /// To an address, by HTTP.
    Http(String),
    /// To somebody in this process.
    Channel(mpsc::UnboundedSender<Notification>),
}

/// How events are made and where they go.
#[derive(Clone, Debug)]
pub struct EventsOptions {
    /// Where event objects are written.
    pub cluster: Cluster,
    /// The time of day.
    pub clock: Clock,
    /// Name of the controller.
    pub controller: &'static str,
    /// The host that it runs on.
    pub instance: String,
    /// Where notifications go.
    pub delivery: Delivery,
}

/// Takes events and passes them on in the background, cheap to clone.
///
/// Events are told in the order in which they come. When the way out is blocked, new ones are
/// dropped and logged: no controller waits for them.
#[derive(Clone, Debug)]
pub struct Events {
    sender: mpsc::Sender<(Notification, Record)>,
    clock: Clock,
    controller: &'static str,
    instance: String,
}

/// Whether an event becomes an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Record {
    Yes,
    No,
}

/// How many events may wait.
const BACKLOG: usize = 1000;

impl Events {
    /// Starts to pass events on. Must be called inside a tokio runtime.
    pub fn start(options: EventsOptions) -> Self {
        let EventsOptions { cluster, clock, controller, instance, delivery } = options;
        let (sender, mut waiting) = mpsc::channel::<(Notification, Record)>(BACKLOG);
        let notify = deliver::start(delivery);
        tokio::spawn(async move {
            let mut recorder = record::Recorder::new(cluster, clock);
            while let Some((event, record)) = waiting.recv().await {
                if event.severity != Severity::Trace {
                    // The other side logs what it cannot deliver.
                    let _ = notify.send(event.clone());
                }
                if record == Record::Yes {
                    recorder.record(&event).await;
                }
            }
        });
        Self { sender, clock, controller, instance }
    }

    /// Returns a view that tells under the name of another controller.
    #[must_use]
    pub fn named(&self, controller: &'static str) -> Self {
        Self { controller, ..self.clone() }
    }

    /// Tells what happened to a resource, with the event annotations that it carries.
    pub fn publish<S: Definition>(&self, about: &Resource<S>, event: Event) {
        self.publish_about(about.reference(), &about.metadata.annotations, event);
    }

    /// Tells the notification controller only: nobody who looks at the cluster learns of it.
    pub fn notify<S: Definition>(&self, about: &Resource<S>, event: Event) {
        self.send(about.reference(), &about.metadata.annotations, (event, Record::No));
    }

    /// Tells what happened to an object that carries these annotations.
    pub fn publish_about(
        &self,
        involved_object: ObjectReference,
        annotations: &BTreeMap<String, String>,
        event: Event,
    ) {
        self.send(involved_object, annotations, (event, Record::Yes));
    }

    fn send(
        &self,
        involved_object: ObjectReference,
        annotations: &BTreeMap<String, String>,
        (event, record): (Event, Record),
    ) {
        let Event { severity, reason, message, mut metadata } = event;
        let own = annotations.iter().filter(|(key, _)| key.starts_with(EVENT_PREFIX));
        metadata.extend(own.map(|(key, value)| (key.clone(), value.clone())));
        let notification = Notification {
            involved_object,
            severity,
            timestamp: self.clock.now(),
            message,
            reason,
            metadata,
            reporting_controller: self.controller.to_owned(),
            reporting_instance: self.instance.clone(),
        };
        if self.sender.try_send((notification, record)).is_err() {
            tracing::warn!("event dropped, too many are waiting");
        }
    }
}
