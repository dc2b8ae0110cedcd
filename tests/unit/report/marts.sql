-- A small shop as the marts describe it: seven days and four hours, with names that nobody should trust.
create schema marts;

create table marts.dim_products as
select
    'prd-' || n as product_id,
    case n
        when 1 then '</script><script>document.title = "owned"</script>'
        when 2 then '<img src=x onerror="document.title = ''owned''"> & <b>bold</b> "quoted"'
        when 3 then 'A teapot with a name that goes on and on, far beyond what any phone can show in one line'
        else 'Linen shirt ' || n
    end as product_name,
    case n % 3 when 0 then 'kitchen' when 1 then 'garden' else 'clothing' end as category,
    case n when 4 then 'navy' when 5 then 'red' end as color,
    case n when 5 then 'M' end as size,
    1000 * n as price_cents,
    timestamptz '2026-01-01 00:00:00+00' as launched_at,
    false as is_inferred
from range(1, 15) as products(n);

create table marts.fct_sessions as
select
    's-' || row_number() over () as session_id,
    null::varchar as customer_id,
    timestamptz '2026-01-12 00:00:00+00' + to_hours(hour) + to_seconds(n) as started_at,
    date '2026-01-12' + (hour // 24)::integer as session_date
from range(0, 172) as hours(hour),
    lateral range(0, (40 + 35 * sin((hour % 24 - 8) * pi() / 12) + (hour // 24) * 3)::bigint) as visits(n);

create table marts.revenue_hourly as
select
    timestamp '2026-01-12 00:00:00' + to_hours(hour) as revenue_hour,
    (4 + 3 * sin((hour % 24 - 8) * pi() / 12))::bigint as order_count,
    (6 + 4 * sin((hour % 24 - 8) * pi() / 12))::bigint as unit_count,
    (15000 + 12000 * sin((hour % 24 - 8) * pi() / 12) + 700 * (hour // 24))::bigint as revenue_cents,
    (hour % 24) * 20::bigint as cancelled_cents,
    14000::bigint as paid_cents,
    (hour % 7) * 100::bigint as refunded_cents
from range(0, 172) as hours(hour);

create table marts.funnel_daily as
select
    session_date,
    count(*) as sessions,
    (count(*) * 0.71)::bigint as product_view_sessions,
    (count(*) * 0.24)::bigint as cart_sessions,
    (count(*) * 0.13)::bigint as checkout_sessions,
    (count(*) * 0.08)::bigint as order_sessions
from marts.fct_sessions
group by session_date;

-- The last product was never introduced by a clean event: it is sold, and has no row in dim_products.
create table marts.fct_order_items as
select
    'ord-' || line || '-1' as order_item_id,
    'prd-' || product as product_id,
    1 + line % 2 as quantity,
    (1 + line % 2) * (16 - product) * 500 as line_total_cents
from range(1, 16) as products(product), range(0, 12) as lines(line);
