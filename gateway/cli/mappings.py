"""What the commands for integrators share: which mapping is meant, with a site or without one.

Room: cli.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from gateway.cli.invocation import Invocation
from gateway.errors import UsageError
from gateway.mapping.mapping import DECLARATION, Mapping, MappingStore, load_mapping
from gateway.settings import Settings
from gateway.settings.environment import LEVEL, PREFIX
from gateway.settings.loading import CONFIG_VARIABLE, DEFAULT_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One mapping folder; `root` is the folder of mappings that it is found in, None for a shipped one."""

    name: str
    folder: Path
    root: Path | None

    def load(self) -> Mapping:
        """Load it. Raises SettingsError with all its problems."""
        return load_mapping(self.folder)


def settings_if_any(shared: Invocation) -> Settings | None:
    """Return the site's settings; None where no site is named and none is here. Raises SettingsError."""
    environ = os.environ
    named = shared.config is not None or environ.get(CONFIG_VARIABLE) or Path(DEFAULT_NAME).is_file()
    told = any(name.startswith(PREFIX) and LEVEL in name for name in environ)
    return shared.settings() if named or told else None


def choose_mapping(text: str, settings: Settings | None) -> Chosen:
    """Return the mapping that a name or the path of a folder means. Raises UsageError when there is none."""
    path = Path(text).expanduser()
    if len(path.parts) != 1 or (path / DECLARATION).is_file():
        folder = path.absolute()
        if not (folder / DECLARATION).is_file():
            raise UsageError(f"There is no {DECLARATION} in {folder}.", hint="Name a mapping, or its folder.")
        folder = folder.resolve()
        return Chosen(name=folder.name, folder=folder, root=folder.parent)
    root = settings.folders.mappings if settings is not None else None
    store = MappingStore(root)
    if text not in store.names():
        known = ", ".join(store.names())
        raise UsageError(f'There is no mapping "{text}".', hint=f"There are: {known}. A folder may be named by path.")
    folder = store.folder(text)
    return Chosen(name=text, folder=folder, root=root)


def all_mappings(settings: Settings | None) -> list[Chosen]:
    """Return the site's mappings and the shipped ones, by name."""
    root = settings.folders.mappings if settings is not None else None
    return [choose_mapping(name, settings) for name in MappingStore(root).names()]
