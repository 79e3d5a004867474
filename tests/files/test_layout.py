"""Every place of the gateway, relative to the configured folders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from gateway.files.layout import MARKER, Layout


@dataclass(frozen=True)
class Places:
    """Configured folders."""

    inbox: Path = Path("/edi/inbox")
    outbox: Path = Path("/edi/outbox")
    error: Path = Path("/edi/inbox/error")
    retry: Path = Path("/edi/inbox/retry")
    done: Path = Path("/edi/inbox/done")
    state: Path = Path("/edi/state")


LAYOUT = Layout(Places(), {"second": Path("/edi/second")})


def test_places_in_the_inbox() -> None:
    """Work, done, error and retry lie where the contract says."""
    found = {
        "intake": LAYOUT.intake("plant"),
        "work": LAYOUT.work("node"),
        "work of a route": LAYOUT.work("node", "plant"),
        "retry claims": LAYOUT.retry_work("node"),
        "done": LAYOUT.done_for(date(2026, 11, 24)),
        "arrived": LAYOUT.arrived,
        "send again": LAYOUT.send_again,
    }
    expected = {
        "intake": Path("/edi/inbox/plant"),
        "work": Path("/edi/inbox/.work/node"),
        "work of a route": Path("/edi/inbox/.work/node/plant"),
        "retry claims": Path("/edi/inbox/.work/node/.retry"),
        "done": Path("/edi/inbox/done/2026-11-24"),
        "arrived": Path("/edi/inbox/error/unknown/arrived"),
        "send again": Path("/edi/inbox/error/unknown/send-again"),
    }
    assert found == expected


def test_each_account_may_have_its_own_outbox() -> None:
    """An account without one of its own uses the common outbox."""
    assert LAYOUT.outbox("main") == Path("/edi/outbox")
    assert LAYOUT.outbox_work("second") == Path("/edi/second/.work")
    assert LAYOUT.problems("second") == Path("/edi/second/problems")


def test_folders_to_make_come_once_and_hold_all_that_is_used() -> None:
    """What a running gateway touches exists before it starts."""
    places = LAYOUT.folders_to_make("node", ["main", "second"], ["plant", "plant"])
    assert len(places) == len(set(places))
    wanted = {
        LAYOUT.inbox, LAYOUT.work("node"), LAYOUT.work("node", "plant"), LAYOUT.retry_work("node"), LAYOUT.arrived,
        LAYOUT.send_again, LAYOUT.retry, LAYOUT.done, LAYOUT.problems("main"), LAYOUT.outbox_work("second"),
        LAYOUT.intake("plant"),
    }
    assert wanted <= set(places)


def test_markers_lie_in_inbox_error_and_outboxes() -> None:
    """Each folder from whose emptiness something is concluded can be told from its empty stand-in."""
    places = [Path("/edi/inbox"), Path("/edi/inbox/error"), Path("/edi/outbox"), Path("/edi/outbox/.work")]
    assert LAYOUT.folders_to_mark(["main"]) == places


def test_own_names_are_those_directly_in_the_folder() -> None:
    """The gateway's own folders and marker are no files of an ERP; elsewhere such names are."""
    own = LAYOUT.own_names(route_folders=["plant/a", "other"])
    assert own == {".work", "done", "error", "retry", "plant", "other", MARKER}
    assert LAYOUT.own_names("plant", ["plant", "plant/a"]) == {".work", "a", MARKER}
