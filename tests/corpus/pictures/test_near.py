"""Pairs are those within the radius, all of them; a cut or a border hides none, another text parts two."""

import io

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance

from corpus.pictures import near_pictures, signals
from corpus.pictures.search import within


def clouds(seed, width=240, height=180):
    rng = np.random.default_rng(seed)
    layers = [Image.fromarray(rng.integers(0, 256, (n, n, 3), dtype=np.uint8)) for n in (3, 6, 12, 24, 48)]
    return Image.fromarray(np.mean([np.asarray(each.resize((width, height), 3)) for each in layers], 0).astype("uint8"))


def page(*lines):
    image = Image.new("RGB", (480, 320), "white")
    ImageDraw.Draw(image).multiline_text((30, 30), "\n".join(lines), "black", font_size=28, spacing=12)
    return image


def file(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def looked(**images):
    return signals({name: each if isinstance(each, bytes) else file(each) for name, each in images.items()})


def pairs(made, **options):
    return {(left, right) for left, right, _ in near_pictures(made, **options).iter_rows()}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_search_finds_what_comparing_all_finds(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    hashes = rng.integers(0, 256, (data.draw(st.integers(0, 8)), 32), dtype=np.uint8)
    # Copies of a few hashes in which some bits are turned, together or apart.
    for _ in range(data.draw(st.integers(0, 24)) if len(hashes) else 0):
        bits = np.unpackbits(hashes[rng.integers(len(hashes))])
        spread = data.draw(st.sampled_from([16, 64, 256]))
        turned = rng.permutation(spread)[: data.draw(st.integers(0, 70))] + rng.integers(257 - spread)
        bits[turned] ^= 1
        hashes = np.vstack([hashes, np.packbits(bits)])
    queries = hashes[rng.integers(0, len(hashes), 10)] if len(hashes) else hashes
    radius = data.draw(st.integers(0, 63))
    apart = np.bitwise_count(queries[:, None] ^ hashes[None]).sum(2)
    expected = [(int(q), int(h), int(apart[q, h])) for q, h in zip(*np.nonzero(apart <= radius), strict=True)]
    assert list(zip(*(part.tolist() for part in within(queries, hashes, radius)), strict=True)) == expected


def test_a_radius_that_cannot_be_searched_is_refused():
    with pytest.raises(ValueError, match="0 to 63 bits of 256, not 64"):
        near_pictures(looked(a=clouds(0)), max_distance=64)


EDITS = {
    "smaller": lambda image: image.resize((120, 90)),
    "jpeg": lambda image: file(image, "JPEG", quality=30),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.7),
    "grey": lambda image: image.convert("L"),
    "cut from one side": lambda image: image.crop((24, 0, 240, 180)),
    "cut all round": lambda image: image.crop((12, 9, 228, 171)),
    "cut unevenly": lambda image: image.crop((5, 9, 223, 178)),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_picture_is_found_after_an_edit(edit):
    made = looked(other=clouds(1), whole=clouds(0), edited=EDITS[edit](clouds(0)), third=clouds(2))
    assert pairs(made) == {("whole", "edited")}


def test_a_picture_in_a_frame_is_the_picture():
    framed = Image.new("RGB", (300, 240), "navy")
    framed.paste(clouds(0), (30, 30))
    assert pairs(looked(a=clouds(0), b=framed, c=clouds(1))) == {("a", "b")}


def sums(*lines):
    """A sheet of one template: a title, a rule, sums in two columns."""
    image = Image.new("RGB", (520, 260), "ivory")
    draw = ImageDraw.Draw(image)
    draw.text((190, 20), "Sums for today", "black", font_size=22)
    draw.line((40, 60, 480, 60), "black", 2)
    for number, line in enumerate(lines):
        draw.text((50 + 230 * (number % 2), 90 + 45 * (number // 2)), f"{number + 1}) {line}", "black", font_size=22)
    return image


def test_a_template_filled_in_otherwise_is_another_picture_and_a_worn_copy_is_not():
    one, other = (
        sums("64 + 41 =", "97 - 40 =", "12 x 9 =", "9 x 6 ="),
        sums("6 x 4 =", "63 + 61 =", "13 - 7 =", "4 x 4 ="),
    )
    worn = file(one.resize((390, 195)), "JPEG", quality=30)
    framed = [Image.new("RGB", (600, 340), "black") for _ in range(2)]
    for frame, inside in zip(framed, (one, other), strict=True):
        frame.paste(inside, (40, 40))
    assert pairs(looked(one=one, other=other, worn=worn)) == {("one", "worn")}
    assert pairs(looked(a=one, b=framed[0], c=framed[1], d=other)) == {("a", "b"), ("c", "d")}


def test_a_picture_really_turned_or_mirrored_is_another():
    image = clouds(0)
    mirrored, turned = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), image.transpose(Image.Transpose.ROTATE_180)
    assert pairs(looked(a=image, b=mirrored, c=turned)) == set()


def test_flat_pictures_are_alike_only_where_their_pixels_are():
    white, navy = Image.new("RGB", (80, 60), "white"), Image.new("RGB", (80, 60), "navy")
    assert pairs(looked(a=white, b=navy, c=file(white, "BMP"), d=white.resize((40, 30)))) == {("a", "c")}


def test_a_picture_that_cannot_be_opened_is_like_none():
    assert pairs(looked(a=b"", b=b"", c=clouds(0))) == set()


@pytest.mark.parametrize(
    ("one", "other"), [("How do I bake\nthis cake", "How do I bake\nthis pie!"), ("怎样烤这个蛋糕", "怎样烤这个面包")]
)
def test_pages_that_are_known_to_say_different_things_are_no_pair(one, other):
    # The font of this test has no Chinese: what a picture says is told, not read.
    shown = [
        page("How do I bake", "this cake", "for my friends?"),
        page("How do I bake", "this pie!", "for my friends?"),
    ]
    made = looked(a=shown[0], b=shown[1])
    assert pairs(made, max_distance=31) == {("a", "b")}
    for texts, expected in (
        ([one, other], set()),
        ([one, None], {("a", "b")}),
        ([one, " "], {("a", "b")}),
        ([one, f" {one.upper()} "], {("a", "b")}),
    ):
        told = made.with_columns(text=pl.Series(texts, dtype=pl.String))
        assert pairs(told, max_distance=31) == expected


def test_equal_pixels_are_a_pair_whatever_was_read():
    made = looked(a=page("a cake"), b=file(page("a cake"), "BMP"))
    assert pairs(made.with_columns(text=pl.Series(["a cake", "a cage"]))) == {("a", "b")}


def test_thousands_of_equal_pictures_give_a_pair_each():
    once = looked(a=clouds(0), b=EDITS["smaller"](clouds(0)))
    many = pl.concat([once[:1]] * 3000 + [once[1:]] * 3000).with_columns(
        media_id=pl.int_range(6000).cast(pl.String), pixels=pl.int_range(6000).cast(pl.String).cast(pl.Binary)
    )
    found = near_pictures(many)
    assert found.height == 2999 + 2999 + 1
    assert set(found["left"]) == {"0", "3000"}


@pytest.mark.parametrize("order", [list, reversed])
def test_what_hangs_together_does_so_in_any_order(order):
    names = [f"{seed}{name}" for name in EDITS for seed in range(3)]
    made = looked(**{name: EDITS[name[1:]](clouds(int(name[0]))) for name in order(names)})
    beside = [{name} for name in names]
    for left, right in pairs(made):
        one, other = (next(part for part in beside if name in part) for name in (left, right))
        if one is not other:
            one |= other
            beside.remove(other)
    assert sorted(map(sorted, beside)) == [sorted(f"{seed}{name}" for name in EDITS) for seed in range(3)]
