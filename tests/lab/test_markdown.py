"""What stands in a Markdown table reads as it was written, whatever it is made of."""

from __future__ import annotations

import html
import re

import pytest

from initbench.lab.markdown import code, escape, table


def test_a_table_has_a_rule_under_its_header_and_numbers_on_the_right() -> None:
    rows = [["he_normal", "0.65", "stable"], ["normal(stddev=0.01)", "", "vanishing"], ["x", "-inf", "failed"]]
    assert table(["initializer", "ratio", "verdict"], rows) == (
        "| initializer | ratio | verdict |\n"
        "| --- | ---: | --- |\n"
        "| he_normal | 0.65 | stable |\n"
        "| normal(stddev=0.01) |  | vanishing |\n"
        "| x | -inf | failed |\n"
    )


def test_a_table_may_have_no_rows() -> None:
    assert table(["a", "b"], []) == "| a | b |\n| --- | --- |\n"


@pytest.mark.parametrize("rows", [[["1"]], [["1", "2", "3"]], [["1", "2"], ["1"]]])
def test_a_row_of_another_length_is_refused(rows: list[list[str]]) -> None:
    with pytest.raises(ValueError, match=r"argument"):
        table(["a", "b"], rows)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a|b", r"a\|b"),
        ("a\\|b", r"a\\\|b"),
        ("two\r\nlines", "two lines"),
        ("<img src=x>", "&lt;img src=x&gt;"),
        ("a & b", "a &amp; b"),
        ("*bold* `code` [link](to) ~gone~", r"\*bold\* \`code\` \[link\](to) \~gone\~"),
        ("act_q_ratio", "act_q_ratio"),
        ("_it_ or __it__", r"\_it\_ or \_\_it\_\_"),
        ("# x", r"\# x"),
        ("###", r"\###"),
        ("#hash", "#hash"),
        ("C #", r"C \#"),
        ("- x", r"\- x"),
        ("---", r"\---"),
        ("+ x", r"\+ x"),
        ("-inf", "-inf"),
        ("+1.5", "+1.5"),
        ("1. x", r"1\. x"),
        ("23) x", r"23\) x"),
        ("1.5 x", "1.5 x"),
    ],
)
def test_no_text_is_mark_up(text: str, written: str) -> None:
    assert escape(text) == written
    assert table([text], [[text]]).count("\n") == 3


@pytest.mark.parametrize(
    "text", ["@octocat #12", "cc @team", "me@x.org", "owner/name#3", "see GH-7 or gh-8", "#1", "@@a"]
)
def test_nobody_is_notified_and_no_issue_is_linked(text: str) -> None:
    shown = html.unescape(escape(text))
    assert not re.search(r"@\w|#\d|gh-\d", shown, re.IGNORECASE)
    assert shown.replace("\u200b", "") == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("initbench check a", "`initbench check a`"),
        ("cd 'a`b'", "``cd 'a`b'``"),
        ("a``b`", "``` a``b` ```"),
        ("`", "`` ` ``"),
        ("two\nlines", "`two lines`"),
        ("'a  b'", "`'a  b'`"),
    ],
)
def test_code_is_closed_where_it_ends(text: str, written: str) -> None:
    assert code(text) == written
