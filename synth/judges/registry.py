"""The judges by name."""

from catalog import labels, taxonomy
from synth.judges.contracts import (
    ClassProbs,
    ExactLabel,
    FinalVerdict,
    JsonVerdict,
    KeyLines,
    LabelTokens,
    Score,
    TwoLines,
)
from synth.judges.judge import Judge
from synth.judges.passes import Pass, any_policy, both_orders
from synth.judges.rules import Rule, illogical, refusal

_EXCHANGE = ("prompt", "response")
_HARM = LabelTokens(words={"en": {"safe": "no", "unsafe": "yes"}, "zh": {"safe": "否", "unsafe": "是"}})
_VALUE = LabelTokens(words={"en": {"bad": "bad", "good": "good"}, "zh": {"bad": "坏", "good": "好"}})
_FACT = LabelTokens(words={"en": {"FALSE": "false", "TRUE": "true"}, "zh": {"FALSE": "错", "TRUE": "对"}})
_PLACE = LabelTokens(words={"en": {"first": "A", "second": "B"}, "zh": {"first": "A", "second": "B"}})

# What ShieldGemma is asked about, one policy at a time; its own chat template has the words.
_POLICIES = tuple(taxonomy.crosswalk("shieldgemma").labels)


def _llama_guard(version: int) -> Judge:
    scheme = f"llama-guard-{version}"
    contract = TwoLines(codes=tuple(taxonomy.crosswalk(scheme).labels))
    return Judge(f"llama_guard_{version}", 2, "unsafe", contract, _EXCHANGE, scheme=scheme)


def _qwen3guard(controversial: str, name: str) -> Judge:
    contract = KeyLines(
        level="Safety",
        levels={"Safe": "safe", "Unsafe": "unsafe", "Controversial": controversial},
        categories="Categories",
        known=tuple(label for label in taxonomy.crosswalk("qwen3guard").labels if label != "None"),
        refusal="Refusal",
    )
    return Judge(name, 2, "unsafe", contract, _EXCHANGE, scheme="qwen3guard")


JUDGES: dict[str, Judge | Rule] = {
    judge.name: judge
    for judge in (
        Judge("safety_verdict", 2, "safety", FinalVerdict(labels=labels.SAFETY), _EXCHANGE, "safety"),
        Judge("safety_json", 2, "safety", JsonVerdict(labels=labels.SAFETY), _EXCHANGE, "safety"),
        Judge("safety_label", 2, "safety", ExactLabel(labels=labels.SAFETY), _EXCHANGE, "safety"),
        # A verifier of ours behind an address; one of the store judges without a server, as `verifier` in a recipe.
        Judge("safety_verifier", 1, "safety", ClassProbs(labels=labels.SAFETY), _EXCHANGE),
        Judge("unsafe_tokens", 2, "unsafe", _HARM, _EXCHANGE, "unsafe"),
        # The request stays out: a disguise that fools the judge is in the request.
        Judge("unsafe_reply_tokens", 2, "unsafe", _HARM, ("response",), "unsafe"),
        Judge("value_tokens", 2, "value", _VALUE, _EXCHANGE, "value"),
        Judge("knowledge_tokens", 2, "knowledge", _FACT, _EXCHANGE, "knowledge"),
        Judge("knowledge_gold_tokens", 2, "knowledge", _FACT, (*_EXCHANGE, "gold"), "knowledge_gold"),
        Judge(
            "preference_tokens",
            2,
            "preference",
            _PLACE,
            (*_EXCHANGE, "other"),
            "preference",
            passes=(Pass("as_is"), Pass("swapped", swap=True)),
            merge=both_orders,
        ),
        Judge("helpful_score", 2, "helpfulness", Score(low=0, high=10), _EXCHANGE, "helpfulness"),
        Rule("illogical", 1, "safety", illogical),
        Rule("refusal", 2, "refusal", refusal),
        _llama_guard(3),
        _llama_guard(4),
        _qwen3guard("unsafe", "qwen3guard_strict"),
        _qwen3guard("safe", "qwen3guard_loose"),
        Judge(
            "wildguard",
            2,
            "unsafe",
            KeyLines(level="Harmful response", levels={"yes": "unsafe", "no": "safe"}, refusal="Response refusal"),
            _EXCHANGE,
        ),
        Judge(
            "shieldgemma",
            2,
            "unsafe",
            LabelTokens(words={"en": {"safe": "no", "unsafe": "yes"}}),
            _EXCHANGE,
            scheme="shieldgemma",
            passes=tuple(Pass(f"policy{n}", policy=name, category=name) for n, name in enumerate(_POLICIES)),
            merge=any_policy,
        ),
    )
}
