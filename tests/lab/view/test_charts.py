"""Charts whose numbers are easily wrong."""

import numpy as np

from balloonkit.guest.zones import x86_zones
from balloonkit.lab.view.charts import draw_messages, draw_wire_order, new_chart


def test_addresses_above_4_gib_do_not_wrap():
    _, axes = new_chart("order")

    # 1, 4 and 9.5 GiB, as the 32-bit numbers a capture holds
    pfns = np.array([1 << 18, 4 << 18, 19 << 17], np.uint32)
    draw_wire_order(axes, pfns, 2, x86_zones(10 << 18))

    assert axes.lines[0].get_ydata().tolist() == [1.0, 4.0, 9.5]
    assert axes.get_ylim() == (0, 10)


def test_a_long_inflate_is_drawn_with_few_dots_from_first_message_to_last():
    _, axes = new_chart("order")

    draw_wire_order(axes, np.arange(7168, dtype=np.uint32), 7168, x86_zones(10 << 18))

    messages = axes.lines[0].get_xdata()
    assert len(messages) <= 300
    assert (messages[0], messages[-1] > 7100) == (1, True)


def test_every_bar_of_messages_is_named_and_numbered():
    figure, axes = new_chart("messages")
    draw_messages(axes, {"classic": 7168, "chunks": 1})

    figure.draw_without_rendering()

    assert [label.get_text() for label in axes.get_yticklabels()] == ["classic", "chunks"]
    assert [text.get_text() for text in axes.texts] == ["7,168", "1"]
    left_edges = [label.get_window_extent().x0 for label in axes.get_yticklabels()]
    assert min(left_edges) >= 0, "a name is cut off"
