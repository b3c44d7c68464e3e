"""README.md: each lesson has its picture, and each picture says in words what it shows."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_each_lesson_has_a_picture_of_its_widgets_with_words_for_who_cannot_see_it():
    lessons = {path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")}
    pictures = dict(re.findall(r"!\[([^]]*)\]\(docs/pictures/([^)]*)\.png\)", README))
    assert set(pictures.values()) == lessons
    assert all(len(words.split()) >= 5 for words in pictures)


def test_links_to_files_lead_somewhere():
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert [target for target in targets if not (ROOT / target).exists()] == []
