"""What an open project keeps beside its code agrees with itself."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_change_log_and_citation_name_the_version_there_is():
    newest = re.search(r"^## (\S+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert newest == citation["version"] == PROJECT["version"]
    assert [author["family-names"] for author in citation["references"][0]["authors"]] == [
        "Wang",
        "Li",
    ]


def test_ci_runs_the_readmes_command_on_every_python_that_is_promised():
    job = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())["jobs"]["suite"]
    promised = [c.split()[-1] for c in PROJECT["classifiers"] if "Python :: 3." in c]
    assert job["strategy"]["matrix"]["python"] == promised
    assert job["steps"][-1]["run"] == "bash .ci/run"


def test_what_runs_before_a_commit_runs_in_the_suite_too():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    suite = (ROOT / "tests/run.sh").read_text()
    for hook in hooks:
        assert hook["entry"].removesuffix(" --fix") in suite
