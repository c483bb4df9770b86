"""The HTTP APIs as data: what to send, how to read the answer, what a failure means. Pure."""
