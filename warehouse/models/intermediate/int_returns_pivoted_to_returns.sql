with

returns as (select * from {{ ref('stg_returns') }}),

pivoted as (
    select
        return_id,
        -- Both steps of a return repeat these; either step may be missing.
        min(order_id) as order_id,
        min(line_number) as line_number,
        min(product_id) as product_id,
        min(quantity) as quantity,
        min(return_reason) as return_reason,
        min(case when event_type = 'return_requested' then occurred_at end) as requested_at,
        min(case when event_type = 'refund_issued' then occurred_at end) as refunded_at,
        {{ total("case when event_type = 'refund_issued' then refund_cents else 0 end") }} as refund_cents
    from returns
    group by return_id
)

select * from pivoted
