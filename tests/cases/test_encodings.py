"""One Chinese table in three encodings gives the same rows; what is good UTF-8 is never read as anything else."""

import codecs

import pytest

from corpus import sources

TABLE = "编号,问题\n01,锁怎么换？\n02,㐂字怎么写\n03,𠮷野家在哪里\n"
ROW = {"prompt": "问题", "source_id": "编号"}


def read(describe, tmp_path, data, **entry):
    path = describe(ROW, glob="*.csv", **entry)
    (path.parent / "t.csv").write_bytes(data)
    source = sources.Source.load(str(path))
    (part,) = sources.read(source, tmp_path, "t.csv")
    (checked,) = sources.check(source, tmp_path)
    assert part.rejections.is_empty()
    said = [messages[0]["content"][0]["text"] for messages in part.rows["messages"]]
    return list(zip(part.rows["source_id"], said, strict=True)), checked["encoding"]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TABLE.encode(), "utf-8"),
        (codecs.BOM_UTF8 + TABLE.encode(), "utf-8-sig"),
        (TABLE.encode("gb18030"), "gb18030"),
    ],
)
def test_the_same_rows_whatever_the_encoding_and_it_is_shown(describe, tmp_path, data, encoding):
    expected = [("01", "锁怎么换？"), ("02", "\u3402字怎么写"), ("03", "\U00020bb7野家在哪里")]
    assert read(describe, tmp_path, data) == (expected, encoding)


@pytest.mark.parametrize("text", ["安全对话", "知识问答", "安全知识"])
def test_utf8_whose_bytes_are_legal_gb18030_is_utf8(describe, tmp_path, text):
    data = f"编号,问题\n1,{text}\n".encode()
    assert data.decode("gb18030") != data.decode()
    assert read(describe, tmp_path, data) == ([("1", text)], "utf-8")
