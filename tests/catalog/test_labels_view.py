"""The view `labels` chooses as `releases.resolve_labels` does, whatever the annotations."""

import duckdb
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.read_model.views import labels_of
from catalog.releases import ORIGINS, resolve_labels

ANSWER = st.sampled_from([("Unsafe", True), ("Safe with warning", False), (None, True), (None, False), (None, None)])
ANNOTATION = st.tuples(
    st.sampled_from("xy"),  # sample
    st.sampled_from(["safety", "value"]),
    ANSWER,
    st.sampled_from(["欺诈", "cyber", None]),
    st.sampled_from(ORIGINS),
    st.sampled_from("ab"),  # annotator
    st.integers(1, 2),  # commit
)
SCHEMA = {
    name: pl.String for name in ("annotation_id", "sample_id", "task", "label", "category", "origin", "annotator")
}
SCHEMA |= {"unsafe": pl.Boolean, "added_seq": pl.Int64}


@settings(max_examples=60)
@given(st.lists(ANNOTATION, max_size=8))
def test_the_view_follows_the_rule_of_releases(annotations):
    rows = [
        {"annotation_id": str(at), "sample_id": sample, "task": task, "label": label, "unsafe": unsafe}
        | {"category": category, "origin": origin, "annotator": name, "added_seq": seq}
        for at, (sample, task, (label, unsafe), category, origin, name, seq) in enumerate(annotations)
    ]
    given_ = pl.DataFrame(rows, schema=SCHEMA).sort("added_seq", maintain_order=True)
    chosen, conflicts = resolve_labels(given_)
    with duckdb.connect() as connection:
        connection.register("given_", given_.with_row_index("place").to_arrow())
        connection.execute(f"create view labels as {labels_of('from given_')}")
        columns = ", ".join(chosen.columns)
        found = connection.execute(f"select {columns} from labels where not conflict").fetchall()
        tied = connection.execute("select sample_id, task, len(answers) from labels where conflict").fetchall()
    assert sorted(found, key=repr) == sorted(chosen.rows(), key=repr)
    assert sorted(tied) == sorted(conflicts.rows())
