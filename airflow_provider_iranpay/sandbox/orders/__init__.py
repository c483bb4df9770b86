"""Orders of a merchant, with their payments played into the sandbox and the truth about every one of them.

``kinds`` says what there is and what is true of it, ``past`` makes a payment, ``story`` tells one order, ``play`` tells
them all, ``files`` writes them down.
"""
