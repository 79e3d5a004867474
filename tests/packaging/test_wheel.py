"""Mappings and schemas are found wherever the gateway is installed from: a checkout, or a wheel."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from gateway.mapping.mapping import shipped_folder

ROOT = Path(__file__).parent.parent.parent
FIND = (
    "from gateway.mapping.mapping import MappingStore, shipped_folder; import gateway;"
    "store = MappingStore(None, shipped_folder('xslt'));"
    "print(gateway.__file__); print(sorted(store.names())); print(store.get('csv-order').stylesheet);"
    "print((shipped_folder('schemas') / 'Order.xsd').exists())"
)


def test_an_editable_install_finds_the_folders_of_the_checkout() -> None:
    """In a checkout the shipped mappings and schemas are the folders one sees at its top."""
    assert ROOT / "xslt" == shipped_folder("xslt")
    assert ROOT / "schemas" == shipped_folder("schemas")


@pytest.mark.slow
def test_a_wheel_carries_mappings_and_schemas(tmp_path: Path) -> None:
    """Installed from a wheel, away from the checkout, the gateway finds and loads what it ships."""
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    wheel = next(tmp_path.glob("*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    assert "gateway/_shipped/xslt/csv-order/mapping.toml" in names
    assert not [name for name in names if name.startswith(("tests/", "xslt/", "inbox/"))]

    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True, timeout=120)
    python = tmp_path / "venv" / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "-q", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, capture_output=True, timeout=300)
    dependencies = sysconfig.get_paths()["purelib"]  # of this environment, instead of downloading them again
    probe = subprocess.run(
        [str(python), "-c", f"import sys; sys.path.append({dependencies!r}); {FIND}"],
        check=True, capture_output=True, text=True, timeout=120, cwd=tmp_path,
    )

    file, mappings, stylesheet, schema = probe.stdout.splitlines()
    assert str(tmp_path / "venv") in file
    assert "'csv-order'" in mappings
    assert "common" not in mappings
    assert stylesheet.endswith("order.xsl")
    assert "True" == schema
