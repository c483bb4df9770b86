"""Formats of files that hold a table, one module each: read in batches, written in a stream. No path is known here."""
