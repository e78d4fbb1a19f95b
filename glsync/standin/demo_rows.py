"""The rows of "Demo Wholesale": made up from fixed seeds, as people really fill such tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from glsync.standin.demo_tables import DEMO_APP_ID, DEMO_APP_NAME, SIZES
from glsync.standin.mess import slip
from glsync.standin.rows import row_id
from glsync.standin.tables import ROW_ID

Row = dict[str, Any]

FIRST = [
    *("Amber", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Garnet", "Harbor"),
    *("Iris", "Juniper", "Kestrel", "Lumen", "Maple", "North", "Opal", "Pine"),
]
SECOND = ["Foods", "Goods", "Market", "Outfitters", "Pantry", "Provisions", "Supply", "Traders", "Wholesale"]
THINGS = [
    *("Candle", "Coffee 1 kg", "Enamel mug", "Herb tea", "Honey 500 g"),
    *("Linen towel", "Notebook", "Olive oil", "Soap", "Wool socks"),
]
CATEGORIES = ["Kitchen", "Pantry", "Bath", "Paper", "Textile"]
PEOPLE = [f"{name}@wholesale.example" for name in ("ada", "bo", "chris", "dana")]
PAID_BY = ["Bank transfer", "Card", "Cash", "Check"]
STREETS = ["12 Quay Street, Galway", "Hauptstraße 5, Köln", "三丁目 4-2, 大阪", "8 Rue d'Été, Lyon", "שדרות רוטשילד 1"]
LONG_TEXT = ("Delivered in three lots; the second was short by two cartons, see the driver's slip. " * 500)[:40_000]
BEGIN = datetime(2023, 1, 2, 8, tzinfo=UTC)


class Chance:
    """Everything made up for one table, from one seed."""

    def __init__(self, name: str) -> None:
        self._random = Random(f"demo/{name}")  # noqa: S311  made-up rows, not secrets

    def one_of(self, choices: list[str]) -> str:
        return self._random.choice(choices)

    def sometimes(self, share: float) -> bool:
        return self._random.random() < share

    def amount(self, low: float, high: float) -> float:
        return round(self._random.uniform(low, high), 2)

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def when(self) -> str:
        """A date-time as Glide writes it, now and then only a date."""
        moment = BEGIN + timedelta(minutes=self.number(0, 1_400_000), milliseconds=self.number(0, 999))
        if self.sometimes(0.08):
            return moment.date().isoformat()
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def flag(self) -> bool | str:
        """A boolean, now and then as the word somebody typed."""
        if self.sometimes(0.05):
            return self.one_of(["yes", "No", "TRUE", "n"])
        return self.sometimes(0.3)

    def row_of(self, table: str, blank: float = 0.0) -> str | None:
        """The row id of any row of another table."""
        return None if self.sometimes(blank) else key(table, self.number(0, SIZES[table] - 1))


def key(table: str, number: int) -> str:
    """The row id of a table's n-th row, from 0."""
    return row_id(DEMO_APP_ID, table, number)


def rows_of(name: str) -> Iterator[Row]:
    """A table's rows with their ids; keys are the Postgres columns, None is an empty cell."""
    chance, make = Chance(name), MAKERS[name]
    for number in range(SIZES[name]):
        yield {ROW_ID: key(name, number)} | slip(name, number, make(chance, number))


def _account(chance: Chance, number: int) -> Row:
    name = f"{chance.one_of(FIRST)} {chance.one_of(SECOND)}"
    return {
        "account_name": f"{name} 🌿" if chance.sometimes(0.06) else name,
        "accounts_uid": f"ACC-{number + 1:04}",
        "client_type": None if chance.sometimes(0.1) else chance.one_of(["Customer", "Vendor", "Customer & Vendor"]),
        "date_added_client": chance.when(),
        "email_of_who_added": chance.one_of(PEOPLE),
        "photo": f"https://pictures.example/accounts/{number}.jpg" if chance.sometimes(0.4) else None,
    }


def _purchase_order(chance: Chance, number: int) -> Row:
    return {
        "purchase_order_uid": f"PO-{number + 1:05}",
        "po_date": chance.when(),
        "date_payment_date": None if chance.sometimes(0.3) else chance.when(),
        "docs_shortlink": f"https://docs.example/po/{number + 1}",
        "rowid_accounts": chance.row_of("accounts"),
    }


def _product(chance: Chance, number: int) -> Row:
    thing, fronted = chance.one_of(THINGS), chance.flag()
    return {
        "vendor_product_name": f"{thing} {chance.number(1, 40)}",
        "new_product_name": f"{chance.one_of(FIRST)} {thing}" if chance.sometimes(0.7) else None,
        "category": chance.one_of(CATEGORIES),
        "cost": chance.amount(1, 90),
        "total_qty_purchased": chance.number(1, 400),
        "product_purchase_date": chance.when(),
        "product_image1": f"https://pictures.example/products/{number}.jpg" if chance.sometimes(0.6) else None,
        "purchase_notes": LONG_TEXT if number == 77 else ("Keep dry ☔" if chance.sometimes(0.1) else None),
        "samples": chance.flag(),
        "fronted": fronted,
        "terms_for_fronted_product": "Net 30" if fronted is True else None,
        "total_units_behind_sample": chance.number(0, 20) if chance.sometimes(0.2) else None,
        "miscellaneous_items": chance.flag(),
        "rowid_accounts": chance.row_of("accounts"),
        "rowid_purchase_orders": chance.row_of("purchase_orders", blank=0.2),
        "rowid_vendor_payments": chance.row_of("vendor_payments", blank=0.6),
    }


def _invoice(chance: Chance, number: int) -> Row:
    ordered = chance.when()
    return {
        "invoice_order_date": ordered,
        "created_timestamp": ordered,
        "submitted_timestamp": None if chance.sometimes(0.2) else chance.when(),
        "user_email": chance.one_of(PEOPLE),
        "notes": f"Order {number + 1}\nLeave at the back door 🚪" if chance.sometimes(0.15) else None,
        "processed": chance.flag(),
        "rowid_accounts": chance.row_of("accounts"),
    }


def _invoice_line(chance: Chance, _: int) -> Row:
    return {
        "renamed_product_name": chance.one_of(THINGS),
        "date_of_sale": chance.when(),
        "qty_sold": chance.number(1, 60),
        "selling_price": chance.amount(2, 140),
        "product_sale_note": "Price agreed by phone" if chance.sometimes(0.05) else None,
        "rowid_invoices": chance.row_of("invoices"),
        "rowid_products": chance.row_of("products"),
    }


def _estimate(chance: Chance, _: int) -> Row:
    return {
        "estimate_date": chance.when(),
        "is_a_sample": chance.flag(),
        "add_note": "Valid for 14 days" if chance.sometimes(0.3) else None,
        "rowid_accounts": chance.row_of("accounts"),
        "rowid_invoices": chance.row_of("invoices", blank=0.5),
    }


def _estimate_line(chance: Chance, _: int) -> Row:
    return {
        "sale_product_name": chance.one_of(THINGS),
        "date_of_sale": chance.when(),
        "qty_sold": chance.number(1, 60),
        "selling_price": chance.amount(2, 140),
        "rowid_estimates": chance.row_of("estimates"),
        "rowid_products": chance.row_of("products"),
    }


def _customer_payment(chance: Chance, _: int) -> Row:
    return {
        "payment_amount": chance.amount(20, 4_000),
        "date_of_payment": chance.when(),
        "type_of_payment": chance.one_of(PAID_BY),
        "payment_note": "Part payment" if chance.sometimes(0.1) else None,
        "rowid_invoices": chance.row_of("invoices"),
        "rowid_accounts": chance.row_of("accounts"),
    }


def _vendor_payment(chance: Chance, _: int) -> Row:
    return {
        "payment_amount": chance.amount(50, 9_000),
        "date_of_payment": chance.when(),
        "vendor_purchase_note": "Second half on delivery" if chance.sometimes(0.1) else None,
        "rowid_accounts": chance.row_of("accounts"),
        "rowid_purchase_orders": chance.row_of("purchase_orders"),
        "rowid_products": chance.row_of("products", blank=0.3),
    }


def _customer_credit(chance: Chance, _: int) -> Row:
    return {
        "payment_amount": chance.amount(5, 600),
        "date_of_payment": chance.when(),
        "payment_type": chance.one_of(["Return", "Damage", "Goodwill"]),
        "payment_note": "Box crushed 📦" if chance.sometimes(0.2) else None,
        "rowid_estimates": chance.row_of("estimates", blank=0.7),
        "rowid_invoices": chance.row_of("invoices"),
        "rowid_accounts": chance.row_of("accounts"),
    }


def _shipping_record(chance: Chance, number: int) -> Row:
    return {
        "tracking_number": f"1Z{number + 1:012}",
        "ship_date": chance.when(),
        "box_sizes": chance.one_of(["30x20x15", "40x30x20", "2 x 60x40x40"]),
        "box_weight": chance.amount(0.5, 30),
        "sender_name": DEMO_APP_NAME,
        "receiver_name": f"{chance.one_of(FIRST)} {chance.one_of(SECOND)}",
        "receiver_address": chance.one_of(STREETS),
        "rowid_invoices": chance.row_of("invoices"),
        "rowid_accounts": chance.row_of("accounts"),
    }


def _expense(chance: Chance, _: int) -> Row:
    return {
        "category": chance.one_of(["Fuel", "Rent", "Postage", "Repairs", "Travel"]),
        "amount": chance.amount(3, 900),
        "date": chance.when(),
        "notes": None if chance.sometimes(0.6) else "Receipt in the blue folder",
        "submitted_by": chance.one_of(PEOPLE),
    }


MAKERS: dict[str, Callable[[Chance, int], Row]] = {
    "accounts": _account, "purchase_orders": _purchase_order, "products": _product, "invoices": _invoice,
    "invoice_lines": _invoice_line, "estimates": _estimate, "estimate_lines": _estimate_line,
    "customer_payments": _customer_payment, "vendor_payments": _vendor_payment,
    "customer_credits": _customer_credit, "shipping_records": _shipping_record, "expenses": _expense,
}  # fmt: skip
