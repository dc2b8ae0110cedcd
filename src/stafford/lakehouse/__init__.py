"""Bronze and silver on Spark and Delta Lake: the only room that imports pyspark."""
