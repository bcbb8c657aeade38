"""One dimension: lengths into bars, by column generation."""
