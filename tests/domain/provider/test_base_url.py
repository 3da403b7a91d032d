"""Where a provider may be: https anywhere, plain http on this machine, and nothing that hides a second address."""

import pytest

from domain.errors import BadRequest
from domain.provider.base_url import BASE_URL_CHARS_MAX, check_base_url


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "https://api.openai.com",
        "https://gateway.example:8443/openai/v1",
        "https://10.0.0.1/v1",
        "https://[2001:db8::1]/v1",
        "http://127.0.0.1:4242/openai/v1",
        "http://127.9.9.9/v1",
        "http://localhost:1/v1",
        "http://[::1]:1/v1",
    ],
)
def test_an_address_that_may_be_used_is_kept_as_it_is(url: str) -> None:
    assert check_base_url(url) == url


def test_slashes_at_the_end_are_left_out() -> None:
    assert check_base_url("https://api.openai.com/v1//") == "https://api.openai.com/v1"
    assert check_base_url("https://api.openai.com/") == "https://api.openai.com"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.openai.com/v1",
        "//api.openai.com/v1",
        "ftp://api.openai.com/v1",
        "file:///etc/passwd",
        "http://api.openai.com/v1",
        "http://10.0.0.1/v1",
        "http://169.254.169.254/latest",
        "http://127.1/v1",
        "http://2130706433/v1",
        "http://0x7f.1/v1",
        "http://0.0.0.0/v1",
        "http://localhost.example.com/v1",
        "http://127.0.0.1.example.com/v1",
        "http://127.0.0.1@example.com/v1",
        "https://user:password@api.openai.com/v1",
        "https://user@api.openai.com/v1",
        "https://@api.openai.com/v1",
        "https://api.openai.com/v1?key=1",
        "https://api.openai.com/v1?",
        "https://api.openai.com/v1#part",
        "https://api.openai.com/v1#",
        "https://",
        "https:///v1",
        "https://:443/v1",
        "https://api.openai.com:/v1",
        "https://api.openai.com:0/v1",
        "https://api.openai.com:65536/v1",
        "https://api.openai.com:port/v1",
        "https://api..openai.com/v1",
        "https://-api.openai.com/v1",
        "https://api_openai.com/v1",
        "https://[::1/v1",
        "https://[::1%25eth0]/v1",
        "https://api.openai.com\\@evil.example/v1",
        "https://api.openai.com/v1\\x",
        "https://api.openai.com/v 1",
        " https://api.openai.com/v1",
        "https://api.openai.com/v1\n",
        "https://api.openai.com/v1\x00",
        "https://\u0430pi.openai.com/v1",
        f"https://api.openai.com/{'x' * BASE_URL_CHARS_MAX}",
    ],
)
def test_every_other_address_is_refused_with_its_place_and_reason(url: str) -> None:
    with pytest.raises(BadRequest) as caught:
        check_base_url(url)
    (problem,) = caught.value.problems
    assert problem.pointer == "/baseUrl"
    assert problem.message
    assert problem.message in caught.value.detail
