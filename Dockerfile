# The package service. The base needs Python 3.11 or newer as python3, with venv: an official Python image, or a
# Debian with python3-venv.
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS build
# For networks with an index, a proxy or certificates of their own; not set, they are nothing.
ARG PIP_INDEX_URL
ARG PIP_CERT
ARG PIP_TRUSTED_HOST
WORKDIR /opt/opamp-packages
RUN python3 -m venv venv
COPY requirements.txt .
RUN venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
COPY wsgi.py gunicorn.conf.py ./
COPY migrations migrations
COPY app app
COPY client/opampkg client/opampkg
# The root file system is read-only when it runs: nothing can be compiled then.
RUN venv/bin/python -m compileall -q app migrations wsgi.py

FROM ${BASE}
COPY --from=build /opt/opamp-packages /opt/opamp-packages
WORKDIR /opt/opamp-packages
ENV PATH=/opt/opamp-packages/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OPAMP_PACKAGES_SERVER__HOST=0.0.0.0 \
    OPAMP_PACKAGES_SERVER__PORT=8080
# A number, so that orchestrators can see that it is not root.
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["python3", "-c", \
    "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"OPAMP_PACKAGES_SERVER__PORT\"]}/health/live', timeout=4)"]
CMD ["gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
