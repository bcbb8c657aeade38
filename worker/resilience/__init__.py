"""How the gateway stays up: shedding, breakers, retries with a budget."""
