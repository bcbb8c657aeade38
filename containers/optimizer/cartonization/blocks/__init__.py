"""Container loading by blocks of boxes: beam search over maximal spaces, each node valued by a greedy completion."""
