"""A small store and the rows to fill it with."""

import shutil
import tempfile
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from catalog import Store, chat, prompt_id, sample_id
from tests.catalog.servers import postgres, postgres_programs


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def sample():
    """Make a row of `samples` (without stage_id) from a prompt, a reply and pictures."""

    def make(prompt, response=None, images=()):
        messages = chat(prompt, response, images=images)
        return {"sample_id": sample_id(messages), "prompt_id": prompt_id(messages), "messages": messages}

    return make


@pytest.fixture
def annotation():
    """Make a row of `annotations` with stage_id."""

    def make(sample_id, label, *, origin="human", annotator="a", unsafe=None, task="safety", category=None):
        return {
            "annotation_id": f"{sample_id}-{task}-{annotator}-{label}-{unsafe}",
            "sample_id": sample_id,
            "task": task,
            "label": label,
            "unsafe": (label == "Unsafe") if label and task == "safety" else unsafe,
            "category": category,
            "subcategory": None,
            "origin": origin,
            "annotator": annotator,
            "stage_id": "s",
        }

    return make


@pytest.fixture
def frame():
    return lambda rows: pl.DataFrame(rows, infer_schema_length=None)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory):
    """A database on a real PostgreSQL server; where there is none the test says so and is skipped."""
    if postgres_programs() is None:
        pytest.skip("PostgreSQL is not installed here (Debian: apt install postgresql)")
    # Short, since a socket's path has at most 107 characters; and where another user than root may go.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    try:
        with postgres(folder) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def ledger_url(request, tmp_path):
    """A fresh ledger: parametrise with `sqlite` or `postgresql`."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'elsewhere.sqlite'}"
        return
    url = make_url(request.getfixturevalue("postgres_url"))
    name = f"test_{uuid4().hex[:12]}"
    with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"create database {name}"))
    yield url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def s3_port():
    """A real S3 endpoint on this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def s3(s3_port, monkeypatch):
    """`s3(port)` makes `s3://...` mean the endpoint behind that port; returns the URL of a fresh bucket."""

    def use(port=s3_port):
        for name, value in {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        }.items():
            monkeypatch.setenv(name, value)
        S3FileSystem.clear_instance_cache()
        bucket = f"b-{uuid4().hex[:12]}"
        S3FileSystem(endpoint_url=f"http://127.0.0.1:{s3_port}", skip_instance_cache=True).mkdir(bucket)
        return f"s3://{bucket}/store"

    yield use
    S3FileSystem.clear_instance_cache()
