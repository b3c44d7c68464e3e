"""The house's rules: which way imports run, what each room may use, where a test lies."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import balloonkit
from balloonkit.publish.house import floors, module_imports, room_imports

PACKAGE = Path(balloonkit.__file__).parent
ROOT = PACKAGE.parent
IMPORTS = module_imports()
#: Libraries that draw or make widgets, and the rooms that may.
DRAWING = {"anywidget", "ipywidgets", "matplotlib", "traitlets", "IPython"}
MAY_DRAW = ("lab", "publish")
MOST_LINES = 300
#: Folders of tests that follow something else than the package: see each one's files.
NOT_MIRRORED = {"binder", "browser", "docs", "exercises", "fuzz", "js", "notebooks", "support"}
#: Tests of a promise that several modules keep together.
ACROSS = {
    "captures/test_damage.py",  # read, check and archive
    "captures/texts/test_texts.py",
    "duel/test_mutants.py",
    "duel/test_rules.py",  # host/rules.py against QEMU
    "history/test_real_guests.py",
    "host/qemu/test_running.py",  # device, host and RAM file on a machine that runs
    "lab/test_accessibility.py",
    "live/test_failures.py",
    "live/test_options.py",
    "questions/test_questions.py",
    "checks/test_checks.py",
    "test_house.py",
    "test_instructor_guide.py",
    "test_machine_faults.py",
    "test_namespace.py",
    "trace/test_golden.py",
    "trace/test_words_only.py",
}


def test_no_module_imports_itself_by_way_of_others():
    try:
        list(TopologicalSorter(IMPORTS).static_order())
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


def test_no_room_imports_one_that_stands_on_it():
    assert floors(room_imports())[0]  # raises where there is a circle of rooms


def test_guest_and_host_never_meet_and_the_wire_knows_neither():
    rooms = room_imports()
    assert "host" not in rooms["guest"]
    assert "guest" not in rooms["host"]
    assert not rooms["wire"] & {"guest", "host", "machine"}


def test_the_heart_stands_on_nothing_that_is_not_the_heart():
    heart = {"guest", "wire", "host", "machine", "trace", "events"}
    ground = {"units", "limits", "ram_layout", "costs"}
    rooms = room_imports()
    assert {room: rooms[room] - heart - ground for room in heart} == {room: set() for room in heart}


def libraries(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_only_the_lab_and_the_publisher_draw():
    outside = {
        str(path.relative_to(PACKAGE)): sorted(found)
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] not in MAY_DRAW
        and (found := DRAWING & set(libraries(path)))
    }
    assert outside == {}


CODE = ("py", "js", "mjs", "ts", "css", "c", "h")


def test_no_file_is_longer_than_one_can_read_at_a_sitting():
    code = [path for kind in CODE for path in PACKAGE.rglob(f"*.{kind}")]
    code += [*ROOT.glob("tests/**/*.py"), *ROOT.glob("tests/js/*.mjs")]
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in code}
    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}


def test_each_test_lies_where_what_it_tests_lies():
    astray = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        place = path.relative_to(ROOT / "tests")
        if place.parts[0] in NOT_MIRRORED or place.as_posix() in ACROSS:
            continue
        tested = PACKAGE / place.with_name(place.name.removeprefix("test_"))
        if not (tested.exists() or tested.with_suffix("").is_dir()):
            astray.append(place.as_posix())
    assert astray == []
    gone = [name for name in ACROSS if not (ROOT / "tests" / name).exists()]
    assert gone == []
