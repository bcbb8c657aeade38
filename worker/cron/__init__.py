"""What happens by the clock: the platform calls every minute, and each step runs when its own time has come."""
