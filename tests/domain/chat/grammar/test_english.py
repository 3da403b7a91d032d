"""How English is put together: which words make a name, a place, an exception, a version, and which words make it a no."""

from typing import Final

import pytest

from domain.chat.grammar.parsing import parse
from domain.chat.intent import Action
from domain.chat.reasons import Reason
from domain.chat.said import NAMES_MAX, Name, Pick, RunPick, Said


def names(pick: Pick) -> str:
    """As `a b@v2 every -c`."""
    said = [f"{name.text}@{name.ref}" if name.ref else name.text for name in pick.names]
    return " ".join((*said, *(["every"] if pick.every else []), *(f"-{text}" for text in pick.excepted)))


def about(said: Said) -> tuple[str, str, str]:
    return names(said.skills), names(said.providers), names(said.either)


PLACES: Final = (
    ("install a-b on openai", "a-b", "openai", ""),
    ("a-b: install on openai", "", "openai", "a-b"),
    ("on openai, install a-b", "a-b", "openai", ""),
    ("install on openai: pdf, docx", "pdf docx", "openai", ""),
    ("install pdf docx on openai", "pdf docx", "openai", ""),
    ("install pdf on: openai, lab", "pdf", "openai lab", ""),
    ("install the pdf and docx skills on the lab and test-1 connections", "pdf docx", "lab test-1", ""),
    ("install a-b prod-eu", "a-b", "", "prod-eu"),
    ("install a-b openai", "a-b", "openai", ""),
    ("install the skill claude on claude", "claude", "claude", ""),
    ("install the claude skill on openai", "claude", "openai", ""),
    ("install a-b@v2, c-d v3 and e-f on openai", "a-b@v2 c-d@v3 e-f", "openai", ""),
    ("install version 2 of a-b and c-d on openai", "a-b@2 c-d@2", "openai", ""),
    ("install a-b:stable on openai", "a-b@stable", "openai", ""),
    ("install a-b @stable on @openai", "a-b@stable", "openai", ""),
    ("install a-b everywhere except on gemini and lab", "a-b", "every -gemini -lab", ""),
    ("install all skills except a-b on openai", "every -a-b", "openai", ""),
    ("install every skill on openai except a-b", "every -a-b", "openai", ""),
    ("install everything but a-b on openai", "", "openai", "every -a-b"),
    ("install all skills on all providers except lab", "every", "every", "-lab"),
    ("install the rollback skill on openai", "rollback", "openai", ""),
    ("install the skill rollback on openai", "rollback", "openai", ""),
    ("install a-b but not c-d on openai", "a-b", "openai", "-c-d"),
    ("install a-b version latest on openai", "a-b@latest", "openai", ""),
    ("install a-b. On openai.", "a-b", "openai", ""),
    ("install skilss on openai", "skilss", "openai", ""),
    ("install a-b on openai, not on claude", "a-b", "openai -claude", ""),
    ("get pdf installed on openai", "pdf", "openai", ""),
    ("take a-b off claude", "a-b", "claude", ""),
    ("retry a-b for prod-eu", "", "", "a-b prod-eu"),
    ("install claude on openai", "claude", "openai", ""),
    ("@waybill install a-b on openai", "a-b", "openai", ""),
    ("hey @waybill, install a-b on @openai", "a-b", "openai", ""),
    ("proceed with installing a-b on openai", "a-b", "openai", ""),
    ("kick off an install of a-b on openai", "a-b", "openai", ""),
    ("start an install run for a-b on openai", "", "openai", "a-b"),
    ("start the installation of a-b on openai", "a-b", "openai", ""),
    ("try a-b on openai again", "", "openai", "a-b"),
    ("did a-b get installed on openai?", "", "openai", "a-b"),
    ("is the a-b install there?", "", "", "a-b"),
    ("launch an install of a-b on openai", "a-b", "openai", ""),
    ("install a-b's stable version on openai", "a-b@stable", "openai", ""),
    ("install a-b on all three: openai, claude, lab", "a-b", "openai claude lab", ""),
    ("install a-b on all three", "a-b", "every", ""),
    ("install on all providers: a-b", "a-b", "every", ""),
    ("install every skill we have on openai apart from a-b", "every -a-b", "openai", ""),
    ("any luck with the a-b install?", "", "", "a-b"),
    ("weather on openai?", "", "openai", "weather"),
    ("which openai skills do we have?", "", "openai", ""),
    ("show me today's failures", "", "", ""),
    ("who has installed things on openai?", "", "openai", ""),
    ("stop installing a-b on openai", "", "openai", "a-b"),
    ("install the latest a-b on openai", "a-b@latest", "openai", ""),
    ("install latest, stable a-b on openai", "a-b@stable", "openai", ""),
    ("verify prod-eu and lab", "", "prod-eu lab", ""),
    ("roll a-b back on openai", "", "openai", "a-b"),
)


@pytest.mark.parametrize(("text", "skills", "providers", "either"), PLACES, ids=[row[0] for row in PLACES])
def test_a_name_is_what_the_words_around_it_make_it(text: str, skills: str, providers: str, either: str) -> None:
    said = parse(text)

    assert said.obstacle is None
    assert about(said) == (skills, providers, either)
    assert (said.unsure, said.polite) == ((), text.startswith("get "))


def test_a_ref_away_from_the_names_is_for_all_of_them() -> None:
    assert parse("upgrade a-b and c-d on openai to v3").ref == "v3"
    assert parse("upgrade a-b on openai to stable").providers == Pick(names=(Name("openai"),))
    assert parse("install a-b on openai to v2 at v3").obstacle is Reason.NOT_UNDERSTOOD


UNSURE: Final = (
    ("install a-b on openai bestie", ("bestie",)),
    ("the interns install a-b on openai", ("interns",)),
    ("instal a-b on openai", ("instal",)),
    ("install rollback on openai", ("rollback",)),
    ("verify claude and gemini without", ("without",)),
    ("install a-b on openai may", ("may",)),
    ("openai failed. retry claude", ("openai", "failed")),
    ("retry claude. it is openai", ("it is", "openai")),
    ("install a-b on openai and", ("and",)),
    ("> install a-b on openai", (">",)),
    ("// install a-b on openai", ("/",)),
    ("install a-b verified on openai", ("verified",)),
    ("install a-b on openai removed", ("removed",)),
    ("install a-b was on openai", ("was",)),
    ("install a-b 3 on openai", ("3",)),
    ("install a-b on openai today", ("today",)),
    ("we are late. install a-b on openai", ("we", "are", "late")),
)


@pytest.mark.parametrize(("text", "unsure"), UNSURE, ids=[row[0] for row in UNSURE])
def test_what_is_not_known_makes_it_unsure(text: str, unsure: tuple[str, ...]) -> None:
    assert parse(text).unsure == unsure


NOTHING: Final = (
    ("install a-b on openai and c-d on claude", Reason.SEVERAL_ACTIONS),
    ("install a-b on openai and the c-d skill on claude", Reason.SEVERAL_ACTIONS),
    ("install a-b from openai on claude", Reason.SEVERAL_ACTIONS),
    ("install a-b on openai and show me the runs", Reason.SEVERAL_ACTIONS),
    ("please help: install a-b on openai fails", Reason.NOT_UNDERSTOOD),
    ("ensure a-b is on openai", Reason.NOT_UNDERSTOOD),
    ("install a-b on openai or claude", Reason.NOT_UNDERSTOOD),
    ("retry the last 3 runs", Reason.NOT_UNDERSTOOD),
    ("pdf failed on openai, retry it", Reason.NOT_UNDERSTOOD),
    ("install a-b everywhere on openai", Reason.NOT_UNDERSTOOD),
    ("install all of a-b on openai", Reason.NOT_UNDERSTOOD),
    ("retry but a-b on openai", Reason.NOT_UNDERSTOOD),
    ("install a-b except on openai", Reason.NOT_UNDERSTOOD),
    ("add, not a-b on lab", Reason.NOT_UNDERSTOOD),
    ("add not a-b on lab", Reason.NEGATED),
    ("install a-b not on openai", Reason.NEGATED),
    ("install previous a-b on openai", Reason.NOT_UNDERSTOOD),
    ("cancel the last two runs", Reason.NOT_UNDERSTOOD),
    ("install the previous version of a-b on openai", Reason.NOT_UNDERSTOOD),
    ("downgrade a-b on openai", Reason.NOT_UNDERSTOOD),
    ("uninstall everything on openai leaving a-b", Reason.NOT_UNDERSTOOD),
    ("retry all failed runs from yesterday", Reason.NOT_UNDERSTOOD),
    ("install a-b on openai if it is green", Reason.NOT_UNDERSTOOD),
    ("install a-b on openai when it is green", Reason.NOT_UNDERSTOOD),
    ("install a-b on openai in 10 minutes", Reason.NOT_UNDERSTOOD),
    ("I install a-b on openai", Reason.NOT_UNDERSTOOD),
    ("we're installing a-b on openai", Reason.NOT_UNDERSTOOD),
    ("install a-b on openai?", Reason.QUESTION),
    ("install a-b on openai? it is urgent", Reason.QUESTION),
    ("is a-b broken? install c-d on claude", Reason.QUESTION),
    ("is there a way to install a-b on openai?", Reason.QUESTION),
    ("who can install a-b?", Reason.QUESTION),
    ("what can we uninstall?", Reason.QUESTION),
    ("retry stop run 0198a7c2", Reason.SEVERAL_ACTIONS),
    ("don't install a-b on openai", Reason.NEGATED),
    ("make sure a-b isn't installed on openai", Reason.NEGATED),
    ("why don't you install a-b on openai?", Reason.NEGATED),
    ("install a-b, not now", Reason.NEGATED),
    ("not a-b, not on openai, install", Reason.NEGATED),
    ("install " + " ".join(f"a-{at}" for at in range(NAMES_MAX + 1)) + " on openai", Reason.NOT_UNDERSTOOD),
)


@pytest.mark.parametrize(("text", "reason"), NOTHING, ids=[row[0][:60] for row in NOTHING])
def test_nothing_may_come_of_these(text: str, reason: Reason) -> None:
    said = parse(text)

    assert (said.action, said.obstacle) == (Action.NONE, reason)
    assert about(said) == ("", "", "")


WISHES: Final = (
    "can you install a-b on openai",
    "can @waybill install a-b on openai?",
    "could someone please install a-b on openai?",
    "would you mind installing a-b on openai?",
    "please install a-b on openai?",
    "I'd like you to install a-b on openai",
    "you need to install a-b on openai",
    "make sure a-b is installed on openai",
    "help me install a-b on openai",
)


@pytest.mark.parametrize("text", WISHES)
def test_a_wish_is_asked_about(text: str) -> None:
    said = parse(text)

    assert (said.action, said.polite) == (Action.INSTALL, True)
    assert about(said) == ("a-b", "openai", "")


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("cancel it", RunPick(last=True)),
        ("undo the last install", RunPick(last=True)),
        ("run 0198a7c2 again", RunPick(ids=("0198a7c2",))),
        ("rerun failed", RunPick(every=True)),
        ("retry the failed run", RunPick()),
        ("cancel whatever", RunPick()),
        ("cancel whatever is running", RunPick(every=True)),
        ("retry what has failed", RunPick(every=True)),
        ("undo what I just did", RunPick(last=True)),
        ("retry everything that failed", RunPick(every=True)),
        ("cancel the jobs which are queued", RunPick(every=True)),
        ("cancel all that has been queued", RunPick(every=True)),
        ("a-b: retry it", RunPick()),
        ("who last installed a-b?", RunPick()),
        ("why did it fail?", RunPick(last=True)),
    ],
)
def test_which_runs_are_meant(text: str, runs: RunPick) -> None:
    assert parse(text).runs == runs


def test_to_be_told_afterwards_goes_without_saying() -> None:
    told = parse("install a-b on openai, and let me know when it is done")

    assert told == parse("install a-b on openai")
    assert parse("install a-b on openai and tell me when c-d is done").obstacle is not None


def test_of_a_wide_plan_every_word_is_understood() -> None:
    assert parse("uninstall a-b everywhere").obstacle is None
    assert parse("uninstall a-b everywhere gently").obstacle is Reason.NOT_UNDERSTOOD
