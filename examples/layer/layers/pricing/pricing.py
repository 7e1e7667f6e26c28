"""Prices, as all functions of the shop compute them. A layer puts this module on the path of each of them."""

from decimal import ROUND_HALF_UP, Decimal

RATES = {"DE": Decimal("0.19"), "FR": Decimal("0.20")}


def gross(net: str, country: str) -> str:
    """The price with the tax of a country, in two decimals."""
    price = Decimal(net) * (1 + RATES[country])
    return str(price.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))
