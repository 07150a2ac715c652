"""What a template leaves in a reply is found; a reply about templates, in code, stays."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.filters.template import placeholders, template


def why(filter_, *texts):
    return filter_(pl.Series("text", texts, dtype=pl.String)).to_list()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Turn the key twice.<|im_end|>", "template_tokens"),
        ("<|im_start|>assistant\n转两圈钥匙。", "template_tokens"),
        ("[INST] How? [/INST] Turn the key twice.", "template_tokens"),
        ("<<SYS>>\n你是锁匠。\n<</SYS>>", "template_tokens"),
        ("<start_of_turn>model\nTurn it twice.", "template_tokens"),
        ("<｜Assistant｜>转两圈。", "template_tokens"),
        ("Turn the key twice.</s>", "template_tokens"),
        ("### Instruction:\nOpen the door.\n\n### Response:\nTurn the key.", "template_turns"),
        ("转两圈钥匙。\n\n### 指令：\n再说一遍", "template_turns"),
        ("Turn it twice.\n\nHuman: And then?\n\nAssistant: Push.", "template_turns"),
        ("转两圈。\n【用户】然后呢？\n【助手】推门。", "template_turns"),
        ("转两圈。\n用户：然后呢？\n助手：推门。", "template_turns"),
        ("轉兩圈。\n用戶：然後呢？\n助手：推門。", "template_turns"),
        ("Turn it twice. Is there anything else?assistant\n\nTurn it twice.", "template_turns"),
        # what only looks like it
        ("A user said to the assistant: turn it twice.", None),
        ("请把用户和助手的对话存成文件。", None),
        ("The end of a turn is marked as `<|im_end|>` in this format.", None),
        ("模板是这样的：\n```\n<|im_start|>user\n你好<|im_end|>\n```\n照着写就行。", None),
        ("```\n### Instruction:\n{text}\n### Response:\n```", None),
        ("### Instructions:\n1. Remove the old lock.\n2. Fit the new one.", None),
        ("Q: Is it open?\nA: No.", None),
        ("甲：门开了吗？\n乙：没有。", None),
        ("if a <|b| then", None),
        ("The tag <s> strikes text through.", None),
        ("x < y | z > w", None),
        (None, None),
    ],
)
def test_tokens_and_turns(text, reason):
    assert why(template, text) == [reason]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Dear [insert name here], your key is ready.", True),
        ("Sincerely,\n[Your Name]", True),
        ("Dear {name}, your key is ready.", True),
        ("Dear {{ first_name }}, your key is ready.", True),
        ("{% for key in keys %}", True),
        ("尊敬的【在此填写姓名】：钥匙已配好。", True),
        ("尊敬的[您的姓名]：钥匙已配好。", True),
        ("尊敬的（請輸入姓名）：鑰匙已配好。", True),
        (r"The set \{a, b\} and $x_{max}$, \frac{text}{input}", False),
        ("```python\nprint(f'Dear {name}')\n```", False),
        ("In Python, `{name}` is filled in by format().", False),
        ("See the list [1] and the note [a].", False),
        ("【注意】钥匙已配好。", False),
        ("请输入密码（六位数字）。", False),
        ('{"key": 3, "name": "lock"}', False),
        (None, False),
    ],
)
def test_fields_that_nobody_filled(text, found):
    assert why(placeholders, text) == ["placeholders" if found else None]


@given(st.lists(st.one_of(st.none(), st.text("<|>[]{}`#:\n助手用户user INST/s", max_size=40)), max_size=8))
def test_each_is_judged_on_its_own(texts):
    for filter_ in (template, placeholders):
        assert why(filter_, *texts) == [why(filter_, text)[0] for text in texts]
