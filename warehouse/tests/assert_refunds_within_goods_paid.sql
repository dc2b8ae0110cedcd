-- Fails for each order of which more was given back than was paid for its goods, the coupon taken off.
select
    order_id,
    subtotal_cents,
    coupon_cents,
    refunded_cents
from {{ ref('fct_orders') }}
where refunded_cents > subtotal_cents - coupon_cents
