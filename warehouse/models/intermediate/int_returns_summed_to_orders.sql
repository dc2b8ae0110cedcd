with

returns as (select * from {{ ref('int_returns_pivoted_to_returns') }}),

summed as (
    select
        order_id,
        {{ total('refund_cents') }} as refunded_cents
    from returns
    group by order_id
)

select * from summed
