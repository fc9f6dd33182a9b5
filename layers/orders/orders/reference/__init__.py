"""The catalogue and the policy as versioned JSON, read by `orders.adapters.reference`."""
