"""README.md: pictures have words, links lead somewhere, and so does the first command."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_each_lesson_has_a_picture_of_its_widgets_with_words_for_who_cannot_see_it():
    lessons = {path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")}
    pictures = dict(re.findall(r"!\[([^]]*)\]\(docs/pictures/([^)]*)\.png\)", README))
    assert set(pictures.values()) == lessons
    assert all(len(words.split()) >= 5 for words in pictures)


def test_links_to_files_lead_somewhere():
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_first_command_opens_the_index_where_the_exercises_are_in_reach(tmp_path):
    command = re.search(r"\.venv/bin/jupyter (lab .*)", README)[1]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"JUPYTER_RUNTIME_DIR": str(tmp_path), "JUPYTER_CONFIG_DIR": str(tmp_path)}
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter", *shlex.split(command), "--no-browser"),
            *(f"--ServerApp.port={port}", "--IdentityProvider.token="),
        ],
        cwd=ROOT,
        env=os.environ | own,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert get(f"http://127.0.0.1:{port}/")[0].endswith("/lab/tree/notebooks/index.ipynb")
        listed = json.loads(get(f"http://127.0.0.1:{port}/api/contents/exercises")[1])["content"]
        assert "0-predict-check-reason.ipynb" in {entry["name"] for entry in listed}
    finally:
        server.terminate()
        server.wait(30)


def get(url, patience_s=60):
    """Return where a request led and what came, once somebody answers."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            with urllib.request.urlopen(url) as answer:
                return answer.url, answer.read()
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
