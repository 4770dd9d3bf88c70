# The project and its environment as an image: docs/operations.md, "As a container".
#     docker build -t alexnet .
#     docker build -t alexnet:gpu --build-arg GPU=1 --build-arg JAX=1 .
#     docker run -v alexnet:/srv/alexnet-pipe -e ALEXNET_TOKEN -p 127.0.0.1:8000:8000 alexnet alexnet-pipe serve-model --host 0.0.0.0
# Debian 12 has Python 3.11, with which all tests ran. Any builder will do: nothing here needs BuildKit.
ARG BASE=debian:bookworm-slim
FROM ${BASE}

RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ca-certificates git make python3 python3-venv tini \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*

# Whoever mounts a folder of the host gives the ID of its owner.
ARG UID=1000
RUN useradd --create-home --uid ${UID} alexnet && install -d -o alexnet -g alexnet /srv/alexnet-pipe
USER alexnet
WORKDIR /srv/alexnet-pipe
ENV LANG=C.UTF-8 PATH=/srv/alexnet-pipe/.venv/bin:$PATH NVIDIA_DRIVER_CAPABILITIES=compute,utility

# A layer of its own: only another lock makes it anew, or another card.
ARG GPU=
ARG JAX=
COPY --chown=alexnet:alexnet Makefile hatch_build.py pyproject.toml uv.lock ./
RUN mkdir -p flows src/alexnet_pipe && touch LICENSE README.md src/alexnet_pipe/__init__.py \
    && PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 make setup LEAN=1 GPU=${GPU} JAX=${JAX}

COPY --chown=alexnet:alexnet . .
# The files' times are those of the builder's folder, which may be later than an environment that was kept.
RUN .venv/bin/python -m compileall -q src flows && touch .venv/.synced*

# It waits for orphans, and passes signals on: what runs in a container as the first process has to.
ENTRYPOINT ["tini", "--"]
CMD ["alexnet-pipe", "run"]
