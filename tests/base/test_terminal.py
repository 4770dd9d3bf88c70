"""What comes from outside steers no terminal, and keeps no secret that it should not tell."""

import json

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import say
from alexnet_pipe.base.terminal import json_text, spoken, without_secrets

STEERING = "\x1b[2J \x07 \r \x7f \x9b31m \u202e \u2066 \u200b \udc80"


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("https://me:secret@h.example/a.zip", "https://***@h.example/a.zip"),
        ("https://secret@h.example/a.zip", "https://***@h.example/a.zip"),
        ("ssh://me:se/c#re@t@h.example/a", "ssh://***@h.example/a"),
        ("s3://key:secret@bucket, 'https://me:secret@h/x'", "s3://***@bucket, 'https://***@h/x'"),
        ("https://h.example/a.zip?X-Amz-Signature=secret&n=1: it", "https://h.example/a.zip?***: it"),
        ("https://h.example/get?secret, or", "https://h.example/get?***, or"),
        ("exceeded with url: /a.zip?token=secret (Caused by", "exceeded with url: /a.zip?*** (Caused by"),
        ("postgresql+asyncpg://me:secret@h/d?password=secret", "postgresql+asyncpg://***@h/d?***"),
        ("host=h password=secret user=me", "host=h password=*** user=me"),
        ("https://h.example:8080/x@2.png", "https://h.example:8080/x@2.png"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE", "postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE"),
        ("is this it? a = b (?)", "is this it? a = b (?)"),
    ],
)
def test_addresses_are_shown_without_users_passwords_and_queries(told: str, shown: str) -> None:
    assert without_secrets(told) == shown
    assert without_secrets(shown) == shown


def test_lines_stay_lines_and_nothing_else_steers(capsys: pytest.CaptureFixture[str]) -> None:
    assert spoken("a 'σ' \\ \"é\"") == "a 'σ' \\ \"é\""
    assert spoken("a\x1b[2J\r\nb\u202e\x9b\udc80") == "a\\x1b[2J\\r\nb\\u202e\\x9b\\udc80"
    error = UserError(f"https://me:secret@h/: {STEERING}")
    say(f"{STEERING}\nhttps://me:secret@h/")
    for text in (str(error), capsys.readouterr().out):
        assert text.replace("\n", "").isprintable()
        assert "secret" not in text


def test_json_is_the_same_and_steers_no_terminal() -> None:
    content = {"name": f"{STEERING}\U000e0001 σ", "share": 0.5}
    for indent in (None, 2):
        text = json_text(content, indent)
        assert text.replace("\n", "").isprintable()
        assert "σ" in text
        assert json.loads(text) == content
