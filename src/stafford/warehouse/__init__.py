"""Silver on its way to people: published into a warehouse, then shaped by dbt.

The only sources of the warehouse are silver tables; business logic lives in the dbt project alone.
"""
