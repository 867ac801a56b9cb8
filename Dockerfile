# CredentialFlow in a container: built with the Swift toolchain, run on a plain Debian 12 with the few libraries it needs.
#
#   docker build -t credentialflow .
#   docker run --read-only --tmpfs /tmp -v credentialflow:/data -p 127.0.0.1:8080:8080 credentialflow
#   docker exec -it CONTAINER credentialflow user add ada
FROM swift:6.3.1-bookworm AS build
WORKDIR /source
COPY Scripts/install-dependencies Scripts/install-dependencies
RUN Scripts/install-dependencies build
COPY Package.swift ./
COPY Config Config
COPY Migrations Migrations
COPY Scripts Scripts
COPY Sources Sources
# Not built, but Package.swift names the test targets, and their folders must be there.
COPY Tests Tests
RUN Scripts/build --release \
  && install -D -m 0755 .build/release/credentialflow /image/usr/local/bin/credentialflow \
  && strip /image/usr/local/bin/credentialflow

FROM debian:bookworm-slim
RUN apt-get update -qq \
  && apt-get install -qq --yes --no-install-recommends \
    ca-certificates curl libcurl4 libjansson4 libnghttp2-14 libpcre2-8-0 libpq5 libqrencode4 libsodium23 libstdc++6 \
    libsqlite3-0 libssl3 libutf8proc2 libzxcvbn0 zlib1g \
  && rm -rf /var/lib/apt/lists/* \
  && groupadd --gid 10001 credentialflow \
  && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home --home-dir /data --shell /usr/sbin/nologin credentialflow \
  && install -d -o credentialflow -g credentialflow -m 0700 /data
COPY --from=build /image/ /
COPY --chmod=0755 Config/docker/entrypoint /usr/local/bin/entrypoint
ENV CREDENTIALFLOW_DATA=/data \
    CREDENTIALFLOW_LISTEN=0.0.0.0:8080
USER credentialflow
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s --retries=3 \
  CMD ["curl", "--fail", "--silent", "--max-time", "2", "--output", "/dev/null", "http://127.0.0.1:8080/healthz"]
ENTRYPOINT ["entrypoint"]
CMD ["serve"]
