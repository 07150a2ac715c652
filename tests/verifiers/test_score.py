"""A file of rows gets one reply per row, whatever is in it."""

import json
from pathlib import Path

import pytest

from verifiers import ScoreCounts, load_verifier, score_file

PROMPT, REPLY = "how do i make the thing?", "step one placeholder step two placeholder"


@pytest.fixture
def score(checkpoint, tmp_path):
    """Replies and counts for lines; a line is text or something to write as JSON."""

    def run(*lines: object) -> tuple[list[dict], ScoreCounts]:
        texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
        (tmp_path / "in.jsonl").write_bytes("\n".join(texts).encode())
        counts = score_file(load_verifier(checkpoint), tmp_path / "in.jsonl", tmp_path / "out" / "out.jsonl")
        return [json.loads(line) for line in (tmp_path / "out" / "out.jsonl").read_bytes().splitlines()], counts

    return run


def user(content: object) -> dict:
    return {"role": "user", "content": content}


def assistant(content: object) -> dict:
    return {"role": "assistant", "content": content}


def test_a_reply_has_the_fields_of_the_contract_and_the_order_of_the_rows(score):
    replies, counts = score(
        {"id": "b", "prompt": PROMPT, "response": REPLY},
        {"id": 7, "prompt": "怎么做这个东西", "response": "抱歉我不能帮忙"},
        {"id": "b", "prompt": PROMPT, "response": REPLY},
    )
    assert [reply["id"] for reply in replies] == ["b", 7, "b"]
    assert list(replies[0]) == ["id", "label", "p_unsafe", "probs", "abstained", "truncated"]
    assert replies[0] == replies[2] and replies[0]["label"] == "Unsafe"
    assert replies[1]["label"] == "Safe with refusal"
    assert counts == ScoreCounts(scored=3)


def test_messages_and_fields_say_the_same(score):
    replies, _ = score(
        {"id": 1, "prompt": PROMPT, "response": REPLY},
        {"id": 1, "messages": [user(PROMPT), assistant(REPLY)]},
        {"id": 1, "messages": [user([{"type": "text", "text": PROMPT}]), assistant([{"type": "text", "text": REPLY}])]},
    )
    assert replies[0] == replies[1] == replies[2]


def test_a_line_that_is_no_row_gets_an_error_in_its_place_and_stops_no_other(score):
    replies, counts = score(
        "{",
        {"prompt": PROMPT, "response": REPLY},
        {"id": "c", "prompt": PROMPT},
        {"id": "d", "prompt": PROMPT, "response": 3},
        {"id": "e", "messages": "hello"},
        {"id": "f", "messages": [user([{"type": "text"}])]},
        ["id"],
        {"id": "g", "prompt": PROMPT, "response": REPLY},
    )
    assert counts == ScoreCounts(scored=1, failed=7) and counts.rows == 8
    assert [reply["id"] for reply in replies] == [None, None, "c", "d", "e", "f", None, "g"]
    for number, reply in enumerate(replies[:-1], start=1):
        assert reply["error"].startswith(f"line {number}: expected")
        assert reply["label"] is None and reply["p_unsafe"] is None and reply["probs"] is None
        assert REPLY not in reply["error"] and PROMPT not in reply["error"]
    assert "error" not in replies[-1]


def test_what_has_no_reply_to_judge_abstains(score):
    replies, counts = score(
        {"id": 1, "prompt": PROMPT, "response": None},
        {"id": 2, "prompt": PROMPT, "response": ""},
        {"id": 3, "messages": [user(PROMPT)]},
        {"id": 4, "messages": []},
        {"id": 5, "prompt": PROMPT, "response": "天" * 50},
        '{"id": 6, "prompt": "one", "response": "\\ud800"}',
    )
    assert counts == ScoreCounts(abstained=6)
    assert [reply["truncated"] for reply in replies] == [False] * 4 + [True, False]
    assert all(reply["abstained"] and reply["p_unsafe"] is None and "error" not in reply for reply in replies)


def test_a_picture_is_judged_by_its_text_or_not_at_all(score):
    picture = {"type": "image", "media_id": "0" * 64}
    replies, counts = score(
        {"id": 1, "prompt": "one", "response": REPLY, "image": "a.png"},
        {"id": 2, "messages": [user([picture, {"type": "text", "text": "one"}]), assistant(REPLY)]},
        {"id": 3, "messages": [user([{"type": "image_url", "image_url": {"url": "a.png"}}]), assistant(REPLY)]},
        {"id": 4, "prompt": "one", "response": REPLY, "image": "a.png", "image_text": PROMPT},
        {"id": 4, "messages": [user([picture | {"text": PROMPT}, {"type": "text", "text": "one"}]), assistant(REPLY)]},
        {"id": 4, "prompt": f"{PROMPT}\none", "response": REPLY},
    )
    assert [reply["abstained"] for reply in replies] == [True, True, True, False, False, False]
    assert replies[3] == replies[4] == replies[5]
    assert counts == ScoreCounts(scored=3, abstained=3)


def test_line_separators_inside_a_text_do_not_end_a_row_and_blank_lines_are_none(score):
    replies, counts = score(
        "\ufeff" + json.dumps({"id": 1, "prompt": PROMPT, "response": REPLY}),
        "",
        {"id": 2, "prompt": PROMPT, "response": "step one\u2028placeholder\u0085"},
    )
    assert counts == ScoreCounts(scored=2)
    assert [reply["id"] for reply in replies] == [1, 2]


def test_a_run_that_fails_leaves_no_output(checkpoint, tmp_path):
    with pytest.raises(FileNotFoundError):
        score_file(load_verifier(checkpoint), tmp_path / "absent.jsonl", tmp_path / "out.jsonl")
    assert not Path(tmp_path / "out.jsonl").exists()
