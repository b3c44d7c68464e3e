"""The browser's modules glued into one, and the rules their style sheets keep."""

import re
import subprocess
from pathlib import Path

import pytest

from balloonkit.lab.js import bundle as bundle_module
from balloonkit.lab.js.bundle import bundle, styles
from balloonkit.lab.view import palette

FOLDER = Path(bundle_module.__file__).parent
SCRIPTS = {path.stem: path.read_text() for path in FOLDER.glob("*.js")}
#: Modules a bundle begins with: each widget's, and the script of a page without a kernel.
ENTRIES = ("page", *sorted(name for name in SCRIPTS if "export default" in SCRIPTS[name]))
SHEETS = sorted(path.stem for path in FOLDER.glob("*.css"))
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b")


@pytest.fixture
def run(tmp_path):
    """Return a function (entry, modules by name) -> what Node prints for them as one module."""

    def bundled(entry="main", **modules):
        for name, source in modules.items():
            (tmp_path / f"{name}.js").write_text(source)
        glued = tmp_path / "glued.mjs"
        glued.write_text(bundle(entry, tmp_path))
        done = subprocess.run(["node", glued], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return bundled


def test_a_module_sees_what_it_imports_under_the_name_it_gives(run):
    said = run(
        main='import { one, two as deux } from "./low.js";\nconsole.log(one, deux());\n',
        low="// a comment\nexport const one = 1;\nexport function two() {\n  return 2;\n}\n",
    )
    assert said == "1 2"


def test_modules_may_use_the_same_name_for_different_things(run):
    said = run(
        main=(
            'import { left } from "./left.js";\nimport { right } from "./right.js";\n'
            "const size = 3;\nconsole.log(left(), right(), size);\n"
        ),
        left="const size = 1;\nexport const left = () => size;\n",
        right="const size = 2;\nexport const right = () => size;\n",
    )
    assert said == "1 2 3"


def test_a_module_that_two_others_import_is_there_once(run):
    said = run(
        main=('import { a } from "./a.js";\nimport { b } from "./b.js";\nconsole.log(a(), b());\n'),
        a='import { next } from "./low.js";\nexport const a = () => next();\n',
        b='import { next } from "./low.js";\nexport const b = () => next();\n',
        low="let n = 0;\nexport const next = () => ++n;\n",
    )
    assert said == "1 2"


def test_an_import_over_several_lines_is_understood(run):
    source = 'import {\n  one,\n  two,\n} from "./low.js";\nconsole.log(one + two);\n'
    assert run(main=source, low="export const one = 1;\nexport const two = 2;\n") == "3"


def test_a_circle_of_imports_is_refused_with_its_way_round(run):
    with pytest.raises(ValueError, match="main > a > b > a"):
        run(
            main='import { a } from "./a.js";\n',
            a='import { b } from "./b.js";\nexport const a = 1;\n',
            b='import { a } from "./a.js";\nexport const b = 1;\n',
        )


@pytest.mark.parametrize(
    "line",
    [
        'import * as low from "./low.js";',
        'import low from "./low.js";',
        'import { d3 } from "https://example.org/d3.js";',
        "export { one };",
        "export let one = 1;",
        "export default 1;",
    ],
)
def test_another_way_to_write_an_import_or_an_export_is_refused_and_shown(run, line):
    with pytest.raises(ValueError, match=re.escape(line[:20])):
        run(main='import { x } from "./low.js";\n', low=f"export const x = 1;\n{line}\n")


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_bundle_stands_alone(entry):
    glued = bundle(entry)
    assert not re.search(r"^\s*import\b|\bfrom \"", glued, re.MULTILINE)
    checked = subprocess.run(
        ["node", "--input-type=module", "--check"],
        input=glued,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_every_module_is_in_a_bundle():
    reached = set(ENTRIES)
    for entry in ENTRIES:
        reached.update(re.findall(r"^const \$(\w+) =", bundle(entry), re.MULTILINE))
    assert reached == set(SCRIPTS)


def test_tokens_of_the_palette_have_its_colours_and_its_inks():
    named = dict(
        re.findall(r"--bk-([\w-]+): (#\w{6});", styles().partition("/* What they mean")[0])
    )
    expected = {
        name: palette.ink_on(getattr(palette, name.removeprefix("ink-on-").upper()))
        if name.startswith("ink-on-")
        else getattr(palette, name.upper())
        for name in named
    }
    assert len(named) >= 6
    assert named == {name: colour.lower() for name, colour in expected.items()}


def test_no_colour_is_named_but_among_the_tokens():
    found = {
        path.name: COLOUR.findall(path.read_text())
        for path in [*FOLDER.glob("*.css"), *FOLDER.glob("*.js")]
        if path.name != "tokens.css"
    }
    assert {name: colours for name, colours in found.items() if colours} == {}


def test_every_token_is_used_and_every_one_used_is_there():
    everything = "".join(path.read_text() for path in [*FOLDER.glob("*.css"), *FOLDER.glob("*.js")])
    defined = set(re.findall(r"^\s*--bk-([\w-]+):", styles(), re.MULTILINE))
    used = set(re.findall(r"var\(\s*--bk-([\w-]+)", everything))
    used |= set(re.findall(r'token\("([\w-]+)"\)', everything))
    set_by_scripts = set(re.findall(r'setProperty\("--bk-([\w-]+)"', everything))
    assert used == defined | set_by_scripts


def test_there_is_one_focus_ring():
    rings = [
        name for name in SHEETS if "outline-offset: 1px" in (FOLDER / f"{name}.css").read_text()
    ]
    assert rings == ["tokens"]
    for name in SHEETS:
        for rule in re.findall(
            r"[^{}]*:focus[^{}]*\{[^}]*\}", (FOLDER / f"{name}.css").read_text()
        ):
            assert name == "tokens" or "outline: none" in rule, rule


def test_every_widget_of_the_package_begins_with_one_of_them():
    package = FOLDER.parents[1]
    texts = [path.read_text() for path in package.rglob("*.py") if path.name != "bundle.py"]
    assert set(re.findall(r'= bundle\("(\w+)"\)', "".join(texts))) == set(ENTRIES)
