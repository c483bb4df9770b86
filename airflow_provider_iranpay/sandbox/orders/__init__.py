"""Orders and payouts of a merchant, played into the sandbox's books, with the truth about every one of them.

``kinds`` and ``payout_kinds`` say what there is and what is true of it, ``past`` makes a payment or a transfer,
``story`` tells one order and ``payouts`` one payout, ``play`` tells them all, ``files`` writes them down.
"""
