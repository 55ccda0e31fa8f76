"""Descriptions: a person's are left alone, and names in them are text."""

import pytest

from bench.tracking.notes import is_ours, link, plain, signed


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        (None, True),
        (signed("one text"), True),
        (signed("a text\n\nof two paragraphs"), True),
        ("", False),
        ("a person's", False),
        (signed("one text").replace("one", "another"), False),
        (signed("one text") + "and more", False),
    ],
)
def test_only_what_nobody_edited_is_ours(written, ours):
    assert is_ours(written) == ours


def test_the_mark_is_not_shown():
    said, mark = signed("said").split("\n\n")
    assert said == "said"
    assert mark.startswith("<!--")
    assert mark.endswith("-->")


@pytest.mark.parametrize(
    "name", ["<img src=x>", "a [link](javascript:alert(1))", "**b**", "`c`", "# head\nnext", "a_b_c"]
)
def test_names_are_not_markup(name):
    """Each character that Markdown or HTML would read as its own is escaped, as a test in a browser sees, too."""
    shown = plain(name)
    for sign in "<>[]*`#_":
        assert shown.count(sign) == shown.count(f"\\{sign}")
    assert "\n" not in shown


def test_a_link_ends_where_it_should():
    assert link("[x]", "#/runs?a=(b)") == "[\\[x\\]](#/runs?a=%28b%29)"
