//! Volumes, claims and classes of storage.

use flux_schema::Quantity;
use serde_json::{Value, json};

use super::pod::round_up_to_milli;
use super::strategy::Rules;
use super::value::{Check, copy_field, fill, fill_empty, inside, is_set, items, make, text};
use crate::meta;
use crate::registry::Context;
use crate::status::{FieldError, FieldErrors, Status};

const ACCESS_MODES: [&str; 4] =
    ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// Fills in a claim, also one inside a StatefulSet.
pub(super) fn default_claim(claim: &mut Value) {
    fill_empty(make(claim, "status"), "phase", "Pending");
    let spec = make(claim, "spec");
    fill(spec, "volumeMode", "Filesystem");
    for list in ["requests", "limits"] {
        if let Some(list) = inside(make(spec, "resources"), list) {
            meta::map(list).values_mut().for_each(round_up_to_milli);
        }
    }
}

pub(super) struct Claim;

impl Rules for Claim {
    fn default(&self, object: &mut Value) {
        default_claim(object);
    }

    fn prepare_create(&self, _: &Context<'_>, object: &mut Value) -> Result<(), Status> {
        object["status"] = json!({"phase": "Pending"});
        Ok(())
    }

    fn admit(
        &self,
        ctx: &Context<'_>,
        object: &mut Value,
        old: Option<&Value>,
    ) -> Result<(), Status> {
        const PROTECTION: &str = "kubernetes.io/pvc-protection";
        if old.is_some() {
            return Ok(());
        }
        let mut finalizers = meta::finalizers(object);
        if !finalizers.iter().any(|one| one == PROTECTION) {
            finalizers.push(PROTECTION.to_owned());
            meta::set_finalizers(object, finalizers);
        }
        if !is_set(&object["spec"], "storageClassName") {
            let classes = ctx.view.list("storage.k8s.io", "storageclasses", "");
            let default = classes.iter().find(|class| {
                let key = "storageclass.kubernetes.io/is-default-class";
                text(&class["metadata"]["annotations"], key) == "true"
            });
            if let Some(class) = default {
                make(object, "spec")["storageClassName"] = meta::name(class).into();
            }
        }
        Ok(())
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        let spec = &object["spec"];
        if items(spec, "accessModes").is_empty() {
            check.required("spec.accessModes", "at least 1 access mode is required");
        }
        for mode in items(spec, "accessModes") {
            check.one_of("spec.accessModes", mode.as_str().unwrap_or_default(), &ACCESS_MODES);
        }
        let storage = text(&spec["resources"]["requests"], "storage");
        if storage.is_empty() {
            check.required("spec.resources[storage]", "");
        } else if storage.parse::<Quantity>().is_ok_and(|size| size.is_negative() || size.is_zero())
        {
            check.invalid("spec.resources[storage]", storage, "must be greater than zero");
        }
        check.one_of("spec.volumeMode", text(spec, "volumeMode"), &["Block", "Filesystem"]);
        check.done()
    }

    fn validate_update(&self, ctx: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let mut check = Check::new();
        check.extend(self.validate(ctx, object));
        let mut kept = object["spec"].clone();
        let bound = text(&old["status"], "phase") == "Bound";
        if bound {
            copy_field(&mut kept, &old["spec"], "resources");
        }
        copy_field(&mut kept, &old["spec"], "volumeAttributesClassName");
        if text(&old["spec"], "volumeName").is_empty() {
            copy_field(&mut kept, &old["spec"], "volumeName");
        }
        if !is_set(&old["spec"], "storageClassName") {
            copy_field(&mut kept, &old["spec"], "storageClassName");
        }
        if kept != old["spec"] {
            check.forbidden(
                "spec",
                "spec is immutable after creation except resources.requests and \
                 volumeAttributesClassName for bound claims",
            );
        }
        let size = |object: &Value| {
            text(&object["spec"]["resources"]["requests"], "storage").parse::<Quantity>().ok()
        };
        if bound && size(object) < size(old) {
            let why = "field can not be less than status.capacity";
            check.forbidden("spec.resources.requests.storage", why);
        }
        check.done()
    }

    fn returns_deleted_object(&self) -> bool {
        true
    }
}

/// What a volume may be made of.
const VOLUME_SOURCES: [&str; 22] = [
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "csi",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "glusterfs",
    "hostPath",
    "iscsi",
    "local",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
];

pub(super) struct Volume;

impl Rules for Volume {
    fn default(&self, object: &mut Value) {
        fill_empty(make(object, "status"), "phase", "Pending");
        let spec = make(object, "spec");
        fill_empty(spec, "persistentVolumeReclaimPolicy", "Retain");
        fill(spec, "volumeMode", "Filesystem");
        if let Some(path) = inside(spec, "hostPath") {
            fill(path, "type", "");
        }
    }

    fn prepare_create(&self, _: &Context<'_>, object: &mut Value) -> Result<(), Status> {
        object["status"] = json!({"phase": "Pending"});
        Ok(())
    }

    fn admit(
        &self,
        _: &Context<'_>,
        object: &mut Value,
        old: Option<&Value>,
    ) -> Result<(), Status> {
        const PROTECTION: &str = "kubernetes.io/pv-protection";
        let mut finalizers = meta::finalizers(object);
        if old.is_none() && !finalizers.iter().any(|one| one == PROTECTION) {
            finalizers.push(PROTECTION.to_owned());
            meta::set_finalizers(object, finalizers);
        }
        Ok(())
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        let spec = &object["spec"];
        if items(spec, "accessModes").is_empty() {
            check.required("spec.accessModes", "");
        }
        for mode in items(spec, "accessModes") {
            check.one_of("spec.accessModes", mode.as_str().unwrap_or_default(), &ACCESS_MODES);
        }
        if !is_set(&spec["capacity"], "storage") {
            if spec["capacity"].as_object().is_none_or(serde_json::Map::is_empty) {
                check.required("spec.capacity", "");
            }
            check.push(FieldError::not_supported(
                "spec.capacity",
                spec["capacity"].clone(),
                &["storage"],
            ));
        }
        check.one_of(
            "spec.persistentVolumeReclaimPolicy",
            text(spec, "persistentVolumeReclaimPolicy"),
            &["Delete", "Recycle", "Retain"],
        );
        if !VOLUME_SOURCES.iter().any(|source| is_set(spec, source)) {
            check.required("spec", "must specify a volume type");
        }
        check.done()
    }

    fn validate_update(&self, ctx: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let mut check = Check::new();
        check.extend(self.validate(ctx, object));
        let source = |object: &Value| VOLUME_SOURCES.map(|source| object["spec"][source].clone());
        if source(object) != source(old) {
            let why = "spec.persistentvolumesource is immutable after creation";
            check.forbidden("spec.persistentvolumesource", why);
        }
        let mode = |object: &Value| object["spec"]["volumeMode"].clone();
        check.immutable("spec.volumeMode", &mode(object), &mode(old));
        check.done()
    }

    fn returns_deleted_object(&self) -> bool {
        true
    }
}

pub(super) struct Class;

impl Rules for Class {
    fn default(&self, object: &mut Value) {
        fill(object, "reclaimPolicy", "Delete");
        fill(object, "volumeBindingMode", "Immediate");
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        if text(object, "provisioner").is_empty() {
            check.required("provisioner", "");
        }
        check.one_of("reclaimPolicy", text(object, "reclaimPolicy"), &["Delete", "Retain"]);
        check.one_of(
            "volumeBindingMode",
            text(object, "volumeBindingMode"),
            &["Immediate", "WaitForFirstConsumer"],
        );
        check.done()
    }

    fn validate_update(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let mut check = Check::new();
        for key in ["parameters", "provisioner", "reclaimPolicy"] {
            check.immutable(key, &object[key], &old[key]);
        }
        check.immutable(
            "volumeBindingMode",
            &object["volumeBindingMode"],
            &old["volumeBindingMode"],
        );
        check.done()
    }
}

pub(super) struct Driver;

impl Rules for Driver {
    fn default(&self, object: &mut Value) {
        let spec = make(object, "spec");
        fill(spec, "attachRequired", true);
        fill(spec, "podInfoOnMount", false);
        fill(spec, "storageCapacity", false);
        fill(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
        if items(spec, "volumeLifecycleModes").is_empty() {
            spec["volumeLifecycleModes"] = vec!["Persistent"].into();
        }
        fill(spec, "requiresRepublish", false);
        fill(spec, "seLinuxMount", false);
    }
}
