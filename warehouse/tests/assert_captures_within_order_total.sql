-- Fails for each order that was paid more than it cost.
select
    order_id,
    total_cents,
    paid_cents
from {{ ref('fct_orders') }}
where paid_cents > total_cents
