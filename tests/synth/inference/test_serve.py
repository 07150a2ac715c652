"""Real vLLM servers: what they answer, to whom, and that nothing of them is left."""

import base64
import io
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from catalog.models import weights_digest
from synth.inference.serve import ServerFailed, serving
from tests.synth.conftest import SMALL
from tests.synth.inference import tiny
from tests.synth.inference.processes import alive, descendants, left_after

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("vllm")]


def ask(server, path, body=None, *, key=True):
    """The status and the answer, read as JSON where there is one."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {server.key}"} if key else {})
    data = None if body is None else json.dumps({"model": server.model} | body).encode()
    request = urllib.request.Request(server.url.removesuffix("/v1") + path, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, None


def chat(server, content, **sampling):
    status, answer = ask(
        server, "/v1/chat/completions", {"messages": [{"role": "user", "content": content}]} | sampling
    )
    assert status == 200
    return answer["choices"]


def test_a_chat_gets_as_many_answers_as_asked_for_with_their_log_probabilities(vllm_text):
    choices = chat(vllm_text, "面团为什么会发酵？", max_tokens=8, n=2, seed=3, logprobs=True, top_logprobs=5)
    assert len(choices) == 2
    for choice in choices:
        tokens = choice["logprobs"]["content"]
        assert 1 <= len(tokens) <= 8
        assert all(token["logprob"] <= 0 and len(token["top_logprobs"]) >= 5 for token in tokens)


def test_a_prompt_is_gone_on_from_without_a_chat(vllm_text):
    body = {"prompt": "the reply is", "max_tokens": 4, "logprobs": 3, "ignore_eos": True}
    _, answer = ask(vllm_text, "/v1/completions", body)
    (choice,) = answer["choices"]
    assert len(choice["logprobs"]["token_logprobs"]) == 4 and answer["usage"]["completion_tokens"] == 4


def test_the_same_seed_gives_the_same_bytes_alone_and_in_company(vllm_text):
    def go_on(prompts, seed):
        body = {"prompt": prompts, "max_tokens": 24, "seed": seed, "temperature": 1.0, "ignore_eos": True}
        return [choice["text"] for choice in ask(vllm_text, "/v1/completions", body)[1]["choices"]]

    (alone,) = go_on(["yes"], 1)
    assert go_on(["yes"], 2) != [alone]
    company = go_on(["yes", "安全", "no", "yes", "图书馆", "true", "safe", "yes"], 1)
    assert [company[place] for place in (0, 3, 7)] == [alone] * 3 and len(set(company)) == 6


def test_an_answer_that_is_held_to_a_schema_is_json_without_white_space(vllm_text):
    schema = {"type": "object", "properties": {"safe": {"type": "boolean"}}, "required": ["safe"]}
    schema["additionalProperties"] = False
    form = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}}
    (choice,) = chat(vllm_text, "安全?", max_tokens=40, seed=0, response_format=form)
    assert choice["message"]["content"] in ('{"safe":true}', '{"safe":false}')


def test_nothing_but_the_health_is_told_without_the_key(vllm_text):
    assert ask(vllm_text, "/health", key=False)[0] == 200
    for path, body in (
        ("/v1/models", None),
        ("/v1/completions", {"prompt": "1", "max_tokens": 1}),
        ("/tokenize", {"prompt": "1"}),
        ("/metrics", None),
        ("/openapi.json", None),
    ):
        assert ask(vllm_text, path, body, key=False)[0] == 401
    assert ask(vllm_text, "/tokenize", {"prompt": "安全"})[1]["count"] == 1
    assert vllm_text.key not in repr(vllm_text)
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert vllm_text.key not in shown and vllm_text.key not in vllm_text.log.read_text()


def test_it_listens_on_loopback_alone_and_its_log_is_for_its_owner(vllm_text):
    mine = descendants(vllm_text.process.pid)
    listening = subprocess.run(["ss", "-ltnpH"], capture_output=True, text=True, check=True).stdout.splitlines()
    addresses = [line.split()[3] for line in listening if any(f"pid={pid}," in line for pid in mine)]
    assert len(addresses) >= 1 and all(address.startswith("127.0.0.1:") for address in addresses)
    assert vllm_text.log.stat().st_mode & 0o077 == 0
    chat(vllm_text, "玫瑰何时修剪？roses", max_tokens=1)
    assert "roses" not in vllm_text.log.read_text()


def test_a_server_says_which_weights_it_has_and_a_port_is_not_shared(vllm_text, tiny_text):
    assert vllm_text.model == tiny_text.name and vllm_text.revision == weights_digest(tiny_text)
    port = int(vllm_text.url.rsplit(":")[-1].removesuffix("/v1"))
    with pytest.raises(OSError, match=f"port {port}"), serving(str(tiny_text), port=port, device="cpu"):
        pass


@pytest.mark.parametrize("flag", ["--trust-remote-code", "--trust_remote_code=true"])
def test_code_that_comes_with_a_model_is_not_run(flag, tiny_text):
    with pytest.raises(ValueError, match="trust-remote-code"), serving(str(tiny_text), flags=[flag]):
        pass


def picture(colour):
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (56, 56), colour).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def shown(url):
    return [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "safe? 安全？"}]


def test_a_picture_is_looked_at(vllm_vl):
    answers = {
        colour: chat(vllm_vl, shown(picture(colour)), max_tokens=1, temperature=0, logprobs=True, top_logprobs=20)
        for colour in ("red", "blue")
    }
    first, second = (a[0]["logprobs"]["content"][0]["top_logprobs"] for a in answers.values())
    assert first != second


def test_a_broken_picture_is_refused_and_one_of_the_network_is_not_fetched(vllm_vl):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        far = f"http://127.0.0.1:{listener.getsockname()[1]}/a.png"
        for url in (picture("red")[:80], far):
            body = {"messages": [{"role": "user", "content": shown(url)}], "max_tokens": 1}
            assert 400 <= ask(vllm_vl, "/v1/chat/completions", body)[0] <= 500
        with pytest.raises(TimeoutError):
            listener.accept()
    assert chat(vllm_vl, "still there?", max_tokens=1)


def test_a_model_that_loads_and_cannot_run_is_found_out_before_it_is_handed_over(tmp_path):
    broken = tiny.text(tmp_path / "broken", head_dim=16)
    before = descendants(os.getpid())
    with pytest.raises(ServerFailed, match="broken") as failed, serving(str(broken), device="cpu", flags=SMALL):
        pytest.fail("it was handed over")
    assert "head" in str(failed.value)
    assert alive(descendants(os.getpid()) - before) == set()


def test_the_command_serves_and_nothing_is_left_of_it_after_a_kill(tiny_text, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["models", "serve", str(tiny_text), "--device", "cpu", "--port", str(port), "--json", "--", *SMALL]
    code = "from safeladder.cli import main; main()"
    asker = subprocess.Popen(
        [sys.executable, "-c", code, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        told = json.loads(asker.stdout.readline())
        assert told["url"] == f"http://127.0.0.1:{port}/v1"
        request = urllib.request.Request(
            f"{told['url']}/models", headers={"Authorization": f"Bearer {told['api_key']}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert [model["id"] for model in json.load(answer)["data"]] == [tiny_text.name]
        below = descendants(asker.pid)
        assert len(below) >= 3  # the keeper, the server and its engine
        os.kill(asker.pid, signal.SIGKILL)
        assert left_after(below, 20) == set()
    finally:
        asker.kill()
        said = asker.communicate()[1]
    assert f"export OPENAI_BASE_URL={told['url']} OPENAI_API_KEY={told['api_key']}" in said


def test_many_long_prompts_with_seeds_do_not_end_the_engine(vllm_text):
    from concurrent.futures import ThreadPoolExecutor

    def answer(number):
        prompt = f"{number} the reply is " * 150
        body = {"prompt": prompt, "max_tokens": 4, "seed": number, "temperature": 1.0, "ignore_eos": True}
        return ask(vllm_text, "/v1/completions", body)

    with ThreadPoolExecutor(48) as pool:
        answers = list(pool.map(answer, range(48)))
    assert {status for status, _ in answers} == {200}
    assert all(body["usage"]["completion_tokens"] == 4 for _, body in answers)
