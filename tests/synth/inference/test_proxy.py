"""Where requests go: straight, or through the proxy that the environment names."""

import pytest

from synth.inference import Endpoint, complete
from tests.synth.inference.faults import Server, running
from tests.synth.inference.test_complete import chat


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_of_the_environment_is_used(tmp_path, monkeypatch, scheme):
    with running(Server()) as proxy:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, scheme + proxy.url.removeprefix("http://"))
        monkeypatch.delenv("no_proxy", raising=False), monkeypatch.delenv("NO_PROXY", raising=False)
        complete([chat(1)], Endpoint(url="http://models.invalid/v1", model="m"), folder=tmp_path)
    assert [headers["Host"] for headers in proxy.headers] == ["models.invalid"]


def test_an_address_that_is_excepted_needs_no_proxy(tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with running(Server()) as server:
        complete([chat(1)], Endpoint(url=server.url, model="m"), folder=tmp_path)
    assert sum(server.answered.values()) == 1
