//! What is known of this process, under the names that Go programs use.
//!
//! Dashboards for Flux ask for them. What has no counterpart here is told by the nearest figure:
//! memory that Go's allocator would count is the resident memory.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// The kernel counts processor time in this unit on all platforms that there are.
const TICKS_PER_SECOND: f64 = 100.0;
const PAGE: f64 = 4096.0;

/// Figures of the process, as far as the system tells them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Figures {
    cpu_seconds: f64,
    resident_bytes: f64,
    virtual_bytes: f64,
    threads: f64,
    open_files: f64,
    start_seconds: f64,
}

impl Figures {
    /// Reads them; everything is zero where there is no `/proc`.
    pub(super) fn read() -> Self {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
        let files = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |it| it.as_secs_f64());
        let mut figures = Self::parse(&stat, &uptime, now);
        figures.open_files = u32::try_from(files).map_or(0.0, f64::from);
        figures
    }

    fn parse(stat: &str, uptime: &str, now: f64) -> Self {
        // The name of the program is in brackets and may hold anything.
        let Some((_, rest)) = stat.rsplit_once(") ") else { return Self::default() };
        let fields: Vec<f64> =
            rest.split_whitespace().map(|it| it.parse().unwrap_or_default()).collect();
        let field = |number: usize| fields.get(number).copied().unwrap_or_default();
        let up: f64 =
            uptime.split_whitespace().next().and_then(|it| it.parse().ok()).unwrap_or_default();
        Self {
            cpu_seconds: (field(11) + field(12)) / TICKS_PER_SECOND,
            threads: field(17),
            start_seconds: now - up + field(19) / TICKS_PER_SECOND,
            virtual_bytes: field(20),
            resident_bytes: field(21) * PAGE,
            open_files: 0.0,
        }
    }

    /// Writes them in the text format.
    pub(super) fn write(&self, text: &mut String) {
        let gauge = "gauge";
        let resident = self.resident_bytes;
        for (name, kind, help, value) in [
            (
                "process_cpu_seconds",
                "counter",
                "Total CPU time spent in seconds.",
                self.cpu_seconds,
            ),
            ("process_resident_memory_bytes", gauge, "Resident memory size in bytes.", resident),
            ("process_virtual_memory_bytes", gauge, "Virtual memory size.", self.virtual_bytes),
            ("process_open_fds", gauge, "Number of open file descriptors.", self.open_files),
            ("process_start_time_seconds", gauge, "Start of the process.", self.start_seconds),
            ("go_threads", gauge, "Number of OS threads.", self.threads),
            ("go_memstats_alloc_bytes", gauge, "Resident memory: nothing else is known.", resident),
            ("go_memstats_sys_bytes", gauge, "Resident memory: nothing else is known.", resident),
        ] {
            let suffix = if kind == "counter" { "_total" } else { "" };
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "# HELP {name} {help}\n# TYPE {name} {kind}\n{name}{suffix} {value:?}\n"
            );
        }
        let _ = write!(
            text,
            "# HELP go_info There is no Go in this program; dashboards count processes by it.\n\
             # TYPE go_info gauge\ngo_info{{version=\"rust\"}} 1\n"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_kernel_is_read_although_names_hold_brackets() {
        let stat = "7 (a) b) S 1 1 1 0 -1 4194304 1 0 0 0 250 50 0 0 20 0 9 0 1000 8192 3 0";
        let figures = Figures::parse(stat, "100.0 1.0", 1000.0);
        assert_eq!(
            figures,
            Figures {
                cpu_seconds: 3.0,
                threads: 9.0,
                start_seconds: 910.0,
                virtual_bytes: 8192.0,
                resident_bytes: 12288.0,
                open_files: 0.0,
            }
        );
        assert_eq!(Figures::parse("", "", 0.0), Figures::default());
    }
}
