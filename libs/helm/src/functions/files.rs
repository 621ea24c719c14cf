//! `.Files`: what a chart holds beside its templates.

use std::any::Any;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use base64::Engine;
use flux_gotemplate::{CallError, Executor, Object, Value};
use serde_json::{Map, Value as Json};

use super::glob::Glob;
use crate::File;

/// Files by name.
#[derive(Clone, Debug, Default)]
struct Files(BTreeMap<String, Arc<[u8]>>);

/// Makes `.Files` of a chart's files.
pub(crate) fn files_value(files: &[File]) -> Value {
    let named = files.iter().map(|file| (file.name.clone(), file.data.clone()));
    Value::Object(Rc::new(Files(named.collect())))
}

fn base(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit('/').next() {
        Some("") | None => "/",
        Some(name) => name,
    }
}

impl Files {
    fn get(&self, name: &str) -> &[u8] {
        self.0.get(name).map_or(&[], |data| data)
    }

    fn glob(&self, pattern: &str) -> Self {
        let glob = Glob::new(pattern);
        let matching = self.0.iter().filter(|(name, _)| glob.matches(name));
        Self(matching.map(|(name, data)| (name.clone(), data.clone())).collect())
    }

    fn lines(&self, name: &str) -> Value {
        let data = self.get(name);
        if data.is_empty() {
            return Value::strings::<&str>([]);
        }
        let data = data.strip_suffix(b"\n").unwrap_or(data);
        Value::strings(data.split(|byte| *byte == b'\n').map(Value::string))
    }

    fn yaml(&self, text: impl Fn(&[u8]) -> String) -> Value {
        let entries = self.0.iter().map(|(name, data)| (base(name).to_owned(), text(data).into()));
        let map: Map<String, Json> = entries.collect();
        let text = flux_yaml::marshal(&Json::Object(map)).unwrap_or_default();
        text.strip_suffix('\n').unwrap_or(&text).into()
    }
}

impl Object for Files {
    fn type_name(&self) -> String {
        "engine.files".to_owned()
    }

    fn kind(&self) -> &'static str {
        "map"
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn call(
        &self,
        _: &mut Executor<'_>,
        method: &str,
        arguments: &[Value],
    ) -> Option<Result<Value, CallError>> {
        let name = || match arguments {
            [Value::Str(name)] => Ok(name.clone()),
            [other] => Err(CallError::new(format!(
                "wrong type for value; expected string; got {}",
                other.type_name()
            ))),
            _ => Err(CallError::new(format!(
                "wrong number of args for {method}: want 1 got {}",
                arguments.len()
            ))),
        };
        Some(match method {
            "Get" => name().map(|name| Value::string(self.get(&name))),
            "GetBytes" => name().map(|name| Value::Bytes(self.get(&name).into())),
            "Glob" => name().map(|pattern| Value::Object(Rc::new(self.glob(&pattern)))),
            "Lines" => name().map(|name| self.lines(&name)),
            "AsConfig" => Ok(self.yaml(|data| String::from_utf8_lossy(data).into_owned())),
            "AsSecrets" => {
                Ok(self.yaml(|data| base64::engine::general_purpose::STANDARD.encode(data)))
            }
            // A map's key, as `.Files.name`.
            key => return self.0.get(key).map(|data| Ok(Value::Bytes(data.as_ref().into()))),
        })
    }

    fn text(&self) -> String {
        let entry = |(name, data): (&String, &Arc<[u8]>)| {
            let bytes: Vec<_> = data.iter().map(u8::to_string).collect();
            format!("{name}:[{}]", bytes.join(" "))
        };
        format!("map[{}]", self.0.iter().map(entry).collect::<Vec<_>>().join(" "))
    }

    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        let entry = |(name, data): (&String, &Arc<[u8]>)| {
            (Value::from(name.as_str()), Value::Bytes(data.as_ref().into()))
        };
        Some(self.0.iter().map(entry).collect())
    }

    fn json(&self) -> Json {
        let encode = |data: &[u8]| base64::engine::general_purpose::STANDARD.encode(data);
        self.0.iter().map(|(name, data)| (name.clone(), Json::from(encode(data)))).collect()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
