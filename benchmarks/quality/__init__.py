"""Plan quality on public benchmark instances, beside other programs in the same run."""
