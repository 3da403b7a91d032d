"""Whether an answer is a yes or a no to what was asked, and nothing else."""

from typing import Final

from domain.chat.grammar.text import normalise
from domain.chat.grammar.tokens import Kind, tokens_of

WORDS_MAX: Final = 8
CHARS_MAX: Final = 200

_YES: Final = (
    "yes, y, ya, yep, yeah, yup, ye, yea, aye, ok, okay, okey, k, kk, sure, of course, certainly, absolutely, definitely, go ahead, go, go on, go for it,"
    " do it, do that, do so, please do, proceed, continue, carry on, confirm, confirmed, i confirm, approve, approved, accept, accepted, agreed, i agree,"
    " right, correct, affirmative, exactly, sounds good, looks good, lgtm, fine, alright, all right, ship it, make it so, roger, that's right, let's go,"
    " let's do it, run it, perfect, great, good, 👍, ✅, 👌, 🆗, 🙆,"
    " 네, 넵, 넹, 넴, 네네, 넵넵, 예, 예예, 옙, 응, 응응, 웅, 어, 어어, 엉, ㅇㅇ, ㅇ, ㅇㅋ, ㅇㅋㅇㅋ, ㄱㄱ, ㄱ, ㄱㄱㄱ, 그래, 그래요, 그럼, 그럼요, 그러자, 그렇게 해, 그렇게 해요,"
    " 그렇게 해줘, 그렇게 해주세요, 그렇게 해 줘, 그렇게 해 주세요, 좋아, 좋아요, 좋습니다, 좋지, 진행, 진행해, 진행해요, 진행해줘, 진행해주세요, 진행해 줘, 진행해 주세요, 진행하세요,"
    " 진행하자, 진행시켜, 진행 부탁해, 진행 부탁해요, 진행 부탁드려요, 진행 부탁드립니다, 확인, 확인해, 확인해줘, 확인했어, 확인했어요, 확인했습니다, 확인함, 승인, 승인해, 승인합니다, 승인할게,"
    " 동의, 동의해, 동의합니다, 맞아, 맞아요, 맞습니다, 당연하지, 물론, 물론이지, 물론이죠, 물론입니다, 오케이, 오키, 오케, 콜, 해, 해요, 해줘, 해줘요, 해주세요, 해 줘, 해 주세요, 하자,"
    " 하세요, 부탁해, 부탁해요, 부탁드려요, 부탁드립니다, 부탁합니다, 계속, 계속해, 계속해줘, 계속해요, 계속 진행해, 계속 진행해줘, 실행, 실행해, 실행해줘, 실행해 줘, 실행해 주세요, 가자, 고고, 고,"
    " 알겠어, 알겠습니다, 알았어"
)
_NO: Final = (
    "no, n, nope, nah, nay, no thanks, no thank you, not now, no way, cancel, cancel it, cancel that, stop, stop it, stop that, abort, abort it, halt,"
    " don't, dont, do not, don't do it, dont do it, do not do it, don't do that, do nothing, never mind, nevermind, nvm, forget it, forget about it,"
    " decline, declined, i decline, reject, rejected, refuse, deny, denied, wrong, hold on, hold off, wait, not that, leave it, skip, skip it, drop it,"
    " not yet, better not, rather not, i'd rather not, 👎, ❌, 🛑, ⛔, 🙅,"
    " 아니, 아니요, 아뇨, 아니오, 아니야, 아니에요, 아닙니다, 노, 노노, ㄴㄴ, ㄴ, ㄴㄴㄴ, 취소, 취소해, 취소해줘, 취소해요, 취소할게, 취소할게요, 취소해주세요, 취소해 줘, 취소해 주세요,"
    " 취소하자, 취소합니다, 취소 부탁해요, 취소 부탁드립니다, 하지 마, 하지마, 하지 마요, 하지마요, 하지 마세요, 하지마세요, 하지 말아줘, 하지 말아 줘, 하지말아줘, 하지 말아주세요,"
    " 하지 말아 주세요, 하지 말자, 하지말자, 하지 마라, 하지마라, 진행하지 마, 진행하지 마요, 진행하지 마세요, 진행하지 말아줘, 실행하지 마, 실행하지 마세요, 말아줘, 말아, 말아주세요, 말자, 그만, 그만해, 그만해줘, 그만둬, 그만두자, 그만하자, 중단, 중단해, 중단해줘, 중지, 중지해,"
    " 중지해줘, 멈춰, 멈춰줘, 안 돼, 안돼, 안 돼요, 안돼요, 안 됩니다, 안됩니다, 안 해, 안해, 안 할래, 안할래, 안 할게, 안할게, 싫어, 싫어요, 싫습니다, 거절, 거절해, 거절합니다, 거부,"
    " 거부해, 됐어, 됐어요, 됐습니다, 관둬, 관두자, 필요 없어, 필요없어, 잠깐, 잠깐만, 스톱, 스탑"
)
# They are neither, and take nothing back.
_ASIDE: Final = "please, pls, plz, thanks, thank you, thx, now, then, just, well, oh, um, hm, waybill, bot, 좀, 제발, 그냥, 그대로, 이제, 바로, 지금, 감사합니다, 감사해요, 고마워, 고마워요, 🙏"


def _phrases(written: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(phrase.split()) for phrase in written.split(", "))


YES: Final = _phrases(_YES)
NO: Final = _phrases(_NO)
KNOWN: Final = YES | NO | _phrases(_ASIDE)
PHRASE_WORDS_MAX: Final = max(len(phrase) for phrase in KNOWN)


def assent(text: str) -> bool | None:
    """True or False if every word of it says so; None for a question, for both at once, and for anything else."""
    words = _words(text)
    answers: set[bool] = set()
    at = 0
    while at < len(words):
        taken = _longest(words, at)
        if taken == 0:
            return None
        phrase = words[at : at + taken]
        if phrase in YES or phrase in NO:
            answers.add(phrase in YES)
        at += taken
    return answers.pop() if len(answers) == 1 else None


def _words(text: str) -> tuple[str, ...]:
    """None at all if there is something in it that cannot be in an answer."""
    words: list[str] = []
    for token in tokens_of(normalise(text)) if len(text) <= CHARS_MAX else ():
        if token.kind is Kind.WORD and token.ref is None:
            words.extend(word for word in (token.text, token.tail) if word)
        elif token.kind is not Kind.MARK or token.text in ("?", ":", ";"):
            return ()
        elif (token.text,) in KNOWN:
            words.append(token.text)
    return tuple(words) if len(words) <= WORDS_MAX else ()


def _longest(words: tuple[str, ...], at: int) -> int:
    """How many words from here on are known together, 0 if not even the first is."""
    longest = min(PHRASE_WORDS_MAX, len(words) - at)
    return next((taken for taken in range(longest, 0, -1) if words[at : at + taken] in KNOWN), 0)
