"""The question view: what the browser wishes is done, said and kept."""

import pytest

from balloonkit.lab import (
    CaptureLab,
    ChunkLab,
    FragmentationLab,
    LineageLab,
    LiveLab,
    RaceLab,
    ReleaseLab,
    ReviewLab,
)
from balloonkit.lab.lab import QuestionsLab
from balloonkit.lab.view.ask import AskView
from balloonkit.questions import KINDS, ask

WIDGET = "application/vnd.jupyter.widget-view+json"

TOPICS = {
    FragmentationLab: {"next-page"},
    ChunkLab: {"bitmap", "chunks", "count"},
    ReleaseLab: {"release"},
    RaceLab: {"messages", "payer"},
    CaptureLab: {"next-page", "chunks", "messages"},
    LiveLab: {"release", "messages"},
    ReviewLab: {"bitmap", "chunks", "count"},
    LineageLab: {"chunks", "messages", "payer"},
}
each_lab = pytest.mark.parametrize("of_lesson", TOPICS)


@pytest.fixture
def lab():
    return QuestionsLab()


def wish(view, do, answer=""):
    """Do what the browser does when a button is pressed."""
    number = view.answered + 1
    view.set_state({"asked": {"what": do, "answer": answer, "number": number}})
    return number


def test_a_right_answer_is_said_to_be_right(lab):
    view = lab.ask("chunks", seed=2)

    number = wish(view, "check", view.question.reveal().answer)

    assert view.said["verdict"] == "right"
    assert view.answered == number


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


@each_lab
def test_a_lab_asks_about_its_topic_and_nothing_else(of_lesson):
    lab = of_lesson()
    assert {lab.ask(seed=seed).question.kind for seed in range(6)} == TOPICS[of_lesson]


@each_lab
def test_a_labs_question_is_shown_checked_and_revealed_by_plain_calls(of_lesson):
    view = of_lesson().ask(seed=3)

    assert isinstance(view, AskView)
    advice = view.check(view.question.mistakes[0].answer)
    assert advice.mistake == view.question.mistakes[0].name
    assert view.check(view.reveal().answer) is None


@each_lab
def test_another_one_stays_with_the_labs_topic(of_lesson):
    view = of_lesson().ask(seed=3)
    for _ in range(6):
        wish(view, "another")
        assert view.question.kind in TOPICS[of_lesson]


@each_lab
def test_a_lab_keeps_and_saves_the_answers_to_its_questions(of_lesson, tmp_path):
    lab = of_lesson()
    view = lab.ask(seed=3)
    right = view.question.reveal().answer
    view.check(right)

    saved = lab.save(tmp_path / "mine.txt").read_text()

    assert saved == f"My answers, balloonkit\n{view.question.kind}, seed 3: {right} (right)\n"
    assert view.answers + "\n" == saved


def test_the_labs_together_ask_every_kind_and_none_the_same_at_the_end_of_a_lesson():
    assert set.union(*TOPICS.values()) == set(KINDS)
    last_seeds = dict.fromkeys(TOPICS, 3) | {LiveLab: 5}
    asked = [str(of_lesson().ask(seed=seed).question) for of_lesson, seed in last_seeds.items()]
    assert len(set(asked)) == len(TOPICS)


@each_lab
def test_a_seed_below_zero_is_refused_with_what_to_give(of_lesson):
    with pytest.raises(ValueError, match="seed -1: give 0 or more"):
        of_lesson().ask(seed=-1)
