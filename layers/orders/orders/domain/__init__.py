"""The words of the business: orders, policy, catalogue and every legal transition. Standard library only, no I/O."""
