"""`python -m tests.benchmarks`: all there is, at present the throughput of small files."""

from __future__ import annotations

import sys

from tests.benchmarks.throughput import main

sys.exit(main())
