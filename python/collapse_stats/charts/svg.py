"""A chart as SVG inside a page, whose style sheet gives the colours."""

import io
import re
from xml.etree import ElementTree

from ..report.json_object import Json
from .canvas import new_figure, style
from .catalogue import Chart
from .palette import LIGHT

_UNUSED = ("metadata", "style")  # have addresses, and rules that would hold for the whole page
_NUMBERS = ("d", "x", "y", "transform")  # attributes with more decimals than can be seen
_LONG = re.compile(r"-?\d+\.\d{3,}")
_FONT = re.compile(r"font-family: [^;]*(; )?")


def chart_svg(chart: Chart, report: Json) -> str:
    """Return a chart as an ``svg`` element, whose text stays text.

    Colours are variables such as ``var(--baseline)``, named as in `palette`.
    """
    with style():
        figure = new_figure()
        chart.draw(figure, report)
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return inlined(file.getvalue(), chart.kind, chart.caption(report))


def inlined(text: str, name: str, label: str) -> str:
    """Return what matplotlib wrote as an element of a page: without name spaces, and small.

    Parameters
    ----------
    name
        Begins the ids, which a page may have once only.
    label
        What a screen reader says.
    """
    root = ElementTree.fromstring(text)
    _drop_empty(root)
    used = {*re.findall(r"(?:href=\"|url\()#([\w.-]+)", text)}
    for element in root.iter():
        element.tag = _local(element.tag)
        if element.tag != "text" and not (element.text or "").strip():
            element.text = None
        element.tail = None
        attributes = {_local(key): value for key, value in element.attrib.items()}
        element.attrib.clear()
        for key, value in attributes.items():
            if (key != "id" or value in used) and not value.startswith("rotate(-0 "):
                element.set(key, _translated(key, value, name))
    for group in [*root.iter("g")]:
        _hoist(group)
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": label}
    return ElementTree.tostring(root, encoding="unicode")


def _drop_empty(element: ElementTree.Element) -> None:
    """Drop groups that hold nothing, and what is of no use on a page."""
    for child in [*element]:
        _drop_empty(child)
        is_empty = _local(child.tag) in ("g", "defs") and not len(child)
        if is_empty or _local(child.tag) in _UNUSED:
            element.remove(child)


def _hoist(group: ElementTree.Element) -> None:
    """Say once for a group what all elements in it say."""
    for key in ("style", "clip-path"):
        values = {child.get(key) for child in group}
        if len(group) > 1 and len(values) == 1 and None not in values and key not in group.attrib:
            group.set(key, values.pop() or "")
            for child in group:
                del child.attrib[key]


def _translated(key: str, value: str, name: str) -> str:
    """Return the value of an attribute for a page."""
    if key == "id":
        return f"{name}-{value}"
    if key in _NUMBERS:
        return _LONG.sub(lambda found: f"{float(found[0]):.2f}", " ".join(value.split()))
    if key == "style":
        value = _FONT.sub("", value)
        for role, color in LIGHT.items():
            value = value.replace(color, f"var(--{role})")
    return re.sub(r"^#|(?<=url\()#", f"#{name}-", value)


def _local(name: str) -> str:
    return name.rpartition("}")[2]
