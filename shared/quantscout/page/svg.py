"""From a pygal chart to the bare SVG of the page: no script, no style of its own, no date, the same bytes each time.

The page's one style sheet colours every chart by pygal's class names, so that light, dark and print are its matter.
"""

import re
from typing import Any, NamedTuple

import pygal  # type: ignore[import-untyped]
from markupsafe import Markup
from pygal.etree import etree  # type: ignore[import-untyped]
from pygal.style import Style  # type: ignore[import-untyped]

Node = Any
"""An element of the tree: lxml's where it is installed, else the standard library's."""

PAIR = re.compile(r"(-?[\d.]+) (-?[\d.]+)")
LONG_NUMBER = re.compile(r"-?\d+\.\d+")
DROPPED_TAGS = {"defs", "desc", "title", "script", "style"}
DROPPED_CLASSES = {"background", "tooltip-overlay", "titles"}
POINTLESS_CLASSES = re.compile(r"\s*\b(reactive|tooltip-trigger|always_show|centered|nofill|vertical|guides)\b")


class Words(NamedTuple):
    """What a chart is called: its id on the page, and for those who do not see it, title and description."""

    id: str
    title: str
    description: str


def plain(width: int, height: int, font: int = 17) -> dict[str, Any]:
    """Return the options that all charts share. The font's size makes room; what is seen is the style sheet's."""
    colours = ("#000",) * 8
    style = Style(
        label_font_size=font, major_label_font_size=font, font_family="sans-serif", colors=colours, value_colors=colours
    )
    return {
        "width": width, "height": height, "style": style, "js": [], "css": [], "show_legend": False, "margin": 8,
        "spacing": 8, "disable_xml_declaration": True, "no_prefix": True, "show_y_guides": True, "truncate_label": 40,
    }  # fmt: skip


def draw(chart: pygal.Graph, words: Words, across: float | None = None, cap: float = 5) -> Markup:
    """Return the chart as an SVG element; `across` draws a line at this value, `cap` is half of a whisker's end."""

    def finish(root: Node) -> Node:
        if across is not None:
            _add_line(chart, across)
        _strip(root)
        _shorten(root, cap)
        _name(root, words)
        return root

    chart.add_xml_filter(finish)
    return Markup(chart.render())  # noqa: S704 - an XML library has written it, and has escaped every text


def _add_line(chart: pygal.Graph, value: float) -> None:
    """Draw a line across the plot of an upright chart."""
    y = chart.view.y(value)
    chart.svg.node(chart.nodes["overlay"], "path", d=f"M0 {y:f} h{chart.view.width:f}", class_="across")


def _strip(root: Node) -> None:
    """Take out what a script would use, and what the style sheet knows better; keep a bar's value as its title."""
    for parent in list(root.iter()):
        said = [child.text for child in parent if child.get("class") in {"x_label", "value"} and child.tag == "desc"]
        for child in list(parent):
            if _is_dropped(child):
                parent.remove(child)
        if said:
            etree.SubElement(parent, "title").text = ": ".join(said[::-1])
        for key in ("d", "x", "y", "cx", "cy", "width", "height", "transform"):
            if key in parent.attrib:
                parent.attrib[key] = LONG_NUMBER.sub(lambda number: f"{float(number[0]):.1f}", parent.attrib[key])
        _simplify_class(parent)


def _is_dropped(node: Node) -> bool:
    is_comment = not isinstance(node.tag, str)
    classes = set(node.get("class", "").split())
    return is_comment or node.tag in DROPPED_TAGS or bool(classes & DROPPED_CLASSES)


def _simplify_class(node: Node) -> None:
    classes = POINTLESS_CLASSES.sub("", node.get("class", "")).strip()
    if classes:
        node.set("class", classes)
    else:
        node.attrib.pop("class", None)


def _shorten(root: Node, cap: float) -> None:
    """Set the half width of the whiskers' ends: pygal's is 7 for bars of any width."""
    for group in (node for node in root.iter("g") if node.get("class") == "ci"):
        path = group[0]
        points = [(float(x), float(y)) for x, y in PAIR.findall(path.get("d"))]
        (left, top), (right, bottom) = points[0], points[5]
        across, along = (0.0, cap) if left != right else (cap, 0.0)
        ends = ((left, top), (right, bottom))
        parts = [f"M{x - across:.1f} {y - along:.1f} L{x + across:.1f} {y + along:.1f}" for x, y in ends if cap]
        path.set("d", " ".join([f"M{left:.1f} {top:.1f} L{right:.1f} {bottom:.1f}", *parts]))


def _name(root: Node, words: Words) -> None:
    """Give the chart its id, and its title and description to those who do not see it."""
    root.set("id", words.id)
    root.set("role", "img")
    root.set("aria-labelledby", f"{words.id}-title {words.id}-desc")
    for place, (tag, text) in enumerate((("title", words.title), ("desc", words.description))):
        node = etree.Element(tag, {"id": f"{words.id}-{tag}"})
        node.text = text
        root.insert(place, node)
