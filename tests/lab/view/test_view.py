import re

import pytest
import traitlets
from matplotlib.figure import Figure

from balloonkit.lab.view.controls import Choice, Range, Switch
from balloonkit.lab.view.table import Table
from balloonkit.lab.view.view import Fold, LabView

WIDGET = "application/vnd.jupyter.widget-view+json"


class Model(traitlets.HasTraits):
    pages = traitlets.Int(3, min=0, max=9)
    kind = traitlets.Enum(("idle", "aged"), "idle")
    joined = traitlets.Bool(False)


CONTROLS = (
    Range(name="pages", label="pages", low=0, high=9, help="How many.", unit=" pages"),
    Choice.of(name="kind", label="guest", values=("idle", "aged")),
    Switch(name="joined", label="join chunks"),
)


def view_of(model, controls=CONTROLS):
    runs = []

    def run():
        runs.append((model.pages, model.kind, model.joined))
        if model.pages == 7:
            raise ValueError("7 pages: choose another number")
        return runs[-1]

    return LabView(model, controls, run, show, "A model"), runs


def show(result):
    pages, kind, joined = result
    figure = Figure()
    figure.subplots().bar(["pages"], [pages])
    table = Table(f"{pages} < pages", ["guest", "pages", "joined"], [[kind, pages, joined]])
    return [figure], table


def move(view, **values):
    """Do what the browser does when a control is released."""
    moved = {**view.values, **values}
    view.set_state({"asked": {"what": "move", "values": moved, "number": view.answered + 1}})


@pytest.mark.parametrize(("name", "value"), [("pages", 5), ("kind", "aged"), ("joined", True)])
def test_assigning_to_any_trait_moves_its_control_and_redraws(name, value):
    model = Model()
    view, runs = view_of(model)
    before = view.table

    setattr(model, name, value)

    assert len(runs) == 2
    assert view.values[name] == value
    assert view.table != before


@pytest.mark.parametrize(("name", "value"), [("pages", 5), ("kind", "aged"), ("joined", True)])
def test_a_move_in_the_browser_reaches_the_model_and_is_answered(name, value):
    model = Model()
    view, runs = view_of(model)

    move(view, **{name: value})

    assert getattr(model, name) == value
    assert view.answered == view.asked["number"] == 1
    assert len(runs) == 2


def test_two_controls_moved_while_the_kernel_was_busy_are_drawn_once():
    view, runs = view_of(Model())

    move(view, pages=5, kind="aged")

    assert runs == [(3, "idle", False), (5, "aged", False)]


def test_a_value_the_model_refuses_is_answered_with_the_value_in_words():
    model = Model()
    view, _ = view_of(model)

    move(view, pages=12)

    assert "12" in view.error
    assert view.answered == view.asked["number"]
    assert model.pages == 3

    move(view, pages=4)

    assert view.error == ""
    assert "4" in view.table


def test_a_drawing_that_fails_leaves_the_picture_and_says_why():
    view, _ = view_of(Model())
    before = view.panes

    move(view, pages=7)

    assert view.error == "7 pages: choose another number"
    assert view.panes == before
    assert view.answered == view.asked["number"]


def test_a_programming_error_in_a_drawing_is_not_swallowed_but_still_answered():
    model = Model()

    def show_wrongly(pages):
        if pages == 4:
            raise KeyError("typo")
        return [], Table("pages", ["n"], [])

    view = LabView(model, CONTROLS, lambda: model.pages, show_wrongly, "broken")

    with pytest.raises(KeyError):
        move(view, pages=4)

    assert "typo" in view.error
    assert view.answered == view.asked["number"]


def test_a_move_in_one_view_redraws_every_view_of_the_same_model():
    model = Model()
    first, _ = view_of(model)
    second, _ = view_of(model)

    move(first, pages=6)

    assert second.values["pages"] == 6
    assert first.table == second.table


def test_an_output_without_a_kernel_carries_the_picture_and_its_table():
    view, _ = view_of(Model())

    bundle, _ = view._repr_mimebundle_()

    assert WIDGET in bundle
    assert bundle["text/html"].count("data:image/png;base64,") == 1
    assert re.search(r'<img alt="[^"]+"', bundle["text/html"])
    assert '<th scope="row">idle</th><td>3</td><td>no</td>' in bundle["text/html"]
    assert bundle["text/plain"].splitlines() == [
        "3 < pages",
        "guest  pages  joined",
        "idle       3      no",
    ]


def test_a_fold_is_closed_named_reached_by_keyboard_and_shown_without_a_kernel_too():
    table = Table("Pages", ["pages"], [["3"]])
    fold = Fold("What <ran>", "if a < b:\n    merge()")
    view = LabView(Model(), (), lambda: table, lambda table: ([], table), "A model", fold=fold)

    static = view._repr_mimebundle_()[0]["text/html"]

    assert static.endswith(view.fold)
    assert view.fold == (
        "<details><summary>What &lt;ran&gt;</summary>"
        '<pre tabindex="0" role="region" aria-label="What &lt;ran&gt;">'
        "<code>if a &lt; b:\n    merge()</code></pre></details>"
    )


def test_the_output_shows_the_present_values_not_those_at_creation():
    model = Model()
    view, _ = view_of(model)
    model.pages = 8

    bundle, _ = view._repr_mimebundle_()

    assert "<td>8</td>" in bundle["text/html"]


def test_charts_take_their_colour_and_font_from_the_page():
    view, _ = view_of(Model())
    (pane,) = view.panes

    assert pane["kind"] == "chart"
    assert pane["svg"].startswith("<svg")
    assert "<text" in pane["svg"]  # words, not outlines: the page's own font
    assert "#000000" not in pane["svg"]
    assert "currentColor" in pane["svg"]


class Guest(traitlets.HasTraits):
    """A guest whose slider of messages ends where its messages do."""

    size = traitlets.Enum(("small", "large"), "small")
    message = traitlets.Int(1)

    @property
    def messages(self):
        return {"small": 512, "large": 7168}[self.size]


def messages_of(view):
    """Keep the names in each message the view sends to the browser."""
    sent, send = [], view.send_state

    def remember(key=None):
        sent.append({key} if isinstance(key, str) else set(key or view.keys))
        send(key)

    view.send_state = remember
    return sent


def test_a_move_is_answered_in_one_message_that_does_not_say_again_what_the_controls_are():
    view, _ = view_of(Model())
    sent = messages_of(view)

    for pages in (4, 5, 6):
        move(view, pages=pages)

    assert len([names for names in sent if "table" in names]) == 3
    assert all("answered" in names for names in sent if "table" in names)
    assert not any("spec" in names for names in sent)


def test_an_end_that_follows_from_the_inputs_is_sent_when_it_moves_and_only_then():
    guest = Guest()
    controls = (
        Choice.of(name="size", label="guest", values=("small", "large")),
        Range(name="message", label="message", low=0, high=guest.messages),
    )
    view = LabView(
        guest,
        controls,
        lambda: guest.message,
        lambda message: ([], Table(f"message {message}", ["n"], [[message]])),
        "Messages",
        ends=lambda: {"message": guest.messages},
    )
    sent = messages_of(view)

    for message in (100, 200, 300):
        move(view, message=message)
    assert not any("spec" in names for names in sent)

    move(view, size="large")
    move(view, message=7000)

    assert len([names for names in sent if "spec" in names]) == 1
    assert view.spec[1]["high"] == 7168
    assert view.caption == "message 7000"


def test_what_was_run_can_be_drawn_again_without_running():
    view, runs = view_of(Model())
    drawn = view.result

    _, table = show(drawn)

    assert runs == [drawn]
    assert table.as_html() == view.table
