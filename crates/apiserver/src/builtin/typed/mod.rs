//! Bodies of built-in kinds as Go's decoder and encoder leave them: known fields of the right type,
//! empty values gone, zero values written where the original writes them.

mod decode;
mod model;
mod print;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::document::{Document, Node};
use crate::registry::Decoded;
pub(crate) use model::model;

/// Reads a body as the Go type behind an OpenAPI definition.
///
/// # Errors
/// The first thing that does not fit the type, in the words of Go's decoder.
pub(crate) fn decode(definition: &'static str, document: &Document) -> Result<Decoded, String> {
    let model = model(definition);
    let mut decoder = decode::Decoder::default();
    let object = decoder.structure(&model, Some(document.root()));
    decoder.finish(object)
}

/// Reads an object that is a map already, as the original does after a strategic merge patch:
/// checked by its converter of maps, not by the decoder of JSON.
///
/// # Errors
/// The first thing that does not fit the type, in the converter's words.
pub(crate) fn convert(definition: &'static str, document: &Document) -> Result<Decoded, String> {
    let model = model(definition);
    let mut decoder = decode::Decoder::of_maps();
    let object = decoder.structure(&model, Some(document.root()));
    decoder.finish(object)
}

/// Prints an object of a definition as a JSON patch left it; `touched` is a tree of the places
/// that the patch reached.
pub(crate) fn print_patched(definition: &'static str, object: &Value, touched: &Value) -> String {
    let text = print::structure(&model(definition), object, Some(touched));
    // Go's encoder is made for text inside HTML.
    text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// Reads the `metadata` of an object whose kind has no Go type. Paths of strict errors begin with
/// `metadata`, those of type errors inside.
///
/// # Errors
/// See [`decode`].
pub(crate) fn decode_metadata(node: &Node) -> Result<Decoded, String> {
    let model = model("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    let mut decoder = decode::Decoder::at("metadata");
    if !matches!(node, Node::Object(_)) {
        decoder.wrong_type(node.type_name(), "v1.ObjectMeta");
    }
    let object = decoder.structure(&model, Some(node));
    decoder.finish(object)
}

/// Returns what a field of a kind is when nothing is known of it: `status` of a new object.
pub(crate) fn zero_field(definition: &'static str, field: &str) -> Option<Value> {
    let model = model(definition);
    let field = model.field(field)?;
    let mut decoder = decode::Decoder::default();
    decoder.absent(field)
}
