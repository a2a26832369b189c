# What requirements.lock has, on Python 3.12; with CUDA by --build-arg TORCH=cuda. How to use it: docs/install.md.
FROM python:3.12-slim

RUN apt-get update \
 && apt-get install --yes --no-install-recommends git make \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/plasticity
ENV PATH=/opt/plasticity/.venv/bin:$PATH \
    PIP_NO_CACHE_DIR=1 \
    HOME=/tmp \
    USER=plasticity

# First what is installed, so that another line of code does not install it again.
COPY Makefile requirements.lock pyproject.toml README.md ./
COPY src/plasticity/__init__.py src/plasticity/
ARG TORCH=cpu
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN make .venv/.installed TORCH=$TORCH TORCH_INDEX=$TORCH_INDEX

COPY . .
CMD ["snakemake", "--cores", "all"]
