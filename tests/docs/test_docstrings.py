"""The docstring rule: what others call has an example, and examples run (pytest runs them all)."""

import dataclasses
import enum
import importlib
import inspect
import pkgutil

import pytest

import balloonkit

#: Rooms whose every public function has an example, whether its folder offers it or not.
HEART = ("guest", "wire", "host", "trace", "machine", "events")
#: Sentences a trace is worded with: each belongs to one kind of event, and golden traces hold them.
WORDED_ELSEWHERE = "balloonkit.trace.words"


def modules():
    for module in pkgutil.walk_packages(balloonkit.__path__, "balloonkit."):
        if not module.name.endswith("__main__"):
            yield importlib.import_module(module.name)


def offered():
    """Functions and entry classes: what a folder's __init__ offers, and all of the heart."""
    for module in [balloonkit, *modules()]:
        heart = module.__name__.split(".")[1:2] and module.__name__.split(".")[1] in HEART
        if not (hasattr(module, "__path__") or heart) or module.__name__ == WORDED_ELSEWHERE:
            continue
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            if (inspect.isfunction(thing) and name != "main") or _is_entry(thing):
                yield pytest.param(thing, id=f"{thing.__module__}.{name}")


def _is_entry(thing):
    """Whether one makes such objects oneself: no report, no error, no choice, no protocol."""
    return (
        inspect.isclass(thing)
        and not issubclass(thing, (BaseException, enum.Enum, tuple))
        and not dataclasses.is_dataclass(thing)
        and not getattr(thing, "_is_protocol", False)
    )


def _examples(thing):
    texts = [inspect.getdoc(thing) or ""]
    if inspect.isclass(thing):
        texts += [
            inspect.getdoc(method) or "" for method in vars(thing).values() if callable(method)
        ]
    return [text for text in texts if ">>> " in text]


@pytest.mark.parametrize("thing", {param.id: param for param in offered()}.values())
def test_what_others_call_has_an_example(thing):
    assert _examples(thing), f"{thing.__module__}.{thing.__qualname__}: write one that runs"
