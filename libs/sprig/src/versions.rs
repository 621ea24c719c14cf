//! Versions and ranges of them.

use std::any::Any;
use std::rc::Rc;

use flux_gotemplate::{CallError, Executor, Object, Type, Value};
use flux_semver::{Constraint, Version};

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add("semver", &[Type::Str], |args| version(&args.text(0)));
    registry.add("semverCompare", &[Type::Str, Type::Str], |args| {
        let constraint = Constraint::parse(&args.text(0)).map_err(|error| error.to_string())?;
        let version = Version::parse(&args.text(1)).map_err(|error| error.to_string())?;
        Ok(constraint.matches(&version).into())
    });
}

fn version(text: &str) -> Result<Value, CallError> {
    let version = Version::parse(text).map_err(|error| error.to_string())?;
    Ok(Value::Object(Rc::new(Semver(version))))
}

/// A version with its methods.
#[derive(Debug)]
struct Semver(Version);

impl Semver {
    fn result(version: Option<Version>) -> Result<Value, CallError> {
        let version = version.ok_or("the number would be too large")?;
        Ok(Value::Object(Rc::new(Self(version))))
    }
}

fn other(arguments: &[Value]) -> Result<Version, CallError> {
    let [Value::Object(object)] = arguments else {
        return Err("wrong number of args: want 1".into());
    };
    let version = object.as_any().downcast_ref::<Semver>();
    Ok(version.ok_or("wrong type for value; expected *semver.Version")?.0.clone())
}

impl Object for Semver {
    fn type_name(&self) -> String {
        "*semver.Version".to_owned()
    }

    fn kind(&self) -> &'static str {
        "ptr"
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
        let compared = |wanted: fn(std::cmp::Ordering) -> bool| {
            other(arguments).map(|other| wanted(self.0.cmp(&other)).into())
        };
        let text = |index: usize| match arguments.get(index) {
            Some(Value::Str(text)) => text.to_string(),
            _ => String::new(),
        };
        Some(match method {
            "Major" => Ok(Value::Uint(self.0.major())),
            "Minor" => Ok(Value::Uint(self.0.minor())),
            "Patch" => Ok(Value::Uint(self.0.patch())),
            "Prerelease" => Ok(self.0.prerelease().into()),
            "Metadata" => Ok(self.0.metadata().into()),
            "Original" => Ok(self.0.original().into()),
            "String" => Ok(self.text().into()),
            "Compare" => other(arguments).map(|other| Value::Int(self.0.cmp(&other) as i64)),
            "Equal" => compared(std::cmp::Ordering::is_eq),
            "LessThan" => compared(std::cmp::Ordering::is_lt),
            "LessThanEqual" => compared(std::cmp::Ordering::is_le),
            "GreaterThan" => compared(std::cmp::Ordering::is_gt),
            "GreaterThanEqual" => compared(std::cmp::Ordering::is_ge),
            "IncPatch" => Self::result(self.0.next_patch()),
            "IncMinor" => Self::result(self.0.next_minor()),
            "IncMajor" => Self::result(self.0.next_major()),
            "SetPrerelease" => match self.0.with_prerelease(&text(0)) {
                Ok(version) => Self::result(Some(version)),
                Err(error) => Err(error.to_string().into()),
            },
            "SetMetadata" => match self.0.with_metadata(&text(0)) {
                Ok(version) => Self::result(Some(version)),
                Err(error) => Err(error.to_string().into()),
            },
            _ => return None,
        })
    }

    fn text(&self) -> String {
        self.0.to_string()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
