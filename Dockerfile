FROM python:3.13-slim-bookworm AS build
# Only for machines for which a wheel is missing: faust-streaming has none for arm64.
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev --no-install-project
COPY . .
RUN uv sync --locked --no-dev --no-editable

FROM python:3.13-slim-bookworm
RUN useradd --create-home stocks && install --directory --owner stocks /data
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1
USER stocks
WORKDIR /home/stocks
VOLUME /data
CMD ["faust", "-A", "app.main", "worker", "-l", "info"]
