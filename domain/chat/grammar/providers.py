"""What people call the providers, in both scripts."""

from collections.abc import Sequence
from typing import Final

from domain.chat.grammar.tokens import Kind, Token

# As they come out. The last three are vendors and what they are known for: which connection that is, only the catalogue knows.
OPENAI: Final = "openai"
CLAUDE: Final = "claude"
GEMINI: Final = "gemini"
GPT: Final = "gpt"
ANTHROPIC: Final = "anthropic"
GOOGLE: Final = "google"

# Written as one word or with spaces or hyphens between its parts.
SPELLINGS: Final[dict[str, str]] = {
    **dict.fromkeys(("openai", "오픈ai", "오픈에이아이", "오픈a.i", "open-ai", "openai.com"), OPENAI),
    **dict.fromkeys(("claude", "클로드", "클러드", "끌로드", "claude.ai"), CLAUDE),
    **dict.fromkeys(("gemini", "제미나이", "제미니", "재미나이", "재미니", "게미니"), GEMINI),
    **dict.fromkeys(("gpt", "chatgpt", "챗gpt", "챗지피티", "쳇gpt", "쳇지피티", "지피티", "쥐피티"), GPT),
    **dict.fromkeys(("anthropic", "앤트로픽", "앤스로픽", "엔트로픽", "앤쓰로픽"), ANTHROPIC),
    **dict.fromkeys(("google", "구글"), GOOGLE),
}
_PARTS: Final[dict[tuple[str, ...], str]] = {
    ("open", "ai"): OPENAI,
    ("오픈", "ai"): OPENAI,
    ("오픈", "에이아이"): OPENAI,
    ("chat", "gpt"): GPT,
    ("챗", "gpt"): GPT,
    ("챗", "지피티"): GPT,
}
# A vendor in front of what it makes is one name: "Google Gemini", "앤트로픽 클로드".
_MAKERS: Final[dict[str, frozenset[str]]] = {
    ANTHROPIC: frozenset({CLAUDE}),
    GOOGLE: frozenset({GEMINI}),
    OPENAI: frozenset({GPT}),
}
_LONGEST_FIRST: Final = tuple(sorted(SPELLINGS, key=lambda spelling: (-len(spelling), spelling)))


def provider_word(text: str) -> str | None:
    """What a whole word, in lower case and without particles, stands for; None if it is no such word."""
    return SPELLINGS.get(text)


def provider_before(text: str) -> tuple[str, str] | None:
    """What a word of Hangul letters begins with, and the rest of it: `클로드에서` is `claude` and `에서`."""
    spelling = next((spelling for spelling in _LONGEST_FIRST if text.startswith(spelling)), None)
    return None if spelling is None else (SPELLINGS[spelling], text[len(spelling) :])


def provider_at(tokens: Sequence[Token], at: int) -> tuple[str, int] | None:
    """The provider that begins at this token and how many tokens it takes: `open ai` and `google gemini` are one. Tokens with a
    tail or a ref may only be the last one. Hangul words with a particle need `provider_before`.
    """
    first = _one_at(tokens, at)
    if first is None:
        return None
    name, taken = first
    if (
        _goes_on(tokens[at + taken - 1])
        and (second := _one_at(tokens, at + taken))
        and second[0] in _MAKERS.get(name, ())
    ):
        made = second[0]
        return (OPENAI if made == GPT else made), taken + second[1]
    return name, taken


def _one_at(tokens: Sequence[Token], at: int) -> tuple[str, int] | None:
    if at >= len(tokens) or tokens[at].kind is not Kind.WORD:
        return None
    token = tokens[at]
    if at + 1 < len(tokens) and tokens[at + 1].kind is Kind.WORD and _goes_on(token):
        name = _PARTS.get((token.text, tokens[at + 1].text))
        if name is not None:
            return name, 2
    name = SPELLINGS.get(token.text) or SPELLINGS.get(token.text.removesuffix("'s"))
    return None if name is None else (name, 1)


def _goes_on(token: Token) -> bool:
    return not token.tail and token.ref is None
