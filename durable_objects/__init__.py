"""The objects that own StoreMax's state: one file per class, each with its own SQLite tables and RPC methods."""
