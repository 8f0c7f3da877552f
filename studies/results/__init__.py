"""What the shipped sweeps say, remade from them: pages, the table of hits and misses, the sanity ladder."""
