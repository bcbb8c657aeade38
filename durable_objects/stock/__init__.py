"""A zone's stock: operations, the rules that refuse them, the ledger, transfers, and what is told to the warehouse."""
