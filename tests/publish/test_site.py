"""The site as files: nothing is missing, nothing leads nowhere, nothing comes from a network."""

import doctest
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from sphinx.util.inventory import InventoryFile

from balloonkit.publish.reference import public_objects
from balloonkit.publish.site import run_sphinx

ROOT = Path(__file__).parents[2]
HOW_TO = sorted((ROOT / "docs" / "howto").glob("*.md"))

#: Whatever a browser loads by itself; an <a href> is only followed by the reader.
LOADS = re.compile(
    r"""<(?:script|img|link|iframe|source|video|object|embed)\b[^>]*"""
    r"""\b(?:src|href|data)=["']?(?:https?:)?//"""
    r"""|url\(\s*["']?(?:https?:)?//|@import"""
    r"""|\bimport\s*\(?\s*["'](?:https?:)?//|\bfrom\s+["']https?:"""
)
#: Built into the site apart, and only of use behind a server.
LITE = "lite/"


class Links(HTMLParser):
    """What a page leads to, and the places in it that others may lead to."""

    def __init__(self, path):
        super().__init__()
        self.found, self.places = [], {""}
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.places |= {named.get("id", ""), named.get("name", "")}
        self.found += [named[name] for name in ("href", "src") if named.get(name)]


@pytest.fixture(scope="module")
def pages(site):
    return {path: Links(path) for path in site.rglob("*.html")}


def test_every_link_leads_to_a_place_that_is_there(site, pages):
    lost = []
    for path, links in pages.items():
        for link in links.found:
            parts = urlsplit(link)
            if parts.scheme or parts.path.startswith(LITE):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            known = target in pages and unquote(parts.fragment) in pages[target].places
            if not known and not (target.is_file() and target.suffix != ".html"):
                lost.append((path.name, link))
    assert lost == []


def test_nothing_is_loaded_from_a_network(site):
    texts = [path for path in site.rglob("*") if path.suffix in (".html", ".css", ".js")]
    assert len(texts) > 30
    assert [path.name for path in texts if LOADS.search(path.read_text())] == []


def test_every_public_object_is_described(site):
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    described = {
        name
        for domain, objects in inventory.data.items()
        if domain.startswith("py:")
        for name in objects
    }
    public = {f"{module}.{name}" for module, names in public_objects().items() for name in names}
    assert public - described == set()


@pytest.mark.parametrize("folder", ["notebooks", "exercises"])
def test_every_notebook_has_a_page_and_is_there_to_take_along(site, pages, folder):
    taken = {path.name for path in (site / "_downloads").rglob("*.ipynb")}
    for notebook in (ROOT / folder).glob("*.ipynb"):
        assert site / folder / f"{notebook.stem}.html" in pages
        assert notebook.name in taken or notebook.stem == "index"


def test_no_solution_is_on_the_site(site):
    lines = set()
    for solution in (ROOT / "exercises" / "solutions").glob("*.py"):
        for part in re.findall(
            r"# BEGIN SOLUTION\n(.*?)# END SOLUTION", solution.read_text(), re.S
        ):
            lines |= {line.strip() for line in part.splitlines() if len(line) > 30}
    assert len(lines) > 30
    texts = [re.sub("<[^>]+>", "", path.read_text()) for path in (site / "exercises").iterdir()]
    assert [line for line in lines if any(line in text for text in texts)] == []


@pytest.mark.parametrize("page", HOW_TO, ids=[path.stem for path in HOW_TO])
def test_what_a_how_to_shows_is_what_happens(page):
    failed, _ = doctest.testfile(str(page), module_relative=False)
    assert failed == 0


def test_a_link_that_leads_nowhere_stops_the_build_and_is_named(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "conf.py").write_text('extensions = ["myst_parser"]\nhtml_theme = "basic"\n')
    (source / "index.md").write_text("# Index\n\n[lost](nowhere.md)\n")
    with pytest.raises(RuntimeError, match=r"index\.md:3: WARNING: .*nowhere\.md"):
        run_sphinx(source, tmp_path / "out", lambda what, done, total: None)
