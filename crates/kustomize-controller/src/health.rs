//! Judging the health of what was applied.

use flux_gostd::Time;
use flux_health::{Verdict, judge};
use flux_manifest::Object;
use flux_runtime::Clock;

use crate::expression::Checks;

/// Judges objects by custom checks first or last, and by the rules of their kind.
#[derive(Debug)]
pub(crate) struct Judge {
    pub(crate) checks: Checks,
    pub(crate) clock: Clock,
    /// Whose rights are used.
    pub(crate) reader: Reader,
}

/// Whose rights are used to read objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The controller's.
    Controller,
    /// Somebody else's.
    Impersonated,
}

impl Judge {
    /// Judges one object.
    ///
    /// # Upstream
    /// The rule for Jobs comes before custom checks, but after them when somebody is impersonated.
    pub(crate) fn judge(&self, object: &Object) -> Verdict {
        let is_job = object.kind() == "Job" && object.gvk().group == "batch";
        if (self.reader == Reader::Impersonated || !is_job)
            && let Some(verdict) = self.checks.judge(object)
        {
            return verdict;
        }
        judge(object.as_value(), &self.now())
    }

    fn now(&self) -> Time {
        let now = self.clock.precise();
        Time::from_unix(now.as_second(), now.subsec_nanosecond().unsigned_abs())
    }
}
