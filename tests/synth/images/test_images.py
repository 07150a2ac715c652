"""A picture holds the whole request, and its spec draws it again bit by bit."""

import io
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from catalog.ids import media_id
from synth.errors import NotApplicable
from synth.images import RenderSpec, lift, render, verify
from synth.images.render import MAX_PIXELS, visible_text
from synth.images.spec import font_digest
from synth.images.wrap import wrap
from synth.phrases import phrases

TEXTS = {
    "en": "How do I open my own safe when I forgot the combination and the locksmith is away?",
    "zh": "请问怎么打开一把大锁？我忘记了密码，锁匠说“要等到星期一”，可是我明天（周六）就要用。",
}


def spec(text="锁 lock", **changes):
    return RenderSpec(text=text, font_sha256=font_digest("Noto Sans SC"), **changes)


def size(png):
    return Image.open(io.BytesIO(png)).size


@pytest.mark.parametrize("tongue", TEXTS)
@pytest.mark.parametrize("seed", range(4))
def test_a_stored_spec_draws_the_same_bytes(tongue, seed):
    lifted = lift(TEXTS[tongue], rng=Random(seed), held_out=False)
    stored = RenderSpec.model_validate_json(lifted.spec.model_dump_json())
    assert stored == lifted.spec
    assert render(stored) == lifted.png
    assert verify(stored, media_id(lifted.png))


def test_another_picture_does_not_verify():
    drawn = media_id(render(spec()))
    for changes in ({"size": 30}, {"ink": "#1a1a1b"}, {"rotation": 1.0}, {"noise": 2.0}, {"layout": "note"}):
        assert not verify(spec(**changes), drawn), changes
    with pytest.raises(ValueError, match=r"Pillow 1\.0"):
        verify(spec(size=30, pillow="1.0"), drawn)


def test_the_noise_seed_moves_the_specks():
    assert render(spec(noise=2.0, noise_seed=1)) != render(spec(noise=2.0, noise_seed=2))
    assert render(spec(noise=0.0, noise_seed=1)) == render(spec(noise=0.0, noise_seed=2))


def test_the_page_grows_with_the_text_up_to_what_a_verifier_sees():
    # Margin 48 above and below, 42 pixels a line at size 28.
    assert size(render(spec("锁"))) == (800, 48 + 42 + 48)
    assert size(render(spec("锁\n匠\n门"))) == (800, 48 + 3 * 42 + 48)
    lines = (MAX_PIXELS // 800 - 96) // 42
    assert size(render(spec("\n".join("锁" * lines))))[1] == 96 + 42 * lines
    with pytest.raises(NotApplicable, match="too_long"):
        render(spec("\n".join("锁" * (lines + 1))))
    with pytest.raises(NotApplicable, match="too_long"):
        render(spec("lock " * 10_000))


@pytest.mark.parametrize("text", ["قفل", "lock \u200b", "🔒", "tab\there"])
def test_a_character_that_would_become_a_box_is_not_drawn(text):
    with pytest.raises(NotApplicable, match="no_glyph"):
        render(spec(text))


def test_ink_stays_inside_the_margins():
    page = Image.open(io.BytesIO(render(spec("大锁" * 60 + " lock" * 60, ink="#000000"))))
    left, top, right, bottom = Image.eval(page.convert("L"), lambda value: 255 - value).getbbox()
    assert left >= 48 - 2 and top >= 48 and right <= 800 - 48 + 2 and bottom <= page.height - 48


def test_a_list_ends_in_blank_items_and_says_so():
    assert visible_text(spec("Steps", layout="list")) == "Steps\n1.\n2.\n3."
    assert visible_text(spec("Steps")) == "Steps"


def test_another_font_file_is_an_error_and_not_another_picture():
    with pytest.raises(ValueError, match="another file of Noto Sans SC"):
        render(RenderSpec(text="锁", font_sha256="0" * 64))


def test_an_unknown_key_or_colour_is_an_error():
    for changes in ({"colour": "#000000"}, {"ink": "black"}, {"text": ""}):
        with pytest.raises(ValidationError):
            spec(**changes)


def test_lifts_vary_and_stay_within_what_a_verifier_sees():
    specs = [lift(TEXTS["zh"], rng=Random(seed), held_out=False).spec for seed in range(20)]
    for name in ("layout", "font", "size", "width", "ink", "rotation", "noise"):
        assert len({getattr(one, name) for one in specs}) > 1, name


@pytest.mark.parametrize("tongue", TEXTS)
def test_the_sentence_beside_the_picture_is_neutral_and_held_out_where_it_must(tongue):
    for held_out in (False, True):
        said = {lift(TEXTS[tongue], rng=Random(seed), held_out=held_out).text for seed in range(12)}
        assert said <= set(phrases("look", tongue, held_out=held_out))


def test_a_request_in_a_third_script_is_not_lifted():
    with pytest.raises(NotApplicable, match="other_language"):
        lift("где ключ", rng=Random(0), held_out=False)


def test_odd_white_space_is_drawn_as_plain():
    assert lift(" Open\tthe\r\nlock\u00a0now ", rng=Random(0), held_out=False).spec.text == "Open the\nlock now"


def test_chinese_breaks_between_characters_but_never_before_a_closing_mark():
    assert wrap("大锁匠在门前，等", width=4, measure=len) == ["大锁匠在", "门前，等"]
    assert wrap("锁匠在门前，等", width=5, measure=len) == ["锁匠在门", "前，等"]  # "，" takes "前" along
    assert wrap("他说“锁住了”吗", width=3, measure=len) == ["他说", "“锁住", "了”吗"]


def test_english_breaks_between_words_and_inside_one_only_where_it_must():
    assert wrap("open the lock", width=8, measure=len) == ["open the", "lock"]
    assert wrap("a locksmith", width=5, measure=len) == ["a", "locks", "mith"]
    assert wrap("one\n\ntwo", width=9, measure=len) == ["one", "", "two"]


@given(text=st.text(alphabet="ab 锁匠，。（“”\n"), width=st.integers(1, 9))
def test_wrapping_loses_no_character_and_fits(text, width):
    lines = wrap(text, width=width, measure=len)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(len(line) <= width for line in lines)
