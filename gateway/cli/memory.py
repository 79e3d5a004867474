"""How the memory of a long-running process is kept, to be said before it has threads."""

from __future__ import annotations

import contextlib
import ctypes

M_ARENA_MAX = -8  # of glibc's mallopt


def share_one_pool() -> None:
    """Let all threads take memory from one pool; does nothing where the system's allocator has no such choice.

    glibc gives each thread its own, and what one thread makes and another drops tears holes into all of them: over
    some hundred thousand orders the service grew by a quarter, though it held nothing.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)
