//! The calendar: days, months and years from seconds and back.

/// Seconds in a day.
const DAY: i64 = 86_400;

/// What a calendar and a clock show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Civil {
    /// The year, astronomical.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 59.
    pub second: i64,
    /// Nanoseconds within the second.
    pub nanos: u32,
}

impl Civil {
    /// Returns what UTC shows at so many seconds after 1970 began.
    pub fn from_unix(unix: i64, nanos: u32) -> Self {
        let (days, rest) = (unix.div_euclid(DAY), unix.rem_euclid(DAY));
        let (year, month, day) = date_of(days);
        Self {
            year,
            month,
            day,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
            nanos,
        }
    }

    /// Returns the seconds after 1970 began at which UTC shows this.
    ///
    /// Values out of range carry over: month 13 is January of the next year.
    pub fn unix(&self) -> i64 {
        let months = self.month.saturating_sub(1);
        let year = self.year.saturating_add(months.div_euclid(12)).clamp(-LIMIT, LIMIT);
        let days = days_from(year, months.rem_euclid(12) + 1, 1)
            .saturating_add(self.day.saturating_sub(1));
        let clock = self
            .hour
            .saturating_mul(3600)
            .saturating_add(self.minute.saturating_mul(60))
            .saturating_add(self.second);
        days.saturating_mul(DAY).saturating_add(clock)
    }

    /// Returns the day of the week, Sunday being 0.
    pub fn weekday(&self) -> i64 {
        (days_from(self.year, self.month, self.day) + 4).rem_euclid(7)
    }

    /// Returns the day of the year, from 1.
    pub fn year_day(&self) -> i64 {
        days_from(self.year, self.month, self.day) - days_from(self.year, 1, 1) + 1
    }
}

/// Years beyond this are not told apart; their seconds would not fit anyway.
const LIMIT: i64 = 290_000_000_000;

/// Tells whether the year has a 29th of February.
pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Returns the number of days of a month from 1 to 12.
pub(super) fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counts days since 1970-01-01, in years that begin in March so that leap days come last.
fn days_from(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}
