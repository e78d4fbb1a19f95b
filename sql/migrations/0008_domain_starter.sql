-- glsync: optional domain-starter
-- Tables of a small trading business, ready to be mapped. rowid_<plural> holds the glide_row_id of the parent in
-- gl_<plural>; there is no foreign key on purpose: a child may come in before its parent.

create table public.gl_accounts (
    id uuid primary key default gen_random_uuid(),
    glide_row_id text unique,
    account_name text,
    accounts_uid text,
    client_type text,
    date_added_client timestamptz,
    email_of_who_added text,
    photo text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.gl_accounts is 'Domain starter: customers and vendors';

create table public.gl_products (
    id uuid primary key default gen_random_uuid(),
    glide_row_id text unique,
    vendor_product_name text,
    new_product_name text,
    category text,
    cost numeric,
    total_qty_purchased numeric,
    product_purchase_date timestamptz,
    product_image1 text,
    purchase_notes text,
    samples boolean,
    fronted boolean,
    terms_for_fronted_product text,
    total_units_behind_sample numeric,
    miscellaneous_items boolean,
    rowid_accounts text,
    rowid_purchase_orders text,
    rowid_vendor_payments text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.gl_products is 'Domain starter: products bought for sale';

create table public.gl_invoices (
    id uuid primary key default gen_random_uuid(),
    glide_row_id text unique,
    invoice_order_date timestamptz,
    created_timestamp timestamptz,
    submitted_timestamp timestamptz,
    user_email text,
    notes text,
    processed boolean,
    rowid_accounts text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.gl_invoices is 'Domain starter: invoices';

create table public.gl_invoice_lines (
    id uuid primary key default gen_random_uuid(),
    glide_row_id text unique,
    renamed_product_name text,
    date_of_sale timestamptz,
    qty_sold numeric,
    selling_price numeric,
    product_sale_note text,
    rowid_invoices text,
    rowid_products text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.gl_invoice_lines is 'Domain starter: lines of invoices';

create table public.gl_estimates (
    id uuid primary key default gen_random_uuid(),
    glide_row_id text unique,
    estimate_date timestamptz,
    is_a_sample boolean,
    add_note text,
    rowid_accounts text,
    rowid_invoices text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.gl_estimates is 'Domain starter: estimates';

create table public.gl_estimate_lines (
    id uuid primary key default gen_random_uuid(),
    glide_row_id text unique,
    sale_product_name text,
    date_of_sale timestamptz,
    qty_sold numeric,
    selling_price numeric,
    rowid_estimates text,
    rowid_products text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.gl_estimate_lines is 'Domain starter: lines of estimates';

create table public.gl_purchase_orders (
    id uuid primary key default gen_random_uuid(),
    glide_row_id text unique,
    po_date timestamptz,
    purchase_order_uid text,
    date_payment_date timestamptz,
    docs_shortlink text,
    rowid_accounts text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.gl_purchase_orders is 'Domain starter: purchase orders';

create table public.gl_customer_payments (
    id uuid primary key default gen_random_uuid(),
    glide_row_id text unique,
    payment_amount numeric,
    date_of_payment timestamptz,
    type_of_payment text,
    payment_note text,
    rowid_invoices text,
    rowid_accounts text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.gl_customer_payments is 'Domain starter: payments from customers';

create table public.gl_vendor_payments (
    id uuid primary key default gen_random_uuid(),
    glide_row_id text unique,
    payment_amount numeric,
    date_of_payment timestamptz,
    vendor_purchase_note text,
    rowid_accounts text,
    rowid_purchase_orders text,
    rowid_products text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.gl_vendor_payments is 'Domain starter: payments to vendors';

create table public.gl_customer_credits (
    id uuid primary key default gen_random_uuid(),
    glide_row_id text unique,
    payment_amount numeric,
    date_of_payment timestamptz,
    payment_type text,
    payment_note text,
    rowid_estimates text,
    rowid_invoices text,
    rowid_accounts text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.gl_customer_credits is 'Domain starter: credits of customers';

create table public.gl_shipping_records (
    id uuid primary key default gen_random_uuid(),
    glide_row_id text unique,
    box_sizes text,
    box_weight numeric,
    sender_name text,
    receiver_name text,
    receiver_address text,
    ship_date timestamptz,
    tracking_number text,
    rowid_invoices text,
    rowid_accounts text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.gl_shipping_records is 'Domain starter: shipments';

create table public.gl_expenses (
    id uuid primary key default gen_random_uuid(),
    glide_row_id text unique,
    amount numeric,
    date timestamptz,
    category text,
    notes text,
    submitted_by text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.gl_expenses is 'Domain starter: expenses';

create index gl_products_rowid_accounts on public.gl_products (rowid_accounts);
create index gl_products_rowid_purchase_orders on public.gl_products (rowid_purchase_orders);
create index gl_products_rowid_vendor_payments on public.gl_products (rowid_vendor_payments);
create index gl_invoices_rowid_accounts on public.gl_invoices (rowid_accounts);
create index gl_invoice_lines_rowid_invoices on public.gl_invoice_lines (rowid_invoices);
create index gl_invoice_lines_rowid_products on public.gl_invoice_lines (rowid_products);
create index gl_estimates_rowid_accounts on public.gl_estimates (rowid_accounts);
create index gl_estimates_rowid_invoices on public.gl_estimates (rowid_invoices);
create index gl_estimate_lines_rowid_estimates on public.gl_estimate_lines (rowid_estimates);
create index gl_estimate_lines_rowid_products on public.gl_estimate_lines (rowid_products);
create index gl_purchase_orders_rowid_accounts on public.gl_purchase_orders (rowid_accounts);
create index gl_customer_payments_rowid_invoices on public.gl_customer_payments (rowid_invoices);
create index gl_customer_payments_rowid_accounts on public.gl_customer_payments (rowid_accounts);
create index gl_vendor_payments_rowid_accounts on public.gl_vendor_payments (rowid_accounts);
create index gl_vendor_payments_rowid_purchase_orders on public.gl_vendor_payments (rowid_purchase_orders);
create index gl_vendor_payments_rowid_products on public.gl_vendor_payments (rowid_products);
create index gl_customer_credits_rowid_estimates on public.gl_customer_credits (rowid_estimates);
create index gl_customer_credits_rowid_invoices on public.gl_customer_credits (rowid_invoices);
create index gl_customer_credits_rowid_accounts on public.gl_customer_credits (rowid_accounts);
create index gl_shipping_records_rowid_invoices on public.gl_shipping_records (rowid_invoices);
create index gl_shipping_records_rowid_accounts on public.gl_shipping_records (rowid_accounts);

do $$
declare
    target record;
begin
    for target in
        select c.oid::regclass as id from pg_catalog.pg_class as c
        where c.relnamespace = 'public'::regnamespace and obj_description(c.oid, 'pg_class') ~ '^Domain starter: '
    loop
        execute format(
            'create trigger touch before update on %s for each row execute function glsync.note_change()', target.id
        );
    end loop;
end
$$;

select glsync.grant_access();
