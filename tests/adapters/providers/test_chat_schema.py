"""The form in which a language model answers: what the providers are told of it is what its answers are held to."""

from typing import Any

import msgspec
import pytest

from adapters.providers.chat_prompt import INSTRUCTIONS
from adapters.providers.chat_schema import OBSTACLES, SCHEMA, _Understood, said_in
from domain.chat.intent import Action, Language
from domain.chat.ports import ModelUnavailable
from domain.chat.reasons import Reason
from domain.chat.said import Name
from tests.adapters.providers.chatting import NOTHING, answer, skill

# What bounds an answer and what describes it, which not every provider takes.
UNSENT = frozenset({"title", "description", "minLength", "maxLength", "minItems", "maxItems"})


def as_sent(schema: Any, definitions: Any) -> Any:
    """What msgspec says of the struct, in the words of what is sent."""
    if "$ref" in schema:
        return as_sent(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    sent = {keyword: value for keyword, value in schema.items() if keyword not in UNSENT}
    if "enum" in sent:
        sent = {"type": "string", "enum": sorted(sent["enum"])}
    if "anyOf" in sent:
        options = [as_sent(option, definitions) for option in sent["anyOf"]]
        sent["anyOf"] = sorted(options, key=lambda option: option == {"type": "null"})
    if "items" in sent:
        sent["items"] = as_sent(sent["items"], definitions)
    if "properties" in sent:
        sent["properties"] = {name: as_sent(part, definitions) for name, part in sent["properties"].items()}
    return sent


def in_order(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: sorted(part) if name == "enum" else in_order(part) for name, part in schema.items()}
    return [in_order(part) for part in schema] if isinstance(schema, list) else schema


def test_the_form_that_is_sent_is_the_one_that_is_checked() -> None:
    (root,), definitions = msgspec.json.schema_components([_Understood])
    checked = as_sent(root, definitions)
    checked["properties"]["obstacle"] = {"anyOf": [{"type": "string", "enum": sorted(OBSTACLES)}, {"type": "null"}]}
    assert in_order(SCHEMA) == checked


def test_an_answer_without_any_of_its_fields_is_none() -> None:
    for field in NOTHING:
        less = {name: value for name, value in NOTHING.items() if name != field}
        with pytest.raises(ModelUnavailable, match="form"):
            said_in(msgspec.json.encode(less).decode(), "hello")


def test_every_action_and_obstacle_and_field_is_explained() -> None:
    for word in (*Action, *(obstacle.value for obstacle in OBSTACLES), *NOTHING):
        assert word in INSTRUCTIONS, word


def test_no_action_is_not_understood() -> None:
    assert said_in(answer(action="none"), "hello").obstacle is Reason.NOT_UNDERSTOOD


@pytest.mark.parametrize(
    ("message", "name", "ref", "heard"),
    [
        ("put KBO results on", "kbo-results", None, Name("kbo-results")),
        ("kbo-results를 좀", "KBO-Results", None, Name("kbo-results")),
        ("kbo_results를 좀", "kbo_results", None, Name("kbo_results")),
        ("openai에kbo-results를", "kbo-results", None, Name("kbo-results")),
        ("경기결과를 좀", "경기결과", None, Name("경기결과")),
        ("openai경기결과v2", "경기결과", None, Name("경기결과")),
        ("\uff2b\uff22\uff2f results", "kbo results", None, Name("kbo results")),
        ("kbo-results v2 please", "kbo-results", "2", Name("kbo-results", "2")),
        ("kbo-results ver.2", "kbo-results", "v2", Name("kbo-results", "v2")),
        ("kbo-results 3버전", "kbo-results", "v3", Name("kbo-results", "v3")),
        ("kbo-results 최신판", "kbo-results", "latest", Name("kbo-results", "latest")),
        ("the newest kbo-results", "kbo-results", "latest", Name("kbo-results", "latest")),
        ("kbo-results@stable", "kbo-results", "stable", Name("kbo-results", "stable")),
    ],
)
def test_a_name_counts_in_whichever_way_it_was_written(message: str, name: str, ref: str | None, heard: Name) -> None:
    assert said_in(answer(action="install", skills=[skill(name, ref)]), message).skills.names == (heard,)


@pytest.mark.parametrize(
    ("message", "name", "ref"),
    [
        ("kbo-results-beta please", "bo-results", None),
        ("install it all", "stall", None),
        ("kbo-results v23", "kbo-results", "2"),
        ("kbo-results 23버전", "kbo-results", "3"),
        ("kbo-results", "kbo-results", "vv"),
        ("kbo-results", "kbo-results", "latest"),
        ("kbo.*", "kbo-results", None),
        ("anything", ".*", None),
    ],
)
def test_a_name_that_was_not_said_does_not_count(message: str, name: str, ref: str | None) -> None:
    with pytest.raises(ModelUnavailable, match="not said"):
        said_in(answer(action="install", skills=[skill(name, ref)]), message)


@pytest.mark.parametrize(
    ("message", "name", "heard"),
    [
        ("onto ChatGPT", "ChatGPT", "gpt"),
        ("챗지피티 쪽", "챗지피티", "gpt"),
        ("오픈AI 쪽", "openai", "openai"),
        ("open ai", "openai", "openai"),
        ("Open-AI", "open ai", "openai"),
        ("오픈 에이아이 쪽", "오픈 에이아이", "openai"),
        ("제미나이 쪽", "Gemini", "gemini"),
        ("openai-prod", "openai-prod", "openai-prod"),
    ],
)
def test_a_provider_counts_in_whichever_way_it_was_spelled(message: str, name: str, heard: str) -> None:
    said = said_in(answer(action="verify", providers=[name]), message)
    assert said.providers.names == (Name(heard),)


def test_the_language_is_that_of_the_message() -> None:
    english, korean = (said_in(answer(action="help"), message) for message in ("what now", "kbo-results는 뭐지"))
    assert (english.language, korean.language) == (Language.ENGLISH, Language.KOREAN)


def test_a_long_message_is_searched_quickly() -> None:
    names = [skill("a-" * 49 + "b")] * 50
    with pytest.raises(ModelUnavailable, match="not said"):
        said_in(answer(action="install", skills=names), "a" * 1000)
