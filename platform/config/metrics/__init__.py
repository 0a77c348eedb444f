"""Numbers for Prometheus, off unless METRICS_TOKEN is set. They tell of no person and no file."""
