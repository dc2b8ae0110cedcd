-- Fails for each day on which more visits reached a step than the step before it.
select *
from {{ ref('funnel_daily') }}
where product_view_sessions > sessions
    or cart_sessions > product_view_sessions
    or checkout_sessions > cart_sessions
    or order_sessions > checkout_sessions
