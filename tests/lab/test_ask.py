"""The question view: what the browser wishes is done, said and kept."""

import pytest

from balloonkit.lab.ask import QuestionsLab
from balloonkit.questions import ask

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def lab():
    return QuestionsLab()


def wish(view, do, answer=""):
    """Do what the browser does when a button is pressed."""
    number = view.wish.get("number", 0) + 1
    view.set_state({"wish": {"do": do, "answer": answer, "number": number}})
    return number


def test_a_right_answer_is_said_to_be_right(lab):
    view = lab.ask("chunks", seed=2)

    number = wish(view, "check", view.question.reveal().answer)

    assert view.said["verdict"] == "right"
    assert view.done == number


def test_a_wrong_answer_brings_the_advice_of_the_question(lab):
    view = lab.ask("count", seed=1)
    mistake = view.question.mistakes[0]

    wish(view, "check", str(mistake.answer[0]))

    assert view.said["verdict"] == "wrong"
    assert view.said["why"] == mistake.why


def test_check_and_reveal_work_from_python_and_show_in_the_browser(lab):
    view = lab.ask("next-page", seed=4)

    assert view.check(view.question.solution) is None
    assert view.said["verdict"] == "right"
    reveal = view.reveal()
    assert view.revealed == {
        "Answer": reveal.answer,
        "Cost": reveal.cost,
        "Reason": reveal.reason,
    }


def test_another_one_is_the_next_seed_with_nothing_left_of_the_last(lab):
    view = lab.ask("bitmap", seed=1)
    wish(view, "check", "1")
    wish(view, "reveal")

    wish(view, "another")

    assert str(view.question) == str(ask("bitmap", 2))
    assert view.said["verdict"] == ""
    assert view.revealed == {}
    assert "seed 2" in view.problem["title"]


def test_without_a_kind_another_one_is_of_the_next_kind(lab):
    view = lab.ask(seed=0)
    wish(view, "another")
    assert view.question.kind == "bitmap"


def test_answers_of_all_views_are_kept_in_one_short_text(lab, tmp_path):
    first, second = lab.ask("count", seed=1), lab.ask("payer", seed=2)
    right = first.question.reveal().answer
    wish(first, "check", "1")
    wish(first, "check", right)
    wish(second, "reveal")
    wish(second, "reveal")

    path = lab.save(tmp_path / "mine.txt")

    assert path.read_text().splitlines() == [
        "My answers, balloonkit",
        "count, seed 1: 1 (not yet)",
        f"count, seed 1: {right} (right)",
        "payer, seed 2: looked up",
    ]
    assert first.answers == second.answers == lab.answers()


def test_without_a_kernel_the_problem_and_its_answer_can_be_read(lab):
    view = lab.ask("next-page", seed=7)

    bundle, _ = view._repr_mimebundle_()

    assert WIDGET in bundle
    assert "<details><summary>Answer" in bundle["text/html"]
    assert view.question.reveal().reason in bundle["text/html"]
    assert bundle["text/plain"] == str(view.question)
