"""A trace words and groups what the machine tells; it decides nothing of its own."""

import ast
from pathlib import Path

import pytest

import balloonkit.trace

MODULES = sorted(Path(balloonkit.trace.__file__).parent.glob("*.py"))
#: What packs, encodes, translates or allocates, wherever it is defined.
WORKERS = {
    *("pack_chunks", "join_chunks", "find_runs", "chunks", "runs", "rounds", "messages", "entries"),
    *("encode", "decode", "encode_pfns", "encode_chunks", "decode_pfns", "decode_chunks", "read"),
    *("translate", "translate_pages", "contains", "read_message", "handle", "mark", "mark_pages"),
    *("release_pages", "release_ranges", "whole_host_pages"),
    *("alloc", "take", "take_from", "take_blocks", "quotas", "give_back", "merge_freed"),
    *("maximal_blocks", "expand", "wire_order", "fill", "leak", "send", "push"),
}
#: Python's own: `words.take` words a take, a list's `pop` is no queue's.
_OWN = {"words", "totals", "mine", "changes", "inside"}


def workers_called(source):
    """Names of workers that are called, but for those of the trace's own modules and of Python."""
    called = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        target = node.func
        if isinstance(target, ast.Name):
            called.add(target.id)
        elif isinstance(target, ast.Attribute):
            owner = target.value
            own = isinstance(owner, ast.Name) and owner.id in _OWN
            if not own and not isinstance(owner, ast.Call | ast.Subscript):
                called.add(target.attr)
    return called & WORKERS


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_no_module_of_trace_packs_encodes_translates_or_allocates(module):
    assert workers_called(module.read_text()) == set()


@pytest.mark.parametrize(
    "source",
    [
        "runs = pack_chunks(pfns)",
        "data = self._format.encode(entries)",
        "host = ram.translate(bases, sizes)",
        "pfn = machine.guest.buddy.alloc()",
    ],
)
def test_a_trace_that_did_would_be_found(source):
    assert workers_called(source)
