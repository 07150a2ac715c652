"""From the fields of a record to what its description says of them: more fields, which rows, and their labels."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from catalog import labels
from corpus.sources.description import Files
from corpus.sources.rules import Choice, Fixed, Row, is_category
from corpus.sources.template import Rejected, as_text, fill, look_up, names, parse

Fields = Mapping[str, Any]
Tables = Mapping[str, Mapping[str, Any]]


def unzipped(entry: Files, fields: Fields) -> Iterator[Fields]:
    """The record, or one for each index of the parallel lists that `zip` names, with its `$index` from 0.

    Raises:
        Rejected: `unequal_lists`, `empty_list`, `missing_field` or `wrong_type`.
    """
    if not entry.zip:
        yield fields
        return
    lists = {name: look_up(fields, name) for name in entry.zip}
    for name, value in lists.items():
        if not isinstance(value, list):
            raise Rejected("wrong_type", f"field {name!r}: expected a list, found {type(value).__name__}")
    lengths = {name: len(value) for name, value in lists.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name!r} has {length}" for name, length in lengths.items())
        raise Rejected("unequal_lists", f"parallel lists differ in length: {found}")
    if not lengths[entry.zip[0]]:
        raise Rejected("empty_list", f"field {entry.zip[0]!r} holds no item")
    for i, values in enumerate(zip(*lists.values(), strict=True)):
        yield {**fields, **dict(zip(lists, values, strict=True)), "$index": i}


def expand(entry: Files, fields: Fields, tables: Tables) -> Fields:
    """The fields of a record with those that `parse` and `lookups` add.

    Args:
        entry: The description.
        fields: The record.
        tables: Key to value of each lookup, by the field that it goes into.

    Raises:
        Rejected: `unparsed`, `unknown_key`, `missing_field` or `wrong_type`.
    """
    added: dict[str, Any] = {}
    for name, template in entry.parse.items():
        value = look_up(fields, name)
        found = parse(template, value) if isinstance(value, str) else None
        if found is None:
            raise Rejected("unparsed", f"field {name!r} has not the shape of its template")
        added |= found
    lacking: dict[str, str] = {}
    for lookup in entry.lookups:
        if lacking.keys() & set(names(lookup.field)):
            continue  # it would look for what another table did not give
        key = fill(lookup.field, {**fields, **added})
        if key is None or key not in tables[lookup.into]:
            lacking[lookup.into] = lookup.file
        else:
            added[lookup.into] = tables[lookup.into][key]
    if lacking:
        raise Rejected("unknown_key", f"no row for this record in {', '.join(dict.fromkeys(lacking.values()))}")
    return {**fields, **added} if added else fields


def selected(row: Row, fields: Fields) -> bool:
    """Whether the row is made of this record, by its `when`.

    Raises:
        Rejected: `missing_field` or `wrong_type`.
    """
    return all(as_text(look_up(fields, name)) in values for name, values in row.when.items())


def short(rule: str | Fixed | None, fields: Fields) -> str | None:
    """An id, a label or a group as text; null stays null."""
    if rule is None or isinstance(rule, Fixed):
        return rule.text if rule else None
    return fill(rule, fields)


def answer(row: Row, fields: Fields) -> dict[str, Any]:
    """`label`, `unsafe`, `category` and `subcategory` of a row.

    Raises:
        Rejected: `unknown_label` for a value that the description does not name; `contradiction` where `label` and
            `unsafe` say different things; `null_...` or `empty_...` where one side of a comparison is missing, which
            is neither equal nor unequal.
    """
    label = _choose("label", row.label, fields, labels.TASKS.get(row.task or "", ()).__contains__)
    unsafe = _choose("unsafe", row.unsafe, fields, lambda _: False)
    if row.task == "safety":
        if label is not None:
            if unsafe not in (None, labels.is_unsafe(label)):
                raise Rejected("contradiction", f"`label` is {label!r}, but `unsafe` is {str(unsafe).lower()}")
            unsafe = labels.is_unsafe(label)
        elif unsafe:
            label = labels.UNSAFE
    category = _choose("category", row.category, fields, lambda value: value is None or is_category(value, row.task))
    return {
        "label": label,
        "unsafe": unsafe,
        "category": category and category.partition("/")[0],
        "subcategory": category if category and "/" in category else None,
    }


def _choose(role: str, rule: str | bool | Choice | None, fields: Fields, known: Callable[[str | None], bool]) -> Any:
    if not isinstance(rule, Choice):
        return rule
    if rule.equals is not None:
        same = _comparable(role, rule.field, fields) == _comparable(role, rule.equals, fields)
        return rule.then if same else rule.otherwise
    raw = look_up(fields, rule.field)
    if role == "unsafe" and rule.map is None and isinstance(raw, bool):
        return raw
    value = as_text(raw)
    if rule.map is not None and value in rule.map:
        return rule.map[value]
    if rule.map is None and known(value):
        return value
    found = "null" if value is None else f"a text of {len(value)} characters"
    expected = f"{role} of the row's task" if rule.map is None else f"of the {len(rule.map)} values of its table"
    raise Rejected("unknown_label", f"field {rule.field!r} holds {found}, expected one {expected}")


def _comparable(role: str, name: str, fields: Fields) -> str:
    """A value in a form in which 1, 1.0 and "1", and objects whose keys stand in another order, are the same."""
    value = look_up(fields, name)
    if value is None:
        raise Rejected(f"null_{role}", f"field {name!r} is null, so there is nothing to compare")
    if value in ("", [], {}):
        raise Rejected(f"empty_{role}", f"field {name!r} is empty, so there is nothing to compare")
    return json.dumps(_as_texts(value), ensure_ascii=False, sort_keys=True)


def _as_texts(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_texts(item) for item in value]
    if isinstance(value, dict):
        return {key: _as_texts(item) for key, item in value.items()}
    return as_text(int(value) if isinstance(value, float) and value.is_integer() else value)
