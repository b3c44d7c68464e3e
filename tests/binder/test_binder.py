"""binder/: read by repo2docker, and its commands run over the base image's versions.

There is no Docker here: a fresh virtual environment takes the place of the image, holding the
packages that repo2docker's own lock file gives the base.
"""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BINDER = ROOT / "binder"
PYTHON = (BINDER / "runtime.txt").read_text().strip().removeprefix("python-")
#: The base carries these; another version would drag in a second JupyterLab.
OF_THE_BASE = {"jupyterlab", "ipywidgets", "jupyterlab-widgets", "ipykernel"}


@pytest.fixture(scope="module")
def dockerfile():
    """What repo2docker would build."""
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def base_versions():
    """The versions in the base image, by package, from repo2docker's lock file."""
    package = Path(importlib.util.find_spec("repo2docker").origin).parent
    lock = package / "buildpacks" / "conda" / f"environment.py-{PYTHON}-linux-64.lock"
    files = re.findall(r"/([a-z][^/]*)\.conda", lock.read_text())
    split = (file.rsplit("-", 2) for file in files)
    return {name.replace("_", "-"): v for name, v, _ in split if re.fullmatch(r"\d+(\.\d+)*", v)}


def test_repo2docker_reads_every_file(dockerfile):
    assert f"python={PYTHON}" in dockerfile
    assert 'pip install --no-cache-dir -r "binder/requirements.txt"' in dockerfile
    assert "RUN ./binder/postBuild" in dockerfile
    packages = " ".join((BINDER / "apt.txt").read_text().split())
    assert f"apt-get install --yes --no-install-recommends {packages} " in dockerfile
    assert 'R2D_ENTRYPOINT="${REPO_DIR}/binder/start"' in dockerfile


def test_all_is_pinned_and_nothing_replaces_the_base():
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if not line.startswith("#")]
    assert wanted.pop() == "."
    pins = [re.fullmatch(r"([a-z.-]+)==[\d.]+", line) for line in wanted]
    assert all(pins), wanted
    assert not OF_THE_BASE & {pin[1] for pin in pins}


def test_start_caps_threads_and_hands_over():
    printed = subprocess.check_output([BINDER / "start", "sh", "-c", "echo $OMP_NUM_THREADS"])
    assert printed == b"1\n"


def image_python():
    """The image's Python if it is here, else this one."""
    found = shutil.which(f"python{PYTHON}")
    works = found and subprocess.run([found, "--version"], capture_output=True).returncode == 0
    return found if works else sys.executable


@pytest.fixture(scope="module")
def image(tmp_path_factory, dockerfile, base_versions):
    """A function that runs a command in the repository, inside the environment built for it."""
    home = tmp_path_factory.mktemp("image")
    rest = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "_site", "node_modules")
    shutil.copytree(ROOT, home / "repo", ignore=rest)
    prefix = home / "env"
    subprocess.run([image_python(), "-m", "venv", prefix], check=True)
    environment = os.environ | {
        "HOME": str(home),
        "KERNEL_PYTHON_PREFIX": str(prefix),
        "PATH": f"{prefix}/bin:{os.environ['PATH']}",
    }
    for name in [name for name in environment if name.startswith(("JUPYTER", "IPYTHON", "MPL"))]:
        del environment[name]

    def run(command):
        shell = ["bash", "-ec", command]
        done = subprocess.run(
            shell, cwd=home / "repo", env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    pins = "\n".join(f"{name}=={version}" for name, version in base_versions.items())
    (home / "base.txt").write_text(pins)
    run(f"pip install -q -c {home}/base.txt {' '.join(sorted(OF_THE_BASE))}")
    run(re.search(r"^RUN (\$\{KERNEL_PYTHON_PREFIX\}/bin/pip install .*)$", dockerfile, re.M)[1])
    run("./binder/postBuild")
    yield run
    shutil.rmtree(home)


@pytest.mark.slow
def test_every_notebook_runs_in_the_image(image):
    # -P: what is installed, not what lies in the folder.
    ran = image("./binder/start python -P -m balloonkit.publish.notebooks notebooks").splitlines()
    assert len(ran) == len(list((ROOT / "notebooks").glob("*.ipynb")))


@pytest.mark.slow
def test_the_base_keeps_its_versions(image, base_versions):
    listed = json.loads(image("pip list --format=json"))
    installed = {entry["name"].replace("_", "-"): entry["version"] for entry in listed}
    assert {name: installed[name] for name in OF_THE_BASE} == {
        name: base_versions[name] for name in OF_THE_BASE
    }


@pytest.mark.slow
def test_jupyterlab_opens_on_the_index_and_asks_about_no_news(image):
    assert "/lab/tree/notebooks/index.ipynb" in image("jupyter lab --show-config-json")
    folder = image("jupyter lab path | sed -n 's/^User Settings directory: *//p'").strip()
    name = "@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    assert json.loads(Path(folder, name).read_text())["fetchNews"] == "false"
