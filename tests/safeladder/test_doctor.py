"""`doctor`: what is wrong is named with the command that mends it, whatever state the machine is in."""

import hashlib
import json
import os
import sys
import time
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from catalog import Store, place, read_model
from catalog.segments import name_of
from safeladder.doctor import AREAS
from tests.catalog.conftest import postgres_url, s3, s3_port  # noqa: F401 (fixtures)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def doctor(safeladder, tmp_path):
    """Ask for an area; gives the exit code and the findings. `before` is a folder that Python searches first."""

    def ask(*words, before=None, store=tmp_path / "store", **environment):
        if before:
            environment["PYTHONPATH"] = f"{before}{os.pathsep}{ROOT}"
        done = safeladder("doctor", *words, "--json", cwd=tmp_path, store=store, check=False, **environment)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    return ask


@pytest.fixture
def filled(tmp_path):
    """A store with one segment, and its catalog."""
    store = Store(tmp_path / "store")
    store.commit("one", {"clusters": pl.DataFrame({"sample_id": ["x"], "cluster_id": ["c"], "stage_id": ["s"]})})
    read_model.build(store)
    return store


def only(findings, word):
    (found,) = [finding for finding in findings if word in finding["what"]]
    return found


def wrong(findings):
    return [finding for finding in findings if finding["state"] == "wrong"]


def test_every_area_answers_and_every_finding_that_is_not_ok_says_what_mends_it(doctor):
    code, findings = doctor(OPENAI_BASE_URL="")
    assert {finding["area"] for finding in findings} == set(AREAS)
    assert len([finding for finding in findings if finding["area"] == "data"]) == 1
    assert [finding["area"] for finding in findings] == sorted((f["area"] for f in findings), key=AREAS.index)
    assert all(finding["mend"] for finding in findings if finding["state"] != "ok")
    assert all("needed" in f["what"] or "missing" in f["what"] for f in findings if f["state"] == "missing")
    assert code == bool(wrong(findings))
    assert wrong(findings) == []  # this environment is the tested one


def test_people_get_the_command_on_a_line_of_its_own(safeladder, tmp_path):
    done = safeladder("doctor", "store", cwd=tmp_path, store=tmp_path / "none")
    assert f"-> safeladder catalog init --store {tmp_path / 'none'}" in done.stdout
    assert "next: safeladder" in done.stderr
    assert not (tmp_path / "none").exists()


def test_a_module_in_front_of_ours_is_found(doctor, tmp_path):
    foreign = tmp_path / "foreign"
    (foreign / "verifiers").mkdir(parents=True)
    (foreign / "verifiers" / "__init__.py").touch()
    code, findings = doctor("install", before=foreign)
    assert code == 1
    found = only(findings, "`import verifiers` finds")
    assert str(foreign) in found["what"] and found["mend"].startswith("unset PYTHONPATH")


def test_a_distribution_that_brings_a_module_of_our_name_is_found(doctor, tmp_path):
    metadata(tmp_path / "site", "prime-verifiers", "1.0", top_level="verifiers")
    code, findings = doctor("install", before=tmp_path / "site")
    assert code == 1
    assert only(findings, "prime-verifiers")["mend"].endswith("pip uninstall -y prime-verifiers")


def metadata(folder, name, version, *, requires=(), top_level=None):
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        f"Version: {version}",
        *(f"Requires-Dist: {r}" for r in requires),
    ]
    (info / "METADATA").write_text("\n".join(lines) + "\n")
    if top_level:
        (info / "top_level.txt").write_text(f"{top_level}\n")


def test_a_version_outside_its_range_is_wrong_in_the_installation_and_in_its_area(doctor, tmp_path):
    metadata(tmp_path / "site", "datatrove", "0.2.0")
    for area in ("install", "corpus"):
        code, findings = doctor(area, before=tmp_path / "site")
        found = only(findings, "datatrove is 0.2.0, asked for is datatrove<0.11,>=0.10.1")
        assert code == 1 and found["state"] == "wrong"
        assert found["mend"].startswith(f"{sys.executable} -m pip install 'datatrove<0.11,>=0.10.1'")


def test_packages_that_do_not_fit_each_other_are_found_without_an_import(doctor, tmp_path):
    metadata(tmp_path / "site", "trl", "1.16.9", requires=["transformers<5", "no-such-package-here>=2"])
    code, findings = doctor("install", before=tmp_path / "site")
    assert code == 1
    assert "trl transformers" in only(findings, "trl needs transformers<5, but")["mend"]
    assert "not installed" in only(findings, "no-such-package-here>=2")["what"]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("raise ImportError('libduckdb.so: cannot open')", "ImportError: libduckdb.so: cannot open"),
        ("import os; os.kill(os.getpid(), 11)", "SIGSEGV"),
    ],
    ids=["raises", "kills"],
)
def test_a_dead_import_is_a_finding_and_the_other_areas_still_answer(code, says, doctor, tmp_path):
    (tmp_path / "duckdb.py").write_text(code)
    exit_code, findings = doctor(before=tmp_path)
    assert exit_code == 1
    catalog = [finding for finding in wrong(findings) if finding["area"] == "catalog"]
    assert len(catalog) == 1 and says in catalog[0]["what"] and "duckdb" in catalog[0]["what"]
    assert {finding["area"] for finding in findings} == set(AREAS)
    assert not [finding for finding in wrong(findings) if finding["area"] in ("install", "train", "gpu")]


def test_another_build_of_fasttext_is_found(doctor, tmp_path):
    site = tmp_path / "site"
    metadata(site, "fasttext-numpy2-wheel", "0.9.2", top_level="fasttext")
    code, findings = doctor("corpus", before=site)
    mend = only(findings, "fasttext-numpy2-wheel stands in the place")["mend"]
    assert code == 1
    assert "uninstall -y fasttext-numpy2-wheel && " in mend and "--force-reinstall --no-deps" in mend


def test_a_store_that_is_whole(doctor, filled):
    code, findings = doctor("store", "--full")
    assert code == 0
    assert {finding["state"] for finding in findings} == {"ok"}
    assert only(findings, "byte for byte") and only(findings, "the catalog has all 1 commits")


def test_a_damaged_segment_is_found_by_a_full_reading_alone(doctor, filled):
    ((_, digest),) = filled.segment_list("clusters")
    file = filled.path / name_of("clusters", digest)
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    code, findings = doctor("store")
    assert code == 0 and "safeladder catalog verify" in only(findings, "segments are there")["what"]
    code, findings = doctor("store", "--full")
    assert code == 1
    assert digest in wrong(findings)[0]["what"] and "catalog restore" in wrong(findings)[0]["mend"]
    file.unlink()
    code, findings = doctor("store")
    assert code == 1 and digest in only(findings, "1 of 1 segments are missing")["what"]


def test_a_store_that_others_can_read_is_wrong(doctor, filled):
    filled.path.chmod(0o755)
    code, findings = doctor("store")
    assert code == 1
    assert [finding["mend"] for finding in wrong(findings)] == [f"chmod 700 {filled.path}"]


def test_a_store_that_cannot_be_written_is_wrong(doctor):
    code, findings = doctor("store", store="/proc/store")  # even root cannot
    assert code == 1
    assert "/proc cannot be written" in wrong(findings)[0]["what"]


def test_files_that_nothing_lists_are_counted_when_they_are_a_day_old(doctor, filled):
    for name, hours in (("young", 1), ("old", 25)):
        file = filled.path / "segments" / "clusters" / f"{name}.parquet"
        file.write_bytes(b"left by a kill")
        then = time.time() - hours * 3600
        os.utime(file, (then, then))
    code, findings = doctor("store")
    found = only(findings, "nothing lists")
    assert code == 0 and found["what"].startswith("1 files") and "safeladder catalog gc" in found["mend"]


def test_a_catalog_that_lags_behind_or_is_damaged(doctor, filled):
    filled.commit("two", {})
    code, findings = doctor("store")
    found = only(findings, "the catalog lacks the last 1 commits")
    assert code == 0 and found["mend"] == f"safeladder catalog build --store {filled.path}"
    (filled.path / read_model.FILE).write_bytes(b"no database")
    code, findings = doctor("store")
    assert code == 1 and only(findings, "the catalog cannot be read")["mend"].endswith("--full")


def test_a_ledger_is_not_changed_by_looking_at_it(doctor, filled):
    with filled.ledger.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '0001'")
    filled.ledger.dispose()
    code, findings = doctor("store")
    assert code == 0 and "stands at schema 0001" in only(findings, "the next command")["what"]
    with filled.ledger.begin() as connection:
        assert connection.exec_driver_sql("select version_num from alembic_version").scalar() == "0001"
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    code, findings = doctor("store")
    assert code == 1 and "this version knows" in only(findings, "schema 9999")["what"]


def test_a_ledger_that_is_no_database_is_wrong(doctor, filled):
    filled.ledger.dispose()
    for file in filled.path.glob("ledger.sqlite*"):
        file.unlink()
    (filled.path / "ledger.sqlite").write_bytes(b"no database, by far not" * 100)
    code, findings = doctor("store")
    assert code == 1 and "catalog restore" in only(findings, "the ledger cannot be read")["mend"]


def test_a_store_json_that_is_not_valid_is_wrong_everywhere_it_is_read(doctor, tmp_path):
    (tmp_path / "store").mkdir(mode=0o700)
    (tmp_path / "store" / place.FILE).write_text('{"leger": "x"}')
    for area in ("store", "postgres", "s3"):
        code, findings = doctor(area)
        assert code == 1 and place.FILE in wrong(findings)[0]["what"]


def settled(folder, **parts):
    """A store whose parts were there when it was made, and need not be there any more."""
    folder.mkdir(mode=0o700)
    (folder / place.FILE).write_text(place.Place(**parts).model_dump_json())


def test_a_postgresql_that_does_not_answer_is_wrong_and_its_password_is_not_shown(doctor, tmp_path):
    settled(tmp_path / "store", ledger="postgresql+psycopg://me:geheim@127.0.0.1:1/safety")
    code, findings = doctor("postgres")
    assert code == 1 and "127.0.0.1" in wrong(findings)[0]["what"]
    assert wrong(findings)[0]["mend"] == "pg_isready -h 127.0.0.1 -p 1"
    code, findings = doctor("store")
    assert code == 1 and wrong(findings)[0]["mend"] == "safeladder doctor postgres"
    assert "geheim" not in json.dumps(findings)


def test_a_bucket_that_cannot_be_reached_is_wrong_soon(doctor, tmp_path):
    settled(tmp_path / "store", files="s3://bucket/safety")
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    started = time.monotonic()
    code, findings = doctor("s3", **keys)
    assert code == 1 and "http://127.0.0.1:1" in wrong(findings)[0]["what"]
    assert wrong(findings)[0]["mend"].startswith("export AWS_ACCESS_KEY_ID")
    assert time.monotonic() - started < 30


def test_a_store_on_s3_and_postgresql(doctor, tmp_path, s3, postgres_url):  # noqa: F811
    name = f"doctor_{uuid4().hex[:12]}"
    with create_engine(postgres_url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"create database {name}"))
    ledger = make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    settled(tmp_path / "store", files=s3(), ledger=ledger)
    code, findings = doctor("postgres")
    assert code == 0 and only(findings, "answers and holds no ledger yet")
    store = Store(tmp_path / "store")
    store.commit("one", {"clusters": pl.DataFrame({"sample_id": ["x"], "cluster_id": ["c"], "stage_id": ["s"]})})
    read_model.build(store)
    assert only(doctor("postgres")[1], "stands at schema")["state"] == "ok"
    assert only(doctor("s3")[1], "can be listed")["state"] == "ok"
    code, findings = doctor("store", "--full")
    assert {finding["state"] for finding in findings} == {"ok"} and only(findings, "byte for byte")
    code, findings = doctor("s3", AWS_SECRET_ACCESS_KEY="", AWS_ACCESS_KEY_ID="", AWS_EC2_METADATA_DISABLED="true")
    assert code == 1 and "credentials" in wrong(findings)[0]["what"]


def test_the_environment_of_the_review_server_is_looked_for_where_annotate_makes_it(doctor, tmp_path, monkeypatch):
    from annotate import environment

    def install(folder):  # the folder alone: the real one takes a minute
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").symlink_to(tmp_path / "gone")

    assert only(doctor("annotate", SAFELADDER_CACHE=str(tmp_path))[1], "not made yet")["state"] == "missing"
    monkeypatch.setenv("SAFELADDER_CACHE", str(tmp_path))
    monkeypatch.setattr(environment, "_install", install)
    made = environment.ensure_environment(progress=lambda line: None)
    code, findings = doctor("annotate", SAFELADDER_CACHE=str(tmp_path))
    assert code == 1 and wrong(findings)[0]["mend"] == f"rm -r {made}"


def test_the_environment_of_vllm_is_looked_for_where_it_is_made(doctor, tmp_path, monkeypatch):
    from synth.inference import environment

    monkeypatch.setenv("SAFELADDER_CACHE", str(tmp_path))
    made = environment.environment_folder(environment.device_here())
    found = only(doctor("synth")[1], "vLLM's environment")
    assert found["state"] == "missing" and str(made) in found["what"]
    assert found["mend"].startswith("safeladder models serve ")
    (made / "bin").mkdir(parents=True)
    (made / "bin" / "python").symlink_to(tmp_path / "gone")
    (made / "whole").touch()
    assert only(doctor("synth")[1], "vLLM's environment")["mend"] == f"rm -r {made}"


def test_a_review_server_that_is_stopped_and_whose_port_is_taken(doctor, tmp_path):
    import socket

    home = tmp_path / "store" / "argilla"
    home.mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (home / "server.json").write_text(json.dumps({"port": port, "pid": 1}))
        assert only(doctor("annotate")[1], f"port {port}")["state"] == "missing"
    assert only(doctor("annotate")[1], f"port {port} is free")["state"] == "ok"


def test_sources_are_one_line_and_with_their_own_area_one_each(doctor, tmp_path):
    from corpus import sources

    _, findings = doctor("data", "--data", tmp_path)
    assert len(findings) == len(sources.available())
    assert only(findings, "source seed: ")["state"] == "ok"
    assert only(findings, "source jade-zh: ")["mend"] == "safeladder source show jade-zh"


def test_a_model_that_is_half_there_is_wrong(doctor, tmp_path):
    name = "sentence-transformers/all-MiniLM-L6-v2"
    folder = tmp_path / "models" / name.replace("/", "--")
    folder.mkdir(parents=True)
    code, findings = doctor("models", SAFELADDER_CACHE=str(tmp_path))
    assert code == 1 and wrong(findings)[0]["mend"] == f"rm -r {folder} && safeladder models fetch {name}"
    (folder / "model.safetensors").touch()
    assert doctor("models", SAFELADDER_CACHE=str(tmp_path))[0] == 0


def test_an_endpoint_that_does_not_answer_is_wrong_and_one_that_is_not_named_is_missing(doctor):
    code, findings = doctor("synth", OPENAI_BASE_URL="http://127.0.0.1:1/v1")
    assert code == 1 and wrong(findings)[0]["mend"] == "curl -i http://127.0.0.1:1/v1/models"
    code, findings = doctor("synth", OPENAI_BASE_URL="")
    assert code == 0 and only(findings, "OPENAI_BASE_URL is not set")["state"] == "missing"


def test_looking_changes_nothing_in_a_store(doctor, filled):
    def state():
        return {
            str(file): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(filled.path.rglob("*"))
            if file.is_file() and not file.name.endswith(("-shm", "-wal"))
        }

    filled.ledger.dispose()
    before = state()
    doctor()
    assert state() == before
