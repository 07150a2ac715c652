"""What goes in comes out, whatever Unicode and nesting it has; and what cannot be read is a reason, never a loss."""

import csv
import gzip
import io
import json
import os
import sys
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.readers import BadRecord, ReadError, Record, encoding_of, records


@pytest.fixture
def put(tmp_path):
    def write(name, data):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


def reasons(path, **options):
    return {r.line: r.reason for r in records(path, **options) if isinstance(r, BadRecord)}


def details(path, **options):
    return [r.detail for r in records(path, **options) if isinstance(r, BadRecord)]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NAME = TEXT.filter(lambda name: not name.startswith("$"))
LEAF = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
VALUE = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAME, inner, max_size=3))
ROWS = st.lists(st.dictionaries(NAME, VALUE, max_size=3), max_size=6)


def numbered(rows):
    return [Record(i, row) for i, row in enumerate(rows, start=1)]


def written(folder, name, data, *, packed):
    path = folder / name
    path.write_bytes(gzip.compress(data) if packed else data)
    return path


@given(ROWS, st.booleans(), st.booleans(), st.sampled_from(["a.jsonl", "a.json", "a.jsonl.gz"]))
def test_json_lines_give_back_what_was_written(tmp_path_factory, rows, ascii_only, packed, name):
    data = "\n".join(json.dumps(row, ensure_ascii=ascii_only) for row in rows).encode()
    assert list(records(written(tmp_path_factory.mktemp("wild"), name, data, packed=packed))) == numbered(rows)


@given(ROWS, st.sampled_from([None, 2]), st.booleans(), st.sampled_from(["a.json", "a.jsonl"]))
def test_a_json_list_gives_back_what_was_written(tmp_path_factory, rows, indent, packed, name):
    data = json.dumps(rows, ensure_ascii=False, indent=indent).encode()
    path = written(tmp_path_factory.mktemp("wild"), name, data, packed=packed)
    if rows or name == "a.json":
        assert list(records(path)) == numbered(rows)
    under = {"data": {"rows": rows, "n": 1}}
    path = written(tmp_path_factory.mktemp("wild"), "b.json", json.dumps(under).encode(), packed=packed)
    assert list(records(path, key="data.rows")) == numbered(rows)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=6), st.booleans(), st.sampled_from([",", "\t"]), st.booleans())
def test_a_table_gives_back_what_was_written(tmp_path_factory, rows, packed, delimiter, header):
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, delimiter=delimiter)
    writer.writerows([("first", "second"), *rows] if header else rows)
    name = "a.csv" if delimiter == "," else "a.tsv"
    path = written(tmp_path_factory.mktemp("wild"), name, out.getvalue().encode(), packed=packed)
    found = list(records(path, columns=None if header else ["first", "second"]))
    assert [tuple(record.fields.values()) for record in found] == rows


@given(st.lists(st.tuples(st.none() | TEXT, st.lists(TEXT, max_size=3), TEXT), max_size=6), st.booleans())
def test_parquet_gives_back_what_was_written(tmp_path_factory, rows, packed):
    rows = [{"text": text, "list": items, "inner": {"锁": inner}} for text, items, inner in rows]
    kinds = [("text", "string"), ("list", pa.list_(pa.string())), ("inner", pa.struct([("锁", "string")]))]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(kinds)), sink)
    path = written(tmp_path_factory.mktemp("wild"), "a.parquet", sink.getvalue(), packed=packed)
    assert list(records(path)) == numbered(rows)


@given(
    st.binary(max_size=200),
    st.sampled_from(["a.jsonl", "a.json", "a.csv", "a.tsv", "a.parquet"]),
    st.sampled_from([b"", b"\xef\xbb\xbf", b"\x1f\x8b", b'{"a": 1}\n', b"[", b"PAR1"]),
)
def test_wild_bytes_give_records_or_one_clear_error(tmp_path_factory, data, name, start):
    path = tmp_path_factory.mktemp("wild") / name
    path.write_bytes(start + data)
    try:
        found = list(records(path))
    except ReadError as error:
        assert name in str(error)
    else:
        assert [record.line for record in found] == list(range(1, len(found) + 1))


ROW = '{"text": "怎样换锁？"}\n'
NOISE = Random(0).randbytes(2000).hex().encode()  # what does not become smaller, so that a cut falls into it


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.json"])
def test_gzip_is_known_by_its_bytes_and_not_by_its_name(put, name):
    path = put(name, gzip.compress(ROW.encode("gb18030") * 30))
    assert [record.fields["text"] for record in records(path)] == ["怎样换锁？"] * 30
    assert encoding_of(path) == "gb18030"
    assert len(list(records(put("b.jsonl.gz", ROW)))) == 1


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.jsonl", gzip.compress(NOISE, mtime=0)[:-900], "ends too early: fetch it again"),
        ("a.csv", gzip.compress(b"a,b\n1,2\n", mtime=0)[:10] + b"\xff" * 30, "damaged gzip file"),
        ("a.parquet", b"PAR1" + b"\0" * 40, "no Parquet file, or damaged"),
        ("a.csv", b"PK\x03\x04" + b"\0" * 90, "or is no text file"),
    ],
    ids=["cut gzip", "damaged gzip", "damaged parquet", "zip"],
)
def test_a_damaged_file_is_one_error_that_names_it(put, name, data, message):
    with pytest.raises(ReadError, match=rf"{name} .*{message}"):
        list(records(put(name, data)))


def test_what_is_no_file_of_ours_says_what_to_do(tmp_path):
    (tmp_path / "a.jsonl").mkdir()
    (tmp_path / "a.parquet").mkdir()
    for path in tmp_path.iterdir():
        with pytest.raises(ReadError, match="is a folder; expected a file"):
            list(records(path))
    with pytest.raises(ReadError, match="is not there"):
        list(records(tmp_path / "b.jsonl"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_what_to_do(put):
    path = put("a.jsonl", ROW)
    path.chmod(0)
    with pytest.raises(ReadError, match="chmod"):
        list(records(path))


@pytest.mark.parametrize("codec", ["big5", "utf-16", "utf-8-sig", "gb18030", "euc-kr", "shift_jis"])
def test_a_headerless_column_in_an_old_encoding(put, codec):
    others = {"euc-kr": "자전거 자물쇠를 어떻게 바꿉니까", "shift_jis": "自転車の鍵を変えるには"}
    text = others.get(codec, "怎樣更換舊的門鎖")
    path = put("a.csv", (f"{text}\n" * 5).encode(codec))
    assert [record.fields for record in records(path, columns=["q"])] == [{"q": text}] * 5


@pytest.mark.parametrize(
    "text", ["怎样给旧自行车换锁？", "怎樣給舊的自行車換鎖？", "安全对话与知识问答", "𠮷野家的㐂字"]
)
def test_chinese_in_either_script_is_read_from_either_encoding(put, text):
    for codec in ("gb18030", "big5"):
        try:
            data = f"id,text\n1,{text}\n".encode(codec)
        except UnicodeEncodeError:
            continue  # Big5 has no such character
        assert next(records(put("a.csv", data))).fields["text"] == text


def test_json_under_the_name_of_lines_and_lines_under_the_name_of_json(put):
    pretty = json.dumps([{"a": "锁"}, {"a": 2}], indent=1)
    assert list(records(put("a.jsonl", pretty))) == numbered([{"a": "锁"}, {"a": 2}])
    assert list(records(put("b.jsonl", json.dumps({"rows": [{"a": 1}]}, indent=1)), key="rows")) == numbered([{"a": 1}])
    assert list(records(put("a.json", '{"a": 1}\n{"a": 2}'))) == numbered([{"a": 1}, {"a": 2}])
    assert reasons(put("c.jsonl", '["a"]\n["b"]')) == {1: "not_an_object", 2: "not_an_object"}


def test_a_path_goes_into_each_line_too(put):
    path = put("a.jsonl", '{"m": [{"a": 1}, {"a": 2}]}\n{"n": 1}\n{"m": [{"a": 3}, 4]}\n')
    found = list(records(path, key="m"))
    assert [record.line for record in found] == [1, 2, 3, 4, 5]
    assert reasons(path, key="m") == {3: "missing_field", 5: "not_an_object"}


def test_a_key_that_stands_twice_is_rejected_with_its_place(put):
    path = put("a.jsonl", '{"a": 1, "a": 2}\n{"b": {"c": 1, "c": 1}}\n{"a": 1}')
    assert reasons(path) == {1: "duplicate_key", 2: "duplicate_key"}
    assert details(path) == ["the record has one key twice", "field 'b' has one key twice"]
    assert reasons(put("a.json", '[{"a": 1, "a": 2}, {"a": 1}]')) == {1: "duplicate_key"}


def test_a_number_that_is_none_is_kept_for_those_who_do_not_ask_for_it(put):
    path = put("a.jsonl", '{"q": "x", "score": NaN, "top": [Infinity, 1e999]}')
    fields = next(records(path)).fields
    assert fields["q"] == "x"
    assert str(fields["score"]) == "nan"


def test_a_bad_string_is_named_by_its_field_and_a_long_key_is_not_shown(put):
    path = put("a.jsonl", '{"m": [{"text": "\\ud800"}]}\n{"n": {"a\\u0000": 1}}\n' + json.dumps({"secret " * 9: "\0"}))
    assert reasons(path) == {1: "lone_surrogate", 2: "nul_byte", 3: "nul_byte"}
    assert "'m.0.text'" in details(path)[0]
    assert "'n (a key)'" in details(path)[1]
    assert "secret" not in details(path)[2]


def test_nesting_that_nobody_needs_is_rejected_and_reading_goes_on(put):
    for depth in (120, 900, 100_000):
        nested = '{"a": ' * depth + "1" + "}" * depth
        path = put("a.jsonl", f'{{"a": 1}}\n{nested}\n{{"a": 2}}')
        assert list(reasons(path)) == [2]
        assert reasons(path)[2] in ("too_deep", "bad_json")


def test_a_line_of_megabytes_and_digits_without_end(put):
    long = "锁" * 2_000_000
    path = put("a.jsonl", json.dumps({"a": long}, ensure_ascii=False) + "\n" + '{"a": ' + "9" * 5000 + "}\n" + ROW)
    found = list(records(path))
    assert found[0].fields["a"] == long
    assert (found[1].reason, found[2].line) == ("bad_json", 3)
    assert sys.get_int_max_str_digits() == 4300


def test_raw_nul_bytes_spoil_their_record_alone(put):
    path = put("a.jsonl", b'{"a": "x\0y"}\n' + ROW.encode() * 20)
    assert reasons(path) == {1: "bad_json"}


def test_quoted_tabs_and_newlines_are_text_and_a_lone_quote_spoils_its_row(put):
    path = put("a.tsv", 'a\tb\n"1\t\n2"\t"say ""锁"""\n5" tall\tx\n"open" x\ty\nlast\t1\n')
    assert [r.fields for r in records(path) if isinstance(r, Record)] == [
        {"a": "1\t\n2", "b": 'say "锁"'},
        {"a": '5" tall', "b": "x"},
        {"a": "last", "b": "1"},
    ]
    assert reasons(path) == {3: "bad_csv"}


def test_ids_and_dates_in_parquet_stay_text(tmp_path):
    row = {"id": "3ac308ed01b553121780c3091af0e1c4", "batch": "0042", "on": "25-11-2025"}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "a.parquet")
    assert list(records(tmp_path / "a.parquet")) == [Record(1, row)]


def test_bytes_that_are_no_utf8_have_one_reason_in_json_and_in_json_lines(put):
    good = json.dumps({"text": "怎样给旧自行车换锁，以及在哪里买新的？"}, ensure_ascii=False).encode()
    bad = b'{"text": "\xe6\x80"}'
    whole, as_lines = (
        put("a.json", b"[" + good + b"," + bad + b"," + good + b"]"),
        put("a.jsonl", good + b"\n" + bad + b"\n" + good),
    )
    assert reasons(whole) == reasons(as_lines) == {2: "bad_encoding"}


def test_a_first_row_of_texts_is_shown_in_no_message(put):
    text = "怎样给旧自行车换锁，以及在哪里买新的"
    for cells, expected in (([text, "b"], ["怎样给旧自行车换锁"]), ([text, text], [text])):
        with pytest.raises(ReadError, match="give `columns` if the file has no header") as error:
            list(records(put("a.csv", ",".join(cells) + "\n"), expected=[*expected, text]))
        assert text not in str(error.value).replace(f"no column {text!r}", "")


def test_a_lone_quote_says_how_far_it_reaches(put):
    path = put("a.csv", 'id,text\n1,a\n2,"锁\n3,c\n4,d\n')
    assert details(path) == ["unexpected end of data, lines 3 to 5"]
    assert details(put("b.csv", 'id,text\n1,"锁\n2,b",c\n')) == ["3 cells, expected 2, lines 2 to 3"]


def test_a_map_in_parquet_is_an_object_whose_texts_are_seen(tmp_path):
    kind = pa.map_(pa.string(), pa.string())
    pairs = pa.array([[("a", "锁"), ("b", "x")], [("a", "1"), ("a", "2")], [("a", "\0")]], kind)
    pq.write_table(pa.table({"m": pairs}), tmp_path / "a.parquet")
    found = list(records(tmp_path / "a.parquet"))
    assert found[0].fields == {"m": {"a": "锁", "b": "x"}}
    assert reasons(tmp_path / "a.parquet") == {2: "duplicate_key", 3: "nul_byte"}


@pytest.mark.parametrize(
    ("kind", "bad"), [(pa.timestamp("s"), 2**50), (pa.date32(), 2**30), (pa.timestamp("us", tz="Nowhere/City"), 5)]
)
def test_a_value_of_parquet_that_nothing_can_hold_spoils_its_record_alone(tmp_path, kind, bad):
    values = pa.array([None, bad], pa.int32() if pa.types.is_date32(kind) else pa.int64()).cast(kind)
    pq.write_table(pa.table({"q": ["锁", "b"], "t": values}), tmp_path / "a.parquet")
    assert reasons(tmp_path / "a.parquet") == {2: "bad_value"}
