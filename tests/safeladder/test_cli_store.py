"""`catalog init|verify|gc|backup|restore` as a user gives them, on a folder, on S3 and on PostgreSQL."""

import json

import polars as pl
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from catalog import Store
from tests.catalog.conftest import postgres_url, s3, s3_port  # noqa: F401 (fixtures)


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store")
    made.commit("b", {"clusters": pl.DataFrame({"sample_id": ["x"], "cluster_id": ["c"], "stage_id": ["s"]})})
    return made


@pytest.fixture
def call(safeladder, tmp_path, store):
    def ask(*arguments, check=True, **environment):
        return safeladder(*arguments, "--json", cwd=tmp_path, store=store.path, check=check, **environment)

    return ask


def test_a_whole_store_is_verified_and_a_damaged_one_is_exit_1_and_named(call, store):
    assert "byte for byte" in call("catalog", "verify").stderr
    call("catalog", "build")
    accounts = [json.loads(line) for line in call("catalog", "verify").stdout.splitlines()]
    assert {a["table"]: a["current"] for a in accounts}["clusters"] == 1
    segment = next((store.path / "segments").rglob("*.parquet"))
    segment.write_bytes(b"half")
    done = call("catalog", "verify", check=False)
    assert done.returncode == 1 and segment.name in json.loads(done.stdout.splitlines()[0])["problem"]


def test_gc_lists_and_only_then_deletes(call, store):
    stray = store.path / "segments" / "clusters" / ("f" * 64 + ".parquet")
    stray.write_bytes(b"left")
    listed = call("catalog", "gc", "--hours", "0")
    assert stray.name in listed.stdout and "nothing was deleted" in listed.stderr and stray.exists()
    assert call("catalog", "gc").stdout == ""  # it is younger than a day
    call("catalog", "gc", "--hours", "0", "--delete")
    assert not stray.exists() and Store(store.path).read("clusters").height == 1


def test_a_backup_is_restored_with_its_catalog(call, tmp_path):
    call("catalog", "backup", tmp_path / "backups")
    call("catalog", "restore", tmp_path / "backups", "--store", tmp_path / "restored")
    asked = call("sql", "select sample_id from clusters", "--store", tmp_path / "restored")
    assert json.loads(asked.stdout) == {"sample_id": "x"}
    again = call("catalog", "restore", tmp_path / "backups", "--store", tmp_path / "restored", check=False)
    assert again.returncode == 2 and "another folder" in again.stderr


def test_a_store_on_s3_and_postgresql_is_made_named_by_url_and_filled(call, tmp_path, s3, postgres_url):  # noqa: F811
    name = f"cli_{tmp_path.name.replace('-', '_')[-20:]}"
    with create_engine(postgres_url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"create database {name}"))
    ledger = make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    url, cache = s3(), {"SAFELADDER_CACHE": str(tmp_path / "cache")}
    refused = call("catalog", "init", "--store", url, check=False, **cache)
    assert refused.returncode == 2 and "SAFELADDER_LEDGER" in refused.stderr
    made = call("catalog", "init", "--store", url, SAFELADDER_LEDGER=ledger, **cache)
    assert json.loads(made.stdout)["files"] == url
    call("catalog", "init", "--files", url, "--ledger", ledger, "--store", tmp_path / "shared")
    Store(tmp_path / "shared").commit(
        "b", {"clusters": pl.DataFrame({"sample_id": ["y"], "cluster_id": ["c"], "stage_id": ["s"]})}
    )
    call("catalog", "build", "--store", url, **cache)
    asked = call("sql", "select sample_id from clusters", "--store", url, **cache)
    assert json.loads(asked.stdout) == {"sample_id": "y"}
