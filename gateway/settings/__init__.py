"""The settings: one TOML file, the environment over it; typed, frozen, all problems told at once.

values      base of all sections, small types
account, route, models   what can be set; Settings is the whole
shape       walks the models for the rest
environment the environment over the file
addresses, checks        what must hold between keys
wording, loading         from file to Settings, or SettingsError with every problem
overlap     warnings about routes that want the same files
sample      the commented sample file and the table of all settings
"""

from __future__ import annotations

from gateway.settings.account import Account, SecretName
from gateway.settings.loading import load_settings
from gateway.settings.models import Folders, Intake, Journal, Responses, Settings
from gateway.settings.overlap import overlap_warnings
from gateway.settings.route import Content, Route
from gateway.settings.sample import SettingRow, sample_toml, settings_table

__all__ = [
    "Account",
    "Content",
    "Folders",
    "Intake",
    "Journal",
    "Responses",
    "Route",
    "SecretName",
    "SettingRow",
    "Settings",
    "load_settings",
    "overlap_warnings",
    "sample_toml",
    "settings_table",
]
