"""The engine: keeps, takes, holds and settles transfers. What a step does it asks the step."""
