"""Makes matplotlib's SVG small: the same picture with half the elements, which determine the time for a PDF."""

from __future__ import annotations

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
HREF = f"{{{XLINK}}}href"
BARE = ("defs", "clipPath", "metadata", "style")
"""Kinds of elements that are not drawn by themselves."""
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_NO_TURN = re.compile(r"rotate\(-?0 [^)]*\)")
_EVERYWHERE = {"stroke-linejoin": "round", "stroke-linecap": "butt"}
"""Attributes that matplotlib's style sheet gives every element."""


def slim(svg: str) -> str:
    """The drawing without groups, style sheets and references that only cost time; to a hundredth of a point."""
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    root = ElementTree.fromstring(svg)
    shapes = {e.get("id"): e for defs in root.iter(f"{{{SVG}}}defs") for e in defs if _kind(e) == "path"}
    family = next((found for e in root.iter() if (found := _styles(e).get("font-family"))), None)
    clips = [e for e in root.iter() if _kind(e) == "clipPath"]
    drawing = Element(f"{{{SVG}}}g", _EVERYWHERE | ({"font-family": family} if family else {}))
    drawing.extend(_drawn(root, shapes, family))
    attributes = {name: value for name, value in root.attrib.items() if name != "version"}
    small = Element(root.tag, attributes)
    defs = ElementTree.SubElement(small, f"{{{SVG}}}defs")
    for clip in clips:
        within = ElementTree.SubElement(defs, clip.tag, clip.attrib)
        within.extend(_shape(shape, shapes, family) for shape in clip)
    small.append(drawing)
    return ElementTree.tostring(small, encoding="unicode")


def _kind(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _styles(element: Element) -> dict[str, str]:
    """The declarations of an element's style attribute."""
    pairs = (entry.partition(":") for entry in element.get("style", "").split(";") if entry.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _drawn(parent: Element, shapes: dict[str | None, Element], family: str | None) -> list[Element]:
    """Return what is drawn within an element, flat where its groups change nothing."""
    found = []
    for child in parent:
        if _kind(child) in BARE:
            continue
        if _kind(child) != "g":
            found.append(_shape(child, shapes, family))
            continue
        inner = _drawn(child, shapes, family)
        attributes = {k: v for k, v in child.attrib.items() if k != "id"}
        if attributes and inner:
            group = Element(child.tag, attributes)
            group.extend(inner)
            found.append(group)
        else:
            found += inner
    return found


def _shape(element: Element, shapes: dict[str | None, Element], family: str | None) -> Element:
    """An element whose styles are attributes; a mark that is used somewhere is drawn there."""
    style = _styles(element)
    if style.get("font-family") == family:
        style.pop("font-family", None)
    attributes = {k: v for k, v in element.attrib.items() if k != "style"} | style
    if _NO_TURN.fullmatch(attributes.get("transform", "")):
        del attributes["transform"]
    used = shapes.get(attributes.get(HREF, "").removeprefix("#")) if _kind(element) == "use" else None
    if used is None:
        drawn = Element(element.tag, attributes)
        drawn.text = element.text
        drawn.extend(_shape(child, shapes, family) for child in element)
    else:
        at = f"translate({attributes.pop('x', '0')} {attributes.pop('y', '0')})"
        del attributes[HREF]
        drawn = Element(used.tag, {**attributes, **_styles(used), "d": used.get("d", ""), "transform": at})
    _round(drawn)
    return drawn


def _round(element: Element) -> None:
    """Numbers to a hundredth, on one line."""
    for name in ("d", "x", "y", "width", "height", "transform"):
        if name in element.attrib:
            text = " ".join(element.attrib[name].split())
            element.set(name, _NUMBER.sub(lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), text))
