"""No secret, no markup and no control character gets through, however it stands in the text."""

import pytest

from adapters.providers.redaction import MESSAGE_CHARS_MAX, WEB_PAGE, safe_text

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4"


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-Ab12_cd34-ef56",
        "sk-ant-api03-Ab12cd34",
        "sk-abcd****************wxyz",
        "AIzaSyA-1234567890_abcdefghijklmnop",
        "wb_1a2b3c4d5e6f",
        "Bearer abcdefgh12345678",
        "bearer  abcdefgh12345678",
        TOKEN,
        TOKEN[:40],
    ],
)
@pytest.mark.parametrize("around", ["{}", "key {}.", 'says "{}"', "(key={})", "a\n{}\nb"])
def test_a_secret_does_not_get_through(secret: str, around: str) -> None:
    text = safe_text(around.format(secret))
    assert "[redacted]" in text
    assert not any(part in text for part in (secret[3:], secret[-6:]))


@pytest.mark.parametrize(
    "text", ["The task-runner is a risk-free disk-space saver.", "Missing scopes: api.skills.write", "한국어 메시지"]
)
def test_plain_words_get_through(text: str) -> None:
    assert safe_text(text) == text


def test_a_known_secret_does_not_need_to_look_like_one() -> None:
    assert safe_text("no such key: correct-horse", secret="correct-horse") == "no such key: [redacted]"


def test_a_short_secret_does_not_blot_out_the_text() -> None:
    assert safe_text("a plain sentence", secret="a") == "a plain sentence"


@pytest.mark.parametrize("page", ["<html>x", "\n<!DOCTYPE html>\n<p>", "< HTML lang=en>", "oops <body class='x'>"])
def test_a_web_page_becomes_a_sentence(page: str) -> None:
    assert safe_text(page) == WEB_PAGE


def test_control_characters_become_blanks() -> None:
    assert safe_text("one\x00two\r\n\tthree \x1b[31mred\u202e") == "one two three [31mred"


def test_long_text_is_cut() -> None:
    assert len(safe_text("x" * 100_000)) == MESSAGE_CHARS_MAX
    assert safe_text("x" * MESSAGE_CHARS_MAX) == "x" * MESSAGE_CHARS_MAX


def test_a_secret_at_the_cut_does_not_get_through() -> None:
    for length in range(MESSAGE_CHARS_MAX - 30, MESSAGE_CHARS_MAX + 1):
        assert "Ab12" not in safe_text(f"{'x' * length} sk-proj-Ab12Ab12Ab12Ab12")


def test_redacting_is_quick_whatever_the_text() -> None:
    for hostile in ("sk-" * 10_000, "eyJ" * 10_000, "bearer " * 5_000, "<" * 30_000, "< " * 15_000):
        safe_text(hostile)
