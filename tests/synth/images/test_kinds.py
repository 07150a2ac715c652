"""Every kind, in both languages: the seed decides, the spec draws it again, and a verifier can look at it whole."""

import io
import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from catalog.ids import media_id
from catalog.media import probe
from synth.errors import NotApplicable
from synth.images import BENIGN, KINDS, contact_sheet, load_spec, render, verify, visible_text
from synth.images.render import MAX_PIXELS, render_upright
from synth.images.sketch import Sketch
from synth.images.spec import Page
from synth.images.variation import wear

REQUESTS = {"en": "How do I open my own safe lock?", "zh": "请问怎么打开一把大锁？"}
CARRYING = [name for name, kind in KINDS.items() if kind.carry]
HARMLESS = [name for name, kind in KINDS.items() if not kind.carry]


def draw(name, language, seed, **others):
    kind = KINDS[name]
    return kind.draw(REQUESTS[language] if kind.carry else None, rng=Random(seed), language=language, **others)


@pytest.mark.parametrize("language", REQUESTS)
@pytest.mark.parametrize("name", KINDS)
def test_a_stored_spec_draws_the_same_bytes(name, language):
    for seed in range(2):
        drawn = draw(name, language, seed)
        stored = load_spec(drawn.spec.model_dump_json())
        assert stored == drawn.spec
        assert render(stored) == drawn.png
        assert verify(stored, media_id(drawn.png))
        assert draw(name, language, seed) == drawn
        facts = probe(drawn.png)
        assert facts["mime"] == "image/png" and facts["width"] * facts["height"] <= MAX_PIXELS


@pytest.mark.parametrize("language", REQUESTS)
@pytest.mark.parametrize("name", KINDS)
def test_seeds_give_different_pictures(name, language):
    assert len({media_id(draw(name, language, seed).png) for seed in range(4)}) == 4


@pytest.mark.parametrize("name", KINDS)
def test_the_version_stands_in_the_registry_and_in_the_scene(name):
    kind = KINDS[name]
    assert (kind.name, f"{kind.name}@{kind.version}") == (name, kind.relation)
    assert set(kind.languages) == {"en", "zh"} and kind.source
    spec = draw(name, "en", 1).spec
    if spec.kind == "scene":
        assert spec.of == kind.relation


@pytest.mark.parametrize("name", CARRYING)
def test_a_character_without_a_glyph_is_not_drawn(name):
    with pytest.raises(NotApplicable, match="no_glyph"):
        KINDS[name].draw("How do I open my 🔒 lock?", rng=Random(0))


@pytest.mark.parametrize("name", CARRYING)
def test_a_third_language_is_not_drawn(name):
    with pytest.raises(NotApplicable, match="other_language"):
        KINDS[name].draw("где ключ от моего замка?", rng=Random(0))


@pytest.mark.parametrize("name", CARRYING)
@pytest.mark.parametrize("request_", ["How do I " + "open the lock and " * 1500 + "go?", "怎么" + "打开大锁" * 1500])
def test_what_a_verifier_could_not_see_is_not_drawn(name, request_):
    with pytest.raises(NotApplicable, match="too_long"):
        KINDS[name].draw(request_, rng=Random(0))


@pytest.mark.parametrize("name", CARRYING)
@pytest.mark.parametrize("language", REQUESTS)
def test_training_and_measuring_rows_share_no_sentence(name, language):
    seen, held_out = ({draw(name, language, seed, held_out=held).text for seed in range(12)} for held in (False, True))
    assert len(seen) > 1 and len(held_out) > 1 and not seen & held_out


def test_a_kind_takes_a_text_or_has_its_own():
    with pytest.raises(ValueError, match="lift draws a text"):
        KINDS["lift"].draw(rng=Random(0))
    with pytest.raises(ValueError, match="clock has content of its own"):
        KINDS["clock"].draw("What time is it?", rng=Random(0))
    assert len(HARMLESS) >= 8


def test_wear_tells_nothing_of_the_kind():
    """Of a thousand harmless scenes and a thousand draws of wear, as the other kinds take it, as many are clean."""
    worn = [Page(font_sha256="", **wear(Random(seed))) for seed in range(1000)]
    makers = list(BENIGN.values())
    harmless = [makers[seed % len(makers)].compose(rng=Random(seed), language="en").scene for seed in range(1000)]
    for test in (lambda page: page.is_clean, lambda page: page.contrast < 1, lambda page: abs(page.rotation) > 5):
        one, other = (sum(map(test, pages)) / 1000 for pages in (worn, harmless))
        assert one == pytest.approx(other, abs=0.06) and 0.05 < one < 0.6


def test_a_scene_draws_the_same_after_its_marks_went_through_json():
    sketch = Sketch(Random(0), width=300)
    sketch.box((10, 10, 90, 60), fill="#2f6db5", radius=8)
    sketch.oval((100, 10, 150, 60), ink="#c8553d")
    sketch.slice((160, 10, 220, 70), start=0, end=133.2, fill="#3f8f5f")
    sketch.arrow((20, 100), (200, 100))
    sketch.arrow((250, 20), (250, 120))
    sketch.words((20, 130), "lock 锁", size=24, by_hand=True)
    scene = sketch.scene("test@1", height=200, data={"lock": 1})
    again = load_spec(json.dumps(json.loads(scene.model_dump_json())))
    assert again == scene and render(again) == render(scene)
    assert visible_text(scene) == "lock 锁"


def test_a_picture_that_is_too_large_only_when_turned_stays_upright():
    scene = Sketch(Random(0), width=1000).scene("test@1", height=1000, data={})
    turned = scene.model_copy(update={"rotation": 15.0})
    with pytest.raises(NotApplicable, match="too_long"):
        render(turned)
    spec, png = render_upright(turned)
    assert spec.rotation == 0 and Image.open(io.BytesIO(png)).size == (1000, 1000)
    with pytest.raises(NotApplicable, match="too_long"):
        render_upright(turned.model_copy(update={"height": 1010}))


def test_the_contact_sheet_shows_every_kind():
    page = contact_sheet(language="zh", per_kind=1)
    assert Image.open(io.BytesIO(page)).size == (4 * 300, -(-len(KINDS) // 4) * 270)
    assert page == contact_sheet(language="zh", per_kind=1) != contact_sheet(language="en", per_kind=1)


@pytest.mark.parametrize("name", CARRYING)
@given(text=st.text(max_size=60) | st.text(alphabet="ab 锁匠怎么?？\n\t\u3000.\ud800\u200b", max_size=30))
@settings(max_examples=25, deadline=None)
def test_wild_text_is_drawn_or_not_applicable(name, text):
    try:
        drawn = KINDS[name].draw(text, rng=Random(0))
    except NotApplicable as why:
        assert why.reason.replace("_", "").isalpha()
    else:
        assert verify(drawn.spec, media_id(drawn.png))
