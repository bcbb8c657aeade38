"""The job shop: operations in fixed order per job, each on one machine, the last to end as early as possible.

Used where every step of the work has exactly one resource that can do it; labour planning with choices is another model.
"""
