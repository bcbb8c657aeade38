"""The parts of OptimizationJob that need no platform: its states, its schedule, its tables' contents."""
