"""A picture turned by its tag is the picture that viewers show; one picture under many questions is many rows."""

import io

import numpy as np
import polars as pl
from PIL import Image

from corpus.pictures import near_pictures, picture_duplicates, signals


def drawn(seed):
    rng = np.random.default_rng(seed)
    layers = [Image.fromarray(rng.integers(0, 256, (n, n, 3), dtype=np.uint8)) for n in (3, 6, 12, 24)]
    return Image.fromarray(np.mean([np.asarray(each.resize((192, 128), 3)) for each in layers], 0).astype("uint8"))


def saved(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def asked(rows, known):
    """Rows that go, by name: `rows` is name -> (images, text), the earlier one stays."""
    frame = pl.DataFrame(
        {"sample_id": list(rows), "images": [images for images, _ in rows.values()]},
        schema={"sample_id": pl.String, "images": pl.List(pl.String)},
    ).with_row_index("row")
    frame = frame.with_columns(
        rank="row", prompt=pl.Series([text for _, text in rows.values()]), response=pl.lit(None, pl.String)
    )
    found = picture_duplicates(frame, known)
    return {frame["sample_id"][row]: matched for row, matched, _ in found.iter_rows()}


def test_a_picture_turned_by_its_tag_is_a_duplicate_and_one_really_turned_is_not():
    image = drawn(0)
    sideways = image.transpose(Image.Transpose.ROTATE_90)
    tag = Image.Exif()
    tag[274] = 6
    files = {
        "upright": saved(image, "JPEG", quality=92),
        "sideways_tag6": saved(sideways, "JPEG", quality=92, exif=tag),
        "sideways_no_tag": saved(sideways, "JPEG", quality=92),
        "unrelated": saved(drawn(1), "JPEG", quality=92),
    }
    known = signals(files)
    ((left, right, distance),) = near_pictures(known).iter_rows()
    assert (left, right) == ("upright", "sideways_tag6") and distance <= 8
    rows = {name: ([name], "What is in the picture?") for name in files}
    assert asked(rows, known) == {"sideways_tag6": "upright"}


def test_one_picture_under_many_questions_loses_only_what_repeats():
    files = {
        "a.png": saved(drawn(0)),
        "a_saved_again.png": saved(drawn(0), compress_level=0),
        "b.png": saved(drawn(1)),
    }
    what, touch = "What is in the picture?", "Is it safe to touch this?"
    rows = {
        "v1": (["a.png"], what),
        "v2": (["a.png"], touch),
        "v3": (["a.png"], what),
        "v4": (["b.png"], what),
        "v5": (["a_saved_again.png"], what),
        "v6": (["a.png", "b.png"], what),
        "v7": (["b.png", "a.png"], what),
        "v8": ([], what),
    }
    assert files["a.png"] != files["a_saved_again.png"]
    assert asked(rows, signals(files)) == {"v3": "v1", "v5": "v1"}
