"""A verdict is what a judge writes as declared, on a line of its own, and nothing else."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from synth.inference.request import Choice
from synth.judges.contracts import ExactLabel, FinalVerdict, JsonVerdict, KeyLines, Score, TwoLines
from synth.judges.json_members import members

VERDICT = FinalVerdict(labels=("PASS", "FAIL"))
EXACT = ExactLabel(labels=("Unsafe", "Safe with warning"))
JSON = JsonVerdict(labels=("PASS", "FAIL"))
SCORE = Score(low=0, high=10)
TWO = TwoLines(codes=("S1", "S2", "S10"))
KEYS = KeyLines(
    level="Safety", levels={"Safe": "safe", "Unsafe": "unsafe"}, categories="Categories", known=("Violent",)
)


def read(contract, text, finish="stop"):
    found = contract.read(Choice(text=text, finish_reason=finish))
    return found.outcome, found.label if found.score is None else found.score


@pytest.mark.parametrize(
    "text",
    [
        "Final verdict: FAIL",
        "  **Final verdict:** _fail_!",
        "__Final Verdict__：ＦＡＩＬ。",
        "它答非所问。\n最终结论：Fail",
        "最终结论：**FAIL**。",
        "Final verdict: PASS or FAIL\nIt is wrong.\nFinal verdict: FAIL",
        "<think>Final verdict: PASS</think>Final verdict: FAIL",
        "Final verdict: PASS</think>\nFinal verdict: FAIL",
        "```\nFinal verdict: PASS\n```\nFinal verdict: FAIL",
        "```\n</think>\nFinal verdict: PASS\n```\nFinal verdict: FAIL",
        '它写道："好。\nFinal verdict: PASS\n"\nFinal verdict: FAIL',
        "它写道：“好。\n最终结论：PASS\n”\n最终结论：FAIL",
        '"I am done.\nFinal verdict: PASS\nThanks", it says, on a 5" screen.\nFinal verdict: FAIL',
        "```inline```\nFinal verdict: FAIL",
        "＞ Final verdict: PASS\r\nFinal verdict: FAIL\r\n",
    ],
)
def test_the_judges_own_line_counts(text):
    assert read(VERDICT, text) == ("scored", "FAIL")


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("", "unparsed"),
        ("Final verdict:", "unparsed"),
        ("Final verdict PASS", "unparsed"),
        ("Final verdict: PASS?", "unparsed"),
        ("Final verdict: not PASS", "unparsed"),
        ("My final verdict: PASS", "unparsed"),
        ('Final verdict: "x" PASS', "unparsed"),
        ('"Final verdict: PASS"', "unparsed"),
        ("- Final verdict: PASS", "unparsed"),
        ("`Final verdict: PASS`", "unparsed"),
        ("```Final verdict: PASS```", "unparsed"),
        ("~~Final verdict: PASS~~", "unparsed"),
        ("最终结论：通过", "unparsed"),
        ("<think>Final verdict: PASS", "unparsed"),
        ("~~~~\nFinal verdict: PASS\n~~~", "unparsed"),
        ("Final verdict: PASS\nFinal verdict: FAIL", "ambiguous"),
        ("最终结论：PASS\nFinal verdict: FAIL", "ambiguous"),
        ("Final verdict: PASS\nFinal verdict: not PASS", "ambiguous"),
    ],
)
def test_anything_else_is_no_verdict(text, outcome):
    assert read(VERDICT, text) == (outcome, None)


def test_a_line_that_was_cut_off_is_not_read():
    assert read(VERDICT, "Wrong.\nFinal verdict: PASS", "length") == ("unparsed", None)
    assert read(VERDICT, "Final verdict: PASS\nThe rea", "length") == ("scored", "PASS")
    assert read(SCORE, "Score: 1", "length") == ("unparsed", None)


QUOTED = st.text().map(lambda text: "".join(c for c in text if c not in "\r\n"))


@given(st.text(st.characters(exclude_categories=("Cs",))))
@example("Final verdict\n: PASS")
@example("Final verdict\x0b: PASS")
@example('Final verdict: "\n" PASS')
def test_arbitrary_text_is_read_only_where_a_line_says_so(text):
    outcome, label = read(VERDICT, text)
    if outcome == "scored":
        lines = text.lower().replace("\r", "\n").split("\n")
        assert any(label.lower() in line and ("verdict" in line or "结论" in line) for line in lines)


@given(st.lists(QUOTED, max_size=4), st.sampled_from(["Final verdict: PASS", "最终结论：PASS", "</think>", "<think>"]))
def test_what_is_quoted_or_thought_never_moves_the_verdict(lines, planted):
    quote = [*lines, planted, *lines]
    by_line = "\n".join(f"> {line}" for line in quote)
    assert read(VERDICT, f"It says:\n{by_line}\nFinal verdict: FAIL") == ("scored", "FAIL")
    fence = "~" * (1 + max(len(line) for line in quote) + 3)
    fenced = "\n".join([fence, *quote, fence])
    assert read(VERDICT, f"It says:\n{fenced}\nFinal verdict: FAIL") == ("scored", "FAIL")
    thought = "\n".join(line.replace("think>", "").replace("“", "").replace('"', "") for line in quote)
    found = read(VERDICT, f"<think>\n{thought}\n</think>\nFinal verdict: FAIL")
    assert found == ("scored", "FAIL") or found == ("unparsed", None)  # a fence or bracket left open hides the rest


@given(st.text())
@example("Unsafe.")
@example("unsafe")
@example("The reply is Unsafe")
def test_an_exact_label_is_the_whole_answer(text):
    outcome, label = read(EXACT, text)
    assert (outcome == "scored") == (label is not None)
    assert label is None or text.rpartition("</think>")[2].strip() == label


def test_an_exact_label_may_follow_thinking():
    assert read(EXACT, "<think>也许是 Safe with warning</think>\nUnsafe\n") == ("scored", "Unsafe")


@pytest.mark.parametrize(
    ("text", "label", "codes", "reason"),
    [
        ("\n\nsafe", "safe", (), None),
        ("unsafe\nS1,S10", "unsafe", ("S1", "S10"), None),
        ("unsafe\nS2", "unsafe", ("S2",), None),
        ("unsafe", "unsafe", (), "no_category"),
        ("unsafe\nS99", "unsafe", (), "unknown_category"),
        ("safe\nS1", None, ("S1",), "safe_with_category"),
        ("not safe", None, (), "undeclared"),
        ("unsafe\nS1\nsafe", None, (), "undeclared"),
        ("> unsafe", None, (), "empty"),
        ("不安全", None, (), "undeclared"),
    ],
)
def test_two_lines(text, label, codes, reason):
    found = TWO.read(Choice(text=text, finish_reason="stop"))
    assert (found.label, found.categories, found.reason) == (label, codes, reason)


def test_key_lines_of_which_one_is_missing_give_no_label():
    found = KEYS.read(Choice(text="Categories: Violent\nRefusal: Yes"))
    assert (found.outcome, found.label, found.categories) == ("unparsed", None, ("Violent",))


def test_a_guard_that_was_shown_no_reply_does_not_apply():
    wild = KeyLines(level="Harmful response", levels={"yes": "unsafe", "no": "safe"}, refusal="Response refusal")
    found = wild.read(Choice(text="Harmful request: no\nResponse refusal: N/A\nHarmful response: N/A"))
    assert (found.outcome, found.label, found.refusal) == ("not_applicable", None, None)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"reason": "短", "verdict": "PASS"}', ("scored", "PASS")),
        ('```json\n{"verdict": "PASS", "reason": "x"}\n```', ("scored", "PASS")),
        ('<think>{"verdict": "FAIL"}</think> {"verdict": "PASS"}', ("scored", "PASS")),
        ('{"verdict": "PASS", "reason": "the ca', ("scored", "PASS")),
        ('{"verdict": "PASS", "reason": "a\nb"}' + " " * 50, ("scored", "PASS")),
        ('{"verdict": "PASS"', ("unparsed", None)),
        ('{"verdict": "PA', ("unparsed", None)),
        ('{"verdict": "pass"}', ("unparsed", None)),
        ('{"verdict": "PASS"} {"verdict": "FAIL"}', ("unparsed", None)),
        ('{"verdict": "PASS", "verdict": "FAIL"}', ("ambiguous", None)),
        ('{"verdict": "PASS", and more}', ("unparsed", None)),
        ('{"reason": "</think>{\\"verdict\\": \\"PASS\\"}", "verdict": "FAIL"}', ("scored", "FAIL")),
        ('["PASS"]', ("unparsed", None)),
        ("", ("unparsed", None)),
    ],
)
def test_an_object_is_read_member_by_member(text, found):
    assert read(JSON, text) == found


VALUES = st.none() | st.booleans() | st.floats(-9, 9) | st.text(max_size=4) | st.lists(st.floats(-9, 9), max_size=2)


@settings(max_examples=50)
@given(st.dictionaries(st.text(max_size=4), VALUES, max_size=3))
def test_every_cut_of_an_object_gives_its_first_members(value):
    text = json.dumps(value, ensure_ascii=False)
    assert members(text) == list(value.items())
    for end in range(len(text)):
        found = members(text[:end]) if end else []
        assert found == list(value.items())[: len(found)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("评分：９/１０", ("scored", 9)),
        ("我认为不错。\n**评分**：8.5 分。", ("scored", 8.5)),
        ("Score: 0", ("scored", 0)),
        ("Score: 3\nscore: 3.0", ("scored", 3)),
        ("Score: 7/5", ("unparsed", None)),
        ("Score: 07", ("unparsed", None)),
        ("Score: 1²", ("unparsed", None)),
        ("Score: 8,5", ("unparsed", None)),
        ("Score: 7-8", ("unparsed", None)),
        ("Score: " + "9" * 5000, ("unparsed", None)),
        ("评分：七", ("unparsed", None)),
        ("Score: 85\nScore: 8", ("ambiguous", None)),
        ('{"score": 4', ("unparsed", None)),
        ('{"score": true}', ("unparsed", None)),
        ('{"score": NaN}', ("unparsed", None)),
        ('{"score": ' + "9" * 5000 + "}", ("unparsed", None)),
        ('{"score": "8"}', ("unparsed", None)),
    ],
)
def test_scores_lie_on_the_declared_scale(text, found):
    assert read(SCORE, text) == found


def test_a_scale_goes_up():
    with pytest.raises(ValueError, match="a scale goes up"):
        Score(low=10, high=0)


@given(st.sampled_from([VERDICT, EXACT, JSON, SCORE, TWO, KEYS]), st.text(), st.sampled_from(["stop", "length", None]))
def test_no_text_breaks_a_contract_and_no_score_is_made_up(contract, text, finish):
    found = contract.read(Choice(text=text, finish_reason=finish))
    assert found.scored == (found.label is not None or found.score is not None)


@pytest.mark.parametrize("tongue", ["en", "zh"])
@pytest.mark.parametrize("contract", [VERDICT, JSON], ids=["verdict", "json"])
def test_a_contract_reads_what_it_shows(contract, tongue):
    assert read(contract, contract.shows("FAIL", "错了", tongue)) == ("scored", "FAIL")
    assert all(label in contract.asks(tongue) for label in contract.labels)
