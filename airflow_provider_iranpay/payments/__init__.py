"""Money that moves: payments through the gateway, and payouts. What may be believed, and what may be sent again."""
