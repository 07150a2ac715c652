"""Settings and descriptions in YAML, and what to say where one does not keep to its shape."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

Shape = TypeVar("Shape", bound=BaseModel)
BRANCHES = {"str", "int", "float", "bool"}
SAID = {
    "missing": "is missing",
    "too_short": "is empty; expected one or more",
    "model_type": "expected keys and values",
    "model_attributes_type": "expected keys and values",
    "dict_type": "expected keys and values",
    "string_type": "expected text (a number or a date needs quotes)",
}
LISTS = ("tuple_type", "list_type")


class _Wrong(NamedTuple):
    place: tuple[str, ...]  # as a reader of the file sees it
    union: tuple[str, ...] | None  # where several shapes were tried: the place of the value
    branch: str  # and which of them this is about
    model: type[BaseModel]  # whose keys stand at the place
    error: Any


def read(path: Path, shape: type[Shape]) -> Shape:
    """Read a YAML file into its shape.

    Raises:
        ValueError: If it is empty, no YAML mapping, or holds a key or value that is not valid; the message names the
            file, then one line for each thing to mend.
    """
    import yaml

    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), _loader())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no YAML: {error}") from None
    except RecursionError:
        raise ValueError(f"{path} is no YAML: it is nested too deep") from None
    except ValueError as error:  # a key that stands twice, a date that is none
        raise ValueError(f"{path}: {error}") from None
    if raw is None:
        raise ValueError(f"{path} is empty")
    if not isinstance(raw, dict):
        raise ValueError(f"{path}: expected keys and values, found {type(raw).__name__}")
    try:
        return shape.model_validate(raw)
    except ValidationError as error:
        lines = explain(shape, error)
    raise ValueError("\n".join([f"{path}:", *(f"  {line}" for line in lines)]))


def _loader() -> Any:
    """The loader of PyYAML, but for keys that stand twice, of which it would keep the last."""
    import yaml

    # libyaml where PyYAML was built with it: ten times as fast
    fast: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(fast):  # type: ignore[misc]
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            lines: dict[str, int] = {}
            for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
                if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                    line = key.start_mark.line + 1
                    if key.value in lines:
                        raise ValueError(f"line {line}: key {key.value!r} stands in line {lines[key.value]} already")
                    lines[key.value] = line
            return super().construct_mapping(node, deep)

    return Loader


def nearest(name: str, among: Iterable[str]) -> str | None:
    """The name that was probably meant; None where none is near."""
    return next(iter(get_close_matches(name, list(among), n=1, cutoff=0.6)), None)


def explain(shape: type[BaseModel], error: ValidationError) -> list[str]:
    """What to mend, one line each: where, what, and which key was probably meant.

    What only follows from another error (a key that is missing since its name is misspelt, a list that is empty since
    its items are not valid, the shapes of a value that were tried in vain) is left out.
    """
    wrong = _meant([_placed(shape, item) for item in error.errors()])
    unknown = {one.place: nearest(one.place[-1], _keys(one.model)) for one in wrong if _is_unknown(one)}
    meant = {(*place[:-1], near) for place, near in unknown.items() if near}
    lines: dict[str, None] = {}  # a set that keeps the order
    strange: dict[tuple[str, ...], list[_Wrong]] = {}
    for one in wrong:
        deeper = any(len(other.place) > len(one.place) and _begins(other.place, one.place) for other in wrong)
        if _is_unknown(one):
            near = unknown[one.place]
            if near:
                lines[f"{'.'.join(one.place)}: unknown key; did you mean {near}?"] = None
            else:
                strange.setdefault(one.place[:-1], []).append(one)
        elif not (one.error["type"] == "too_short" and deeper) and not (
            one.error["type"] == "missing" and one.place in meant
        ):
            lines[": ".join(filter(None, [".".join(one.place), _said(one.error)]))] = None
    for ones in strange.values():
        keys = ", ".join(".".join(one.place) for one in ones)
        lines[f"{keys}: unknown key{'s' * (len(ones) > 1)}; valid keys: {', '.join(_keys(ones[0].model))}"] = None
    return list(lines)


def _said(error: Mapping[str, Any]) -> str:
    kind, given = error["type"], error["input"]
    if kind in LISTS:
        return f"expected a list, such as [{given if isinstance(given, str) else 'a, b'}]"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    return SAID.get(kind) or str(error["msg"]).replace("Input should be", "must be").replace(
        "String should match pattern", "must match the pattern"
    )


def _is_unknown(one: _Wrong) -> bool:
    return bool(one.error["type"] == "extra_forbidden")


def _begins(place: Sequence[str], start: Sequence[str]) -> bool:
    return tuple(place[: len(start)]) == tuple(start)


def _meant(wrong: list[_Wrong]) -> list[_Wrong]:
    """Where several shapes were tried, the errors of the one that came nearest: the deepest, then the fewest."""
    kept = []
    for one in wrong:
        if one.union is not None:
            tried: dict[str, list[_Wrong]] = {}
            for other in wrong:
                if other.union == one.union:
                    tried.setdefault(other.branch, []).append(other)
            depth = {name: max(len(other.place) for other in others) for name, others in tried.items()}
            if one.branch != min(tried, key=lambda name: (-depth[name], len(tried[name]))):
                continue
        kept.append(one)
    return kept


def _placed(model: type[BaseModel], error: Any) -> _Wrong:
    """Follow the place of an error through the models: which names in it are keys, and which are shapes."""
    place: list[str] = []
    inner: dict[str, type[BaseModel]] = {}
    union: tuple[str, ...] | None = None
    branch, branches = "", False
    for part in error["loc"]:
        shape = (
            str(part).rstrip("]").rpartition(" ")[2]
        )  # a model with a validator is `function-after[its_name(), Model]`
        if branches and (shape in inner or shape in BRANCHES):
            union, branch, branches = tuple(place), shape, False
            model = inner.get(shape, model)
            continue
        if (field := _fields(model).get(str(part))) is not None and not isinstance(part, int):
            inner = {found.__name__: found for found in _models(field.annotation)}
            branches = _is_union(field.annotation)
            model = next(iter(inner.values()), model) if not branches else model
        place.append(str(part))
    return _Wrong(tuple(place), union, branch, model, error)


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _keys(model: type[BaseModel]) -> list[str]:
    return list(_fields(model))


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models(part)]


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType) and len(set(get_args(annotation)) - {type(None)}) > 1
