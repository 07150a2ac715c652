"""What there is in the catalog and what it means, without opening it."""

from dataclasses import dataclass

from catalog.read_model.tables import ABOUT, BUILT, SEGMENTS, column_comments
from catalog.read_model.views import VIEWS
from catalog.schema import SEGMENT_TABLES, TABLES, describe


@dataclass(frozen=True)
class Relation:
    """A table or view: one sentence about it, and what each column means."""

    name: str
    kind: str
    about: str
    columns: dict[str, str]


def relations() -> dict[str, Relation]:
    """Every view and table by name, views first."""
    found = [Relation(name, "view", view.about, view.columns) for name, view in VIEWS.items()]
    for name in TABLES:
        columns = dict(column_comments(name)) if name in SEGMENT_TABLES else describe(name)
        found.append(Relation(name, "table", ABOUT[name], columns))
    found.append(Relation("segments", "table", ABOUT["segments"], SEGMENTS))
    found.append(Relation("built", "table", ABOUT["built"], BUILT))
    return {relation.name: relation for relation in found}
