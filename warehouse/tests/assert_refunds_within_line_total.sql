-- Fails for each order line on which more was refunded than it cost.
with

items as (select * from {{ ref('fct_order_items') }}),

returns as (select * from {{ ref('fct_returns') }}),

refunds as (
    select
        order_id,
        line_number,
        {{ total('refund_cents') }} as refunded_cents
    from returns
    group by order_id, line_number
),

excessive as (
    select
        items.order_item_id,
        items.line_total_cents,
        refunds.refunded_cents
    from items
    inner join refunds on items.order_id = refunds.order_id and items.line_number = refunds.line_number
    where refunds.refunded_cents > items.line_total_cents
)

select * from excessive
