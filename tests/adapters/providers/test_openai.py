"""The OpenAI adapter passes the suite of every provider."""

from tests.kit.provider_conformance import ProviderConformance


class TestOpenAI(ProviderConformance):
    kind = "openai"
    path = "/openai/v1"
    key = "sk-conformance"
