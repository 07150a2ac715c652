"""Benchmark text that was wrapped, embedded, shouted or spaced out is found; its topic and a stub are not."""

import polars as pl

from corpus import decontaminate

EN = (
    "A baker weighs four sealed sacks and must fill six trays before the bell rings while the oven door sticks "
    "every nine minutes on the second shelf"
)
ZH = "有四个袋子分别装着米豆麦和盐每次只能称一个袋子请问至少要称几次才能知道哪一个袋子最重"
FILLER = "lamps and paper boats near the little bridge where rain falls on market bread "
WORDS = EN.split(" ")
ROWS = {
    "verbatim": EN,
    "wrapped": "\n".join(" ".join(WORDS[at : at + 8]) for at in range(0, len(WORDS), 8)),
    "embedded": FILLER * 5 + EN + " " + FILLER * 5,
    "wrapped_embedded": FILLER + "\n> " + "\n> ".join(WORDS) + "\n" + FILLER,
    "punct_case": EN.upper().replace(" MUST", ", MUST") + "!",
    "zh_embedded": f"下面是一道题：{ZH}？请写出过程。这里再加上一段没有关系的话。",
    "zh_spaced": " ".join(ZH),
    "clean_same_topic": "Four sacks, six trays: which baker is quickest before the bell?",
    "stub": "A.\n##\n...",
}


def test_wrapped_embedded_shouted_and_spaced_out_benchmark_text_is_found():
    items = pl.DataFrame({"item_id": ["en", "zh"], "text": [EN, ZH]})
    rows = pl.DataFrame({"sample_id": list(ROWS), "prompt": list(ROWS.values())})
    hits = decontaminate.find(rows, decontaminate.index([decontaminate.exam("b", items)]))
    found = dict(hits.select("sample_id", "item_id").iter_rows())
    assert found == {name: name[:2] if name.startswith("zh") else "en" for name in list(ROWS)[:7]}
    assert hits["containment"].to_list() == [1.0] * 7
    spans = {row["sample_id"]: ROWS[row["sample_id"]][row["start"] : row["end"]] for row in hits.iter_rows(named=True)}
    assert spans["embedded"] == EN and spans["zh_embedded"] == ZH
