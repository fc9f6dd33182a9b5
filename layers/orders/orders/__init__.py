"""The shared package of Countersign: what an order is, what may happen to it, and the wires to the outside."""
