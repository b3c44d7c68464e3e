from balloonkit.history import FORMATS, POSTINGS


def inflate_ms(version: str) -> float:
    (posting,) = (p for p in POSTINGS if p.version == version)
    return next(f.value for f in posting.figures if f.what == "inflate 7 GB")


def test_the_figure_was_measured_once_and_carried_until_june_2017() -> None:
    carried = [p for p in POSTINGS if p.date <= "2017-06-30"]
    assert [p.version for p in carried] == ["v2", "v3", "v6", "v7", "v8", "v9", "v10", "v11"]
    assert {inflate_ms(p.version) for p in carried} == {590}
    assert [inflate_ms(v) for v in ("v12", "v13", "v15")] == [491, 541, 597]


def test_claimed_improvements_follow_from_the_claimed_times() -> None:
    for posting in POSTINGS:
        if len(posting.figures) == 3:
            before, after, percent = (f.value for f in posting.figures)
            assert abs(100 * (1 - after / before) - percent) < 1


def test_postings_are_in_order_of_time_and_name_their_source() -> None:
    assert [p.date for p in POSTINGS] == sorted(p.date for p in POSTINGS)
    assert all(p.source and p.what_is_sent for p in POSTINGS)
    assert [p.version for p in POSTINGS if p.merged] == [
        "FREE_PAGE_HINT",
        "PAGE_POISON",
        "REPORTING",
    ]


def test_every_format_after_the_classic_belongs_to_a_posting() -> None:
    assert {f.version for f in FORMATS} - {"classic"} <= {p.version for p in POSTINGS}
