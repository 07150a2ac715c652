"""Files as they are really published: odd encodings, broken records, missing headers."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus.readers import BadRecord, ReadError, Record, encoding_of, records

CHINESE = "编号,问题,标签\n1,怎样给旧自行车换锁？,安全\n2,请介绍㐂字的写法,安全\n3,𠮷野家的价格，是多少,待审\n"


@pytest.fixture
def put(tmp_path):
    def write(name, data):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


def fields(path, **options):
    return [record.fields for record in records(path, **options)]


def reasons(path, **options):
    return {r.line: r.reason for r in records(path, **options) if isinstance(r, BadRecord)}


@pytest.mark.parametrize(
    ("codec", "found"),
    [("gb18030", "gb18030"), ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16")],
)
def test_the_same_chinese_rows_come_from_every_encoding(put, codec, found):
    path = put("a.csv", CHINESE.encode(codec))
    assert encoding_of(path) == found
    rows = fields(path)
    assert list(rows[0]) == ["编号", "问题", "标签"]
    assert [row["编号"] for row in rows] == ["1", "2", "3"]
    assert "\u3402" in rows[1]["问题"]
    assert "\U00020bb7" in rows[2]["问题"]


def test_utf8_comes_before_gb18030_where_both_are_legal(put):
    data = "id,text\n1,安全对话\n2,知识问答\n".encode()
    data.decode("gb18030")  # legal there too, as nonsense
    assert [row["text"] for row in fields(put("a.csv", data))] == ["安全对话", "知识问答"]


def test_one_late_chinese_row_decides_the_encoding_of_an_english_file(put):
    data = b"id,text\n" + b"1,an ordinary English sentence\n" * 20_000 + "2,怎样给旧自行车换锁？".encode("gb18030")
    assert fields(put("a.csv", data))[-1]["text"] == "怎样给旧自行车换锁？"


def test_a_damaged_row_does_not_change_the_encoding_of_the_others(put):
    good = json.dumps({"text": "怎样给旧自行车换锁，以及在哪里买新的？"}, ensure_ascii=False).encode()
    path = put("a.jsonl", good + b"\n" + b'{"text": "\xe6\x80"}\n' + good)
    assert reasons(path) == {2: "bad_encoding"}
    assert [r.fields["text"][:2] for r in records(path) if isinstance(r, Record)] == ["怎样", "怎样"]


@pytest.mark.parametrize("data", [b"\x81\xff\x82\xff\x83\xff\xff\xff", "id,text\n1,lock\n".encode("utf-16-le")])
def test_an_encoding_that_cannot_be_told_is_one_error_with_the_file_and_the_way_out(put, data):
    with pytest.raises(ReadError, match=r"odd\.csv .*name its `encoding`"):
        fields(put("odd.csv", data))


def test_a_wrong_encoding_hint_is_an_error_that_names_it(put):
    with pytest.raises(ReadError, match="is not ascii: byte 0"):
        fields(put("a.csv", CHINESE), encoding="ascii")
    with pytest.raises(ReadError, match="no encoding 'utf-99'"):
        fields(put("a.csv", CHINESE), encoding="utf-99")


def test_line_separators_inside_a_string_are_text(put):
    texts = ["first\u2028second", "para\u2029two", "next\x85line", "plain"]
    lines = "\n".join(json.dumps({"text": text}, ensure_ascii=False) for text in texts)
    assert [row["text"] for row in fields(put("a.jsonl", lines))] == texts


def test_a_broken_line_is_one_bad_record_and_reading_goes_on(put):
    path = put(
        "a.jsonl", '{"a": 1}\n{"a": \n\n["a"]\n{"a": "\\ud800"}\n{"a": "\\u0000"}\n' + "[" * 99_999 + '\n{"a": 7}'
    )
    assert reasons(path) == {2: "bad_json", 3: "not_an_object", 4: "lone_surrogate", 5: "nul_byte", 6: "bad_json"}
    assert list(records(path))[-1] == Record(7, {"a": 7})  # the blank line is no record


def test_a_surrogate_pair_in_escapes_is_one_good_character(put):
    assert fields(put("a.jsonl", '{"a": "\\ud83d\\ude00"}')) == [{"a": "😀"}]


def test_the_detail_of_a_bad_record_never_holds_its_text(put):
    path = put("a.jsonl", '{"prompt": "secret words" "more"}\n["secret words"]\n{"p": "secret words\\ud800"}')
    assert all("secret" not in record.detail for record in records(path))
    assert len(reasons(path)) == 3


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ('[{"a": "锁"}, {"a": "2"}]', {}),
        ('{"info": {}, "rows": [{"a": "锁"}, {"a": "2"}]}', {"key": "rows"}),
        ('{"data": {"rows": [{"a": "锁"}, {"a": "2"}]}}', {"key": "data.rows"}),
        ('{"a": "锁"}\n{"a": "2"}\n', {}),
    ],
)
def test_json_comes_as_a_list_under_a_key_or_as_lines(put, text, options):
    assert list(records(put("a.json", text), **options)) == [Record(1, {"a": "锁"}), Record(2, {"a": "2"})]


def test_json_that_is_not_what_was_expected_says_so(put):
    with pytest.raises(ReadError, match=r"no 'jailbreak' .*nearest is 'jailbreaks'"):
        fields(put("a.json", '{"jailbreaks": []}'), key="jailbreak")
    with pytest.raises(ReadError, match="holds dict under 'a'; expected a list"):
        fields(put("a.json", '{"a": {}}'), key="a")
    with pytest.raises(ReadError, match=r"is no JSON: .*at character 8"):
        fields(put("a.json", '[{"a":\n!}]'))
    assert reasons(put("a.json", '[{"a": 1}, 2]')) == {2: "not_an_object"}


def test_ids_that_look_like_numbers_dates_or_uuids_stay_as_they_are(put):
    row = {"id": "3ac308ed01b553121780c3091af0e1c4", "batch": "0042", "on": "01-02-2026", "ext": "BBD05AE7-0000"}
    table = ",".join(row) + "\n" + ",".join(row.values())
    assert fields(put("a.jsonl", json.dumps(row))) == fields(put("a.csv", table)) == [row]


def test_a_headerless_table_takes_its_names_from_the_description(put):
    path = put("a.csv", "one,two\nthree,four\n")
    assert fields(path, columns=["better", "worse"]) == [
        {"better": "one", "worse": "two"},
        {"better": "three", "worse": "four"},
    ]


def test_a_missing_column_is_an_error_with_the_nearest_one(put):
    with pytest.raises(ReadError, match="no column 'response'; the nearest is 'Response'"):
        fields(put("a.csv", "question,Response\n1,x\n"), expected={"question", "response"})
    with pytest.raises(ReadError, match="two columns of the name 'a'"):
        fields(put("a.csv", "a,a\n1,2\n"))


def test_ragged_broken_and_nul_rows_are_rejected_one_by_one(put):
    path = put("a.csv", 'a,b\n1,2\n3\n4,5,6\n\n7,"x"y\n8,\0\n9,"long\n\ntext"\n')
    # records: 1 good, 2 and 3 ragged, (blank), 4 broken quote, 5 NUL, 6 good
    assert reasons(path) == {2: "wrong_columns", 3: "wrong_columns", 4: "bad_csv", 5: "nul_byte"}
    assert list(records(path))[-1] == Record(6, {"a": "9", "b": "long\n\ntext"})


def test_an_unclosed_quote_never_swallows_the_rest_of_a_file_in_silence(put):
    assert reasons(put("a.csv", 'a,b\n1,2\n3,"open\n4,5\n6,7\n')) == {2: "bad_csv"}


def test_a_cell_may_be_longer_than_the_limit_of_the_csv_module(put):
    assert len(fields(put("a.csv", "a\n" + "锁" * 200_000))[0]["a"]) == 200_000


def test_tsv_splits_at_tabs(put):
    assert fields(put("a.tsv", "a\tb\n1,5\t2\n")) == [{"a": "1,5", "b": "2"}]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.tsv"])
def test_an_empty_file_holds_no_record(put, name):
    assert fields(put(name, "")) == []


def test_an_unknown_suffix_is_refused_unless_the_format_is_named(put):
    path = put("a.data", '{"a": "1"}')
    with pytest.raises(ReadError, match=r"no known suffix; expected \.jsonl"):
        fields(path)
    assert fields(path, format="jsonl") == [{"a": "1"}]


def test_keys_that_parquet_padded_with_null_are_absent(tmp_path):
    rows = [
        {"messages": [{"role": "user", "content": "Open the map", "call": {"page": 3}}], "id": "t1"},
        {"messages": [{"role": "user", "content": "Hello"}], "id": None},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    assert fields(tmp_path / "a.parquet") == rows


def test_parquet_checks_columns_and_rejects_undecodable_strings(tmp_path, put):
    text = pa.StringArray.from_buffers(3, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0"), pa.py_buffer(b"a\xffc"))
    pq.write_table(pa.table({"text": text}), tmp_path / "a.parquet")
    assert reasons(tmp_path / "a.parquet") == {2: "bad_encoding"}
    with pytest.raises(ReadError, match="no column 'texts'; the nearest is 'text'"):
        fields(tmp_path / "a.parquet", expected={"texts"})
    with pytest.raises(ReadError, match="is no Parquet file"):
        fields(put("b.parquet", "no"))
