"""The command as a person types it, in this process, and what it printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from gateway.cli.main import app
from gateway.journal.journal import journal_url, open_journal
from gateway.journal.tables import action


def gateway(*arguments: str, site: Path | None = None, environ: dict[str, str] | None = None) -> Result:
    """Run one command; `site` is the folder of its settings file."""
    where = ["--config", str(site / "gateway.toml")] if site is not None else []
    wide = {"COLUMNS": None}  # a width that somebody set around the tests would break lines
    return CliRunner().invoke(app, [*where, *arguments], env={**wide, **(environ or {})})


def told(*arguments: str, site: Path | None = None, code: int = 0) -> dict[str, Any]:
    """Run one command with --json, see that it ends as expected, and return what it told."""
    result = gateway(*arguments, "--json", site=site)
    assert result.exit_code == code, result.output
    data: dict[str, Any] = json.loads(result.stdout)
    return data


def asked(site: Path) -> list[tuple[str, dict[str, Any], str]]:
    """Return every action in a site's journal: kind, arguments, state."""
    journal = open_journal(journal_url("", site / "state"))
    try:
        rows = journal.read(lambda c: list(c.execute(action.select().order_by(action.c.id)).mappings()))
    finally:
        journal.close()
    return [(row["kind"], dict(row["arguments"]), row["state"]) for row in rows]
