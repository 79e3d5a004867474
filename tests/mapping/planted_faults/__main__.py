"""Print the table of planted faults: `python -m tests.mapping.planted_faults [SEED] [MAPPING ...]`."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

from tests.mapping.planted_faults.planting import Planted, Planting
from tests.mapping.planted_faults.report import missed, table, without_effect

DEFAULT_SEED = 20261125


def plant_all(name: str, seed: int) -> list[Planted]:
    """Plant every fault that the seed chooses in one mapping."""
    planting = Planting()
    return [planting.plant(site, fault) for site, fault in planting.plans(seed, name)]


def main(arguments: list[str]) -> None:
    """Plant faults in the mappings named, or in all that are shipped."""
    seed = int(arguments[0]) if arguments else DEFAULT_SEED
    names = arguments[1:] or list(Planting().names())
    started = time.monotonic()
    with ProcessPoolExecutor() as pool:
        faults = [one for some in pool.map(plant_all, names, repeat(seed)) for one in some]
    print(f"seed {seed}, {len(names)} mappings, {len(faults)} faults, {time.monotonic() - started:.0f} s")
    print(table(faults))
    print("\nPlace not named:\n" + (missed(faults) or "none"))
    print("\nChanges nothing that can be wrong:\n" + without_effect(faults))


if __name__ == "__main__":
    main(sys.argv[1:])
