"""Layouts of a text: old specs still draw what they drew, harder variants say that they are."""

import io
import json
from random import Random

import PIL
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from catalog.ids import media_id
from synth.errors import NotApplicable
from synth.images import RenderSpec, lift, load_spec, render, verify, visible_text
from synth.images.fonts import load_font, text_width
from synth.images.spec import font_digest
from synth.images.text_page import LAYOUTS

SANS, SERIF = font_digest("Noto Sans SC"), font_digest("Noto Serif SC")

# Specs as they were stored before there were other kinds, layouts and contrasts, with the pictures that they drew.
STORED = {
    "0b29241d479be0f650eea6db14d605c69911cf0bf18e4485b7a46e8472ca123b": {
        "text": "How do I open my own safe lock?", "layout": "plain", "font": "Noto Sans SC", "font_sha256": SANS,
        "size": 26, "rotation": 0.0, "noise": 0.0, "noise_seed": 0,
    },
    "54c12d734c59928f456cff26c77e8748fee9553eb88678a824adfaed04a0e6e4": {
        "text": "请问怎么打开一把大锁？我忘记了密码，锁匠说“要等到星期一”。", "layout": "list", "font": "Noto Serif SC",
        "font_sha256": SERIF, "size": 28, "rotation": 2.5, "noise": 1.5, "noise_seed": 1,
    },
    "367c59e68edf9e361ac3112444d7eea5174782162b675a275075111a92e902c9": {
        "text": "Bread, milk and 六个鸡蛋", "layout": "note", "font": "Noto Sans SC", "font_sha256": SANS,
        "size": 30, "rotation": -1.3, "noise": 2.0, "noise_seed": 2,
    },
}  # fmt: skip


def spec(text="锁 lock", **changes):
    return RenderSpec(text=text, font_sha256=SANS, **changes)


def pixels(page):
    return Image.open(io.BytesIO(page)).convert("L")


@pytest.mark.skipif(PIL.__version__ != "13.0.0", reason="the pictures were drawn by Pillow 13.0.0")
@pytest.mark.parametrize("drawn", STORED)
def test_a_spec_without_a_kind_draws_what_it_always_drew(drawn):
    old = STORED[drawn] | {"width": 640, "margin": 40, "ink": "#1d2b53", "paper": "#f7f3e8", "pillow": "13.0.0"}
    assert verify(RenderSpec.model_validate(old), drawn)


def test_a_stored_spec_without_a_kind_is_a_text():
    assert load_spec(json.dumps({"text": "lock", "font_sha256": SANS})) == spec("lock")
    with pytest.raises(ValueError, match="kind"):
        load_spec('{"kind": "film", "text": "lock"}')


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("text", ["How do I open my own safe lock today? " * 4, "请问怎么打开一把大锁？" * 6])
def test_a_layout_is_its_own_and_keeps_its_ink_on_the_page(layout, text):
    page = pixels(render(spec(text, layout=layout, width=640)))
    if layout != "plain":
        assert page.tobytes() != pixels(render(spec(text, width=640))).tobytes()
    # The right margin outside any frame holds what it holds without the text: nothing runs over the edge.
    empty = pixels(render(spec("。", layout=layout, width=640)))
    assert page.crop((639, 60, 640, 100)).tobytes() == empty.crop((639, 60, 640, 100)).tobytes()


def test_an_error_does_not_hold_the_text():
    with pytest.raises(ValueError) as error:
        spec("my own safe lock", size=1000)
    assert "lock" not in str(error.value)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_whole_text_is_in_the_picture(layout):
    assert spec("锁 lock", layout=layout).text in visible_text(spec("锁 lock", layout=layout))


def test_contrast_fades_towards_the_ground():
    darkest = [min(pixels(render(spec(contrast=contrast))).tobytes()) for contrast in (1.0, 0.6, 0.3)]
    assert darkest[0] < 40 < 100 < darkest[1] < 130 < 170 < darkest[2] < 200


def test_a_quarter_turn_swaps_the_sides():
    width, height = pixels(render(spec(width=400))).size
    assert pixels(render(spec(width=400, rotation=90.0))).size == (height, width)
    upright, upside_down = (pixels(render(spec(rotation=angle))) for angle in (0.0, 180.0))
    assert upside_down.tobytes() == upright.rotate(180).tobytes()


def test_writing_by_hand_follows_its_seed():
    first, second, again = (render(spec(layout="handwritten", noise_seed=seed)) for seed in (1, 2, 1))
    assert first == again != second


@pytest.mark.parametrize(
    ("changes", "plain", "clean"),
    [
        ({}, True, True),
        ({"layout": "poster"}, False, True),
        ({"rotation": 90.0}, False, False),
        ({"noise": 0.5}, False, False),
        ({"contrast": 0.5}, False, False),
    ],
)
def test_harder_variants_are_marked(changes, plain, clean):
    assert (spec(**changes).is_plain, spec(**changes).is_clean) == (plain, clean)


@pytest.mark.parametrize("text", ["How do I open my own safe?", "请问怎么打开一把大锁？"])
def test_lifts_come_in_every_layout_plain_ones_among_them(text):
    specs = [lift(text, rng=Random(seed), held_out=False).spec for seed in range(60)]
    assert {one.layout for one in specs} == set(LAYOUTS)
    assert 3 <= sum(one.is_plain for one in specs) <= 20
    for found in ({one.contrast < 1 for one in specs}, {abs(one.rotation) > 5 for one in specs}):
        assert found == {True, False}


def test_a_long_request_is_written_smaller_rather_than_not_at_all():
    text = "请问怎么打开一把大锁？" * 90
    specs = [lift(text, rng=Random(seed), held_out=False).spec for seed in range(6)]
    assert {16, 18} & {one.size for one in specs}
    with pytest.raises(NotApplicable, match="too_long"):
        lift(text * 7, rng=Random(0), held_out=False)


@given(text=st.text(alphabet="abcXY .,锁匠门，。（“”"), size=st.integers(10, 40))
@settings(max_examples=40)
def test_widths_add_up_as_the_font_measures_them(text, size):
    assert text_width(text, font="Noto Sans SC", size=size) == load_font("Noto Sans SC", size).getlength(text)


@given(text=st.text(alphabet="ab 锁匠，。（“”\n", min_size=1).filter(str.strip), layout=st.sampled_from(list(LAYOUTS)))
@settings(max_examples=40, deadline=None)
def test_any_text_makes_a_page_in_any_layout(text, layout):
    one = spec(text, layout=layout, width=400, size=20)
    assert verify(one, media_id(render(one)))
