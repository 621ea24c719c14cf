//! The life of a CustomResourceDefinition: names are accepted, it is established, and when it is
//! deleted its objects go first.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::client::{Client, Failure};
use super::follow::Follower;
use crate::clock::to_seconds_text;
use crate::crd::{self, is_true, set_condition};
use crate::meta;
use crate::registry::ResourceInfo;
use crate::server::Core;
use crate::store::Collection;

/// Drives all definitions until the server stops.
pub(super) async fn run(core: Arc<Core>) {
    let collection = Collection::new("apiextensions.k8s.io", "customresourcedefinitions");
    let Some(mut follower) = Follower::new(&core, &collection) else { return };
    let client = Client::new(core.clone(), "kube-apiserver");
    let driver = Driver { core, client, collection };
    while let Some(change) = follower.next().await {
        let object = change.value();
        if change.gone {
            driver.forget(&object);
            driver.others(&object).await;
        } else {
            driver.drive(&object).await;
        }
    }
}

#[derive(Clone)]
struct Driver {
    core: Arc<Core>,
    client: Client,
    collection: Collection,
}

impl Driver {
    /// Does the next step of one definition; the write that it makes brings the step after it.
    async fn drive(&self, object: &Value) {
        let step = if meta::is_deleting(object) {
            self.remove(object).await
        } else {
            self.establish(object).await
        };
        if let Err(failure) = step.map_err(|failure| (!failure.is_stale()).then_some(failure))
            && let Some(failure) = failure
        {
            tracing::warn!(name = meta::name(object), error = %failure, "definition is stuck");
        }
    }

    fn info(&self) -> Option<Arc<ResourceInfo>> {
        let resources = self.core.registry.resources();
        resources.any_version("apiextensions.k8s.io", "customresourcedefinitions").cloned()
    }

    fn now(&self) -> String {
        to_seconds_text(self.core.now())
    }

    async fn establish(&self, object: &Value) -> Result<(), Failure> {
        let Some(info) = self.info() else { return Ok(()) };
        let mut judged = object.clone();
        if crd::set_approval(&mut judged, &self.now()) {
            self.client.update_status(&info, &judged).await?;
            return Ok(());
        }
        if object["spec"]["names"] != object["status"]["acceptedNames"] {
            let Some(next) = self.accept_names(object) else { return Ok(()) };
            self.client.update_status(&info, &next).await?;
            self.others(&next).await;
            return Ok(());
        }
        if is_true(object, "NamesAccepted") && !is_true(object, "Established") {
            let plural = meta::text(object, "/spec/names/plural");
            self.core.store.open(&Collection::new(meta::text(object, "/spec/group"), plural));
            let mut next = object.clone();
            let message = "the initial names have been accepted";
            let parts = ["Established", "True", "InitialNamesAccepted", message];
            set_condition(&mut next, parts, &self.now());
            self.client.update_status(&info, &next).await?;
        }
        Ok(())
    }

    /// Returns the definition with the names that nobody else of its group has; `None` if nothing
    /// changes.
    fn accept_names(&self, object: &Value) -> Option<Value> {
        let taken = self.taken(object);
        let wanted = &object["spec"]["names"];
        let mut accepted = object["status"]["acceptedNames"].clone();
        let mut conflict = None;
        for (key, kinds, reason) in [
            ("plural", false, "PluralConflict"),
            ("singular", false, "SingularConflict"),
            ("shortNames", false, "ShortNamesConflict"),
            ("kind", true, "KindConflict"),
            ("listKind", true, "ListKindConflict"),
        ] {
            let used = if kinds { &taken.kinds } else { &taken.resources };
            let had = names(&accepted[key]);
            let clash: Vec<String> = names(&wanted[key])
                .into_iter()
                .filter(|name| !had.contains(name) && used.contains(name))
                .map(|name| format!("{} is already in use", json!(name)))
                .collect();
            match clash.as_slice() {
                [] => meta::set(meta::map(&mut accepted), key, wanted.get(key).cloned()),
                [one] => conflict = Some((reason, one.clone())),
                several => conflict = Some((reason, format!("[{}]", several.join(", ")))),
            }
        }
        meta::set(meta::map(&mut accepted), "categories", wanted.get("categories").cloned());
        let mut next = object.clone();
        next["status"]["acceptedNames"] = accepted;
        let now = self.now();
        match &conflict {
            None => {
                let parts = ["NamesAccepted", "True", "NoConflicts", "no conflicts found"];
                set_condition(&mut next, parts, &now);
                if !is_true(object, "Established") {
                    let message = "the initial names have been accepted";
                    set_condition(&mut next, ["Established", "False", "Installing", message], &now);
                }
            }
            Some((reason, message)) => {
                set_condition(&mut next, ["NamesAccepted", "False", reason, message], &now);
                if crd::condition(object, "Established").is_none() {
                    let message = "not all names are accepted";
                    let parts = ["Established", "False", "NotAccepted", message];
                    set_condition(&mut next, parts, &now);
                }
            }
        }
        (next != *object).then_some(next)
    }

    fn taken(&self, object: &Value) -> Taken {
        let group = meta::text(object, "/spec/group");
        let mut taken = Taken::default();
        for stored in self.core.store.list(&self.collection, "") {
            let other = stored.to_value();
            if meta::text(&other, "/spec/group") != group
                || meta::name(&other) == meta::name(object)
            {
                continue;
            }
            let accepted = &other["status"]["acceptedNames"];
            for key in ["plural", "singular", "shortNames"] {
                taken.resources.extend(names(&accepted[key]));
            }
            for key in ["kind", "listKind"] {
                taken.kinds.extend(names(&accepted[key]));
            }
        }
        taken
    }

    /// Looks again at the other definitions of the group: names may have become free.
    async fn others(&self, object: &Value) {
        let group = meta::text(object, "/spec/group");
        for stored in self.core.store.list(&self.collection, "") {
            let other = stored.to_value();
            let waits = !meta::is_deleting(&other)
                && meta::text(&other, "/spec/group") == group
                && meta::name(&other) != meta::name(object)
                && other["spec"]["names"] != other["status"]["acceptedNames"];
            if waits && let (Some(info), Some(next)) = (self.info(), self.accept_names(&other)) {
                // A failure means that an event for it is on its way.
                _ = self.client.update_status(&info, &next).await;
            }
        }
    }

    /// Deletes the objects of a definition that goes, and lets it go when they are gone.
    async fn remove(&self, object: &Value) -> Result<(), Failure> {
        let Some(info) = self.info() else { return Ok(()) };
        let finalizers = meta::finalizers(object);
        if !finalizers.iter().any(|one| one == crd::FINALIZER) {
            return Ok(());
        }
        let reason = crd::condition(object, "Terminating").map(|one| meta::text(one, "/reason"));
        if reason == Some("InstanceDeletionPending") {
            let mut next = object.clone();
            let message = "CustomResource deletion is in progress";
            let parts = ["Terminating", "True", "InstanceDeletionInProgress", message];
            set_condition(&mut next, parts, &self.now());
            self.client.update_status(&info, &next).await?;
            return Ok(());
        }
        // Objects with finalizers may take long, and other definitions do not wait for them.
        let (driver, object) = (self.clone(), object.clone());
        tokio::spawn(async move {
            driver.remove_instances(&object).await;
            driver.release(&object).await;
        });
        Ok(())
    }

    /// Deletes all objects of a definition and waits until they are gone.
    async fn remove_instances(&self, object: &Value) {
        let group = meta::text(object, "/spec/group");
        let plural = meta::text(object, "/status/acceptedNames/plural");
        let collection = Collection::new(group, plural);
        let Some(info) = self.core.registry.resources().any_version(group, plural).cloned() else {
            return;
        };
        let Some(mut follower) = Follower::new(&self.core, &collection) else { return };
        while !self.core.store.list(&collection, "").is_empty() {
            let Some(change) = follower.next().await else { return };
            let instance = change.value();
            if !change.gone && !meta::is_deleting(&instance) {
                // Gone meanwhile, or changed: either way an event follows.
                _ = self.client.delete(&info, &instance, &json!({})).await;
            }
        }
    }

    /// Takes the finalizer away from the definition as it is now.
    async fn release(&self, object: &Value) {
        let Some(info) = self.info() else { return };
        while let Some(stored) = self.core.store.get(&self.collection, meta::name(object)) {
            let mut next = stored.to_value();
            if meta::uid(&next) != meta::uid(object) {
                return;
            }
            let rest = meta::finalizers(&next).into_iter().filter(|one| one != crd::FINALIZER);
            meta::set_finalizers(&mut next, rest.collect());
            match self.client.update(&info, &next).await {
                Err(failure) if failure.code == 409 => {}
                _ => return,
            }
        }
    }

    fn forget(&self, object: &Value) {
        let group = meta::text(object, "/spec/group");
        let plural = meta::text(object, "/spec/names/plural");
        if self.core.registry.resources().any_version(group, plural).is_none() {
            self.core.store.close(&Collection::new(group, plural));
        }
    }
}

#[derive(Default)]
struct Taken {
    resources: HashSet<String>,
    kinds: HashSet<String>,
}

fn names(value: &Value) -> Vec<String> {
    match value {
        Value::String(name) if !name.is_empty() => vec![name.clone()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
