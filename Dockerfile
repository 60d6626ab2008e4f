FROM python:3.11-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /source
RUN python -m venv /opt/duban
COPY requirements-run.lock ./
RUN /opt/duban/bin/pip install --require-hashes -r requirements-run.lock
COPY . .
RUN /opt/duban/bin/pip install --no-deps .

FROM python:3.11-slim-trixie
RUN useradd --system --uid 10001 --user-group --no-create-home duban \
    && install -d -o duban -g duban -m 700 /data
COPY --from=build /opt/duban /opt/duban
ENV PATH=/opt/duban/bin:$PATH PYTHONUNBUFFERED=1 DUBAN_DATA_DIR=/data DUBAN_HOST=0.0.0.0 DUBAN_LOG_FORMAT=json
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["duban", "serve"]
