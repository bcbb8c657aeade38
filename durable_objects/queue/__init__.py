"""The logic of TaskQueue, on plain SQL: no `js`, no `workers`, so that CPython tests it in milliseconds."""
