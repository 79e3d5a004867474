"""There is one door: no other module writes, renames or removes files."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import gateway

PACKAGE = Path(gateway.__file__).parent
DOOR = "files"
STAND_IN = "simulator"  # stands for the other side and is no part of the running gateway
OS_WRITERS = {
    "rename", "renames", "replace", "remove", "unlink", "rmdir", "removedirs", "mkdir", "makedirs", "link", "symlink",
    "truncate", "open", "mkfifo", "chmod", "chown", "utime", "write", "ftruncate",
}
SHUTIL_WRITERS = {"copy", "copy2", "copyfile", "copyfileobj", "copytree", "move", "rmtree", "chown", "make_archive"}
PATH_WRITERS = {"write_text", "write_bytes", "touch", "unlink", "symlink_to", "hardlink_to", "mkdir", "rmdir"}


def writing_mode(call: ast.Call, position: int) -> bool:
    """Tell whether an `open` call may write; a mode that cannot be read in the source counts as one."""
    mode = call.args[position] if len(call.args) > position else None
    mode = next((keyword.value for keyword in call.keywords if keyword.arg == "mode"), mode)
    if mode is None:
        return False
    if isinstance(mode, ast.Constant):
        return bool(set(str(mode.value)) & set("wax+"))
    return True


def opens_nowhere(node: ast.Call) -> bool:
    """Tell whether a call opens the null device, which keeps nothing."""
    return bool(node.args) and ast.unparse(node.args[0]) == "os.devnull"


def writing_calls(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and name of each call that could write a file past the door."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module in ("os", "shutil"):
            writers = OS_WRITERS | SHUTIL_WRITERS
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name in writers)
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Name) and function.id == "open" and writing_mode(node, 1):
            yield node.lineno, "open"
        if not isinstance(function, ast.Attribute):
            continue
        owner = function.value.id if isinstance(function.value, ast.Name) else ""
        if (
            (owner == "os" and function.attr in OS_WRITERS and not opens_nowhere(node))
            or (owner == "shutil" and function.attr in SHUTIL_WRITERS)
            or (owner in ("io", "codecs") and function.attr == "open" and writing_mode(node, 1))
            or function.attr in PATH_WRITERS
            or (function.attr == "open" and owner not in ("os", "io", "codecs") and writing_mode(node, 0))
        ):
            yield node.lineno, f"{owner}.{function.attr}"


def test_nothing_but_the_door_writes_files() -> None:
    """Durability, modes and 'never replaces' hold only if everything goes through `files/`."""
    found = [
        f"{path.relative_to(PACKAGE)}:{line} {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] not in (DOOR, STAND_IN)
        for line, name in writing_calls(path.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "open('a', 'w')", "open('a', mode='ab')", "open('a', mode)", "Path('a').write_text('x')", "p.write_bytes(b'')",
        "os.rename('a', 'b')", "os.replace('a', 'b')", "shutil.move('a', 'b')", "p.open('x')", "p.open(mode='r+')",
        "from os import rename", "from shutil import copyfile", "p.unlink()", "p.mkdir()", "io.open('a', 'w')",
    ],
)
def test_the_search_finds_writing_calls(source: str) -> None:
    """A search that finds nothing proves something only if it can find."""
    assert list(writing_calls(source))


@pytest.mark.parametrize(
    "source",
    ["open('a')", "open('a', 'rb')", "p.open()", "door.rename(a, b)", "'a'.replace('b', 'c')", "p.read_text()"],
)
def test_the_search_lets_reading_pass(source: str) -> None:
    """Reading is nobody's secret, and the door's own methods are the way."""
    assert list(writing_calls(source)) == []
