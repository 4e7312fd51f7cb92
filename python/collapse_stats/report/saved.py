"""Reports that were saved as JSON, read again and checked against the schema."""

import json
import math
import re
from typing import Any

from ..errors import InputError
from .contents.trajectory import keys_of
from .figures import schema
from .json_object import Json
from .json_schema import SCHEMA

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}


def read_report(data: bytes, name: str) -> Json:
    """Return a report from the bytes of a file, checked as by `checked_report`."""
    try:
        report = json.loads(data, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} is not JSON ({error}): give what --json printed") from error
    return checked_report(report, name)


def checked_report(report: Any, name: str) -> Json:
    """Return a report, if it is one.

    Raises
    ------
    InputError
        It is no report of this version, or something in it is not as the schema says; the message
        says where.
    """
    kind = report.get("schema") if isinstance(report, dict) else None
    if kind != SCHEMA:
        found = f"of the schema {kind!r}" if kind else "something else"
        raise InputError(
            f"{name} is {found}, expected a report ({SCHEMA}): make one with `collapse-stats "
            "compare ... --json -o report.json`"
        )
    rules = schema()
    wrong = _wrong(report, rules, rules["$defs"], "report") or _disagrees(report)
    if wrong:
        raise InputError(f"{name} was changed or cut: {wrong}; make the report again")
    return report  # type: ignore[no-any-return]


def _refused(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")


def _wrong(value: Any, rule: Json, definitions: Json, place: str) -> str | None:
    """Say what is not as a rule of the schema says, None if all is."""
    if "$ref" in rule:
        named = definitions[rule["$ref"].rpartition("/")[2]]
        wrong = _wrong(value, named, definitions, place)
        if wrong:
            return wrong
    wrong = _wrong_value(value, rule)
    if wrong:
        return f"{place} must {wrong}"
    if isinstance(value, list) and "items" in rule:
        parts = [(f"{place}[{i}]", part, rule["items"]) for i, part in enumerate(value)]
    elif isinstance(value, dict):
        missing = [key for key in rule.get("required", ()) if key not in value]
        if missing:
            return f"{place} has no {missing[0]}"
        others = rule.get("additionalProperties")
        inner = rule.get("properties", {})
        if others is False and not {*value} <= {*inner}:
            return f"{place} has the unknown key {min({*value} - {*inner})!r}"
        named_rules = [(key, inner.get(key, others)) for key in value]
        parts = [(f"{place}.{k}", value[k], r) for k, r in named_rules if isinstance(r, dict)]
    else:
        parts = []
    found = (_wrong(part, rule, definitions, where) for where, part, rule in parts)
    return next(filter(None, found), None)


def _wrong_value(value: Any, rule: Json) -> str | None:
    """Say what a value must be that it is not, its parts aside."""
    types = rule.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(_is(value, each) for each in types):
        return f"be {' or '.join(types)}, got {type(value).__name__}"
    if "const" in rule and value != rule["const"]:
        return f"be {rule['const']!r}"
    if "enum" in rule and value not in rule["enum"]:
        return f"be one of {rule['enum']}"
    if isinstance(value, str) and not re.search(rule.get("pattern", ""), value):
        return f"match {rule['pattern']}"
    if isinstance(value, list) and len(value) < rule.get("minItems", 0):
        return f"have {rule['minItems']} items or more"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value) or abs(value) > 1e300:
            return "be a finite number"
        if not rule.get("minimum", -math.inf) <= value <= rule.get("maximum", math.inf):
            return f"be in {rule.get('minimum', '')}..{rule.get('maximum', '')}"
        if value <= rule.get("exclusiveMinimum", -math.inf):
            return f"be above {rule['exclusiveMinimum']}"
    return None


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _trajectory_disagrees(report: Json) -> str | None:
    """Say what of a trajectory does not belong to the comparisons, None if all does."""
    trajectory, comparisons = report.get("trajectory"), report["comparisons"]
    if trajectory is None:
        return None
    names = [
        each["candidate"] for each in comparisons if each["baseline"] == trajectory["baseline"]
    ]
    if not comparisons or trajectory["baseline"] != comparisons[0]["baseline"]:
        return "the trajectory has another baseline"
    if trajectory["names"] != names:
        return "the steps of the trajectory are not the candidates"
    orders = range(1, len(comparisons[0]["orders"]) + 1)
    for part, keys in keys_of(orders).items():
        if {*trajectory[part]} != {*keys}:
            return f"the trajectory does not have each of its {part} at each order"
    known = {None, *trajectory["steps"]}
    if any(each["onset"] not in known for each in trajectory["figures"].values()):
        return "an onset of the trajectory is none of its steps"
    shown = [*trajectory["figures"].values(), *trajectory["moved"].values()]
    columns = [trajectory["steps"], *(each[key] for each in shown for key in ("values", "errors"))]
    bands = trajectory["shrinkage"]["bands"]
    columns += [each[key] for each in bands for key in ("bits", "retained")]
    if {len(column) for column in columns} != {len(names)}:
        return "the trajectory does not have a value for each step"
    return None


def _disagrees(report: Json) -> str | None:
    """Say what does not belong together, None if all does."""
    corpora, comparisons = report["corpora"], report["comparisons"]
    if not corpora:
        return "report.corpora is empty"
    known = {corpus["name"] for corpus in corpora}
    orders = {str(n) for n in range(1, len(corpora[0]["orders"]) + 1)}
    if not orders or any({*part["orders"]} != orders for part in [*corpora, *comparisons]):
        return "the orders are not 1, 2, 3 ... everywhere"
    for comparison in comparisons:
        lacking = {comparison["baseline"], comparison["candidate"]} - known
        if lacking:
            return f"report.corpora has no {min(lacking)!r}"
    if comparisons and comparisons[0]["baseline"] != corpora[0]["name"]:
        return "the first of report.corpora is not the baseline"
    wrong = _trajectory_disagrees(report)
    if wrong:
        return wrong
    for corpus in corpora:
        for curves in corpus.get("curves", {}).values():
            for curve in curves.values():
                if len({len(values) for values in curve.values()}) != 1:
                    return f"the curves of {corpus['name']!r} have values without a partner"
    return None
