"""The race's lanes, walked message by message, for Python and the browser's code to agree on.

    PYTHONPATH=tests/support python tests/support/lanes_golden.py

writes ``lanes.json`` again. The walk knows nothing of how the lanes compute a moment: it goes from
message to message and from stage to stage, and adds up.
"""

import json
from pathlib import Path

from balloonkit.lab.lessons.the_race.lanes import lanes_2017

__all__ = ["PATH", "PERCENTS", "made", "walk"]

PATH = Path(__file__).parents[1] / "lab" / "lessons" / "the_race" / "golden" / "lanes.json"
PERCENTS = (0, 37, 100, 200)
STAGES = ("allocate", "send", "translate", "release")
#: Where a lane is looked at, in parts of its time; the race is over at the last.
PARTS = (0, 1e-5, 0.07, 0.2349, 0.4501, 0.457, 0.6, 0.87654, 0.99999, 1.01)


def walk(lane, percent, clock_s):
    """Return what is done when the clock shows so many seconds."""
    messages = lane.counts.messages
    each = lane.counts.pages // messages
    round_s = [seconds / messages for _, seconds in stage_seconds(lane, percent)]
    at_s, kicks, pages, spent_s = 0.0, 0, [0] * 4, [0.0] * 4
    for _ in range(messages):
        for stage, length_s in enumerate(round_s):
            if stage == 1:
                kicks += 1
            if clock_s < at_s + length_s:
                spent_s[stage] += clock_s - at_s
                pages[stage] += int(each * (clock_s - at_s) / length_s)
                return progress(stage, kicks, pages, kicks * each, spent_s)
            at_s += length_s
            spent_s[stage] += length_s
            pages[stage] += each
    return progress(None, kicks, pages, kicks * each, spent_s)


def progress(stage, kicks, pages, sent, spent_s):
    return {
        "stage": stage,
        "kicks": kicks,
        "allocated": pages[0],
        "sent": sent,
        "released": pages[3],
        "spent_s": spent_s,
    }


def stage_seconds(lane, percent):
    stages = lane.stages(percent).as_dict()
    return [(stage, stages[stage]) for stage in STAGES]


def made():
    """Make the golden lanes anew."""
    cases = []
    for lane in lanes_2017():
        for percent in PERCENTS:
            total_s = sum(seconds for _, seconds in stage_seconds(lane, percent))
            reached = lane.milestones(percent)
            moments = [(part * total_s, walk(lane, percent, part * total_s)) for part in PARTS]
            milestones = reached._asdict() | {"ends_s": list(reached.ends_s.values())}
            cases.append(
                {
                    "lane": lane.spec(),
                    "percent": percent,
                    "milestones": milestones,
                    "moments": [{"clock_s": clock_s, "is": is_} for clock_s, is_ in moments],
                }
            )
    return cases


if __name__ == "__main__":
    cases = ",\n".join(json.dumps(case, ensure_ascii=False) for case in made())
    PATH.write_text(f"[\n{cases}\n]\n")
