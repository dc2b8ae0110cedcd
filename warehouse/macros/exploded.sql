{#-
  A relation with one row for each element of an array column, to stand after FROM.
  Fields of the element are read as `<alias>.<field>`, columns of the relation as `<relation>.<column>`.
  How arrays are taken apart is not standard SQL: a new adapter needs an implementation here, and no model changes.
-#}
{% macro exploded(relation, array_column, alias) -%}
    {{ adapter.dispatch('exploded')(relation, array_column, alias) }}
{%- endmacro %}

{% macro default__exploded(relation, array_column, alias) -%}
    {{ exceptions.raise_compiler_error(
        "macro exploded has no implementation for " ~ target.type ~ "; write " ~ target.type ~ "__exploded beside it"
    ) }}
{%- endmacro %}

{% macro duckdb__exploded(relation, array_column, alias) -%}
    {{ relation }} cross join unnest({{ relation }}.{{ array_column }}) as {{ alias }}_rows({{ alias }})
{%- endmacro %}
