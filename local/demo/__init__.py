"""The main job on a bundled, generated data set: what `make demo` shows."""
