"""The parts of OptimizationJob: its states, its tables, its place in the queue, its solver, its plan and what is shown."""
