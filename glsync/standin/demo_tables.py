"""The tables of the app "Demo Wholesale", in Glide and in Postgres."""

from __future__ import annotations

from glsync.standin.samples import SampleTable, code, columns, table_id
from glsync.standin.tables import Kind

DEMO_APP_ID = "dW7hoLesaleOps4Demo1"
DEMO_APP_NAME = "Demo Wholesale"
DEMO_TOKEN = "demo-wholesale-token"  # noqa: S105  opens nothing but made-up rows on this machine

TYPES = {"number": "numeric", "boolean": "boolean", "date-time": "timestamptz"}
KEYS = {
    "accounts": "Account", "products": "Product", "invoices": "Invoice", "estimates": "Estimate",
    "purchase_orders": "Purchase order", "vendor_payments": "Vendor payment",
}  # fmt: skip


def _table(name: str, title: str, kind: Kind, fields: str, refer: str = "", *, both: bool = False) -> SampleTable:
    """A table from `column:display name:kind` lines and the names of the tables it refers to."""
    described = []
    for line in fields.strip().splitlines():
        target, shown, data_type = line.strip().split(":")
        described.append((target, shown, data_type, TYPES.get(data_type, "text")))
    described += [(f"rowid_{other}", KEYS[other], "string", "text") for other in refer.split()]
    return SampleTable(
        table_id(DEMO_APP_ID, name, kind),
        title,
        kind,
        f"public.gl_{name}",
        columns(name, described, {f"rowid_{other}": other for other in refer.split()}),
        "both" if both else "to_supabase",
        code(name, "marker") if both else None,
    )


TABLES = {
    "accounts": _table(
        "accounts", "Accounts", "glide",
        """account_name:Account name:string
        accounts_uid:Account no.:string
        client_type:Type:string
        date_added_client:Added on:date-time
        email_of_who_added:Added by:email-address
        photo:Photo:image-uri""",
    ),
    "purchase_orders": _table(
        "purchase_orders", "Purchase Orders", "glide",
        """purchase_order_uid:PO number:string
        po_date:PO date:date-time
        date_payment_date:Paid on:date-time
        docs_shortlink:Documents:uri""",
        "accounts",
    ),
    "products": _table(
        "products", "Products", "big",
        """vendor_product_name:Vendor's name:string
        new_product_name:Our name:string
        category:Category:string
        cost:Cost:number
        total_qty_purchased:Quantity bought:number
        product_purchase_date:Bought on:date-time
        product_image1:Picture:image-uri
        purchase_notes:Notes:string
        samples:Sample?:boolean
        fronted:Fronted?:boolean
        terms_for_fronted_product:Terms if fronted:string
        total_units_behind_sample:Units behind sample:number
        miscellaneous_items:Miscellaneous?:boolean""",
        "accounts purchase_orders vendor_payments",
        both=True,
    ),
    "invoices": _table(
        "invoices", "Invoices", "big",
        """invoice_order_date:Order date:date-time
        created_timestamp:Created:date-time
        submitted_timestamp:Submitted:date-time
        user_email:Entered by:email-address
        notes:Notes:string
        processed:Processed?:boolean""",
        "accounts",
    ),
    "invoice_lines": _table(
        "invoice_lines", "Invoice Lines", "big",
        """renamed_product_name:Product name:string
        date_of_sale:Sold on:date-time
        qty_sold:Quantity:number
        selling_price:Price:number
        product_sale_note:Note:string""",
        "invoices products",
    ),
    "estimates": _table(
        "estimates", "Estimates", "glide",
        """estimate_date:Date:date-time
        is_a_sample:Sample?:boolean
        add_note:Note:string""",
        "accounts invoices",
    ),
    "estimate_lines": _table(
        "estimate_lines", "Estimate Lines", "small",
        """sale_product_name:Product name:string
        date_of_sale:Date:date-time
        qty_sold:Quantity:number
        selling_price:Price:number""",
        "estimates products",
    ),
    "customer_payments": _table(
        "customer_payments", "Customer Payments", "big",
        """payment_amount:Amount:number
        date_of_payment:Paid on:date-time
        type_of_payment:Paid by:string
        payment_note:Note:string""",
        "invoices accounts",
    ),
    "vendor_payments": _table(
        "vendor_payments", "Vendor Payments", "glide",
        """payment_amount:Amount:number
        date_of_payment:Paid on:date-time
        vendor_purchase_note:Note:string""",
        "accounts purchase_orders products",
    ),
    "customer_credits": _table(
        "customer_credits", "Customer Credits", "small",
        """payment_amount:Amount:number
        date_of_payment:Credited on:date-time
        payment_type:Type:string
        payment_note:Note:string""",
        "estimates invoices accounts",
    ),
    "shipping_records": _table(
        "shipping_records", "Shipping Records", "glide",
        """tracking_number:Tracking number:string
        ship_date:Shipped on:date-time
        box_sizes:Box sizes:string
        box_weight:Weight (kg):number
        sender_name:Sender:string
        receiver_name:Receiver:string
        receiver_address:Address:string""",
        "invoices accounts",
    ),
    "expenses": _table(
        "expenses", "Expenses", "glide",
        """category:Category:string
        amount:Amount:number
        date:Date:date-time
        notes:Notes:string
        submitted_by:Submitted by:email-address""",
        both=True,
    ),
}  # fmt: skip

SIZES = {
    "accounts": 180, "purchase_orders": 120, "products": 420, "invoices": 600, "invoice_lines": 1_500,
    "estimates": 140, "estimate_lines": 350, "customer_payments": 480, "vendor_payments": 160,
    "customer_credits": 60, "shipping_records": 260, "expenses": 200,
}  # fmt: skip
