"""Types that a description declares for fields: a record that holds another is set aside, and told where it differs."""

import re
from collections.abc import Mapping
from typing import Any

from corpus.sources.template import Rejected

PLAIN: dict[str, type | tuple[type, ...]] = {"text": str, "integer": int, "number": (int, float), "boolean": bool}
TYPE = re.compile(rf"(\[)?({'|'.join(PLAIN)})(?(1)\])(\?)?")


def check_types(types: Mapping[str, str], fields: Mapping[str, Any]) -> None:
    """Refuse a record in which a field has not its declared type.

    Args:
        types: By dotted path: `text`, `integer`, `number` or `boolean`, in brackets for a list of them, with `?` at the
            end where null is as good.
        fields: The record.

    Raises:
        Rejected: `wrong_type` or `missing_field`, with the path down to the item.
    """
    for path, declared in types.items():
        found = TYPE.fullmatch(declared)
        assert found
        listed, name, optional = found.groups()
        value = _inside(path, fields)
        if value is None and optional:
            continue
        if listed and not isinstance(value, list):
            raise _wrong(path, f"a list of {name}", value)
        for place, item in [(f"{path}.{i}", item) for i, item in enumerate(value)] if listed else [(path, value)]:
            if not isinstance(item, PLAIN[name]) or (isinstance(item, bool) and name != "boolean"):
                raise _wrong(place, name, item)


def _inside(path: str, fields: Mapping[str, Any]) -> Any:
    value: Any = fields
    steps = path.split(".")
    for i, step in enumerate(steps):
        if not isinstance(value, Mapping):
            raise _wrong(".".join(steps[:i]), "an object", value)
        if step not in value:
            raise Rejected("missing_field", f"no field {path!r}")
        value = value[step]
    return value


def _wrong(path: str, expected: str, value: Any) -> Rejected:
    found = "null" if value is None else type(value).__name__
    return Rejected("wrong_type", f"field {path!r}: expected {expected}, found {found}")
