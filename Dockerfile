# One image, three agents; the command chooses: python -m containers.run optimizer|sync|warehouse-manager
#
# BASE is Debian 13 (slim) by the digest of its multi-platform index, so that a build tomorrow begins where today's did. To
# renew it: docker buildx imagetools inspect debian:trixie-slim. Any other Debian with Python 3.13 will do, say your own
# mirror's, or one made without a registry: --build-arg BASE=… (docs/agents.md). Both stages share it, so that the virtual
# environment's links stay true.
ARG BASE=debian:trixie-slim@sha256:a29215f6a35e51e22adffa17f89e9d2ef06214e64a2bad10d765c46aea49f11f

FROM ${BASE} AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3 python3-venv ca-certificates \
 && python3 -m venv /opt/venv
WORKDIR /app
COPY requirements/agents.lock requirements/agents.lock
# Wheels alone, each checked against its hash: nothing is compiled, and nothing unknown gets in.
RUN /opt/venv/bin/pip install --no-cache-dir --require-hashes --no-deps --only-binary=:all: -r requirements/agents.lock \
 && find /opt/venv -type d \( -name tests -o -name test \) -path '*/site-packages/*' \
      -not -path '*/numpy/*' -not -path '*/numba/*' -prune -exec rm -rf {} + \
 && rm -rf /opt/venv/lib/python3*/site-packages/pip /opt/venv/lib/python3*/site-packages/pip-*.dist-info /opt/venv/bin/pip*
COPY contracts contracts
COPY containers containers
# Kernels for any x86-64 (or arm64) machine: the one that runs them is not the one that builds them.
ENV NUMBA_CACHE_DIR=/opt/numba NUMBA_CPU_NAME=generic
RUN /opt/venv/bin/python -m containers.optimizer.warm \
 && echo "${NUMBA_CPU_NAME}" > /opt/numba/cpu-name \
 && /opt/venv/bin/python -m compileall -q containers contracts \
 && MPLCONFIGDIR=/opt/matplotlib /opt/venv/bin/python -c "import matplotlib.font_manager"

FROM ${BASE}
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log \
 && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin storemax
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/numba /opt/numba
COPY --from=build /opt/matplotlib /opt/matplotlib
COPY --from=build /app/contracts /app/contracts
COPY --from=build /app/containers /app/containers
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="StoreMax agents" \
      org.opencontainers.image.description="Optimizer, sync and warehouse manager of StoreMax" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The root may be read-only: what is written at all goes to /tmp, which may be a small tmpfs.
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    NUMBA_CACHE_DIR=/opt/numba \
    MPLCONFIGDIR=/opt/matplotlib \
    STOREMAX_VERSION=${VERSION} \
    STOREMAX_REVISION=${REVISION}
WORKDIR /app
USER 10001:10001
EXPOSE 8000 8001 8002
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["python", "-S", "-m", "containers.probe"]
STOPSIGNAL SIGTERM
CMD ["python", "-m", "containers.run", "optimizer"]
