"""A search says which words must be there and which must not; it is run here on a table of its own."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, String, Table, create_engine, insert, select

from annotate.server.review.words import holds, read

TEXTS = ["Open the lock", "a lock and a key", "怎么打开这把锁", "the KEY", html.escape("if a<b && c"), "50% off"]


@pytest.fixture(scope="module")
def found():
    table = Table("record", MetaData(), Column("prompt", String), Column("response", String))
    with create_engine("sqlite://").connect() as db:
        table.create(db)
        db.execute(insert(table), [{"prompt": text, "response": None} for text in TEXTS])
        columns = [table.c.prompt, table.c.response]

        def search(query):
            where = holds(columns, read(query))
            return [TEXTS.index(text) for text in db.execute(select(table.c.prompt).where(where)).scalars()]

        yield search


def test_a_query_is_read_into_groups_and_forbidden_words():
    assert read('kill "the process" | lock* -key') == ([["kill", "the process"], ["lock"]], ["key"])
    assert read('" | "') == ([["|"]], [])
    assert read('| "" *') == ([], [])


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("lock", [0, 1]),
        ("lock key", [1]),
        ("lock | key", [0, 1, 3]),
        ("lock -key", [0]),
        ("-lock", [2, 3, 4, 5]),
        ('"the lock"', [0]),
        ("loc*", [0, 1]),
        ("打开", [2]),
        ("锁", [2]),
        ("a<b", [4]),
        ("&&", [4]),
        ("lt", []),
        ("amp", []),
        ("50%", [5]),
        ("_", []),
    ],
)
def test_words_are_found_in_both_languages_and_through_the_escaping(found, query, places):
    assert found(query) == places


@given(st.text(max_size=40))
def test_any_string_is_a_query(found, query):
    words = read(query)
    if words.groups or words.forbidden:
        assert set(found(query)) <= set(range(len(TEXTS)))
