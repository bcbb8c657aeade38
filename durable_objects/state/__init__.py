"""The logic of the stateful objects, on plain SQL: no `js`, no `workers`, so that CPython tests it in milliseconds."""
