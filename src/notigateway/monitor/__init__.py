"""The monitor: follows a log by HTTP alone, for anybody, and tells when it has more than one view."""
