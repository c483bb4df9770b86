"""What ``make demo`` shows: the package doing its work against the sandbox, with figures that must agree."""
