"""The journal of paid calls: what was asked, what it cost, what came back. Every call is in it before it is sent.

The promise: a question is paid at most once per freshness period. Nothing is sent from here, and no provider is known.
"""
