"""What every border shares of HTTP: where a request comes from, limits on failures, the worker."""
