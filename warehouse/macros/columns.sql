{#- Whole cents (or units) of many rows; 0 where there is none. A bare sum() widens its type, differently by engine. -#}
{% macro total(expression) -%}
    cast(coalesce(sum({{ expression }}), 0) as bigint)
{%- endmacro %}

{#- The start of the hour that an instant is in. -#}
{% macro hour_of(instant) -%}
    date_trunc('hour', {{ instant }})
{%- endmacro %}

{#- The UTC day that an instant is in. -#}
{% macro day_of(instant) -%}
    cast({{ instant }} as date)
{%- endmacro %}
