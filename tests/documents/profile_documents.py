"""Documents made from our own schemas: random ones that should be valid, and the same with something done to them.

The maker reads the XSD files themselves, so it makes whatever they allow, also when somebody changes them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from lxml import etree

XS = "{http://www.w3.org/2001/XMLSchema}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
TYPES = "urn:gateway:jakamo-profile:types"
DEEPEST = 9

ODD = [
    *"0|-0|+1|1.|.5|1e3|NaN|INF|-4|007|1,5|2026-11-03|2026-02-30|2026-11-03Z|02026-11-03|12:00:00|24:00:00".split("|"),
    *"25:00:00|12:00|true|1|TRUE|EUR|eur|EURO|FI|fi|2.1|2.0|Jakamo|jakamo|text|a b|ä|VFUz|AAA=".split("|"),
    *("", " ", " 2.1 ", "\u00a0", "x" * 35, "x" * 36, "a\tb", "\n"),
]
VALUES: dict[str, list[str]] = {
    "Version": ["2.1"],
    "Customization": ["Jakamo"],
    "Identifier": ["10", "A-4711", "x" * 60, "ä ö"],
    "ShortIdentifier": ["PO-1", "x" * 35],
    "Code": ["ZZZ", "48"],
    "Currency": ["EUR", "SEK"],
    "CountryCode": ["FI", "DE"],
    "Text": ["Bolt", "two\nlines", "  blanks around  "],
    "Date": ["2026-11-03", "2024-02-29"],
    "Time": ["10:15:00", "10:15:00.5+02:00"],
    "Indicator": ["true", "false", "1", "0"],
    "Numeric": ["0.05", "-1", "12"],
    "Amount": ["0.00", "12.345", "-3", "+1.50"],
    "Quantity": ["0", "2.5", "-1"],
    "NotNegativeQuantity": ["0", "2.5", "100"],
    "PositiveQuantity": ["1", "0.001"],
    "Measure": ["30", "1.5"],
    "BinaryObject": ["VGVzdA=="],
}
UNKNOWN_TYPE = ["anything", "1"]


class Maker:
    """Makes documents of one root element from a folder of schemas."""

    def __init__(self, folder: Path, root: str) -> None:
        self._schemas: dict[str, etree._Element] = {}
        self._load(folder / f"{root}.xsd")
        self.namespace = next(iter(self._schemas))
        self.root = root
        self.elements = self._all("element")
        self.groups = self._all("group")
        self.types = self._all("complexType")
        self.names = sorted(self.elements)
        self.typed = self._named_types()

    def _load(self, path: Path) -> None:
        schema = etree.parse(str(path)).getroot()
        self._schemas[schema.get("targetNamespace", "")] = schema
        for one in schema.findall(f"{XS}import"):
            if one.get("namespace") not in self._schemas:
                self._load(path.parent / str(one.get("schemaLocation")))

    def _all(self, kind: str) -> dict[str, etree._Element]:
        return {
            f"{{{space}}}{one.get('name')}": one
            for space, schema in self._schemas.items()
            for one in schema.findall(f"{XS}{kind}")
        }

    def _named_types(self) -> dict[str, str]:
        """Return which elements have a type with a name, and which: a document may name it too."""
        return {
            f"{{{space}}}{one.get('name')}": self._resolve(one, str(one.get("type")))
            for space, schema in self._schemas.items()
            for one in schema.iter(f"{XS}element")
            if one.get("name") and one.get("type")
        }

    def document(self, chance: random.Random) -> etree._Element:
        """Return a random document that the schemas should accept."""
        name = f"{{{self.namespace}}}{self.root}"
        root = etree.Element(name)
        self._fill(root, self.elements[name], chance, 0)
        self._number_lines(root)
        return root

    def whole(self) -> etree._Element:
        """Return a document in which everything that may be there is there, once or twice."""
        return self.document(_Everything())

    @staticmethod
    def _number_lines(root: etree._Element) -> None:
        for count, line in enumerate(root.findall("{*}OrderLine/{*}LineItem/{*}ID")):
            line.text = str(count)

    def _fill(self, element: etree._Element, declared: etree._Element, chance: random.Random, depth: int) -> None:
        inline = declared.find(f"{XS}complexType")
        type_name = declared.get("type")
        if inline is None and type_name is not None:
            inline = self.types[self._resolve(declared, type_name)]
        assert inline is not None, declared.get("name")
        simple = inline.find(f"{XS}simpleContent/{XS}extension")
        if simple is not None:
            self._value(element, self._resolve(simple, str(simple.get("base"))), chance)
            return
        for particle in inline:
            self._particle(element, particle, chance, depth)

    def _resolve(self, at: etree._Element, name: str) -> str:
        prefix, _, local = name.rpartition(":")
        return f"{{{at.nsmap[prefix or None]}}}{local}"

    def _particle(self, parent: etree._Element, particle: etree._Element, chance: random.Random, depth: int) -> None:
        low = int(particle.get("minOccurs", "1"))
        many = particle.get("maxOccurs", "1") == "unbounded"
        count = low
        if depth < DEEPEST and chance.random() < (0.5 if depth < 2 else 0.25):
            count = max(low, chance.choice([1, 2]) if many else 1)
        for _ in range(count):
            self._once(parent, particle, chance, depth)

    def _once(self, parent: etree._Element, particle: etree._Element, chance: random.Random, depth: int) -> None:
        kind = str(particle.tag).removeprefix(XS)
        if kind == "sequence":
            for one in particle:
                self._particle(parent, one, chance, depth)
        elif kind == "choice":
            options = [one for one in particle if one.tag != f"{XS}annotation"]
            self._particle(parent, chance.choice(options), chance, depth)
        elif kind == "group":
            group = self.groups[self._resolve(particle, str(particle.get("ref")))]
            for one in group.findall(f"{XS}sequence"):
                self._particle(parent, one, chance, depth)
        elif kind == "element":
            name, declared = self._declared(particle)
            self._fill(etree.SubElement(parent, name), declared, chance, depth + 1)

    def _declared(self, particle: etree._Element) -> tuple[str, etree._Element]:
        reference = particle.get("ref")
        if reference is not None:
            name = self._resolve(particle, reference)
            return name, self.elements[name]
        space = particle.getroottree().getroot().get("targetNamespace")
        return f"{{{space}}}{particle.get('name')}", particle

    def _value(self, element: etree._Element, type_name: str, chance: random.Random) -> None:
        local = type_name.rpartition("}")[2]
        element.text = chance.choice(VALUES.get(local, UNKNOWN_TYPE))
        declared = self.types.get(type_name)
        for attribute in declared.iter(f"{XS}attribute") if declared is not None else ():
            if attribute.get("use") == "required" or chance.random() < 0.15:
                values = {"currencyID": "EUR", "languageID": "fi"}
                element.set(str(attribute.get("name")), values.get(str(attribute.get("name")), "C62"))


class _Everything(random.Random):
    """A chance that always says yes, down to a sane depth, and never takes the first of two ways only."""

    def __init__(self) -> None:
        super().__init__(1)
        self._turn = 0

    def random(self) -> float:
        """Return what makes every optional thing appear."""
        return 0.0

    def choice(self, seq):  # type: ignore[no-untyped-def]  # one signature for every kind of sequence
        """Return the options in turn."""
        self._turn += 1
        return seq[self._turn % len(seq)]


Mutation = Callable[[etree._Element, Maker, random.Random], None]


def mutate(root: etree._Element, maker: Maker, chance: random.Random) -> None:
    """Do one of many things to a document."""
    chance.choice(MUTATIONS)(root, maker, chance)


def _any(root: etree._Element, chance: random.Random) -> etree._Element:
    return chance.choice(list(root.iter(etree.Element)))


def _below(root: etree._Element, chance: random.Random) -> etree._Element | None:
    found = list(root.iterdescendants(etree.Element))
    return chance.choice(found) if found else None


def _leaf(root: etree._Element, chance: random.Random) -> etree._Element:
    return chance.choice([one for one in root.iter(etree.Element) if not len(one)])


def _drop(root: etree._Element, maker: Maker, chance: random.Random) -> None:
    victim = _below(root, chance)
    if victim is not None:
        parent = victim.getparent()
        assert parent is not None
        parent.remove(victim)


def _double(root: etree._Element, maker: Maker, chance: random.Random) -> None:
    one = _below(root, chance)
    if one is not None:
        one.addnext(etree.fromstring(etree.tostring(one, with_tail=False)))


def _swap(root: etree._Element, maker: Maker, chance: random.Random) -> None:
    one = _below(root, chance)
    other = one.getnext() if one is not None else None
    if one is not None and other is not None:
        other.addnext(one)


def _move(root: etree._Element, maker: Maker, chance: random.Random) -> None:
    one, target = _below(root, chance), _any(root, chance)
    if one is not None and one not in target.iterancestors() and one is not target:
        target.insert(chance.randint(0, len(target)), one)


def _odd_value(root: etree._Element, maker: Maker, chance: random.Random) -> None:
    _leaf(root, chance).text = chance.choice(ODD)


def _odd_attribute(root: etree._Element, maker: Maker, chance: random.Random) -> None:
    names = [
        "currencyID",
        "unitCode",
        "schemeID",
        "listID",
        "languageID",
        "mimeCode",
        "name",
        "format",
        "unknown",
        "uri",
    ]
    _leaf(root, chance).set(chance.choice(names), chance.choice(ODD))


def _lost_attribute(root: etree._Element, maker: Maker, chance: random.Random) -> None:
    owners = [one for one in root.iter(etree.Element) if one.attrib]
    if owners:
        owner = chance.choice(owners)
        del owner.attrib[chance.choice(sorted(map(str, owner.attrib)))]


def _rename(root: etree._Element, maker: Maker, chance: random.Random) -> None:
    one = _below(root, chance)
    if one is not None:
        one.tag = chance.choice(maker.names)


def _other_namespace(root: etree._Element, maker: Maker, chance: random.Random) -> None:
    one = _any(root, chance)
    spaces = sorted({name.partition("}")[0][1:] for name in maker.names})
    one.tag = f"{{{chance.choice(spaces)}}}{str(one.tag).rpartition('}')[2]}"


def _insert(root: etree._Element, maker: Maker, chance: random.Random) -> None:
    target = _any(root, chance)
    name = chance.choice(maker.names)
    fresh = etree.Element(name)
    maker._fill(fresh, maker.elements[name], chance, DEEPEST - 2)
    target.insert(chance.randint(0, len(target)), fresh)


def _text(root: etree._Element, maker: Maker, chance: random.Random) -> None:
    _any(root, chance).text = chance.choice(ODD)


def _typed(root: etree._Element, maker: Maker, chance: random.Random) -> None:
    """Name a type in the document itself: one of ours that OASIS does not know must not pass."""
    here = sorted({str(one.tag) for one in root.iter(etree.Element)} & set(maker.typed))
    if here and chance.random() < 0.7:
        tag = chance.choice([tag for tag in here if "CommonBasic" in tag] or here)
        one, name = next(root.iter(tag)), maker.typed[tag]
    else:
        one, name = _any(root, chance), chance.choice([*maker.types, f"{{{TYPES}}}FilledText", f"{XS}decimal"])
    space, _, local = name[1:].partition("}")
    parent = one.getparent()
    fresh = etree.Element(one.tag, {str(key): str(value) for key, value in one.attrib.items()}, {"named": space})
    fresh.text = one.text
    for child in list(one):
        fresh.append(child)
    fresh.set(f"{XSI}type", f"named:{local}")
    if parent is not None:
        parent.replace(one, fresh)


def _nil(root: etree._Element, maker: Maker, chance: random.Random) -> None:
    _any(root, chance).set(f"{XSI}nil", chance.choice(["true", "false"]))


def _comment(root: etree._Element, maker: Maker, chance: random.Random) -> None:
    _any(root, chance).insert(0, chance.choice([etree.Comment("c"), etree.ProcessingInstruction("p", "q")]))


ONCE: list[Mutation] = [
    _move,
    _odd_attribute,
    _lost_attribute,
    _rename,
    _other_namespace,
    _text,
    _typed,
    _nil,
    _comment,
]
MUTATIONS: list[Mutation] = [*ONCE, *[_drop, _double, _swap, _insert] * 2, *[_odd_value] * 3]
