"""The README is the manual: what it says of settings, commands and examples is true."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from gateway.cli.main import app
from gateway.settings import load_settings
from gateway.simulator import Simulator
from tests.cli.cli_help import gateway
from tests.readme_parts import README, with_settings
from tests.site import Site

TEXT = README.read_text(encoding="utf-8")


def test_the_table_of_settings_is_the_one_of_the_model() -> None:
    """Every setting stands in the README with its type, default and meaning; none stands there that is not read."""
    assert with_settings(TEXT) == TEXT, "run `python -m tests.readme_parts`"


def test_every_command_is_in_the_readme_and_has_help() -> None:
    """Each command of the program is explained in the README and says itself what it does."""
    commands = get_command(app).commands  # type: ignore[attr-defined]
    for name, command in commands.items():
        assert re.search(rf"`[^`\n]*\b{re.escape(name)}\b[^`\n]*`", TEXT), name
        assert command.help, name


def test_the_example_settings_load(tmp_path: Path) -> None:
    """The shortest settings shown are complete."""
    block = re.search(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert block is not None
    tomllib.loads(block[1])
    (tmp_path / "jakamo-password").write_text("secret\n")
    path = tmp_path / "gateway.toml"
    path.write_text(block[1])

    assert ["main"] == list(load_settings(path, {}).accounts)


@pytest.mark.parametrize(
    "folder",
    ["csv-order", "csv-six-columns", "csv-flat-fi", "csv-status", "erp-xml-order", "opentrans-order", "ubl"],
)
def test_every_shipped_mapping_is_in_the_readme(folder: str) -> None:
    """Each shipped mapping folder is listed, and each listed one is shipped."""
    shipped = {p.name for p in (README.parent / "xslt").iterdir() if p.is_dir() and p.name != "common"}

    assert folder in shipped
    assert all(f"`{name}`" in TEXT for name in shipped)


def test_the_walk_of_writing_a_mapping_works(
    tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands of "Writing a mapping", as they stand there: refused before the edit that is shown, sound after."""
    walk = TEXT.partition("## Writing a mapping")[2].partition("\n## ")[0]
    blocks = re.findall(r"```(csv|sh|xml)\n(.*?)```", walk, re.DOTALL)
    assert [kind for kind, _text in blocks] == ["csv", "sh", "xml", "sh"]
    site = Site(tmp_path, simulator)
    site.routes = [{"name": "orders", "match": "*.csv", "mapping": "my-erp", "account": "main"}]
    site.settings()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "export.csv").write_text(blocks[0][1], encoding="utf-8")

    def run(commands: str) -> list[int]:
        return [gateway(*shlex.split(line)[1:]).exit_code for line in commands.splitlines()]

    assert run(blocks[1][1]) == [0, 1]
    assert (tmp_path / "page.html").is_file()
    stylesheet = tmp_path / "xslt" / "my-erp" / "order.xsl"
    edited = blocks[2][1].strip()
    before = edited.replace("'1000'", "''")
    text = stylesheet.read_text(encoding="utf-8")
    assert before in text
    stylesheet.write_text(text.replace(before, edited), encoding="utf-8")
    assert run(blocks[3][1]) == [0, 0, 0, 0]
    assert len(list((stylesheet.parent / "samples" / "basic.expected").iterdir())) == 2
