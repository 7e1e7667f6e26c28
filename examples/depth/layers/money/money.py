"""Sums of money, as text."""


def shown(amount, currency):
    return f"{amount} {currency}"


def total(orders):
    return sum(int(order) for order in orders)
