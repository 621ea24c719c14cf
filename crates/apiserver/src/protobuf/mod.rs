//! Bodies in Kubernetes' protobuf encoding, read as the JSON that says the same.
//!
//! In: a body that begins with the magic number. Out: the object with `apiVersion` and `kind`.
//! Never: protobuf in answers. What is known of a kind stands in `tables`; fields that are not
//! listed there are skipped, kinds that are not listed are refused. `workloads` holds the larger
//! kinds, where what is not listed is refused too.

mod message;
mod tables;
#[cfg(test)]
mod tests;
mod wire;
mod workloads;

use serde_json::{Map, Value};

use message::read_into;

const MAGIC: &[u8] = b"k8s\0";

/// Reads a body as the object it stands for.
pub(crate) fn parse(body: &[u8]) -> Result<Value, String> {
    let envelope = body.strip_prefix(MAGIC).ok_or_else(|| {
        format!(
            "provided data does not appear to be a protobuf message, expected prefix {}",
            "[107 56 115 0]"
        )
    })?;
    let mut unknown = Map::new();
    let mut raw: &[u8] = &[];
    for field in wire::fields(envelope) {
        let field = field?;
        match field.number {
            tables::TYPE_META => read_into(&mut unknown, tables::TYPE_META_FIELDS, field.bytes()?)?,
            tables::RAW => raw = field.bytes()?,
            _ => {}
        }
    }
    let text = |key: &str| unknown.get(key).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let fields = tables::of_kind(api_version, kind).ok_or_else(|| {
        format!("protobuf is not supported for kind \"{kind}\" of version \"{api_version}\"")
    })?;
    let mut object = Map::new();
    read_into(&mut object, fields, raw)?;
    object.append(&mut unknown);
    Ok(Value::Object(object))
}
