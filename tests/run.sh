#!/usr/bin/env bash
# Set up everything the tests need, then run them: types, style, the suite. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."

# A browser for the end-to-end tests; an emulator for the live guest, and zstd, which Ubuntu packs its
# modules with; a compiler for the guest's driver, and the library its checker is linked with; Node and
# npm for the browser's half alone; Python's venv where missing.
need=()
command -v chromium >/dev/null || need+=(chromium)
command -v qemu-system-x86_64 >/dev/null || need+=(qemu-system-x86)
command -v zstd >/dev/null || need+=(zstd)
command -v gcc >/dev/null || need+=(gcc)
command -v make >/dev/null || need+=(make)
ldconfig -p | grep -q 'libelf\.so\.1' || need+=(libelf1)
command -v node >/dev/null || need+=(nodejs)
command -v npm >/dev/null || need+=(npm)
python3 -c 'import ensurepip' 2>/dev/null || need+=(python3-venv)
if ((${#need[@]})); then
    sudo=(); [ "$(id -u)" = 0 ] || sudo=(sudo)
    "${sudo[@]}" apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${need[@]}"
fi

[ -d .venv ] || python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check -e '.[test]'
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
tests/js/run.sh
# Two files at a time: a browser or a guest needs a core of its own, and 8 GiB are used for real.
.venv/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder "$@"
