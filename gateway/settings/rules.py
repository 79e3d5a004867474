"""Business rules of a route: what each asks for, and whether it refuses, warns or is off.

Layer: settings. Pure. The checks themselves are in the mapping room, under the same ids.

The defaults refuse only what makes an order ambiguous for whoever confirms it. What real and good exports do now and
then (a total with freight in it, a line in dollars, a wish for yesterday, zero pieces) is shown and sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import ConfigDict, Field

from gateway.settings.values import Section

Level = Literal["refuse", "warn", "off"]


def _id(name: str) -> str:
    return name.replace("_", "-")


class Rules(Section):
    """What an order must fulfil beyond the schema."""

    model_config = ConfigDict(alias_generator=_id)

    line_numbers_unique: Level = Field(default="refuse", description="No line number is there twice in an order.")
    one_currency: Level = Field(
        default="warn",
        description="All amounts are in the order's currency; those of tax may be in the currency of the tax.",
    )
    quantity_positive: Level = Field(
        default="warn", description="Quantities are more than zero; in a change zero is allowed."
    )
    dates_in_order: Level = Field(
        default="warn", description="No delivery is wanted before the order's date, none begins after it ends."
    )
    amounts_add_up: Level = Field(
        default="warn",
        description="A line's amount is quantity times price / price base, with its allowances and charges; tolerated "
        "is half of the last decimal of the amount, and for each unit of the price.",
    )
    totals_add_up: Level = Field(
        default="warn",
        description="The lines' amounts add up to the total, and with allowances, charges and tax to the amount to "
        "pay; tolerated is half of the last decimal of each amount.",
    )
    supplier_known: Level = Field(
        default="off",
        description="Jakamo has a company mapped to the supplier's number (asked for at GET /api/mappedcompanies, at "
        "most 15 minutes old). When Jakamo cannot be asked, the order is sent all the same, with a remark.",
    )

    def levels(self) -> Iterator[tuple[str, Level]]:
        """Yield the id and level of each rule that is not off."""
        for name in type(self).model_fields:
            level: Level = getattr(self, name)
            if level != "off":
                yield _id(name), level
