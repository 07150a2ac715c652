"""A picture with damaged metadata is kept with a word about it; one that does not decode to its end never enters."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from catalog import media
from corpus import sources

ROW = {"prompt": "text", "images": ["image"], "source_id": "image"}
PIXELS = np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)


def jpeg(**options):
    out = io.BytesIO()
    Image.fromarray(PIXELS).save(out, "JPEG", quality=90, **options)
    return out.getvalue()


def exif(*entries):
    """An EXIF block of raw entries (tag, type, count, four bytes of value), with -1/0 behind them."""
    ifd = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHI4s", *entry) for entry in entries) + b"\0" * 4
    return b"Exif\0\0II*\0\x08\0\0\0" + ifd + struct.pack("<ii", -1, 0)


def zero_denominator():
    place = 8 + 2 + 2 * 12 + 4
    return exif((274, 3, 1, struct.pack("<HH", 6, 0)), (282, 5, 1, struct.pack("<I", place)))


@pytest.fixture
def read(describe, tmp_path):
    def look(files):
        path = describe(ROW, records=[{"image": name, "text": "图"} for name in files])
        for name, data in files.items():
            if data is not None:
                (path.parent / name).write_bytes(data)
        (part,) = sources.read(sources.Source.load(str(path)), tmp_path, "rows.jsonl")
        return part

    return look


def test_broken_metadata_costs_no_picture_and_is_told(read):
    files = {
        "clean.jpg": jpeg(),
        "xmp.jpg": jpeg(xmp=b"<x>\xff\xfe\xfd</x>"),
        "turned.jpg": jpeg(exif=zero_denominator()),
        "odd.jpg": jpeg(exif=exif((274, 2, 3, b"ab\0\0"))),
        "last.jpg": jpeg(comment=b"a comment"),
    }
    part = read(files)
    assert part.rows["source_id"].to_list() == list(files) and part.rejections.is_empty()
    data = {known["media_id"]: bytes for known, bytes in part.media}
    shown = dict(zip(files, (messages[0]["content"][0]["media_id"] for messages in part.rows["messages"]), strict=True))
    assert [data[shown[name]] for name in files] == list(files.values())
    upright = {name: np.asarray(media.open_image(data[image])) for name, image in shown.items()}
    assert upright["clean.jpg"].shape == (24, 40, 3)
    for name in ("xmp.jpg", "odd.jpg", "last.jpg"):
        assert np.array_equal(upright[name], upright["clean.jpg"])
    assert np.array_equal(upright["turned.jpg"], np.rot90(upright["clean.jpg"], -1))
    assert {known["media_id"]: (known["width"], known["height"]) for known, _ in part.media}[shown["turned.jpg"]] == (
        24,
        40,
    )
    warned = set(part.notes["image"])
    assert warned == {"xmp.jpg", "turned.jpg", "odd.jpg"}
    words = dict(part.notes.select("image", "note").unique("image", keep="any").iter_rows())
    assert words["xmp.jpg"] == "broken_xmp"


def test_each_kind_of_damage_has_its_own_reason_and_nothing_of_it_enters(read):
    whole = jpeg()
    files = {
        "ok.jpg": whole,
        "cut.jpg": whole[: len(whole) * 55 // 100],
        "page.jpg": b"<!doctype html><title>404</title>",
        "empty.jpg": b"",
        "gone.jpg": None,
    }
    Image.open(io.BytesIO(files["cut.jpg"]))  # its header says nothing of what is missing
    part = read(files)
    assert part.rows["source_id"].to_list() == ["ok.jpg"]
    assert part.rejections.select("line", "reason").rows() == [
        (2, "broken_image"),
        (3, "not_an_image"),
        (4, "empty_image"),
        (5, "missing_image"),
    ]
    assert [bytes for _, bytes in part.media] == [whole]


def test_a_library_that_accepts_cut_pictures_changes_nothing(read, monkeypatch):
    from PIL import ImageFile

    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    assert read({"cut.jpg": jpeg()[:-200]}).rejections["reason"].to_list() == ["broken_image"]
