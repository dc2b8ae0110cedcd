"""How fast the generator is, and how fast others are: `python -m benchmarks.generator`.

Every program is run as a process of its own, for a short and for a long amount of work, in rounds that
alternate between the programs. The difference of the two runs is the rate; it contains no start-up.
"""
