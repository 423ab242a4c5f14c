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
