"""The decisions of AgentFleet, without the platform: who may start, who serves, when to grow."""
