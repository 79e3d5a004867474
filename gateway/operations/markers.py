"""Companion markers that were taken along with their files: filed in done/ when the file leaves the work folder."""

from __future__ import annotations

from sqlalchemy import RowMapping

from gateway.files.layout import free_name, marker_prefix
from gateway.operations.context import OperationsContext


def file_marker(context: OperationsContext, row: RowMapping) -> None:
    """File the marker of an interchange, if its route has markers and it was not filed yet."""
    if row["origin"] != "inbox" or row["route"] not in context.marker_routes:
        return
    files, prefix = context.files, marker_prefix(row["claim"])
    for entry in files.list_folder(context.layout.work(row["node"], row["folder"])):
        if entry.name.startswith(prefix):
            folder = context.layout.done_for(context.clock.now().astimezone().date())
            files.make_folder(folder)
            taken = {other.name for other in files.list_folder(folder)}
            files.move(entry.path, folder / free_name(entry.name.removeprefix(prefix), taken))
