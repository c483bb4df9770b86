"""The country, pure: digits and letters, identifiers, banks, Jalali days, masks.

No I/O but the packaged bank table, no import of another layer of the package, nothing about a provider's HTTP.
"""
