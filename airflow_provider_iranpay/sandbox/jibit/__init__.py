"""Jibit's inquiry API, read from its contract alone: services as a table, tokens, answers and refusals.

Nothing here knows of sockets, and nothing here may come from the package's own client of that API.
"""
