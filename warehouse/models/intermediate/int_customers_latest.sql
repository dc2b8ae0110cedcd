with

customers as (select * from {{ ref('stg_customers') }}),

ranked as (
    select
        *,
        -- Late events arrive after newer ones, so the event's own time decides; event_id settles a tie.
        row_number() over (partition by customer_id order by occurred_at desc, event_id desc) as recency,
        -- Two accounts are compared by where each began: an address may change later.
        first_value(email) over (partition by customer_id order by occurred_at, event_id) as first_email
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
        registered_at,
        email like '%@{{ var("staff_domain") }}' as is_staff,
        -- A tag behind a plus sign makes another address of the same mailbox.
        regexp_replace(first_email, '[+][^@]*@', '@') as mailbox
    from ranked
    where recency = 1
),

recognised as (
    select
        *,
        row_number() over (partition by full_name, mailbox order by registered_at, customer_id) > 1
            as is_second_account
    from latest
)

select * from recognised
