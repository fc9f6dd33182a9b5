"""The durable order workflow: one execution for each order."""
