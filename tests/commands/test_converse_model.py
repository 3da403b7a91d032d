"""What a language model understood is asked about, held against what exists, and gives nobody rights."""

import pytest
from msgspec.structs import replace

from domain.chat.intent import Action, Language
from domain.chat.ports import ModelUnavailable
from domain.chat.reasons import Reason
from domain.chat.said import Name, Pick, Said
from domain.errors import Forbidden
from tests.commands.chats import Chat
from tests.commands.world import NAME, World
from tests.kit.memory_provider import KEY

pytestmark = pytest.mark.anyio

INSTALL = f"install {NAME} on openai"


class Parrot:
    """A language model that has learnt one thing, or is away."""

    def __init__(self, said: Said | None) -> None:
        self._said = said
        self.asked: list[str] = []

    async def understand(self, text: str) -> Said:
        self.asked.append(text)
        if self._said is None:
            raise ModelUnavailable
        return self._said


UNHEARD = "?!?"
MEANT = Said(
    language=Language.KOREAN,
    action=Action.INSTALL,
    skills=Pick(names=(Name(NAME),)),
    providers=Pick(names=(Name("openai"),)),
)


async def test_what_a_model_understood_is_always_asked_about_and_says_so(world: World) -> None:
    parrot = Parrot(MEANT)
    chat = Chat(world, model=parrot)
    asked = await chat.say(f"{UNHEARD} token={KEY}")
    assert (asked.outcome.reason, asked.outcome.parser) == (Reason.CONFIRMATION_REQUIRED, "model")
    assert (asked.outcome.language, chat.rest.carried_out) == (Language.ENGLISH, [])
    assert (len(parrot.asked), KEY in parrot.asked[0]) == (1, False)
    conversed = await chat.confirm(asked.token)
    assert (conversed.outcome.parser, len(conversed.run_ids)) == ("model", 1)


@pytest.mark.parametrize("message", [INSTALL, f"don't install {NAME}", "yes", "no"])
async def test_a_model_is_asked_only_about_what_makes_no_sense(world: World, message: str) -> None:
    parrot = Parrot(MEANT)
    conversed = await Chat(world, model=parrot).say(message)
    assert (parrot.asked, conversed.outcome.parser) == ([], "grammar")


@pytest.mark.parametrize(
    ("said", "reason", "parser"),
    [
        (None, Reason.NOT_UNDERSTOOD, "grammar"),
        (replace(MEANT, skills=Pick(names=(Name("made-up"),))), Reason.UNKNOWN_SKILL, "model"),
        (replace(MEANT, obstacle=Reason.QUESTION), Reason.QUESTION, "model"),
        (replace(MEANT, action=Action.NONE), Reason.NOT_UNDERSTOOD, "model"),
    ],
    ids=["away", "lies", "doubts", "knows_nothing"],
)
async def test_what_a_model_says_is_held_against_what_exists(
    world: World, said: Said | None, reason: Reason, parser: str
) -> None:
    conversed = await Chat(world, model=Parrot(said)).say(UNHEARD)
    assert (conversed.outcome.reason, conversed.outcome.parser) == (reason, parser)


async def test_a_model_gives_nobody_rights(world: World) -> None:
    with pytest.raises(Forbidden):
        await Chat(world, model=Parrot(replace(MEANT, action=Action.VERIFY))).say(UNHEARD)
