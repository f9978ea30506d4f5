"""The 95 % interval of a share."""

from math import sqrt

Z = 1.959964


def wilson(share: float, of: float) -> tuple[float, float]:
    """The score interval of a share, 0 to 1 (Wilson, JASA 22, 1927). `of`: of how many that are independent."""
    middle, spread = share + Z**2 / (2 * of), Z * sqrt(share * (1 - share) / of + Z**2 / (4 * of**2))
    return max((middle - spread) / (1 + Z**2 / of), 0.0), min((middle + spread) / (1 + Z**2 / of), 1.0)
