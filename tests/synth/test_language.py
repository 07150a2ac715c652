"""Templates follow the script of the row."""

import pytest

from synth.language import language


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How are you?", "en"),
        ("¿Dónde está la llave?", "en"),
        ("你好吗？", "zh"),
        ("用 Python 写一个函数", "zh"),  # 6 Han characters count as 24 letters, against 6
        ("The word 锁 means a lock in Chinese", "en"),
        ("これは鍵です", None),
        ("где ключ", None),
        ("12 + 30", None),
        ("", None),
    ],
)
def test_the_script_decides(text, expected):
    assert language(text) == expected
