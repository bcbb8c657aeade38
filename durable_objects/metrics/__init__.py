"""The installation's numbers, where those of all isolates come together, and the alert rules that watch them.

Plain Python over the narrow SQL interface; the object around it is durable_objects/telemetry.py.
"""
