{#-
  A relation with one row for each element of an array column, to stand after FROM.
  Fields of the element are read as `<alias>.<field>`, columns of the relation as `<relation>.<column>`.
  `fields` maps each field of the element to its type, for engines where an array does not know what it holds.
  How arrays are taken apart is not standard SQL: a new adapter needs an implementation here, and no model changes.
-#}
{% macro exploded(relation, array_column, alias, fields) -%}
    {{ adapter.dispatch('exploded')(relation, array_column, alias, fields) }}
{%- endmacro %}

{% macro default__exploded(relation, array_column, alias, fields) -%}
    {{ exceptions.raise_compiler_error(
        "macro exploded has no implementation for " ~ target.type ~ "; write " ~ target.type ~ "__exploded beside it"
    ) }}
{%- endmacro %}

{% macro duckdb__exploded(relation, array_column, alias, fields) -%}
    {{ relation }} cross join unnest({{ relation }}.{{ array_column }}) as {{ alias }}_rows({{ alias }})
{%- endmacro %}

{#- The array is a jsonb. Fields are taken out one by one, so that an element that is null gives a row, as elsewhere. -#}
{% macro postgres__exploded(relation, array_column, alias, fields) -%}
    {{ relation }} cross join lateral (
        select
            {%- for name, type in fields.items() %}
            cast(element.value ->> '{{ name }}' as {{ type }}) as {{ name }}{{ "," if not loop.last }}
            {%- endfor %}
        from jsonb_array_elements({{ relation }}.{{ array_column }}) as element(value)
    ) as {{ alias }}
{%- endmacro %}
