"""What was looked up, in Korean."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, assert_never

from domain.chat.facts import (
    DeedFact,
    DeedsFound,
    Found,
    HelpFound,
    InstallationFact,
    InstallationsFound,
    ProviderFact,
    ProvidersFound,
    RunFact,
    RunsFound,
    SkillFact,
    SkillsFound,
    StatusFound,
    TargetFact,
)
from domain.chat.replies.korean_words import DEEDS, DRIFTS, KINDS, NOUNS, PAIR_DEEDS, STATUSES, TARGET_STATUSES
from domain.chat.replies.particles import Particle, followed
from domain.chat.replies.wording import harmless, joined, listed, moment, shown

EMPTY: Final = {"설치본": "설치된 것이 없어요.", "기록": "아직 아무도 하지 않았어요."}


def found(what: Found) -> str:
    match what:
        case SkillsFound():
            return _list([_skill(one) for one in what.items], "스킬", more=what.more)
        case ProvidersFound():
            return _list([_provider(one) for one in what.items], "연결", more=what.more)
        case RunsFound():
            return _list([_run(one) for one in what.items], "실행", more=what.more)
        case InstallationsFound():
            live = [_installation(one) for one in what.items]
            return joined(_list(live, "설치본", more=what.more, quiet=bool(what.absent)), _absent(what.absent))
        case StatusFound():
            return _status(what)
        case DeedsFound():
            return _list([_deed(one) for one in what.items], "기록", more=what.more)
        case HelpFound():
            return _help(what)
        case _:
            assert_never(what)


def _list(lines: Sequence[str], noun: str, *, more: bool, quiet: bool = False) -> str:
    if not lines:
        return "" if quiet else EMPTY.get(noun, f"그런 {followed(noun, Particle.TOPIC)} 없어요.")
    if len(lines) == 1 and not more:
        return lines[0]
    first, left = shown(lines)
    others = [f"외 {left}개"] if left else []
    return f"{noun} {len(lines)}개{' (더 있어요)' if more else ''}:\n{listed([*first, *others])}"


def _skill(skill: SkillFact) -> str:
    labels = ", ".join(f"{harmless(label)}: v{version}" for label, version in sorted(skill.labels.items()))
    archived = ", 보관됨" if skill.archived else ""
    return f"{harmless(skill.name)} v{skill.version}" + (f" ({labels})" if labels else "") + archived


def _provider(provider: ProviderFact) -> str:
    kind = "" if provider.name == provider.kind else f" ({provider.kind})"
    state = "사용 중" if provider.active else "사용 안 함"
    paused = ", 일시 중지됨" if provider.paused else ""
    code = f", 최근 검증 결과: {provider.code}" if provider.code is not None else ""
    return f"{harmless(provider.name)}{kind}: {state}{paused}{code}"


def _run(run: RunFact) -> str:
    reason = f" ({run.reason})" if run.reason is not None else ""
    places = ", ".join(_target(target) for target in run.targets)
    ended = f", {moment(run.finished_at)} 종료" if run.finished_at is not None else ""
    again = f", 실행 {run.retried_by}에서 재시도" if run.retried_by is not None else ""
    what = f"{harmless(run.skill)} v{run.version} {KINDS[run.kind]}{STATUSES[run.status]}"
    asked = f"실행 {run.id}, {_asked(run.by, run.queued_at)}"
    return f"{what}{reason}: {places}. {asked}{ended}{again}."


def _target(target: TargetFact) -> str:
    code = f" ({target.code})" if target.code is not None else ""
    again = f", 다음 시도 {moment(target.next_attempt_at)}" if target.next_attempt_at is not None else ""
    tries = f"{target.attempts}번 시도 후 " if target.attempts > 1 else ""
    return f"{harmless(target.provider)} {tries}{TARGET_STATUSES[target.status]}{code}{again}"


def _installation(one: InstallationFact) -> str:
    active = f" 지금 실행 {one.active_run_id}도 작업 중이에요." if one.active_run_id is not None else ""
    what, where = f"{harmless(one.skill)} v{one.version}", harmless(one.provider)
    live = f"{where}에 {followed(what, Particle.SUBJECT)} 설치되어 있어요."
    if one.drift != "none":
        live = f"{where}에 {followed(what, Particle.OBJECT)} 설치했지만 {DRIFTS[one.drift]}."
    return f"{live} 실행 {one.run_id}, {_asked(one.by, one.at)}.{active}"


def _asked(by: str, at: datetime) -> str:
    return f"{followed(harmless(by), Particle.SUBJECT)} {moment(at)}에 요청"


def _absent(pairs: Sequence[tuple[str, str]]) -> str:
    first, left = shown(pairs)
    lines = [
        f"{harmless(provider)}에는 {followed(harmless(skill), Particle.SUBJECT)} 설치되어 있지 않아요."
        for skill, provider in first
    ]
    return "\n".join([*lines, f"외 {left}개"] if left else lines)


def _status(status: StatusFound) -> str:
    runs = _list([_run(one) for one in status.runs], "실행", more=status.more, quiet=True)
    live = _list([_installation(one) for one in status.installations], "설치본", more=False, quiet=True)
    return joined(runs, live, _absent(status.absent)) or "알려 드릴 실행이 아직 없어요."


def _deed(deed: DeedFact) -> str:
    by = followed(harmless(deed.by), Particle.SUBJECT)
    run = f" (실행 {deed.run_id})" if deed.run_id is not None and str(deed.run_id) not in deed.target else ""
    return f"{moment(deed.at)}에 {by} {_did(deed)}{run}."


def _did(deed: DeedFact) -> str:
    noun, _, name = deed.target.partition(":")
    skill, _, place = name.partition("@")
    if place and deed.action in PAIR_DEEDS:
        given = followed(harmless(skill), Particle.OBJECT)
        return PAIR_DEEDS[deed.action].format(skill=given, place=harmless(place))
    # The noun comes last, since it is known how that ends: kbo-results 스킬을.
    given = f"{harmless(name)} {NOUNS.get(noun, harmless(noun))}"
    words = DEEDS.get(deed.action)
    return f"{followed(given, Particle.OBJECT)} {words}" if words else f"{given}: {harmless(deed.action)}"


def _help(examples: HelpFound) -> str:
    skill, provider = harmless(examples.skill or "스킬이름"), harmless(examples.provider or "연결이름")
    given = followed(skill, Particle.OBJECT)
    return "이렇게 말할 수 있어요:\n" + listed(
        [
            f"{provider}에 {given} 설치해줘",
            f"{provider}에 {followed(skill, Particle.SUBJECT)} 설치됐어?",
            "스킬 목록 보여줘",
            f"{provider}에 설치된 것 보여줘",
            "마지막 실행 보여줘",
            "마지막 실행 취소해줘",
            "마지막 실행 재시도해줘",
            f"{provider}에서 {given} 롤백해줘",
            f"{provider}에서 {given} 제거해줘",
            f"{provider} 연결 확인해줘",
            f"{given} 누가 설치했어?",
        ]
    )
