# The documents, which the service shows at /guide/.
FROM python:3.12-slim AS docs

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    NO_MKDOCS_2_WARNING=1

WORKDIR /site

COPY requirements-docs.lock ./
RUN pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements-docs.lock

COPY mkdocs.yml CHANGELOG.md ./
COPY scripts/docs_hooks.py scripts/
COPY docs/ docs/
RUN python -m mkdocs build --quiet

FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    HOME=/tmp \
    EXCEL_TOOLS_HOST=0.0.0.0 \
    EXCEL_TOOLS_DATA_DIR=/data

WORKDIR /app

# Before the code, so that a change to the code installs nothing anew.
COPY requirements.lock ./
RUN pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements.lock

COPY service/ service/
COPY openwebui_tool/ openwebui_tool/
COPY --from=docs /site/build/docs/ build/docs/

RUN mkdir /data && chown 10001:10001 /data
USER 10001:10001
VOLUME /data
EXPOSE 9080

HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('EXCEL_TOOLS_PORT', '9080') + '/health', timeout=4)"]

CMD ["python", "-m", "service"]
