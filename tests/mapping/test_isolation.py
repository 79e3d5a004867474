"""What a hostile or careless stylesheet tries, it tries alone: refused or stopped, its own order failed, in words.

Real worker processes with the limits of a small site. Each case says what the finding says; how long it may take is
part of the promise. The table is printed with `-s`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from mapping_help import CSV_TOML, csv_mapping, write_folder

from gateway.mapping.pool import MappingPool
from gateway.model import MapRequest

SECONDS, MEGABYTES = 2.0, 200
SLACK_SECONDS = 8.0  # to end a worker, to start the next one, on a busy machine
CROWD = b'<order number="PO9">' + b"<x/>" * 300 + b"</order>"

XSLT3 = (
    '<xsl:stylesheet version="3.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"'
    ' xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:f="urn:example:f">{}</xsl:stylesheet>'
)
RECURSE = '<xsl:template name="r">{}<xsl:call-template name="r"/>{}</xsl:template>'
NESTED = "".join('<xsl:for-each select="//x">' for _ in range(5)) + "{}" + "</xsl:for-each>" * 5
TEXT = "0123456789" * 10
WRITE = "<o>" + NESTED.format(f"<y>{TEXT}</y>") + "</o>"
SPIN = "<o>" + NESTED.format('<xsl:if test="count(//x) = -1"/>') + "</o>"
DOUBLE = (
    '<xsl:template name="d"><xsl:param name="s" select="\'abcdefgh\'"/><xsl:call-template name="d">'
    '<xsl:with-param name="s" select="concat($s, $s)"/></xsl:call-template></xsl:template>'
)
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + number)} "{f"&{chr(97 + number)};" * 10}">' for number in range(12)
) + "]>"


class Case(NamedTuple):
    """What a stylesheet tries, and what the finding says."""

    name: str
    body: str
    words: str
    top: str = ""
    code: str = "mapping-fault"
    slow: bool = False
    head: str = ""  # before the root element


OF_LIBXSLT = [
    Case("endless recursion", '<xsl:call-template name="r"/>', "recursion", RECURSE.format("", "")),
    Case("10 GB of output", WRITE, "more memory", slow=True),
    Case("minutes of CPU", SPIN, "in the time", slow=True),
    Case("an unbounded string", '<xsl:call-template name="d"/>', "", DOUBLE, slow=True),
    Case("document() of a file", "<o><xsl:copy-of select=\"document('file:///etc/hostname')\"/></o>", "denied"),
    Case("document() of http", "<o><xsl:copy-of select=\"document('http://127.0.0.1:1/x')\"/></o>", "denied"),
    Case("exsl:document", '<o><exsl:document href="out.xml"><a/></exsl:document></o>', "denied"),
    Case("import of a file outside", "<o/>", "is not a file", '<xsl:import href="/etc/hostname"/>', "mapping-settings"),
    Case("an entity bomb in the stylesheet", "<o>&m;</o>", "DOCTYPE", code="mapping-settings", head=BOMB),
]
OF_SAXON = [
    Case("endless recursion", '<xsl:call-template name="r"/>', "nested", RECURSE.format("<o>", "</o>")),
    Case("an endless tail call", '<xsl:call-template name="r"/>', "in the time", RECURSE.format("", ""), slow=True),
    Case(
        "10 GB of output", f'<o><xsl:for-each select="1 to 100000000"><y>{TEXT}</y></xsl:for-each></o>', "was stopped",
        slow=True,  # whatever it meets first, memory or time
    ),
    Case(
        "minutes of CPU",
        '<o><xsl:value-of select="count(for $i in 1 to 90000, $j in 1 to 90000 return $i[. = $j + 90000])"/></o>',
        "in the time", slow=True,
    ),
    Case(
        "an unbounded string",
        "<o><xsl:value-of select=\"fold-left(1 to 60, 'abcdefgh', function($a, $b) { $a || $a })\"/></o>", "",
        slow=True,
    ),
    Case("doc() of a file", "<o><xsl:copy-of select=\"doc('file:///etc/hostname')\"/></o>", "prohibited"),
    Case("document() of http", "<o><xsl:copy-of select=\"document('http://127.0.0.1:1/x')\"/></o>", "prohibited"),
    Case("unparsed-text()", "<o><xsl:value-of select=\"unparsed-text('file:///etc/hostname')\"/></o>", "prohibited"),
    Case("collection()", "<o><xsl:value-of select=\"count(collection('file:///etc'))\"/></o>", "disallowed"),
    Case(
        "xsl:source-document",
        '<o><xsl:source-document href="file:///etc/hostname"><xsl:copy-of select="."/></xsl:source-document></o>',
        "prohibited",
    ),
    Case(
        "an entity in parse-xml()",
        "<o><xsl:copy-of select=\"parse-xml('&lt;!DOCTYPE a [&lt;!ENTITY x SYSTEM &quot;file:///etc/hostname&quot;>]>"
        "&lt;a>&amp;x;&lt;/a>')\"/></o>", "prohibited",
    ),
    Case(
        "xsl:result-document", '<o><xsl:result-document href="out.xml"><a/></xsl:result-document></o>', "disabled",
        code="mapping-settings",
    ),
    Case(
        "a static expression", "<o/>", "prohibited",
        '<xsl:variable name="s" static="yes" select="unparsed-text(\'file:///etc/hostname\')"/>', "mapping-settings",
    ),
    Case(
        "an external function", "<o xmlns:s=\"java:java.lang.System\"><xsl:value-of select=\"s:getenv('PATH')\"/></o>",
        "External function", code="mapping-settings",
    ),
    Case("import of a file outside", "<o/>", "is not a file", '<xsl:import href="/etc/hostname"/>', "mapping-settings"),
    Case("an entity bomb in the stylesheet", "<o>&m;</o>", "DOCTYPE", code="mapping-settings", head=BOMB),
]  # fmt: skip
CASES = [("1.0", case) for case in OF_LIBXSLT] + [("3.0", case) for case in OF_SAXON]
PARAMETERS = [
    pytest.param(version, case, id=f"{version} {case.name}", marks=[pytest.mark.slow] if case.slow else [])
    for version, case in CASES
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good mapping, and one for each case."""
    site = tmp_path_factory.mktemp("site")
    csv_mapping(site / "good")
    for version, case in CASES:
        folder = write_folder(site / folder_name(version, case), CSV_TOML, case.body, case.top)
        sheet = folder / "order.xsl"
        if version == "3.0":
            sheet.write_text(XSLT3.format(f'{case.top}<xsl:template match="/">{case.body}</xsl:template>'))
        sheet.write_text(case.head + sheet.read_text())
    return site


@pytest.fixture(scope="module")
def pool(site: Path) -> Iterator[MappingPool]:
    """One worker with tight limits."""
    with MappingPool(site, workers=1, time_limit_seconds=SECONDS, memory_limit_mb=MEGABYTES) as running:
        assert running.map([order("good")]).result(60)[0].valid
        yield running


def folder_name(version: str, case: Case) -> str:
    """Return the name of a case's mapping."""
    return "".join(letter if letter.isalnum() else "-" for letter in f"{version} {case.name}")


def order(mapping: str) -> MapRequest:
    """Return an order with enough in it to multiply."""
    return MapRequest(key=1, mapping=mapping, canonical=CROWD)


@pytest.mark.parametrize(("version", "case"), PARAMETERS)
def test_it_fails_its_own_order_and_the_service_goes_on(
    version: str, case: Case, site: Path, pool: MappingPool
) -> None:
    """The finding says what happened; nothing was read or written; the next order finds a worker."""
    if version == "3.0":
        pytest.importorskip("saxonche")
    started = time.monotonic()
    (result,) = pool.map([order(folder_name(version, case))]).result(60)
    seconds = time.monotonic() - started
    (finding,) = result.findings
    print(f"\n| XSLT {version} | {case.name} | {finding.message.strip()[:150]} | {seconds:.2f} s |")
    assert (result.body, finding.code, finding.severity) == (None, case.code, "error")
    assert case.words in finding.message
    assert seconds < SECONDS + SLACK_SECONDS
    assert sorted(path.name for path in (site / folder_name(version, case)).iterdir()) == ["mapping.toml", "order.xsl"]
    assert pool.map([order("good")]).result(60)[0].valid
