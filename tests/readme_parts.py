"""The generated parts of the README: `python -m tests.readme_parts` writes them, a test compares."""

from __future__ import annotations

from pathlib import Path

from gateway.settings import settings_table

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"


def settings_part() -> str:
    """Return the table of all settings as Markdown."""
    lines = ["| setting | type | default | what |", "| --- | --- | --- | --- |"]
    for row in settings_table():
        cells = (f"`{row.key}`", row.type, f"`{row.default}`", row.description)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def with_settings(text: str) -> str:
    """Return the README with its table of settings made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{settings_part()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(with_settings(README.read_text(encoding="utf-8")), encoding="utf-8")
