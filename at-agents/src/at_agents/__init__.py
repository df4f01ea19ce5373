"""at-agents: the desk: strategies, models and LLM agents. They propose, they never decide."""
