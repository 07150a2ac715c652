"""What a description can say: where the records are, which rows they make, and what is known of them."""

import json

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from corpus import readers
from corpus.sources import Source
from corpus.sources.description import FOLDER
from tests.corpus.toy import SAFETY, describe, everything, lines, picture, texts


@pytest.fixture
def root(tmp_path):
    (tmp_path / "toy").mkdir()
    return tmp_path


def put(root, name, value):
    path = root / "toy" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def rejected(frame):
    return frame.select("line", "reason").rows()


def test_every_record_knows_its_file_its_stem_and_its_folder(root):
    lines(root, {"q": "x"}, name="toy/zh/暴力.jsonl")
    row = {
        "prompt": "{$folder}: {q}",
        "source_id": "$file",
        "source_label": "$stem",
        "category": {"from": "$stem", "map": {"暴力": "violence"}},
    }
    rows, _, _, _ = everything(describe(row, glob="**/*.jsonl"), root)
    assert texts(rows) == [[("user", "zh: x")]]
    found = rows.select("source_id", "source_label", "category").row(0)
    assert found == ("zh/暴力.jsonl", "暴力", "violence")


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("*.*.*", {"c": {"s": ["x", "y"], "t": ["z"]}}, [("c/s/0", "x"), ("c/s/1", "y"), ("c/t/0", "z")]),
        ("a.*.*", {"a": {"c": {"一": "甲", "二": "乙"}}, "b": 1}, [("c/一/", "甲"), ("c/二/", "乙")]),
        ("*", ["x", None], [("0//", "x")]),
    ],
)
def test_a_star_walks_over_keys_and_items_and_a_bare_leaf_is_the_value(root, path, value, found):
    put(root, "a.json", value)
    stars = path.count("*")
    label = "/".join(f"{{$key{i}}}" if i <= stars else "" for i in (1, 2, 3))
    source = describe({"prompt": "$value", "source_label": label}, glob="*.json", records=path)
    rows, rejections, _, records = everything(source, root)
    assert rows.select("source_label").to_series().to_list() == [key for key, _ in found]
    assert [said[0][1] for said in texts(rows)] == [text for _, text in found]
    assert rows["line"].to_list() == list(range(1, len(found) + 1))
    assert records == rows.height + rejections.height


def test_a_leaf_that_is_an_object_gives_its_fields_beside_the_keys(root):
    put(root, "a.json", {"7": {"q": "x"}, "8": {"q": "y"}, "9": "no object"})
    rows, rejections, _, _ = everything(describe({"prompt": "q", "source_id": "$key1"}, glob="*", records="*"), root)
    assert rows["source_id"].to_list() == ["7", "8"]
    assert rejected(rejections) == [(3, "missing_field")]


def test_a_list_under_every_key_gives_its_records(root):
    two = {"items": [{"q": "x"}, {"q": "y"}]}
    put(root, "a.json", {"甲": two, "乙": {"items": None}, "丙": {}, "丁": {"items": []}})
    source = describe({"prompt": "q", "source_label": "$key1"}, glob="*", records="*.items")
    rows, rejections, _, records = everything(source, root)
    assert rows.select("line", "source_label").rows() == [(1, "甲"), (2, "甲")]
    assert rejected(rejections) == [(3, "missing_field"), (4, "missing_field")]
    assert records == 4
    with pytest.raises(readers.ReadError, match=r"has no 'itens' .*nearest"):
        everything(describe({"prompt": "q"}, glob="*", records="甲.itens"), root)
    with pytest.raises(readers.ReadError, match="has one key twice"):
        (root / "toy/a.json").write_text('{"a": {"q": ["x"]}, "a": {"q": ["y"]}}')
        everything(describe({"prompt": "$value"}, glob="*", records="*.*.*"), root)


TREE = st.dictionaries(
    st.text("甲乙ab", min_size=1, max_size=3),
    st.dictionaries(st.text("xy", min_size=1), st.lists(st.text("锁门q", min_size=1), max_size=3), max_size=3),
)


@given(TREE)
def test_walking_drops_and_invents_nothing(tmp_path_factory, tree):
    root = tmp_path_factory.mktemp("tree")
    (root / "toy").mkdir()
    put(root, "a.json", tree)
    leaves = [(c, s, text) for c, inner in tree.items() for s, items in inner.items() for text in items]
    if not leaves:
        return
    row = {"prompt": "$value", "source_label": "$key1", "source_group": "$key2"}
    rows, _, _, _ = everything(describe(row, glob="*", records="*.*.*"), root)
    said = [message[0][1] for message in texts(rows)]
    assert list(zip(rows["source_label"], rows["source_group"], said, strict=True)) == leaves


def test_parallel_lists_become_one_record_per_index(root):
    row = {"prompt": "q", "response": "code", "task": "knowledge"}
    row |= {"label": {"from": "score", "map": {"true": "TRUE", "false": "FALSE"}}}
    lines(
        root,
        {"q": "x", "code": ["a", "b"], "score": [True, False]},
        {"q": "x", "code": ["a", "b"], "score": [True]},
        {"q": "x", "code": [], "score": []},
        {"q": "x", "code": "ab", "score": [True, False]},
        {"q": "x", "code": ["c", None], "score": [False, True]},
    )
    rows, rejections, _, _ = everything(describe(row, zip=["code", "score"]), root)
    assert rows.select("line", "label").rows() == [(1, "TRUE"), (1, "FALSE"), (5, "FALSE")]
    assert rejected(rejections) == [(2, "unequal_lists"), (3, "empty_list"), (4, "wrong_type"), (5, "null_response")]
    assert "'code' has 2, 'score' has 1" in rejections["detail"][0]


def test_options_of_a_question_become_rows_by_their_position(root):
    row = {"prompt": "{q} {options}", "source_id": "{$line}-{$index}", "task": "knowledge"}
    row |= {"label": {"from": "$index", "equals": "answer", "then": "TRUE", "else": "FALSE"}}
    lines(
        root, {"q": "锁？", "options": ["甲", "乙", "丙"], "answer": 1}, {"q": "门？", "options": ["甲"], "answer": "0"}
    )
    rows, _, _, _ = everything(describe(row, zip=["options"]), root)
    assert dict(rows.select("source_id", "label").rows()) == {
        "1-0": "FALSE",
        "1-1": "TRUE",
        "1-2": "FALSE",
        "2-0": "TRUE",
    }


def test_a_system_message_stands_before_the_prompt(root):
    lines(root, {"s": "请用中文。", "q": "锁？", "a": "门锁。"}, {"s": None, "q": "x", "a": "y"})
    rows, rejections, _, _ = everything(describe({"system": "s", "prompt": "q", "response": "a"}), root)
    assert texts(rows) == [[("system", "请用中文。"), ("user", "锁？"), ("assistant", "门锁。")]]
    assert rejected(rejections) == [(2, "null_system")]


def test_a_label_can_be_whether_two_fields_are_equal(root):
    label = {"from": "model", "equals": "gold", "then": "TRUE", "else": "FALSE"}
    row = {"prompt": "q", "response": "a", "task": "knowledge", "label": label}
    pairs = [(["D"], ["D"]), (["D"], ["C"]), (1, 1.0), ({"a": 1, "b": 2}, {"b": 2, "a": 1}), ("1", 1), (True, 1)]
    pairs += [("甲", "甲"), (None, ["D"]), (["D"], None), ([], ["D"]), (float("nan"), 1)]
    lines(root, *({"q": "x", "a": "y", "model": model, "gold": gold} for model, gold in pairs))
    rows, rejections, _, _ = everything(describe(row), root)
    assert rows["label"].to_list() == ["TRUE", "FALSE", "TRUE", "TRUE", "TRUE", "FALSE", "TRUE"]
    assert rejections["reason"].to_list() == ["null_label", "null_label", "empty_label", "not_finite"]
    with pytest.raises(ValidationError, match="needs `equals`, `then` and `else`"):
        describe({**row, "label": {"from": "model", "equals": "gold", "then": "TRUE"}})
    with pytest.raises(ValidationError, match="'yes' is not one of"):
        describe({**row, "label": label | {"then": "yes"}})


def test_a_picture_with_a_question_mark_may_be_absent(root):
    (root / "toy/1.png").write_bytes(picture())
    lines(root, *({"q": "看图", "n": n} for n in ("1", None, "", "2")), {"q": "x"})
    rows, rejections, media, _ = everything(describe({"prompt": "q", "images": ["{n}.png?"]}), root)
    assert [message[0][1] for message in texts(rows)] == ["[image]看图", "看图", "看图"]
    assert (rejected(rejections), len(media)) == ([(4, "missing_image"), (5, "missing_field")], 1)
    rows, rejections, _, _ = everything(describe({"prompt": "q", "images": ["{n}.png"]}), root)
    assert rejected(rejections)[0] == (2, "null_image")


def test_a_folder_of_pictures_is_a_set(root):
    for name in ("锁/a.png", "锁/b.png", "门/c.png"):
        (root / "toy" / name).parent.mkdir(exist_ok=True)
        (root / "toy" / name).write_bytes(picture(size=(len(name), 5)))
    (root / "toy/门/d.png").write_bytes(b"<html>")
    row = {"prompt": {"text": "这是什么？"}, "images": ["image"], "source_id": "$stem", "source_label": "$folder"}
    rows, rejections, media, records = everything(describe(row, glob="**/*.png", format="images"), root)
    assert rows.select("source_id", "source_label", "line").rows() == [("a", "锁", 1), ("b", "锁", 1), ("c", "门", 1)]
    assert (rejections["reason"].to_list(), len(media), records) == (["not_an_image"], 3, 4)


def test_a_row_is_made_only_when_a_field_says_so(root):
    easy = {"when": {"level": ["1", "一"]}, "prompt": "q"}
    hard = {"when": {"level": 3, "kept": True}, "prompt": "{q}!"}
    lines(
        root,
        *({"q": "x", "level": level, "kept": True} for level in (1, "一", 3, 2)),
        {"q": "x", "level": 3, "kept": False},
        {"q": "x", "level": None, "kept": True},
        {"q": "x", "kept": True},
    )
    rows, rejections, _, records = everything(describe(easy, hard), root)
    assert [message[0][1] for message in texts(rows)] == ["x", "x", "x!"]
    assert rejected(rejections) == [
        *((line, "not_selected") for line in (4, 5, 6)),
        (7, "missing_field"),
        (7, "missing_field"),
    ]
    assert records == 7
    rows, _, _, _ = everything(describe({"when": {"level": None}, "prompt": "q"}), root)
    assert rows["line"].to_list() == [6]


def test_a_category_may_be_a_subcategory(root):
    row = {"prompt": "q", "category": {"from": "c"}}
    lines(root, *({"q": "x", "c": c} for c in ("violence", "violence/weapons", None, "violence/", "x/y")))
    rows, rejections, _, _ = everything(describe(row), root)
    found = rows.select("category", "subcategory").rows()
    assert found == [("violence", None), ("violence", "violence/weapons"), (None, None)]
    assert rejected(rejections) == [(4, "unknown_label"), (5, "unknown_label")]
    fixed = everything(describe({"prompt": "q", "category": "cyber/malware"}), root)[0]
    assert fixed.select("category", "subcategory").row(0) == ("cyber", "cyber/malware")
    with pytest.raises(ValidationError, match="'violence/Big Guns' is not one of"):
        describe({"prompt": "q", "category": {"from": "c", "map": {"x": "violence/Big Guns"}}})


@pytest.mark.parametrize(
    ("task", "label", "fits", "refused"),
    [
        ("safety", "Unsafe", ["hate", "hate/race"], ["care", "mathematics"]),
        ("value", "good", ["care/animals", "hate/race"], ["mathematics"]),
        ("knowledge", "TRUE", ["mathematics", "hate"], ["care"]),
        (None, None, ["hate", "care", "mathematics/algebra"], ["weather"]),
    ],
)
def test_a_category_is_a_harm_or_of_the_dimension_of_the_task(root, task, label, fits, refused):
    lines(root, *({"q": "x", "c": c} for c in fits + refused))
    answer = {"task": task, "label": label} if task else {}
    rows, rejections, _, _ = everything(describe({"prompt": "q", "category": {"from": "c"}, **answer}), root)
    found = rows.select(pl.coalesce("subcategory", "category")).to_series().to_list()
    assert found == fits
    assert rejections["reason"].to_list() == ["unknown_label"] * len(refused)
    for category in fits:
        describe({"prompt": "q", "category": category, **answer})
    with pytest.raises(ValidationError, match="is not one of"):
        describe({"prompt": "q", "category": refused[0], **answer})


def test_the_text_of_a_picture_is_kept_beside_it(root):
    for name, colour in (("1.png", "red"), ("2.png", "blue")):
        (root / "toy" / name).write_bytes(picture(colour))
    lines(root, {"q": "x", "p": "1.png", "t": "红灯"}, {"q": "y", "p": "2.png", "t": None})
    rows, _, media, _ = everything(describe({"prompt": "q", "images": ["p"], "image_text": "t"}), root)
    assert rows.height == 2
    assert {known["text"] for known, _ in media} == {"红灯", None}
    with pytest.raises(ValidationError, match="`images` must name one"):
        describe({"prompt": "q", "image_text": "t"})


def test_answers_of_two_branches_are_joined_by_id_and_what_lacks_one_is_named(root):
    lines(root, *({"id": i, "q": f"question {i}"} for i in range(1, 9)), name="toy/prompts.jsonl")
    lines(root, *({"id": i, "text": f"A{i}"} for i in range(1, 9)), name="toy/gen_a.jsonl")
    lines(root, *({"id": i, "text": f"B{i}"} for i in (1, 2, 5, 6, 8, 7)), name="toy/gen_b.jsonl")
    lookups = [{"field": "id", "file": f"gen_{x}.jsonl", "key": "id", "value": "text", "into": x} for x in ("a", "b")]
    rows, rejections, _, records = everything(
        describe({"prompt": "q", "response": "{a} {b}", "source_id": "id"}, glob="prompts.jsonl", lookups=lookups), root
    )
    said = dict(zip(rows["source_id"], (message[1][1] for message in texts(rows)), strict=True))
    assert said == {str(i): f"A{i} B{i}" for i in (1, 2, 5, 6, 7, 8)}
    assert rejected(rejections) == [(3, "unknown_key"), (4, "unknown_key")]
    assert all("in gen_b.jsonl" in detail for detail in rejections["detail"])
    assert records == 8


@pytest.mark.parametrize(
    ("table", "lookup"),
    [
        ({"0042": "因为", "7": "所以"}, {}),
        ({"0042": {"a": ["因为"]}, "7": {"a": ["所以"]}}, {"value": "a.0"}),
        ([{"no": "0042", "a": {"zh": "因为"}}, {"no": "7", "a": {"zh": "所以"}}], {"key": "no", "value": "a.zh"}),
    ],
)
def test_a_lookup_table_may_be_a_json_object_or_a_list(root, table, lookup):
    put(root, "table.json", table)
    lines(root, {"n": "0042"}, {"n": 7}, {"n": 42})
    lookup = {"field": "n", "file": "table.json", "into": "answer", **lookup}
    rows, rejections, _, _ = everything(describe({"prompt": "answer"}, lookups=[lookup]), root)
    assert [message[0][1] for message in texts(rows)] == ["因为", "所以"]
    assert rejected(rejections) == [(3, "unknown_key")]


def test_a_lookup_may_go_by_what_another_one_found(root):
    put(root, "first.json", {"1": "a", "2": "b"})
    put(root, "second.json", {"a": "x"})
    lines(root, {"n": 1}, {"n": 2}, {"n": 3})
    lookups = [{"field": "n", "file": "first.json", "into": "m"}, {"field": "m", "file": "second.json", "into": "q"}]
    rows, rejections, _, _ = everything(describe({"prompt": "q"}, lookups=lookups), root)
    assert (rows["line"].to_list(), rejected(rejections)) == ([1], [(2, "unknown_key"), (3, "unknown_key")])
    assert [detail.split()[-1] for detail in rejections["detail"]] == ["second.json", "first.json"]


def test_a_table_with_an_index_column_without_a_name_can_be_read(root):
    (root / "toy/a.csv").write_text(",q,\n0,x,\n1,y,z\n")
    rows, _, _, _ = everything(describe({"prompt": "q", "source_id": "$column1"}, glob="*.csv"), root)
    assert rows["source_id"].to_list() == ["0", "1"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"respnse": "a"}, "Extra inputs"),
        ({"messages": "m"}, "either `prompt` or `messages`"),
        ({"task": None}, "a `task` and an answer"),
        ({"unsafe": None}, "a `task` and an answer"),
        ({"task": "value"}, "a value row has a `label`"),
        ({"label": "unsafe"}, "'unsafe' is not one of 'Safe with refusal'"),
        ({"unsafe": {"from": "bad", "map": {"1": "yes!"}}}, "'yes!' is not one of True, False"),
        ({"category": {"from": "c", "map": {"x": "weather"}}}, "'weather' is not one of 'violence'"),
    ],
)
def test_a_description_that_promises_something_else_is_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        describe({**SAFETY, **change})


def test_entries_are_checked_when_they_are_loaded():
    with pytest.raises(ValidationError, match="`columns` lacks 'bad'"):
        describe(SAFETY, columns=["q", "a"])
    with pytest.raises(ValidationError, match="must hold fields in braces"):
        describe(SAFETY, parse={"q": "{a}{a}"})
    with pytest.raises(ValidationError, match="either `glob` or `hub`"):
        describe(SAFETY, glob=None)
    with pytest.raises(ValidationError, match="`columns` says how to read a file"):
        describe(SAFETY, hub={"id": "org/name"}, columns=["q", "a", "bad"])


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        ({"promt": "q", "prompt": None}, ["files.0.rows.0.promt: unknown key; did you mean prompt?"]),
        ({"prompt": {"txt": "q"}}, ["files.0.rows.0.prompt.txt: unknown key; did you mean text?"]),
        ({"prompt": 3}, ["files.0.rows.0.prompt: expected text (a number or a date needs quotes)"]),
        (
            {"unsafe": {"frm": "bad", "map": {"x": True}}},
            ["files.0.rows.0.unsafe.frm: unknown key; did you mean from?"],
        ),
        ({"task": None}, ["files.0.rows.0: a row has a `task` and an answer to it, or neither"]),
    ],
)
def test_each_line_about_a_description_is_a_thing_to_mend(tmp_path, change, lines):
    row = {key: value for key, value in {**SAFETY, **change}.items() if value is not None}
    path = tmp_path / "toy.yaml"
    described = describe(SAFETY).model_dump(mode="json", by_alias=True, exclude_none=True)
    described["files"] = [{"glob": "*.jsonl", "rows": [row]}]
    path.write_text(yaml.safe_dump(described))
    with pytest.raises(ValueError) as caught:
        Source.from_yaml(path)
    assert str(caught.value).splitlines() == [f"{path}:", *(f"  {line}" for line in lines)]


@pytest.mark.parametrize(("text", "says"), [("slug: [", " is no YAML"), ("", " is empty"), ("- a", ": expected keys")])
def test_a_file_that_describes_no_source_is_named(tmp_path, text, says):
    path = tmp_path / "toy.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"toy\.yaml{says}"):
        Source.load(str(path))


def test_a_description_of_ones_own_has_a_slug_of_its_own(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text((FOLDER / "seed.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"mine\.yaml: slug seed is that of a shipped source; choose another"):
        Source.from_yaml(path)


def test_an_unknown_slug_names_the_nearest_if_one_is_near_and_a_missing_file_is_named():
    with pytest.raises(ValueError, match="did you mean 'jade-zh'"):
        Source.load("jade")
    with pytest.raises(ValueError, match=r"no source 'nope'\. `safeladder source list` lists them"):
        Source.load("nope")
    with pytest.raises(FileNotFoundError, match=r"no description at mine\.yaml"):
        Source.load("mine.yaml")


def test_the_files_of_a_description_of_ones_own_may_lie_beside_it(tmp_path):
    described = describe({"prompt": "q"}).model_dump(mode="json", by_alias=True)
    lines(tmp_path, {"q": "beside"}, name="mine/a.jsonl")
    (tmp_path / "mine/mine.yaml").write_text(json.dumps(described))
    source = Source.load(str(tmp_path / "mine/mine.yaml"))
    assert texts(everything(source, tmp_path / "data")[0]) == [[("user", "beside")]]
    lines(tmp_path, {"q": "data root"}, name="data/toy/a.jsonl")
    assert texts(everything(source, tmp_path / "data")[0]) == [[("user", "data root")]]


@pytest.mark.parametrize("template", ["{q", "q}", "{}", "问：{q}}", "{{q}}"])
def test_braces_that_hold_no_field_are_refused(template):
    for row in ({"prompt": template}, {"prompt": "q", "images": [template]}, {"prompt": "q", "source_id": template}):
        with pytest.raises(ValidationError, match="each field stands in one pair of braces"):
            describe(row)


def test_a_key_that_stands_twice_in_a_description_is_named_with_its_line(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text("slug: a\ntitle: t\nslug: b\n")
    with pytest.raises(ValueError, match=r"s\.yaml: line 3: key 'slug' stands in line 1 already"):
        Source.from_yaml(path)
    path.write_text("slug: a\nfiles: [{rows: [{unsafe: {from: x, map: {1: true, '1': false}}}]}]\n")
    with pytest.raises(ValueError, match="line 2: key '1' stands in line 2 already"):
        Source.from_yaml(path)
    path.write_text("a: " + "[" * 20_000)
    with pytest.raises(ValueError, match=r"s\.yaml"):
        Source.from_yaml(path)


@pytest.mark.parametrize(
    "unsafe", [{"from": "x", "map": {True: True, "true": False}}, {"from": "x", "map": {(1, 2): True}}]
)
def test_keys_of_a_table_are_texts_of_their_own(unsafe):
    with pytest.raises(ValidationError, match=r"same as text|expected one value"):
        describe({"prompt": "q", "task": "safety", "unsafe": unsafe})


def test_a_label_and_unsafe_that_say_different_things_are_a_rejection(root):
    lines(root, {"q": "甲", "l": "Unsafe", "u": False}, {"q": "b", "l": "Unsafe", "u": True})
    row = {"prompt": "q", "task": "safety", "label": {"from": "l"}, "unsafe": {"from": "u"}}
    rows, rejections, _, _ = everything(describe(row), root)
    assert rows["unsafe"].to_list() == [True]
    assert rejected(rejections) == [(1, "contradiction")]


@pytest.mark.parametrize("path", ["/etc/*.json", "../a.jsonl", "zh/../../a.jsonl", ""])
def test_no_path_of_a_description_leads_out_of_the_folder(path):
    with pytest.raises(ValidationError, match="inside the folder of the source"):
        describe({"prompt": "q"}, glob=path)
    with pytest.raises(ValidationError, match="inside the folder of the source"):
        describe({"prompt": "q"}, lookups=[{"field": "k", "file": path, "into": "t"}])


@pytest.mark.parametrize(("slug", "good"), [("锁", True), ("a.b-c_1", True), ("synth", False), ("a/b", False),
                                            ("..", False), ("a\n", False), ("", False)])  # fmt: skip
def test_a_slug_is_a_name_of_a_folder(slug, good):
    fields = describe({"prompt": "q"}).model_dump(by_alias=True) | {"slug": slug}
    if good:
        assert Source.model_validate(fields).slug == slug
    else:
        with pytest.raises(ValidationError, match="letter or digit first"):
            Source.model_validate(fields)


def test_a_lookup_table_that_a_pattern_matches_gives_no_rows(root):
    lines(root, {"k": "1", "q": "甲"})
    lines(root, {"k": "1", "v": "乙"}, name="toy/table.jsonl")
    table = {"field": "k", "file": "./table.jsonl", "key": "k", "value": "v", "into": "t"}
    rows, rejections, _, _ = everything(describe({"prompt": "{q}{t}"}, lookups=[table], glob="./*.jsonl"), root)
    assert (texts(rows), rejections.height) == ([[("user", "甲乙")]], 0)


def test_a_link_to_nothing_and_a_line_with_an_empty_list_do_not_disappear(root):
    lines(root, {"items": []}, {"items": [{"q": "甲"}]})
    source = describe({"prompt": "q"}, records="items")
    rows, rejections, _, records = everything(source, root)
    assert (rows.height, rejected(rejections), records) == (1, [(1, "empty_list")], 2)
    (root / "toy/b.jsonl").symlink_to(root / "gone.jsonl")
    with pytest.raises(FileNotFoundError, match=r"b\.jsonl is a link to nothing"):
        everything(source, root)
