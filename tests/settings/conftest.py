"""A settings file in a scratch folder, loaded; or every problem it has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from settings_help import ACCOUNT, ROUTE, Load, Problems

from gateway.errors import SettingsError
from gateway.settings import Settings, load_settings


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """A function that writes a settings file and loads it."""

    def run(text: str = ACCOUNT + ROUTE, environ: Mapping[str, str] | None = None) -> Settings:
        path = tmp_path / "gateway.toml"
        path.write_text(text, encoding="utf-8")
        return load_settings(path, environ or {})

    return run


@pytest.fixture
def problems(load: Load, tmp_path: Path) -> Problems:
    """A function that gives every problem of a settings file, without the scratch folder's name."""

    def run(text: str = ACCOUNT + ROUTE, environ: Mapping[str, str] | None = None) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            load(text, environ)
        return [str(problem).replace(f"{tmp_path}/", "") for problem in caught.value.problems]

    return run
