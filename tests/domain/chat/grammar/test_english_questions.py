"""What an English question is after, and what somebody wants to be shown."""

from typing import Final

import pytest

from domain.chat.grammar.parsing import parse
from domain.chat.intent import Action, Listed
from domain.chat.said import Deed

LOOKS: Final = (
    ("which version of a-b is on openai?", Action.LIST, Listed.INSTALLATIONS),
    ("what's on openai?", Action.LIST, Listed.INSTALLATIONS),
    ("what skills does claude have?", Action.LIST, Listed.INSTALLATIONS),
    ("which providers have a-b?", Action.LIST, Listed.INSTALLATIONS),
    ("where is a-b?", Action.LIST, Listed.INSTALLATIONS),
    ("show a-b on openai", Action.STATUS, None),
    ("is a-b on openai?", Action.STATUS, None),
    ("tell me if a-b is installed", Action.STATUS, None),
    ("let me know when it is done", Action.STATUS, None),
    ("a-b on openai?", Action.STATUS, None),
    ("pdf installed?", Action.STATUS, None),
    ("is claude up?", Action.LIST, Listed.PROVIDERS),
    ("check that claude is up", Action.VERIFY, None),
    ("run a verification of claude", Action.VERIFY, None),
    ("how is a-b on openai?", Action.STATUS, None),
    ("when did a-b get installed on claude?", Action.LIST, Listed.INSTALLATIONS),
    ("check the lab connection", Action.VERIFY, None),
    ("check a-b on openai", Action.STATUS, None),
    ("check the last run", Action.SHOW, None),
    ("did the last run fail?", Action.STATUS, None),
    ("why did the last run fail?", Action.SHOW, None),
    ("why isn't a-b on openai?", Action.SHOW, None),
    ("isn't a-b on openai?", Action.STATUS, None),
    ("any failures?", Action.LIST, Listed.RUNS),
    ("anything running?", Action.LIST, Listed.RUNS),
    ("which installs failed?", Action.LIST, Listed.RUNS),
    ("show me the failed installs", Action.LIST, Listed.RUNS),
    ("get the status of a-b", Action.STATUS, None),
    ("claude installs", Action.LIST, Listed.INSTALLATIONS),
    ("which openai skills do we have?", Action.LIST, Listed.INSTALLATIONS),
    ("send me the status", Action.STATUS, None),
    ("give me the list of providers", Action.LIST, Listed.PROVIDERS),
    ("which connections exist?", Action.LIST, Listed.PROVIDERS),
    ("any luck with the a-b install?", Action.STATUS, None),
    ("get runs", Action.LIST, Listed.RUNS),
    ("I want to know if a-b is installed", Action.STATUS, None),
    ("what did I install on openai?", Action.LIST, Listed.INSTALLATIONS),
    ("is a-b on every provider?", Action.STATUS, None),
    ("is the lab connection ok?", Action.LIST, Listed.PROVIDERS),
    ("any idea why the last run failed?", Action.SHOW, None),
    ("versions of a-b", Action.LIST, Listed.SKILLS),
    ("I installed a-b on openai", Action.STATUS, None),
    ("how do I install a skill?", Action.HELP, None),
)


@pytest.mark.parametrize(("text", "action", "listed"), LOOKS, ids=[row[0] for row in LOOKS])
def test_what_is_asked_for(text: str, action: Action, listed: Listed | None) -> None:
    said = parse(text)

    assert (said.action, said.listed, said.obstacle) == (action, listed, None)


@pytest.mark.parametrize(
    ("text", "deed"),
    [
        ("who put a-b on openai?", Deed.INSTALL),
        ("who added a-b?", Deed.INSTALL),
        ("who added openai?", Deed.CONNECT),
        ("who uploaded a-b?", Deed.REGISTER),
        ("who uploaded a-b to openai?", Deed.INSTALL),
        ("who verified openai?", Deed.VERIFY),
        ("by whom was a-b rolled back?", Deed.ROLLBACK),
        ("who kicked off the a-b install?", None),
        ("who triggered run 0198a7c2?", None),
    ],
)
def test_who_did_what(text: str, deed: Deed | None) -> None:
    assert (parse(text).action, parse(text).deed) == (Action.WHO, deed)


@pytest.mark.parametrize("text", ["list provders", "show providres", "which conections are there?"])
def test_a_noun_may_be_misspelt_where_a_list_is_asked_for(text: str) -> None:
    assert (parse(text).action, parse(text).listed) == (Action.LIST, Listed.PROVIDERS)
