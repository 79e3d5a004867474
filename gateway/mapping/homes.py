"""From a line of the result to the row (csv) or line element (xml) of the source that it was made of. Pure.

The values that came to one line of the result and to no other tell where it is from: the nearest of them decide.
Without any, the line's number does, then its place when there are as many lines as rows.
"""

from __future__ import annotations

from collections import Counter

from lxml import etree

from gateway.mapping.mapping import Mapping
from gateway.mapping.marking import Marks
from gateway.mapping.slots import Slot, row_of
from gateway.mapping.targets import line_of, lines_of
from gateway.mapping.trials import content, counterpart
from gateway.mapping.xml_paths import elements, texts


class Homes:
    """Rows or line elements of one canonical tree, and which of them a place of the result belongs to."""

    def __init__(self, tree: etree._Element, mapping: Mapping) -> None:
        self._mapping = mapping
        self.whole: etree._Element | None = None
        if mapping.format == "csv":
            self.all = [one for one in tree.iterdescendants(etree.Element) if one.get("n") is not None]
            self.whole = self.all[0] if self.all else None
            self._numbers = [_cell(row, mapping.csv.line_number) for row in self.all]
        else:
            self.whole = order = tree[-1] if len(tree) else tree
            found = [(lines, one) for lines in mapping.paths.lines for one in elements(lines.path, order)]
            self.all = [one for _lines, one in found]
            self._numbers = [_first(lines.number, one) for lines, one in found]
        self._known = set(self.all)
        self._marked: etree._Element | None = None

    def learn(self, marked: etree._Element, marks: Marks, slots: list[Slot]) -> None:
        """Take in a result of marked values, of the same shape as the one at fault."""
        self._marked, self._marks, self._slots = marked, marks, slots
        lines = lines_of(marked)
        in_lines = Counter(number for line in lines for number in marks.owners(content(line)))
        self._own = {number for number, count in in_lines.items() if count == 1}

    def of_slot(self, slot: Slot) -> etree._Element | None:
        """Return the row or line element that a value stands in; None for a value of the whole order."""
        if self._mapping.format == "csv":
            return row_of(slot.holder)
        at: etree._Element | None = slot.holder
        while at is not None and at not in self._known:
            at = at.getparent()
        return at

    def of(self, element: etree._Element) -> etree._Element | None:
        """Return the home of a place of the result: the first row or the order element for what is of no line.

        None where it cannot be told.
        """
        line = line_of(element)
        if line is None:
            return self.whole
        home = self._by_marks(element)
        return home if home is not None else self._by_number(line)

    def _by_marks(self, element: etree._Element) -> etree._Element | None:
        at = counterpart(element, self._marked) if self._marked is not None else None
        while at is not None and line_of(at) is not None:
            own = Counter[etree._Element]()
            for number, weight in self._marks.owners(content(at)).items():
                home = self.of_slot(self._slots[number]) if number in self._own else None
                if home is not None:
                    own[home] += weight
            if own:
                return own.most_common(1)[0][0]
            at = at.getparent()
        return None

    def _by_number(self, line: etree._Element) -> etree._Element | None:
        lines = lines_of(line.getroottree().getroot())
        number = (line.findtext("{*}LineItem/{*}ID") or line.findtext("{*}ID") or "").strip()
        if number and self._numbers.count(number) == 1:
            return self.all[self._numbers.index(number)]
        return self.all[lines.index(line)] if len(lines) == len(self.all) else None


def _cell(row: etree._Element, name: str | None) -> str:
    return (row.findtext(name) or "").strip() if name else ""


def _first(path: etree.XPath | None, line: etree._Element) -> str:
    return next((one.text for one in texts(path, line) if one.text), "") if path is not None else ""
