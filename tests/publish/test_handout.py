"""The hand-out: the real trace and real problems, on pages that are not overfull."""

import pytest

from balloonkit.publish import handout
from balloonkit.publish.handout import make_handout, worked_trace


def texts(page):
    return [text.get_text() for text in page.figure.texts]


def test_every_step_of_the_worked_trace_has_its_line():
    shown = texts(handout._trace())
    steps = worked_trace().steps
    assert [t for t in shown if t.isdigit()].count(str(len(steps))) >= 1
    assert [t for t in shown if t in {step.kind for step in steps}] == [s.kind for s in steps]


def test_the_trace_ends_with_three_chunks_and_the_map_shows_their_pages():
    trace = worked_trace()
    assert trace.steps[-1].counters == (9, 9, 1, 56, 3, 3, 3, 0, 9)
    assert handout._letters_after(trace) == "FFUBBBBUFFFFFFFFUUBBBBUUFFFFUUBU"


@pytest.mark.parametrize("seed", range(6))
def test_no_page_is_overfull(seed):
    pages = [handout._story(), handout._trace(), handout._problems(seed), handout._answers(seed)]
    assert min(page.left_over for page in pages) > 0


def test_each_problem_on_the_sheet_has_its_answer_on_the_next():
    problems, answers = texts(handout._problems(3)), texts(handout._answers(3))
    for number in range(1, 6):
        (title,) = [text for text in problems if text.startswith(f"{number}. ")]
        assert any(text.startswith(title + ": ") for text in answers)


def test_the_same_seed_makes_the_same_file(tmp_path):
    for name in ("a.pdf", "b.pdf"):
        make_handout(tmp_path / name)
    made = (tmp_path / "a.pdf").read_bytes()
    assert made.startswith(b"%PDF")
    assert made.count(b"/Type /Page ") == 4
    assert made == (tmp_path / "b.pdf").read_bytes()
