"""Paystar's API, read from its contract alone: open banking, transfers, wallet and gateway as tables of services.

Nothing here knows of sockets, and nothing here may come from the package's own client of that API.
"""
