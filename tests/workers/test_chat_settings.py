"""Which language model chat may ask: none unless one is named, and no name that could lead elsewhere."""

import pytest

from workers.chat_settings import ChosenModel, read_chat_model
from workers.settings import SettingsError, read_settings


@pytest.mark.parametrize("text", [None, "", "  "], ids=["unset", "empty", "blank"])
def test_nobody_is_asked_unless_one_is_named(text: str | None) -> None:
    environment = {} if text is None else {"WAYBILL_CHAT_MODEL": text}
    assert read_chat_model(environment) is None
    assert read_settings(environment, ask_running=False).chat_model is None


@pytest.mark.parametrize(
    ("text", "connection", "model"),
    [
        ("openai/gpt-5-mini", "openai", "gpt-5-mini"),
        (" claude-eu/claude-haiku-4-5-20251001 ", "claude-eu", "claude-haiku-4-5-20251001"),
        ("gemini/models/gemini-3.8-flash", "gemini", "models/gemini-3.8-flash"),
        ("o/ft:gpt-4.1:org::Ab1", "o", "ft:gpt-4.1:org::Ab1"),
    ],
)
def test_a_connection_and_its_model(text: str, connection: str, model: str) -> None:
    settings = read_settings({"WAYBILL_CHAT_MODEL": text}, ask_running=False)
    assert settings.chat_model == ChosenModel(connection=connection, model=model)


@pytest.mark.parametrize(
    "text",
    [
        "openai",
        "openai/",
        "/gpt-5-mini",
        "OpenAI/gpt-5-mini",
        "openai/gpt 5",
        "openai/../skills",
        "openai/gpt/../../skills",
        "openai//gpt",
        "openai/gpt?key=1",
        "openai/gpt#1",
        "openai/gpt\nx",
        "openai/지피티",
        "openai/" + "a" * 129,
        "a" * 64 + "/gpt",
        "o/a/b/c/d/e",
    ],
)
def test_what_is_neither_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match="WAYBILL_CHAT_MODEL must be the name of a connection, a slash"):
        read_settings({"WAYBILL_CHAT_MODEL": text}, ask_running=False)
