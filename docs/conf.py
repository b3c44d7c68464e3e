"""How Sphinx makes the site; `balloonkit site` adds notebooks, exercises and the reference."""

import re

from docutils.nodes import document
from numpy.typing import ArrayLike
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util.typing import stringify_annotation

project = "balloonkit"
html_title = project

extensions = [
    "myst_parser",  # the pages and notebooks are Markdown
    "sphinx.ext.autodoc",  # the reference is made of docstrings
    "sphinx.ext.napoleon",  # in numpydoc's form
]

# In a docstring, `name` is a link where there is such an object, and code where there is none.
default_role = "py:obj"
highlight_language = "none"  # what names no language is a drawing
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries = False
myst_heading_anchors = 3

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["balloonkit.css"]
html_js_files = ["reach.js"]
html_theme_options = {"top_of_page_buttons": []}
html_show_copyright = False
html_copy_source = False
# Opened from a folder a browser may not read the pages a search found, only list them.
html_show_search_summary = False


#: NumPy's names for types, spelt out as autodoc finds them.
_ARRAY = re.compile(r"~numpy\.ndarray\[tuple\[~typing\.Any, \.\.\.\], ~numpy\.dtype\[([~\w.]+)\]\]")
_ARRAY_LIKE = stringify_annotation(ArrayLike, "smart")


def setup(app: Sphinx) -> None:
    """Correct what autodoc and napoleon guess wrong about our docstrings."""
    app.connect("doctree-read", _take_names_exactly)
    app.connect("autodoc-process-docstring", _keep_colons, priority=1)
    app.connect("autodoc-process-signature", _shorten_arrays)
    app.connect("autodoc-skip-member", _skip_bare_fields)


def _take_names_exactly(app: Sphinx, doctree: document) -> None:
    """Look names up as Python does: a parameter is no link to an attribute that is named alike."""
    for reference in doctree.findall(pending_xref):
        reference.attributes.pop("refspecific", None)


def _keep_colons(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Keep napoleon from taking what stands before a colon for the type: it looks at one line."""
    if what in ("attribute", "data", "property"):
        lines[:0] = ["..", ""]  # a comment, and an empty one


def _shorten_arrays(
    app: Sphinx, what: str, name: str, obj: object, options: object, *texts: str | None
) -> list[str | None]:
    """Write NumPy's types by the names they have in the source."""
    named = (text and text.replace(_ARRAY_LIKE, "ArrayLike") for text in texts)
    return [text and _ARRAY.sub(r"NDArray[\1]", text) for text in named]


def _skip_bare_fields(
    app: Sphinx, what: str, name: str, obj: object, skip: bool, options: object
) -> bool | None:
    """Leave out what Python itself writes about the fields of a NamedTuple: their numbers."""
    return True if (obj.__doc__ or "").startswith("Alias for field number") else None
