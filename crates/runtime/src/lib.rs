//! What every controller shares: work queue, leases, finalizers, events, metrics, probes, flags.
