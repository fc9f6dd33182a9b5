"""The notifier: messages on behalf of the workflow, and what to do when an execution ends."""
