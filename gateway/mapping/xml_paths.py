"""Declared paths, compiled once, and what they find in a document: texts, each with its element and line. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from typing import Any, NamedTuple

from lxml import etree

from gateway.mapping.declaration import XmlField, XmlFormat, XmlKind, XmlLines, XmlRefusal
from gateway.mapping.gaps import Steps, plain_paths
from gateway.mapping.values import Check, compile_check
from gateway.model import MessageKind


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
    when: etree.XPath | None = None
    steps: tuple[Steps, ...] = ()  # the path again, as far as it is of plain steps

    def is_sound(self, start: etree._Element) -> bool:
        """Tell whether nothing is wrong at this place. Nearly always so, and quicker told than what is wrong where."""
        if self.when is not None and not self.when(start):
            return True
        found: Any = self.path(start)
        if not isinstance(found, list):
            return all(self.check(one.text).fault is None for one in texts(self.path, start))
        if not found:
            return self.optional
        return all(self.check(_whole_text(one)).fault is None for one in found)


@dataclass(frozen=True, slots=True)
class CompiledRefusal:
    """What a mapping does not take."""

    declared: XmlRefusal
    path: etree.XPath
    when: etree.XPath | None


@dataclass(frozen=True, slots=True)
class CompiledTest:
    """A test that tells the kind of an order: the kind is so when the path finds something."""

    path: etree.XPath
    kind: MessageKind


class CompiledPaths:
    """All paths of an XML mapping."""

    def __init__(self, form: XmlFormat) -> None:
        spaces = form.namespaces
        self.form = form
        self.split = tuple(_path(one, spaces) for one in form.split_paths)
        self.roots = tuple(_path(_first_step(one), spaces) for one in form.split_paths)
        self.order_number = _path(form.order_number, spaces)
        self.revision = _path(form.revision, spaces) if form.revision else None
        kind = form.kind if isinstance(form.kind, XmlKind) else XmlKind()
        self.kind = _path(kind.path, spaces) if kind.path is not None else None
        self.kind_tests = tuple(CompiledTest(_test(one, spaces), is_so) for one, is_so in (kind.when or {}).items())
        self.envelope = tuple(_path(one, spaces) for one in form.envelope)
        self.lines = tuple(
            CompiledLines(one, _path(one.path, spaces), _path(one.number, spaces) if one.number else None)
            for one in form.lines
        )
        compiled = [_field(one, form) for one in form.fields]
        self.order_fields = tuple(one for one in compiled if one.declared.of == "order")
        self.line_fields = tuple(one for one in compiled if one.declared.of == "line")
        refusals = [
            CompiledRefusal(one, _path(one.path, spaces), _test(one.when, spaces) if one.when is not None else None)
            for one in form.refuse
        ]
        self.file_refusals = tuple(one for one in refusals if one.declared.of == "file")
        self.order_refusals = tuple(one for one in refusals if one.declared.of == "order")
        self.line_refusals = tuple(one for one in refusals if one.declared.of == "line")


def _field(declared: XmlField, form: XmlFormat) -> CompiledField:
    check = compile_check(declared, form)
    when = _test(declared.when, form.namespaces) if declared.when is not None else None
    steps = tuple(plain_paths(declared.path, form.namespaces))
    return CompiledField(declared, _path(declared.path, form.namespaces), check, check("").fault is None, when, steps)


def _path(path: str, spaces: Dictionary[str, str]) -> etree.XPath:
    return etree.XPath(path, namespaces=dict(spaces) or None, smart_strings=True)


def _test(path: str, spaces: Dictionary[str, str]) -> etree.XPath:
    return _path(f"boolean({path})", spaces)


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


def met(path: etree.XPath, start: etree._Element) -> list[Found]:
    """Return what a path finds; where it is a test, the element it started from, or nothing."""
    found: Any = path(start)
    if isinstance(found, list):
        return [_text(one) for one in found]
    return [Found("", start)] if found else []


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
