"""The demo's slips: cells that are not what their column says, each as people really mistype them.

Only these cells of the demo cannot be stored; every other oddity in it (blanks, dates without a time, yes and No,
emoji, right-to-left text, a text of 40,000 characters) can.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Slip(NamedTuple):
    """What stands in these rows (numbers from 0) of a column instead of a fitting value, and why it does not fit."""

    table: str
    column: str
    rows: tuple[int, ...]
    cells: tuple[Any, ...]
    why: str


SLIPS = (
    Slip("products", "cost", (12, 58, 131, 260, 377), ("1,234.50", "1,050.00", "2,300.75"), "thousands mark"),
    Slip("products", "total_qty_purchased", (40, 199), ("two dozen", "n/a"), "words for a number"),
    Slip("products", "samples", (66, 301), ("maybe", "?"), "neither true nor false"),
    Slip("products", "product_purchase_date", (25, 222), ("7/29/2024", "3/4/2024"), "month and day in unclear order"),
    Slip(
        "invoices", "invoice_order_date", (31, 290, 455), ("7/29/2024", "12/1/2023"), "month and day in unclear order"
    ),
    Slip("invoices", "processed", (140,), ("done?",), "neither true nor false"),
    Slip("invoices", "user_email", (77, 401), ("chris(at)wholesale.example",), "no e-mail address"),
    Slip("invoice_lines", "selling_price", (90, 611, 1_204), ("$45.00", "1,999.00"), "unit or thousands mark"),
    Slip("invoice_lines", "qty_sold", (333,), ("a few",), "words for a number"),
    Slip("invoice_lines", "rowid_invoices", (777,), ("gone0000000000000000AA",), "refers to a row that is not there"),
    Slip("customer_payments", "payment_amount", (18, 207, 350, 466), ("1,234.50", "3,000.00"), "thousands mark"),
    Slip("customer_payments", "date_of_payment", (99, 312), ("7/29/2024", "tomorrow"), "no date"),
    Slip("vendor_payments", "payment_amount", (5, 88), ("12,500.00",), "thousands mark"),
    Slip("shipping_records", "box_weight", (44, 120), ("4 kg", "9,5"), "unit or comma"),
    Slip("shipping_records", "ship_date", (201,), ("last Tuesday",), "no date"),
    Slip("accounts", "email_of_who_added", (9,), ("ada@",), "no e-mail address"),
    Slip("accounts", "date_added_client", (111,), ("1/2/2023",), "month and day in unclear order"),
    Slip("expenses", "amount", (17, 63), ("1,100.00", "free"), "no number"),
    Slip("expenses", "submitted_by", (150,), ("dana wholesale.example",), "no e-mail address"),
    Slip("expenses", "notes", (30,), (["petrol", "toll"],), "a list in a text column"),
)

_PLACES = {
    (slip.table, row): (slip.column, slip.cells[number % len(slip.cells)])
    for slip in SLIPS
    for number, row in enumerate(slip.rows)
}


def slip(table: str, number: int, row: dict[str, Any]) -> dict[str, Any]:
    """The row, with its slip if it is one of those above."""
    if found := _PLACES.get((table, number)):
        column, cell = found
        return row | {column: cell}
    return row
