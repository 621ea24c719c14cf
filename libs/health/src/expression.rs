//! Health checks that users write as expressions.

use flux_cel::{Expression, ExpressionError};
use serde_json::{Map, Value};

use crate::fields::Fields;
use crate::{Status, Verdict};

/// The expressions by which objects of one kind are judged.
pub struct HealthExpressions {
    current: Expression,
    in_progress: Option<Expression>,
    failed: Option<Expression>,
}

/// Why expressions cannot be used, in Flux's words.
#[derive(Debug, thiserror::Error)]
pub enum HealthExpressionError {
    /// The one expression that must be there is not.
    #[error("expression Current not specified")]
    NoCurrent,
    /// One of them is not well-formed.
    #[error("failed to parse the expression {name}: {source}")]
    Parse {
        /// `Current`, `Failed` or `InProgress`.
        name: &'static str,
        /// What is wrong with it.
        source: ExpressionError,
    },
}

impl HealthExpressions {
    /// Reads the expressions; an empty one is none.
    ///
    /// # Errors
    /// In Flux's words.
    pub fn parse(
        current: &str,
        in_progress: &str,
        failed: &str,
    ) -> Result<Self, HealthExpressionError> {
        let read = |name, text: &str| {
            let parsed = (!text.is_empty()).then(|| Expression::parse(text)).transpose();
            parsed.map_err(|source| HealthExpressionError::Parse { name, source })
        };
        let current = read("Current", current)?.ok_or(HealthExpressionError::NoCurrent)?;
        let failed = read("Failed", failed)?;
        let in_progress = read("InProgress", in_progress)?;
        Ok(Self { current, in_progress, failed })
    }

    /// Judges one live object: by its generations, then by the first expression that holds.
    ///
    /// # Upstream
    /// Deletion and conditions are not looked at. Generations of another type than numbers are
    /// passed over. An expression that fails makes the status [`Status::Unknown`].
    pub fn judge(&self, object: &Value) -> Verdict {
        let fields = Fields::new(object);
        let generation = fields.strict_number(&["metadata", "generation"]).ok().flatten();
        let observed = fields.strict_number(&["status", "observedGeneration"]).ok().flatten();
        if let (Some(generation), Some(observed)) = (generation, observed)
            && generation != observed
        {
            return plain(Status::InProgress);
        }
        let empty = Map::new();
        let variables = object.as_object().unwrap_or(&empty);
        let expressions = [
            (self.in_progress.as_ref(), Status::InProgress),
            (self.failed.as_ref(), Status::Failed),
            (Some(&self.current), Status::Current),
        ];
        for (expression, status) in expressions {
            let Some(expression) = expression else { continue };
            match expression.evaluate_bool(&variables) {
                Ok(true) => return plain(status),
                Ok(false) => {}
                Err(error) => return Verdict::unknown(error.to_string()),
            }
        }
        plain(Status::InProgress)
    }
}

fn plain(status: Status) -> Verdict {
    Verdict { status, message: String::new(), condition: None }
}
