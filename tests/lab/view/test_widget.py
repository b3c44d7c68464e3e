"""The one protocol between browser and kernel, and the one static copy."""

import pytest
import traitlets

from balloonkit.lab.view.widget import KitWidget

WIDGET = "application/vnd.jupyter.widget-view+json"


class Doubler(KitWidget):
    """Doubles a number it is asked about."""

    _esm = "export default {};"
    said = traitlets.Int().tag(sync=True)

    def answer(self, what, **details):
        if what == "fail":
            raise KeyError("typo")
        self.said = 2 * details["number_of_pages"]

    def static(self):
        return {"text/plain": f"{self.said} pages"}


def request(widget, what, number, **details):
    """Do what the browser does when it asks."""
    widget.set_state({"asked": {"what": what, "number": number, **details}})


def test_a_request_is_answered_with_its_number():
    widget = Doubler()
    request(widget, "double", 4, number_of_pages=21)
    assert (widget.said, widget.answered) == (42, 4)


def test_a_request_that_fails_is_answered_too_and_the_error_is_raised_on():
    widget = Doubler()
    with pytest.raises(KeyError, match="typo"):
        request(widget, "fail", 1)
    assert widget.answered == 1
    request(widget, "double", 2, number_of_pages=1)
    assert (widget.said, widget.answered) == (2, 2)


def test_a_widget_that_is_asked_nothing_gives_a_sign_of_life():
    class Quiet(KitWidget):
        _esm = "export default {};"

    widget = Quiet()
    request(widget, "are you there", 7)
    assert widget.answered == 7


def test_the_live_widget_and_its_static_copy_are_in_one_output():
    bundle, _ = Doubler(said=8)._repr_mimebundle_()
    assert bundle[WIDGET]["model_id"]
    assert bundle["text/plain"] == "8 pages"


def test_a_widget_without_a_static_copy_is_named():
    class Bare(KitWidget):
        _esm = "export default {};"

    with pytest.raises(NotImplementedError, match="Bare"):
        Bare()._repr_mimebundle_()
