FROM python:3.13-slim-bookworm AS build
# Only for machines for which a wheel is missing: faust-streaming has none for arm64. `strip` comes with it.
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /src
COPY pyproject.toml uv.lock ./
RUN UV_PROJECT_ENVIRONMENT=/app uv sync --locked --no-dev --no-install-project --no-cache
# What nobody runs or compiles against is half of it.
RUN cd /app/lib/python3.13/site-packages \
    && find . -depth -type d \( -name tests -o -name include \) -exec rm -rf {} + \
    && find . -type f \( -name '*.py[xi]' -o -name '*.px[di]' -o -name '*.c' -o -name '*.cpp' -o -name '*.h' \) -delete \
    && cd pyarrow && rm -rf src libarrow_python*.so libarrow_python*.so.*.*.* *_flight* libarrow_s3* _s3fs* *_cpp_tests* && cd .. \
    && find . -type f -name '*.so*' -exec strip --strip-unneeded {} +

FROM build AS code
COPY . .
# There is no git here that knows the version; without this argument it is 0.0.0.
ARG VERSION
RUN SETUPTOOLS_SCM_PRETEND_VERSION=$VERSION uv pip install --no-cache --no-deps --python /app/bin/python --prefix /code .
# What is in the image, and under which licences.
RUN uv export --frozen --quiet --no-dev --format cyclonedx1.5 --preview-features sbom-export >/tmp/exported.json \
    && /app/bin/python -m deploy.release.inventory /licences "$VERSION" </tmp/exported.json

FROM python:3.13-slim-bookworm
# The number is also that of the volume's owner. Kubernetes can see that a number is not root.
RUN groupadd --gid 1000 stocks && useradd --uid 1000 --gid 1000 --create-home stocks \
    && install --directory --owner 1000 --group 1000 /data
ENV PATH=/app/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# What changes seldom, and what changes with every commit.
COPY --from=build /app /app
COPY --from=code /code /app
COPY --from=code /licences /app/licences
ARG VERSION
LABEL org.opencontainers.image.title=stock-signals org.opencontainers.image.version=$VERSION org.opencontainers.image.licenses=MIT
USER 1000:1000
WORKDIR /home/stocks
EXPOSE 8000 8001
CMD ["faust", "-A", "app.main", "worker", "-l", "info"]
