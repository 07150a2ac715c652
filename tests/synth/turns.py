"""User turns that wait for replies, and a job that gets them, which can be killed: `turns.py FOLDER URL OUT COUNT`."""

import hashlib
import json
import random
import sys
from pathlib import Path

from catalog.ids import sample_id
from synth.generators import GENERATORS, Item
from synth.generators.made import text
from synth.inference import Endpoint
from synth.produce import produce

WORDS = {
    "en": ("garden", "letter", "window", "river", "bread", "lamp", "winter", "paper", "market", "train"),
    "zh": ("花园", "信件", "窗户", "河流", "面包", "台灯", "冬天", "纸张", "市场", "火车"),
}


def turn(language: str, key: object) -> str:
    """A mild question in a language."""
    words = random.Random(str(key)).sample(WORDS[language], 5)
    return "，".join(words) + "怎么样？" if language == "zh" else "What about " + " ".join(words) + "?"


def waiting(language: str, number: int, *, turns: int | None = None) -> dict:
    """A row of three to five user turns, as an escalation writes it."""
    said = [text("user", turn(language, (number, at))) for at in range(turns or 3 + number % 3)]
    facts = {"task": "safety", "label": None, "unsafe": None, "category": "fraud", "subcategory": "fraud/phishing"}
    return {"sample_id": sample_id(said), "messages": said} | facts


def items(count: int) -> list[Item]:
    """Half of them Chinese."""
    return [Item.of_row(waiting(("en", "zh")[number % 2], number)) for number in range(count)]


def reply(body: dict) -> str:
    """A reply that follows from all that was asked and said before, in the language of the last turn."""
    last = body["messages"][-1]["content"]
    key = hashlib.sha256(json.dumps([body["messages"], body["seed"]]).encode()).hexdigest()
    return turn("zh" if last.endswith("？") else "en", key)


def main(folder: str, url: str, out: str, count: int) -> None:
    engine = Endpoint(url=url, model="m", concurrency=8, timeout_s=20, attempts=8)
    made = produce(GENERATORS["rollout"], items(count), engine, folder=Path(folder), seed=5)
    rows = made.rows.select("sample_id", "messages").to_dicts()
    Path(out).write_text(json.dumps([rows, made.lineage.to_dicts(), made.gone.to_dicts()], ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
