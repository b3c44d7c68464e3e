"""Packages of JavaScript for the browser tests, from npm's registry without npm.

Debian's npm would bring hundreds of packages to a new machine; a tarball and its hash are two
requests.
"""

import base64
import hashlib
import io
import json
import tarfile
import urllib.request
from pathlib import Path

REGISTRY = "https://registry.npmjs.org"
TIMEOUT_S = 60


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
        return bytes(answer.read())


def npm_package(name: str, version: str, folder: Path) -> Path:
    """Unpack one version into `folder`, checked as npm checks it; return where its files are."""
    dist = json.loads(_get(f"{REGISTRY}/{name}/{version}"))["dist"]
    tarball = _get(dist["tarball"])
    found = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    if found != dist["integrity"]:
        raise ValueError(f"{name} {version}: {found}, the registry says {dist['integrity']}")
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"
