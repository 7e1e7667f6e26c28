# Only the static program, with the certificates that it trusts: docker run --rm -v "$PWD:/stack:ro" IMAGE plan
# It has no Python and no Node.js, so it cannot install the packages of requirements.txt and package.json.

# Where the binary comes from: `built` here, or `released`, from dist/amd64 and dist/arm64.
ARG BINARY=built

FROM --platform=$BUILDPLATFORM rust:1.95-slim AS base
# Every user may write to /tmp: the program writes packages there while it works.
RUN mkdir --parents /root/image/etc/ssl/certs \
    && cp /etc/ssl/certs/ca-certificates.crt /root/image/etc/ssl/certs/ \
    && mkdir --mode=1777 /root/image/tmp

FROM rust:1.95-slim AS builder
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends musl-tools && rm -rf /var/lib/apt/lists/*
RUN rustup target add "$(uname -m)-unknown-linux-musl"
WORKDIR /src
COPY . .
RUN export "CC_$(uname -m)_unknown_linux_musl=musl-gcc" RUSTFLAGS="-C link-arg=-Wl,-z,pack-relative-relocs" \
    && cargo build --release --locked --target "$(uname -m)-unknown-linux-musl" \
    && mv target/*-musl/release/provision /provision

FROM scratch AS built
COPY --from=builder /provision /provision

FROM scratch AS released
ARG TARGETARCH
COPY dist/${TARGETARCH}/provision /provision

# hadolint ignore=DL3006
FROM ${BINARY} AS binary

FROM scratch
COPY --from=base /root/image/ /
COPY --from=binary /provision /provision
ENV PROVISION_CACHE_DIR=/tmp/cache PROVISION_STATE_DIR=/tmp/state
USER 65532:65532
WORKDIR /stack
ENTRYPOINT ["/provision"]
