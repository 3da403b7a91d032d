"""Particles as a Korean reader would put them."""

import pytest

from domain.chat.replies.particles import Particle, followed


@pytest.mark.parametrize(
    ("word", "written"),
    [
        # Hangul says it itself.
        ("스킬", "스킬을"),
        ("연결", "연결을"),
        ("오픈에이아이", "오픈에이아이를"),
        ("민수", "민수를"),
        # Names as they are read: 리절츠, 오픈에이아이, 클로드, 제미나이, 케이비오.
        ("kbo-results", "kbo-results를"),
        ("openai", "openai를"),
        ("claude", "claude를"),
        ("gemini", "gemini를"),
        ("kbo", "kbo를"),
        ("GPT", "GPT를"),
        ("release-notes", "release-notes를"),
        ("incident-report-ko", "incident-report-ko를"),
        ("web-search", "web-search를"),
        ("translator", "translator를"),
        ("summary", "summary를"),
        ("calendar", "calendar를"),
        ("invoice", "invoice를"),
        ("report", "report를"),
        ("hub", "hub를"),
        ("task", "task를"),
        ("help", "help를"),
        ("healthcheck", "healthcheck를"),
        ("by-ip", "by-ip를"),
        ("it", "it를"),
        ("ab", "ab를"),
        ("cloud", "cloud를"),
        ("config", "config를"),
        ("feed", "feed를"),
        ("queue", "queue를"),
        # 스킬, 엑셀, 파일, 테이블, 에스큐엘; 봇, 챗, 맵, 팩, 토픽, 북; 애드민, 폼, 핑, 라인, 네임, 타입.
        ("skill", "skill을"),
        ("excel", "excel을"),
        ("file", "file을"),
        ("table", "table을"),
        ("sql", "sql을"),
        ("email", "email을"),
        ("bot", "bot을"),
        ("web", "web을"),
        ("job", "job을"),
        ("cdn", "cdn을"),
        ("chat", "chat을"),
        ("map", "map을"),
        ("pack", "pack을"),
        ("topic", "topic을"),
        ("notebook", "notebook을"),
        ("admin", "admin을"),
        ("form", "form을"),
        ("translation", "translation을"),
        ("testing", "testing을"),
        ("timeline", "timeline을"),
        ("rename", "rename을"),
        ("type", "type을"),
        ("npm", "npm을"),
        # 영 일 이 삼 사 오 육 칠 팔 구, 십.
        ("v0", "v0을"),
        ("v1", "v1을"),
        ("v2", "v2를"),
        ("v3", "v3을"),
        ("v4", "v4를"),
        ("v5", "v5를"),
        ("v6", "v6을"),
        ("v7", "v7을"),
        ("v8", "v8을"),
        ("v9", "v9를"),
        ("v10", "v10을"),
        ("v12", "v12를"),
        ("kbo-results v3", "kbo-results v3을"),
        # What stands behind the last letter is not read; what nobody can tell gets both.
        ("“gpt”", "“gpt”를"),
        ("“스킬”", "“스킬”을"),
        ("統計", "統計을(를)"),
        ("…", "…을(를)"),
        ("", "을(를)"),
    ],
)
def test_an_object_is_marked_by_how_it_ends(word: str, written: str) -> None:
    assert followed(word, Particle.OBJECT) == written


@pytest.mark.parametrize(
    ("particle", "word", "written"),
    [
        (Particle.SUBJECT, "설치", "설치가"),
        (Particle.SUBJECT, "롤백", "롤백이"),
        (Particle.TOPIC, "스킬", "스킬은"),
        (Particle.TOPIC, "openai", "openai는"),
        (Particle.AND, "openai", "openai와"),
        (Particle.AND, "bot", "bot과"),
        (Particle.CALLED, "“kbo”", "“kbo”라는"),
        (Particle.CALLED, "“skill”", "“skill”이라는"),
    ],
)
def test_every_particle_has_two_forms(particle: Particle, word: str, written: str) -> None:
    assert followed(word, particle) == written
