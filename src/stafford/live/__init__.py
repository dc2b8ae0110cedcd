"""The live numbers: silver folded into a few figures, kept in Redis for whoever looks.

Silver is the truth and Redis is a picture of it. Each round reads what silver's tables committed since the
round before, folds it in, and replaces the whole picture by one write. So nothing in Redis is ever added to:
a micro-batch that is replayed commits nothing, and a Redis that comes back empty is right after one round.
"""
