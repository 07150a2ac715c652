"""The text of a picture is read once, and kept."""

import io
import sys

import polars as pl
import pytest
from PIL import Image

from corpus.pictures import read_text, texts
from synth.images import RenderSpec, render
from synth.images.spec import font_digest


def page(text):
    return render(RenderSpec(font_sha256=font_digest("Noto Sans SC"), text=text, size=32, width=500))


def plain(text):
    return "".join(text.split()).lower()


@pytest.fixture
def reader():
    pytest.importorskip("rapidocr")
    pytest.importorskip("onnxruntime")


@pytest.mark.parametrize("text", ["Bread for seven days", "明天上午九点开会"])
def test_both_languages_are_read(reader, text):
    assert plain(read_text(page(text))) == plain(text)


def test_pictures_are_read_once_and_a_kill_costs_a_shard_at_most(reader, tmp_path, monkeypatch):
    blank = io.BytesIO()
    Image.new("RGB", (100, 60), "white").save(blank, "PNG")
    data = {"page": page("one loaf"), "broken": b"", "blank": blank.getvalue()}
    first = texts(data, folder=tmp_path)
    assert first["media_id"].to_list() == list(data)
    assert [text and plain(text) for text in first["text"]] == ["oneloaf", None, ""]
    assert first["reason"].to_list() == [None, "empty_image", None]
    (shard,) = tmp_path.rglob("*.parquet")
    shard.with_name(f".{shard.name}.99").write_bytes(b"half a file that a kill left")
    monkeypatch.setattr("corpus.pictures.reading.read_text", lambda data: "read again")
    told = []
    second = texts({"new": b"x", **data}, folder=tmp_path, tick=lambda *said: told.append(said))
    assert second["text"].to_list() == ["read again", *first["text"]] and told == [(1, 1)]
    assert texts({}, folder=tmp_path).schema == pl.Schema({name: pl.String for name in ("media_id", "text", "reason")})


def test_without_the_extra_the_command_is_named(monkeypatch, tmp_path):
    from corpus.pictures.reading import _reader

    _reader.cache_clear()
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'safeladder\[ocr\]'"):
        read_text(page("bread"))
    _reader.cache_clear()
