"""One Chinese table in three encodings gives the same rows; what is good UTF-8 is never read as anything else."""

import codecs

import pytest

from corpus import sources
from corpus.readers import ReadError

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


GB = "1,两把锁怎么换\n".encode("gb18030")
UTF8 = "2,三把锁怎么换\n".encode()


def test_a_file_of_two_encodings_is_refused_and_no_guess_is_made(describe, tmp_path):
    with pytest.raises(ReadError, match="mixes UTF-8"):
        read(describe, tmp_path, "编号,问题\n".encode() + GB * 5 + UTF8 * 5)
    (checked,) = sources.check(sources.Source.load(str(tmp_path / "set" / "mine.yaml")), tmp_path)
    assert "t.csv mixes UTF-8 with another encoding: 6 lines are UTF-8, line 2 is the first" in checked["problem"]


def test_one_accent_a_line_is_enough_beside_windows_1252(describe, tmp_path):
    with pytest.raises(ReadError, match="mixes UTF-8"):
        read(
            describe,
            tmp_path,
            TABLE[:6].encode() + "1,café\n".encode() * 8 + "2,naïve é é é é é é é é é é\n".encode("cp1252"),
        )


def test_gb18030_whose_lines_are_now_and_then_utf8_by_chance_is_gb18030(describe, tmp_path):
    people = ["男", "女"] * 20
    table = "编号,问题\n" + "".join(f"{n},{who}\n" for n, who in enumerate(people))
    assert "女".encode("gb18030").decode()
    rows, encoding = read(describe, tmp_path, table.encode("gb18030"))
    assert (encoding, [who for _, who in rows]) == ("gb18030", people)


def test_a_byte_order_mark_is_no_text_where_the_encoding_is_named(describe, tmp_path):
    rows, _ = read(describe, tmp_path, codecs.BOM_UTF8 + TABLE.encode(), encoding="utf-8")
    assert rows[0] == ("01", "锁怎么换？")


@pytest.mark.parametrize("name", ["hex", "rot13", "undefined", "utf\0", "utf-99"])
def test_what_is_no_encoding_of_text_is_one_error_with_the_file(describe, tmp_path, name):
    path = describe(ROW, glob="*.csv", encoding=name)
    (path.parent / "t.csv").write_text(TABLE, encoding="utf-8")
    (checked,) = sources.check(sources.Source.load(str(path)), tmp_path)
    assert "t.csv: there is no encoding" in checked["problem"]
    assert "name its `encoding`" in checked["problem"]
