"""Declared paths, compiled once, and what they find in a document: texts, each with its element and line. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from typing import Any, NamedTuple

from lxml import etree

from gateway.mapping.declaration import XmlField, XmlFormat, XmlKind, XmlLines
from gateway.mapping.values import Check, compile_check


class Found(NamedTuple):
    """One value and the element that holds it; attributes name theirs."""

    text: str
    element: etree._Element | None
    attribute: str | None = None


@dataclass(frozen=True, slots=True)
class CompiledLines:
    """Where lines are, and their number."""

    declared: XmlLines
    path: etree.XPath
    number: etree.XPath | None


@dataclass(frozen=True, slots=True)
class CompiledField:
    """A value to check, its path and its check."""

    declared: XmlField
    path: etree.XPath
    check: Check
    optional: bool  # it may be absent

    def is_sound(self, start: etree._Element) -> bool:
        """Tell whether nothing is wrong at this place. Nearly always so, and quicker told than what is wrong where."""
        found: Any = self.path(start)
        if not isinstance(found, list):
            return all(self.check(one.text).fault is None for one in texts(self.path, start))
        if not found:
            return self.optional
        return all(self.check(_whole_text(one)).fault is None for one in found)


class CompiledPaths:
    """All paths of an XML mapping."""

    def __init__(self, form: XmlFormat) -> None:
        spaces = form.namespaces
        self.form = form
        self.split = tuple(_path(one, spaces) for one in form.split_paths)
        self.roots = tuple(_path(_first_step(one), spaces) for one in form.split_paths)
        self.order_number = _path(form.order_number, spaces)
        self.revision = _path(form.revision, spaces) if form.revision else None
        has_path = isinstance(form.kind, XmlKind) and form.kind.path is not None
        self.kind = _path(str(form.kind.path), spaces) if has_path and isinstance(form.kind, XmlKind) else None
        self.envelope = tuple(_path(one, spaces) for one in form.envelope)
        self.lines = tuple(
            CompiledLines(one, _path(one.path, spaces), _path(one.number, spaces) if one.number else None)
            for one in form.lines
        )
        fields = [(one, _path(one.path, spaces), compile_check(one, form)) for one in form.fields]
        compiled = [CompiledField(one, path, check, check("").fault is None) for one, path, check in fields]
        self.order_fields = tuple(one for one in compiled if one.declared.of == "order")
        self.line_fields = tuple(one for one in compiled if one.declared.of == "line")


def _path(path: str, spaces: Dictionary[str, str]) -> etree.XPath:
    return etree.XPath(path, namespaces=dict(spaces) or None, smart_strings=True)


def _first_step(path: str) -> str:
    return "/" + re.split(r"[/\[]", path.removeprefix("/"), maxsplit=1)[0]


def elements(path: etree.XPath, start: etree._Element) -> list[etree._Element]:
    """Return the elements at a path."""
    found = path(start)
    return [one for one in found if isinstance(one, etree._Element)] if isinstance(found, list) else []


def texts(path: etree.XPath, start: etree._Element) -> list[Found]:
    """Return the texts at a path, blanks around them aside: of elements, attributes, or what a function gives."""
    found: Any = path(start)
    if isinstance(found, list):
        return [_text(one) for one in found]
    if isinstance(found, bool):
        return [Found(str(found).lower(), start)]
    if isinstance(found, float):
        return [Found(str(int(found)) if found.is_integer() else repr(found), start)]
    return [Found(str(found).strip(), start)] if str(found).strip() else []


def _whole_text(one: Any) -> str:
    """Return the text of an element, or of what else a path gives, without the blanks around it."""
    if isinstance(one, etree._Element):
        text = one.text or "" if not len(one) else "".join(str(part) for part in one.itertext())
        return text.strip()
    return str(one).strip()


def _text(one: Any) -> Found:
    if isinstance(one, etree._Element):
        return Found(_whole_text(one), one)
    parent = one.getparent() if hasattr(one, "getparent") else None
    name = one.attrname if getattr(one, "is_attribute", False) else None
    return Found(str(one).strip(), parent, etree.QName(name).localname if name else None)


def place(element: etree._Element, attribute: str | None = None) -> str:
    """Return a path for people: local names, numbered where there are several: /Orders/Order[2]/Date."""
    parts: list[str] = []
    at: etree._Element | None = element
    while at is not None:
        parts.append(_step(at))
        at = at.getparent()
    path = "/" + "/".join(reversed(parts))
    return f"{path}/@{attribute}" if attribute else path


def _step(element: etree._Element) -> str:
    name = etree.QName(element).localname
    parent = element.getparent()
    if parent is None:
        return name
    same = [one for one in parent if one.tag == element.tag]
    return f"{name}[{same.index(element) + 1}]" if len(same) > 1 else name
