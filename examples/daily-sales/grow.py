"""Plays the shop: `python grow.py` sells for another day, `python grow.py --corrupt` breaks the export."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path

SALES = Path(__file__).with_name("data") / "sales.csv"
FIRST = date(2026, 3, 2)
SHOPS = ("north", "south", "station")


def day(number: int) -> str:
    rows = ""
    for place, shop in enumerate(SHOPS):
        amount = 40 + (number * 7 + place * 13) % 30
        rows += f"{FIRST + timedelta(days=number)},{shop},{amount}.50\n"
    return rows


def days() -> int:
    return (len(SALES.read_text().splitlines()) - 1) // len(SHOPS)


def main() -> None:
    if "--corrupt" in sys.argv:
        SALES.write_text(SALES.read_text().replace("amount", "Betrag", 1))
    elif SALES.exists():
        SALES.write_text(SALES.read_text() + day(days()))
    else:
        SALES.write_text("day,shop,amount\n" + "".join(day(number) for number in range(10)))


if __name__ == "__main__":
    main()
