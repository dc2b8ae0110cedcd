with

orders as (select * from {{ ref('stg_orders') }}),

cancellations as (
    select distinct order_id from orders where event_type = 'order_cancelled'
),

submissions as (
    select
        *,
        -- A button that is pressed twice places one order: the first submission is it.
        row_number() over (partition by order_id order by occurred_at, event_id) as submission
    from orders
    where event_type = 'order_placed'
),

placed as (
    select
        submissions.order_id,
        submissions.session_id,
        submissions.customer_id,
        submissions.country,
        submissions.subtotal_cents,
        submissions.shipping_cents,
        submissions.coupon_code,
        submissions.coupon_cents,
        submissions.total_cents,
        submissions.tax_cents,
        submissions.lines,
        submissions.occurred_at as ordered_at,
        cancellations.order_id is not null as is_cancelled
    from submissions
    left join cancellations on submissions.order_id = cancellations.order_id
    where submissions.submission = 1
)

select * from placed
