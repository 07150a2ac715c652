"""A row goes because of a kept row that asks the same about pictures that show the same."""

import io

import numpy as np
import polars as pl
from PIL import Image

from corpus.pictures import picture_duplicates, signals


def file(image):
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def clouds(seed):
    rng = np.random.default_rng(seed)
    layers = [Image.fromarray(rng.integers(0, 256, (n, n, 3), dtype=np.uint8)) for n in (3, 6, 12, 24)]
    return Image.fromarray(np.mean([np.asarray(each.resize((160, 120), 3)) for each in layers], 0).astype("uint8"))


PICTURES = {
    "a": clouds(0),
    "small a": clouds(0).resize((80, 60)),
    "cut a": clouds(0).crop((10, 0, 160, 120)),
    "b": clouds(1),
    "flat": Image.new("RGB", (50, 50), "navy"),
}
SIGNALS = signals({name: file(image) for name, image in PICTURES.items()})


def gone(*rows, known=SIGNALS, **options):
    """`rows`: (images, prompt, response), the first ranks highest."""
    frame = pl.DataFrame(
        [{"images": images, "prompt": prompt, "response": reply} for images, prompt, reply in rows],
        schema={"images": pl.List(pl.String), "prompt": pl.String, "response": pl.String},
    ).with_row_index("row")
    frame = frame.with_columns(rank="row", sample_id=pl.format("s{}", "row"))
    found = picture_duplicates(frame, known, **options)
    return {row: matched for row, matched, _ in found.iter_rows()}


def test_pictures_are_compared_one_by_one_and_their_order_is_content():
    ask = "什么在图里？"
    assert gone((["a", "b"], ask, "A"), (["small a", "b"], ask, "A"), (["b", "a"], ask, "A"), (["a"], ask, "A")) == {
        1: "s0"
    }


def test_text_is_compared_as_everywhere_and_a_reply_is_part_of_it():
    rows = [
        (["a"], "What is it?", "A cloud"),
        (["cut a"], " what  is IT?", "a cloud"),
        (["a"], "What is it?", None),
        (["a"], "Where is it?", "A cloud"),
        (["a"], "", None),
        (["small a"], None, None),
    ]
    assert gone(*rows) == {1: "s0", 5: "s4"}


def test_a_row_without_a_picture_and_a_row_with_flat_ones_are_left_alone():
    assert gone(([], "q", "r"), (None, "q", "r"), (["flat"], "q", "r"), (["a"], "q", "r")) == {}
    assert gone((["flat"], "q", "r"), (["flat"], "q", "r")) == {1: "s0"}


def test_a_picture_nobody_looked_at_is_like_itself_only():
    assert gone((["x"], "q", "r"), (["y"], "q", "r"), (["x"], "q", "r")) == {2: "s0"}


def test_no_chain_takes_a_row_away():
    """Of three pictures, the middle one is near both ends, which are not near each other."""
    bits = np.unpackbits(np.frombuffer(SIGNALS["hash"][3], np.uint8))
    codes = []
    for first in (0, 20, 40):
        turned = bits.copy()
        turned[: first + 1] ^= 1
        codes.append(np.packbits(turned).tobytes())
    small = [file_.tobytes() for file_ in np.random.default_rng(0).integers(0, 256, (3, 32, 32), dtype=np.uint8)]
    known = pl.DataFrame(
        {
            "media_id": ["low", "middle", "high"],
            "pixels": [b"1", b"2", b"3"],
            "hash": codes,
            "informative": True,
            "inner": codes,
            "small": small,
        }
    )
    rows = [(["low"], "q", "r"), (["middle"], "q", "r"), (["high"], "q", "r")]
    assert gone(*rows, known=known, max_distance=28) == {1: "s0"}
    assert gone(*rows[1:], rows[0], known=known, max_distance=28) == {1: "s0", 2: "s0"}


def test_similarity_is_that_of_the_worst_picture():
    frame = pl.DataFrame(
        {
            "row": [7, 9],
            "rank": [1, 0],
            "sample_id": ["copy", "kept"],
            "prompt": "q",
            "response": "r",
            "images": [["a", "small a"], ["a", "a"]],
        }
    )
    ((row, matched, similarity),) = picture_duplicates(frame, SIGNALS).iter_rows()
    assert (row, matched) == (7, "kept") and 1 - 31 / 256 <= similarity <= 1
    assert similarity == 1 - _distance("a", "small a") / 256


def _distance(one, other):
    code = {name: np.frombuffer(code, np.uint8) for name, code in SIGNALS.select("media_id", "hash").iter_rows()}
    return int(np.bitwise_count(code[one] ^ code[other]).sum())
