//! File trees in memory or on disk, safe tar.gz in and out, ignore rules.
