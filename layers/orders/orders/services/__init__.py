"""The verbs of the business: use cases over small ports. A service owns its rules and its idempotency keys."""
