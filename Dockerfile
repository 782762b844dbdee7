# One image for every service of docker-compose.yml; only their commands differ. Detection weights and dbt's manifest
# are made while it is built, so that no container fetches anything at its start.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
RUN python -m venv .venv
ENV PATH=/app/.venv/bin:$PATH
# What the lock pins, without the project itself: this layer lasts until the lock changes.
COPY requirements.txt ./
RUN grep -v '^-e ' requirements.txt > locked.txt && pip install -r locked.txt && rm locked.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src src
# In place, as in a checkout, so that the settings find the project's folder by themselves.
RUN pip install --no-deps --editable . && python -m compileall -q src
RUN mtw models fetch yolov7-tiny
COPY dbt_project.yml profiles.yml dagster_defs.py pipeline.py ./
COPY warehouse warehouse
COPY deploy deploy
RUN python -c 'from medical_telegram_warehouse.settings import load_settings; \
from medical_telegram_warehouse.transform import parse_manifest; \
parse_manifest(load_settings().project_dir)'

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin mtw
WORKDIR /app
COPY --from=build /app /app
# The service may write its data, Dagster's history and dbt's builds, and nothing else. Named volumes take these owners.
RUN mkdir data .dagster && chown -R mtw:mtw data .dagster target
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DAGSTER_HOME=/app/.dagster \
    API_HOST=0.0.0.0
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "deploy/healthcheck.py", "http://127.0.0.1:8000/health"]
# Others can reach it, so it asks for a key, and refuses to start without API_KEYS.
CMD ["mtw", "serve"]
