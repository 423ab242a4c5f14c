"""How gunicorn serves the gateway: `gunicorn -c conf/gunicorn.conf.py notigateway.wsgi:application`.

TLS, request rates and the public name are the reverse proxy's; nothing secret stands here.
"""

import os
from pathlib import Path

# What the master does for the gateway, by the names of gunicorn's hooks: see operations.md, "Running".
from notigateway.supervision.hooks import on_reload, on_starting, post_fork, pre_exec  # noqa: F401

# The proxy stands on the same host; a container overrides this with --bind.
bind = "127.0.0.1:8080"

# Threads share one process's trust store and database pool, and the expensive part of a request
# (RSA, ECDSA, canonicalisation) runs without the interpreter's lock.
# This worker gives a thread to whole requests only: slow callers hold none. A request has 60 s from its
# first byte to its last (then 408), an answer 300 s, whatever trickles meanwhile. It speaks HTTP/1.1,
# no TLS; it writes no access log and calls neither pre_request nor post_request.
worker_class = "notigateway.http.worker.GatheringWorker"

# Connections that one worker keeps open. One more ends the one that has waited longest for its caller, or
# waits itself while all are being answered; half
# of the 1,024 descriptors that many systems give to a process stay free.
worker_connections = 512

# One worker per core; containers say how many they were given.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))

# A request holds a thread while its documents are read: four keep a core busy during the reading. The
# default of database_pool_size (8) leaves every thread a connection.
threads = 4

# A worker whose main loop stands still that long is replaced. It does not end single requests: a stuck
# database does so after request_seconds (25), with a fault that says it may be retried.
timeout = 60

# A stopped worker answers what is whole: a committed acceptance should also be answered (half a request has
# two seconds). Keep the
# orchestrator's own grace period longer than this.
graceful_timeout = 30

# Clients pull page after page over one connection; a proxy in front should close its side earlier.
keepalive = 15

# The path is short and SOAP sends nothing in it; these bound what is read before our own limits apply.
limit_request_line = 2048
limit_request_fields = 50
limit_request_field_size = 4096

# Memory that native libraries fragment is given back by a new worker; the jitter keeps the workers from
# being replaced in the same second. Counted are POSTs answered 200.
max_requests = 20_000
max_requests_jitter = 2_000

# The heartbeat file must not wait for a disk, nor need a writable root file system.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108

# The gateway writes its own audit records; an access log would repeat addresses and sizes beside them.
accesslog = None
errorlog = "-"

# gunicorn would otherwise believe these headers from any neighbour on 127.0.0.1; we derive nothing from them.
forwarded_allow_ips = ""

# Not needed, and it would want a writable folder.
control_socket_disable = True
