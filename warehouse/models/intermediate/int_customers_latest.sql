with

customers as (select * from {{ ref('stg_customers') }}),

ranked as (
    select
        *,
        -- Late events arrive after newer ones, so the event's own time decides; event_id settles a tie.
        row_number() over (partition by customer_id order by occurred_at desc, event_id desc) as recency
    from customers
),

latest as (
    select
        customer_id,
        full_name,
        email,
        country,
        city,
        segment,
        has_marketing_consent,
        registered_at
    from ranked
    where recency = 1
)

select * from latest
