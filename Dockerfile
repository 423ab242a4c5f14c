# Any image with python3 (3.11 to 3.13) and its venv module will do as the base, for example a plain Debian.
ARG BASE_IMAGE=python:3.13-slim

# --- builder: a wheel, and an environment that holds it and the locked dependencies, without pip ------
FROM ${BASE_IMAGE} AS builder
WORKDIR /build
RUN python3 -m venv /build/tools && python3 -m venv --without-pip /opt/notigateway
COPY pyproject.toml constraints.txt README.md ./
COPY src src
COPY wsdl wsdl
COPY migrations migrations
RUN /build/tools/bin/pip wheel --quiet --no-deps --wheel-dir dist .
RUN /build/tools/bin/pip --python /opt/notigateway/bin/python install --quiet --no-cache-dir \
    -c constraints.txt "$(echo dist/*.whl)[postgres,s3]"

# --- the sandbox, for tests only: `docker build --target sandbox .` --------------------------------------
FROM ${BASE_IMAGE} AS sandbox
COPY --from=builder /opt/notigateway /opt/notigateway
ENV PATH=/opt/notigateway/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    XDG_CACHE_HOME=/data/cache
RUN mkdir /data && chown 10001:10001 /data
VOLUME /data
WORKDIR /data
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/readyz', timeout=4)"]
# Who administers it sends the token that the line READY says.
CMD ["notigateway", "sandbox", "/data/sandbox", "--listen", "0.0.0.0", "--port", "8080", "--notifications", "0"]

# --- what runs: no compiler, no pip, no shell needed ----------------------------------------------------
FROM ${BASE_IMAGE}
COPY --from=builder /opt/notigateway /opt/notigateway
COPY conf/gunicorn.conf.py /etc/notigateway/gunicorn.conf.py

# The root file system may be read-only: bytecode was written by the builder, gunicorn's heartbeat lies in
# /dev/shm, and everything the gateway keeps on disk lies below /data (settings' paths are relative to it).
ENV PATH=/opt/notigateway/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
RUN mkdir /data && chown 10001:10001 /data
VOLUME /data
WORKDIR /data

# A number, so that an orchestrator can prove it is not root.
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s CMD ["notigateway", "health", "--alive"]
CMD ["gunicorn", "-c", "/etc/notigateway/gunicorn.conf.py", "--bind", "0.0.0.0:8080", "notigateway.wsgi:application"]
