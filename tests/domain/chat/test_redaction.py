"""Secrets do not stay in what was typed, and nothing else goes."""

import base64
import hashlib
import random
import re
import string
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.access.key import SECRET_BYTES, write_key
from domain.chat.redaction import MARK, MIXED_CHARS_MIN, without_secrets
from domain.skill.secrets import FORMS

OURS = write_key(key_id="k68f0c0ffee", secret=hashlib.sha256(b"ours").digest())
ALPHABET = string.ascii_letters + string.digits


def drawn(length: int, alphabet: str = ALPHABET, *, seed: int = 1) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=length))  # noqa: S311 - made up


KEYS = {
    "anthropic": f"sk-ant-api03-{drawn(80)}",
    "openai": f"sk-proj-{drawn(48)}",
    "google": f"AIza{drawn(35)}",
    "aws": f"AKIA{drawn(16, string.ascii_uppercase + '234567')}",
    "github": f"ghp_{drawn(36)}",
    "gitlab": f"glpat-{drawn(20)}",
    "slack": f"xoxb-{drawn(24)}",
    "stripe": f"sk_live_{drawn(24)}",
    "hugging face": f"hf_{drawn(34, string.ascii_letters)}",
    "ours": OURS,
    "ours, mistyped": OURS[:-1],
    "base64": base64.b64encode(hashlib.sha256(b"x").digest()).decode(),
    "url-safe": base64.urlsafe_b64encode(hashlib.sha256(b"y").digest()).decode().rstrip("="),
    "confirmation token": f"{UUID(int=7).hex}.{base64.urlsafe_b64encode(hashlib.sha256(b'z').digest()).decode().rstrip('=')}",
    "lower case": drawn(40, string.ascii_lowercase + string.digits),
    "jwt": f"eyJhbGciOiJIUzI1NiJ9.{base64.urlsafe_b64encode(b'{sub:1234567890}').decode()}.{drawn(43)}",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize(
    "sentence",
    ["install kbo-results on openai with {}", "openai 키는 {}이고 kbo-results를 설치해줘", "({})", "{}", "key={}"],
    ids=["english", "korean", "brackets", "alone", "assigned"],
)
def test_keys_and_tokens_go_wherever_they_stand(key: str, sentence: str) -> None:
    said = without_secrets(sentence.format(key))
    assert MARK in said
    assert not any(part in said for part in re.findall(r"[A-Za-z0-9]{9,}", key))
    assert ("kbo-results" in said) == ("kbo-results" in sentence)


def test_every_form_that_a_skill_may_not_hold_is_among_them() -> None:
    assert all(any(form.pattern.search(key.encode()) for key in KEYS.values()) for form in FORMS[:-1])
    assert FORMS[-1].what == "a private key"
    body = base64.b64encode(bytes(range(48))).decode()
    assert body[:32] not in without_secrets(f"-----BEGIN PRIVATE KEY-----\n{body}")


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("password=hunter2 install kbo-results", f"password={MARK} install kbo-results"),
        ("Password : 가나다라", f"Password : {MARK}"),
        ('"password": "two words"', f'"password": {MARK}'),
        ("PASSWD='x y z'", f"PASSWD={MARK}"),
        ("db_password=abc", f"db_password={MARK}"),
        ("client_secret: abc", f"client_secret: {MARK}"),
        ("api key: abcdef", f"api key: {MARK}"),
        ("OPENAI_API_KEY=abc-def", f"OPENAI_API_KEY={MARK}"),
        ("token：abc", f"token：{MARK}"),  # noqa: RUF001 - a colon as a Korean keyboard may give it
        ("비밀번호: 호랑이", f"비밀번호: {MARK}"),
        ("비밀번호는 hunter2야", f"비밀번호는 {MARK}야"),
        ("비번 Tiger#1 이야", f"비번 {MARK} 이야"),
        ("토큰=abc", f"토큰={MARK}"),
        ("API 키: abc", f"API 키: {MARK}"),
        ("my password is hunter2", f"my password is {MARK}"),
        ("the password is Tiger!tiger.", f"the password is {MARK}."),
        ("the secret is openSesame", f"the secret is {MARK}"),
        ("set the password to hunter2", f"set the password to {MARK}"),
        ("Authorization: Bearer abc.def-123", f"Authorization: Bearer {MARK}"),
        ("authorization=Basic dXNlcg==", f"authorization=Basic {MARK}"),
        ("curl with bearer abcdef123456", f"curl with bearer {MARK}"),
        ("https://kim:geheim@git.example/x.git", f"https://{MARK}@git.example/x.git"),
        ("ssh://token@host/x", f"ssh://{MARK}@host/x"),
        ("https://git.example/x?token=abc", f"https://git.example/x?token={MARK}"),
    ],
)
def test_what_is_called_a_secret_is_one(said: str, left: str) -> None:
    assert without_secrets(said) == left
    assert without_secrets(left) == left


PLAIN = [
    "install kbo-results@stable and release-notes v2 on openai and claude",
    "openai에 kbo-results를 설치해줘",
    "비밀번호 재설정 스킬을 openai에 설치해줘",
    "비밀번호-검사 스킬 말고 전부",
    "install password-reset and token-counter on gemini",
    "install the secrets-scanner skill, then tell me who did it",
    "is the token counter installed?",
    "the token is expired",
    "does the credentials skill work?",
    "token kbo-results2",
    "secret 0198f3c2",
    "token kbo-results@v2, please",
    "bearer of bad news",
    "risk-assessment-and-mitigation-planning-for-everyone 설치",
    "Task-Management-And-Planning-For-The-Whole-House 스킬",
    "sk-translation-for-the-whole-of-the-organisation 설치",
    "task-management-2026-for-a-very-large-organisation-v2",
    "show run 0198f3c2-1234-7abc-8def-0123456789ab",
    "retry 0198F3C212347ABC8DEF0123456789AB",
    f"install kbo-results@sha256:{'0a1b' * 16}",
    f"install kbo-results@{hashlib.sha256(b'a').hexdigest()}",
    f"kbo-results@{hashlib.sha1(b'a', usedforsecurity=False).hexdigest()[:12]} 깔아줘",
    "https://github.com/anthropics/skills/tree/main/skills/pdf",
    "GitHubActionsV2Workflow를 /usr/local/lib/python3/Site-Packages12 에",
    "did the InternationalizationAndLocalization skill fail?",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "----------------------------------------------",
    "code overloaded:provider at 2026-11-22T15:40:12.123456+00:00",
    "",
]


@pytest.mark.parametrize("said", PLAIN)
def test_plain_sentences_are_left_alone(said: str) -> None:
    assert without_secrets(said) == said


NAMES = st.from_regex(r"[a-z0-9]{1,20}(-[a-z0-9]{1,12}){0,4}", fullmatch=True)
DIGESTS = st.binary(min_size=8, max_size=64).map(lambda content: hashlib.sha256(content).hexdigest())
REFS = st.one_of(st.just("stable"), st.integers(1, 999).map(lambda number: f"v{number}"), DIGESTS)


@settings(max_examples=50)
@given(skill=NAMES, ref=REFS, provider=NAMES, run=st.uuids(), before=st.sampled_from(PLAIN), korean=st.booleans())
def test_names_refs_ids_and_digests_are_never_taken_for_secrets(
    *, skill: str, ref: str, provider: str, run: UUID, before: str, korean: bool
) -> None:
    command = f"{provider}에 {skill}@{ref} 설치해줘" if korean else f"install {skill}@{ref} on {provider}"
    for said in (command, f"{before}, {command}", f"show run {run}", f"{run.hex} 취소해줘"):
        assert without_secrets(said) == said


@given(
    secret=st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES),
    key=st.text(ALPHABET.lower(), min_size=4, max_size=32),
)
def test_no_key_of_ours_stays(secret: bytes, key: str) -> None:
    ours = write_key(key_id=key.lower(), secret=secret)
    assert without_secrets(f"use {ours}, please") == f"use {MARK}, please"


@given(st.binary(min_size=24, max_size=48))
def test_few_random_tokens_stay(content: bytes) -> None:
    """Those that a generator makes: hardly any is so regular that it could be a word. One may hold what a known key begins with."""
    token = base64.urlsafe_b64encode(hashlib.sha512(content).digest()).decode()
    left = without_secrets(token).split(MARK)
    assert len(left) > 1
    assert max(map(len, left)) < MIXED_CHARS_MIN


@given(st.text(max_size=300))
def test_whatever_is_typed_comes_through_a_second_time_unchanged(said: str) -> None:
    once = without_secrets(said)
    assert without_secrets(once) == once


@pytest.mark.timeout(5)
@pytest.mark.parametrize("part", ["a_", "password", "sk-", "api ", "x://", "Bearer ", "비밀번호 ", "aA1", '"', "= "])
def test_it_takes_no_longer_for_what_was_made_to_take_long(part: str) -> None:
    without_secrets(part * 5_000)
