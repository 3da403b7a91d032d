"""The page of a case: nothing that somebody else wrote is anything but text in it, and it reaches out to nobody."""

import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.cases import drawing
from adapters.cases.markup import Markup, joined, tag, visible
from adapters.cases.page import page
from adapters.cases.reading import read_case
from adapters.cases.story import Story, Trouble
from adapters.cases.style import STYLE
from domain.evidence.case import Check
from domain.install_run.events import Target
from tests.kit.cases import PUBLIC, VERSION, an_incident, case_of, publish, with_tickets, zipped
from tests.projections import stories
from workers.terminal.case_checking import check_case
from workers.terminal.case_story import read_events, tell

EVENTS: Final = tuple(with_tickets(an_incident().events))
NASTY: Final = (
    "</title><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; background: url(https://evil.example)",
    "]]><svg/onload=alert(1)>",
    "&lt;b&gt;",
    "a\u202egnp.exe",
    "\x00\x1b[31m\r\n",
    "<!--",
    "javascript:alert(1)",
)
HOSTILE: Final = st.sampled_from(NASTY) | st.text(max_size=60)


class Skeleton(HTMLParser):
    """The elements and their attributes, without what is said; what is said, apart."""

    def __init__(self, written: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[str] = []
        self.texts: list[str] = []
        self.feed(written)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.values += [value or "" for _, value in attrs]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self.elements.append((f"/{tag}", ()))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def story_of(text: str) -> Story:
    """A case in which everything that a person or a provider names is called like this."""
    case = case_of(EVENTS)
    told = tell(case, read_events(case.events, told={}))
    runs = tuple(
        replace(one, sentence=text, run=replace(one.run, skill=replace(one.run.skill, name=text, ref=text)))
        for one in told.runs
    )
    lanes = tuple(
        replace(lane, target=Target(id=lane.target.id, name=text, kind="openai"), code=text) for lane in told.lanes
    )
    events = tuple(replace(event, name=text, who=text, what=text, data=text) for event in told.events)
    exported = replace(case.exported, name=text, by=text, request_id=text)
    return replace(
        told,
        title=text,
        case=replace(case, exported=exported, note=text, public_key=text, settings={text: text}, software={text: text}),
        runs=runs,
        lanes=lanes,
        events=events,
        troubles=(Trouble(code=text, places=(text,), said=text, advice="Run `waybill`."),),
        skills=tuple(replace(skill, name=text, digest=text) for skill in told.skills),
        checks=(Check(name=text, passed=False, said=text, findings=(text,)),),
    )


PLAIN: Final = Skeleton(page(story_of("plain"))).elements


@settings(deadline=None)
@given(HOSTILE.filter(bool))
def test_whatever_somebody_wrote_is_text(text: str) -> None:
    found = Skeleton(page(story_of(text)))
    assert found.elements == PLAIN
    shown = visible(text)
    assert "".join(found.texts).count(shown) >= 10


@settings(deadline=None)
@given(st.text())
def test_text_and_attributes_stay_what_they_are(text: str) -> None:
    found = Skeleton(tag("p", text, title=text))
    assert [name for name, _ in found.elements] == ["p", "/p"]
    assert "".join(found.texts).replace("\r\n", "\n") == visible(text)
    assert found.values == [visible(text)]


def test_what_would_not_print_or_turns_the_text_is_shown_as_its_escape() -> None:
    assert visible("a\u202eb\x1b[1m\u200b\nc") == "a\\u202eb\\x1b[1m\\u200b\nc"


def test_only_what_was_made_here_is_markup() -> None:
    assert joined("<b>", tag("b", "<i>"), None) == "&lt;b&gt;<b>&lt;i&gt;</b>"
    assert isinstance(joined("<b>"), Markup)


def test_it_reaches_out_to_nobody() -> None:
    case = case_of(EVENTS)
    written = page(tell(case, read_events(case.events, told={})))
    skeleton = Skeleton(written)
    assert not {"script", "link", "iframe", "object", "embed", "img", "base", "form"} & {
        name for name, _ in skeleton.elements
    }
    assert not [
        names for _, names in skeleton.elements if any(name.startswith("on") or name == "style" for name in names)
    ]
    assert not [value for value in skeleton.values if "//" in value]
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    assert re.findall(r'href="([^"]*)"', written) == re.findall(r'href="(#[a-z]+)"', written)


def test_no_script_and_no_other_style_would_run() -> None:
    case = case_of(EVENTS)
    written = page(tell(case, read_events(case.events, told={})))
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', written)
    assert policy.startswith("default-src &#x27;none&#x27;; style-src &#x27;sha256-")
    assert "unsafe" not in policy


def test_every_link_of_the_page_leads_somewhere() -> None:
    case = case_of(EVENTS)
    written = page(tell(case, read_events(case.events, told={})))
    ids = re.findall(r' id="([^"]*)"', written)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]*)"', written)) | set(re.findall(r'aria-labelledby="([^"]*)"', written)) <= set(
        ids
    )


def test_the_summary_comes_first_and_says_what_to_do() -> None:
    case = case_of(EVENTS)
    texts = " ".join(Skeleton(page(tell(case, read_events(case.events, told={})))).texts)
    before = texts.index("Timeline")
    for said in (
        "kbo-results v1 at openai, claude and gemini",
        "kbo-results v1 is live at openai and claude, and could not be installed at gemini (too_large:provider).",
        "This page came with the case, and proves nothing by itself.",
    ):
        assert texts.index(said) < before + 2_000
    assert "The skill is larger than this provider takes: add a smaller version." in texts
    assert "2026-11-22 12:00:06.000 UTC" in texts


@pytest.mark.parametrize(("pinned", "said"), [(True, "did not come with the case"), (False, "compare it with one")])
def test_a_checked_page_says_by_which_key(pinned: bool, said: str) -> None:  # noqa: FBT001 - a parameter of the test
    opened = read_case(zipped(case_of(EVENTS), EVENTS))
    events = read_events(opened.case.events, told={})
    checks = check_case(opened, events, key=PUBLIC if pinned else None, version=VERSION)
    written = page(tell(opened.case, events, checks=checks, pinned=pinned))
    assert "Checked: nothing in this case was changed since it was sealed." in written
    assert said in written


def test_the_timeline_says_what_each_target_did() -> None:
    case = case_of(EVENTS)
    written = page(tell(case, read_events(case.events, told={})))
    for title in (
        "claude: running for 1.0 s, attempt 2, ended as done",
        "claude: running for 1.0 s, attempt 1, ended as overloaded:provider",
        "gemini: in NATS for 400 ms",
        "18 ProviderFailed: gemini: too_large:provider",
    ):
        assert title in written


def test_what_is_years_older_than_the_run_takes_no_room_in_the_timeline() -> None:
    """A skill, a connection, and what other runs did with them before."""
    story = stories.Story()
    publish(story)
    story.connect("openai")
    story.run(7, "openai").start("openai").succeed("openai")
    story.wait_until(story.now + timedelta(days=700))
    run = story.run(8, "openai").start("openai").succeed("openai")
    case = case_of(story.events, taken=lambda event: event.stream != story.events[3].stream)
    told = tell(case, read_events(case.events, told={}))
    assert [one.run.id for one in told.runs] == [run.id]
    written = page(told)
    assert "Not drawn: 5 events of other times; the table has them." in written
    assert "of quiet" not in written


def test_of_very_many_targets_the_drawing_says_what_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "LANES_DRAWN_MAX", 2)
    case = case_of(EVENTS)
    assert "Not drawn: 1 target and" in page(tell(case, read_events(case.events, told={})))
