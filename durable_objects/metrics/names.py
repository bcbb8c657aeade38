"""The name of the one Telemetry object of an installation."""

TELEMETRY = "all"
