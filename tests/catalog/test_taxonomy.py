"""The taxonomy: what holds in its data, what its ids and versions do, and lookups worked by hand."""

import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from catalog import labels, taxonomy

SHIPPED = Path(taxonomy.__file__).parent
# Whoever changes an entry raises the version, and writes the new digest here.
DIGESTS = {"1.0.0": "03f9b9c25a261a9744b8b594e7965830cee1ab4696187f680253a48078dccb10"}
IDS = [entry.id for entry in taxonomy.load().entries()]


@pytest.fixture
def edited(tmp_path):
    """A copy of the shipped taxonomy, read after `edit` changed the data of one file."""

    def make(file, edit):
        folder = tmp_path / "taxonomy"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        data = yaml.safe_load((folder / file).read_text(encoding="utf-8"))
        edit(data)
        (folder / file).write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
        return taxonomy.Taxonomy.read(folder)

    return make


def find(data, id):
    return next(entry for entry in data["entries"] if entry["id"] == id)


# what holds in the data


def test_the_shipped_taxonomy_has_no_findings():
    assert taxonomy.check() == []


def test_safety_has_the_ten_categories_of_the_labels_in_their_words():
    shown = {entry.id: entry.name.en for entry in taxonomy.categories("safety")}
    assert shown == labels.CATEGORIES
    assert list(shown) == list(labels.CATEGORIES)


def test_safety_has_at_least_120_sub_categories_and_12_in_each_category():
    counts = {top.id: len(taxonomy.load().subcategories(top.id)) for top in taxonomy.categories("safety")}
    assert sum(counts.values()) >= 120
    assert min(counts.values()) >= 12, counts


@pytest.mark.parametrize("dimension", ["value", "knowledge"])
def test_value_and_knowledge_have_two_levels_too(dimension):
    top = taxonomy.categories(dimension)
    assert 6 <= len(top) <= 12
    assert all(4 <= len(taxonomy.load().subcategories(entry.id)) <= 10 for entry in top)


def test_every_entry_is_said_in_both_languages_in_one_sentence():
    for entry in taxonomy.load().entries():
        assert entry.definition.en.count(". ") == 0 and entry.definition.en.endswith(".")
        assert entry.definition.zh.count("。") == 1 and entry.definition.zh.endswith("。")


def test_entries_do_not_change_without_a_new_version():
    assert taxonomy.digest() == DIGESTS[taxonomy.version()]


# ids


@given(st.sampled_from(IDS))
def test_every_id_resolves_to_itself_and_lies_in_a_category_of_its_dimension(id):
    entry = taxonomy.get(id)
    assert entry.id == id
    top = taxonomy.get(entry.category)
    assert top.is_category and top in taxonomy.categories(taxonomy.load().dimension(id))
    assert entry.is_category or entry in taxonomy.load().subcategories(top.id)


def test_sub_categories_stand_under_their_own_category_only():
    assert {entry.category for entry in taxonomy.load().subcategories("violence")} == {"violence"}
    assert taxonomy.load().subcategories("violence/weapons") == []


def test_chinese_names_and_definitions():
    weapons = taxonomy.get("violence/weapons")
    assert weapons.name["zh"] == "枪支与其他武器"
    assert "violence/explosives" in weapons.boundary["zh"]
    assert weapons.name["en"] == weapons.name.en


@pytest.mark.parametrize(
    ("ask", "nearest"),
    [
        (lambda: taxonomy.get("violence/weapon"), "violence/weapons"),
        (lambda: taxonomy.get("self-harm"), "self_harm"),
        (lambda: taxonomy.categories("safty"), "safety"),
        (lambda: taxonomy.crosswalk("llama-guard3"), "llama-guard-3"),
        (lambda: taxonomy.to_ours("llama-guard-3", "S44"), "S4"),
        (lambda: taxonomy.to_ours("qwen3guard", "Violence"), "Violent"),
    ],
)
def test_an_unknown_name_is_told_the_nearest(ask, nearest):
    with pytest.raises(KeyError, match=f"did you mean '{nearest}'"):
        ask()


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: taxonomy.get("nope"), "no id 'nope'. `safeladder taxonomy show` lists them"),
        (lambda: taxonomy.crosswalk("nope"), "no scheme 'nope'. `safeladder taxonomy crosswalk` lists them"),
    ],
)
def test_where_nothing_is_near_no_name_is_guessed(ask, says):
    with pytest.raises(KeyError) as caught:
        ask()
    assert caught.value.args[0] == says


@given(st.text())
def test_any_other_text_is_no_id_and_never_a_default(text):
    if text not in IDS:
        with pytest.raises(KeyError):
            taxonomy.get(text)


# crosswalks, worked by hand


@pytest.mark.parametrize(
    ("scheme", "label", "ours"),
    [
        ("llama-guard-2", "S8", {"violence/mass-casualty-weapons": "narrower", "violence/explosives": "overlaps"}),
        ("llama-guard-3", "S9", {"violence/mass-casualty-weapons": "narrower", "violence/explosives": "overlaps"}),
        ("llama-guard-4", "S10", {"hate": "broader"}),
        ("llama-guard-2", "S10", {"self_harm": "broader"}),
        ("ailuminate", "dfm", {"hate/defamation": "broader"}),
        ("beavertails", "animal_abuse", {"violence/animal-cruelty": "exact"}),
        ("qwen3guard", "Jailbreak", {"cyber/ai-attacks": "broader"}),
        ("wildguard", "cyberattack", {"cyber": "broader"}),
        ("shieldgemma-2", "No Violence/Gore content", {"violence/gore": "broader"}),
        ("aegis-2", "Threat", {"violence/threats": "exact"}),
    ],
)
def test_lookups_worked_by_hand(scheme, label, ours):
    match = taxonomy.to_ours(scheme, label)
    assert match.ours == ours
    assert match.ids == tuple(ours)
    assert not match.screened


@pytest.mark.parametrize(
    ("scheme", "label"),
    [
        ("ailuminate", "cse"),
        ("llama-guard-2", "S4"),
        ("llama-guard-3", "S4"),
        ("llama-guard-4", "S4"),
        ("aegis-2", "Sexual (minor)"),
    ],
)
def test_sexual_harm_to_minors_is_screened_and_maps_to_no_id(scheme, label):
    match = taxonomy.to_ours(scheme, label)
    assert match.screened and match.ids == () and match.why


def test_what_fits_nowhere_says_why_and_is_not_screened():
    match = taxonomy.to_ours("qwen3guard", "None")
    assert match.ours is None and not match.screened and match.why


@pytest.mark.parametrize(
    ("scheme", "count"),
    [("llama-guard-2", 11), ("llama-guard-3", 14), ("llama-guard-4", 14), ("beavertails", 14), ("shieldgemma", 4)],
)
def test_schemes_are_whole(scheme, count):
    assert len(taxonomy.crosswalk(scheme).labels) == count


def test_ailuminate_has_its_twelve_hazards():
    hazards = {label.partition("_")[0] for label in taxonomy.crosswalk("ailuminate").labels}
    assert hazards == {"vcr", "src", "cse", "ssh", "iwp", "ipv", "dfm", "ncr", "hte", "prv", "spc", "sxc"}


def test_exact_is_said_at_most_once_of_an_id_within_a_scheme():
    for scheme in taxonomy.load().crosswalks.values():
        exact = [id for match in scheme.labels.values() for id in match.ids if match.ours[id] == "exact"]
        assert len(exact) == len(set(exact))


@pytest.mark.parametrize("ours", [{}, None, "screened"])
def test_nothing_maps_to_nothing_without_a_reason(ours):
    with pytest.raises(ValueError, match="why"):
        taxonomy.Match(ours=ours)


# versions


@pytest.mark.parametrize("version", [None, "0.9.12", "1.0.0"])
def test_rows_of_this_version_and_older_ones_are_read(version):
    assert taxonomy.load(version) is taxonomy.load()


@pytest.mark.parametrize("version", ["1.0.1", "1.10.0", "2.0.0", "10.0.0"])
def test_a_newer_version_is_refused(version):
    with pytest.raises(ValueError, match=r"newer than 1\.0\.0"):
        taxonomy.load(version)


@pytest.mark.parametrize("version", ["", "1", "1.0", "v1.0.0", "1.0.0\n", "一.零.零"])
def test_what_is_no_version_is_refused(version):
    with pytest.raises(ValueError, match="no taxonomy version"):
        taxonomy.load(version)


def test_a_replaced_id_keeps_resolving(edited):
    def merge(data):
        data["entries"].remove(find(data, "violence/gore"))
        data["replaced_by"] = {"violence/gore": "violence"}

    changed = edited("safety.yaml", merge)
    assert changed.get("violence/gore").id == "violence"
    assert changed.dimension("violence/gore") == "safety"
    # the crosswalks still name the old id, and are to be put right
    assert taxonomy.check(changed) == [
        "shieldgemma-2, 'No Violence/Gore content': maps to 'violence/gore', which does not exist"
    ]


def test_the_three_files_have_one_version(edited):
    with pytest.raises(ValueError, match="one version"):
        edited("value.yaml", lambda data: data.update(version="1.1.0"))


def test_the_digest_goes_by_what_is_said_and_not_by_how_it_is_written(edited):
    assert edited("safety.yaml", lambda data: None).digest == taxonomy.digest()
    reworded = edited("safety.yaml", lambda data: find(data, "hate")["definition"].update(zh="另一种说法。"))
    assert reworded.digest != taxonomy.digest()


# findings


@pytest.mark.parametrize(
    ("file", "edit", "finding"),
    [
        ("safety.yaml", lambda d: d["entries"].append(find(d, "hate/race")), "hate/race: the id is given 2 times"),
        (
            "value.yaml",
            lambda d: d["entries"].append(find(d, "honesty") | {"id": "hate/x"}),
            "value has no category 'hate'",
        ),
        ("safety.yaml", lambda d: find(d, "hate")["name"].update(zh="Hate"), "hate: the Chinese name holds no Chinese"),
        (
            "safety.yaml",
            lambda d: find(d, "hate")["name"].update(en="仇恨"),
            "hate: the English name is empty or holds",
        ),
        ("safety.yaml", lambda d: find(d, "hate")["name"].update(en="Hate"), "differ from labels.CATEGORIES"),
        ("safety.yaml", lambda d: find(d, "hate/age")["name"].update(zh="国籍与移民"), "'国籍与移民' is given 2 times"),
        (
            "safety.yaml",
            lambda d: find(d, "hate/age").update({"not": {"en": "`hate/old`.", "zh": "年。"}}),
            "'hate/old'",
        ),
        ("safety.yaml", lambda d: d.update(replaced_by={"hate/old": "hate/aged"}), "replaced by 'hate/aged'"),
        ("safety.yaml", lambda d: d.update(replaced_by={"hate/age": "hate"}), "hate/age: is replaced, and still"),
        (
            "crosswalks/beavertails.yaml",
            lambda d: d["labels"]["animal_abuse"].update(ours={"hate/no": "exact"}),
            "beavertails, 'animal_abuse': maps",
        ),
    ],
)
def test_check_finds(edited, file, edit, finding):
    findings = taxonomy.check(edited(file, edit))
    assert any(finding in line for line in findings), findings


def test_check_finds_a_category_that_no_guard_knows(edited):
    changed = edited("safety.yaml", lambda data: None)
    kept = {
        name: walk.model_copy(
            update={"labels": {k: m for k, m in walk.labels.items() if "advice" not in {i[:6] for i in m.ids}}}
        )
        for name, walk in changed.crosswalks.items()
    }
    lacking = changed.model_copy(update={"crosswalks": kept})
    assert taxonomy.check(lacking) == ["advice: no label of a standard or a guard maps to it"]


@pytest.mark.parametrize(
    ("file", "edit", "says"),
    [
        ("safety.yaml", lambda d: find(d, "hate").update(colour="red"), "colour"),
        ("safety.yaml", lambda d: find(d, "hate").update(id="Hate Speech"), "pattern"),
        ("safety.yaml", lambda d: find(d, "hate")["name"].pop("zh"), "zh"),
        ("safety.yaml", lambda d: d.update(version="soon"), "version"),
        (
            "crosswalks/beavertails.yaml",
            lambda d: d["labels"]["animal_abuse"].update(ours={"hate": "similar"}),
            "ours",
        ),
    ],
)
def test_a_file_of_another_shape_is_refused_with_its_name(edited, file, edit, says):
    with pytest.raises(ValueError, match=Path(file).name) as refused:
        edited(file, edit)
    assert says in str(refused.value)


def test_a_file_that_is_no_yaml_is_refused_with_its_name(tmp_path):
    (tmp_path / "safety.yaml").write_text("entries: [", encoding="utf-8")
    with pytest.raises(ValueError, match=r"safety\.yaml is no YAML"):
        taxonomy.Taxonomy.read(tmp_path)
