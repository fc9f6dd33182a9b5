"""The local stack: stands up on 127.0.0.1 what template.yaml declares."""
