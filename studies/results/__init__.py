"""Results of the shipped sweeps, made again from their runs: pages, the table of hits and misses, the sanity ladder."""
