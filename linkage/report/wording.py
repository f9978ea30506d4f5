"""Published figures as the page of a release prints them, in tables and in drawings alike."""

from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]
ALL = "all"
SYMBOLS = {
    "[c]": "suppressed, so that nothing can be learned about one woman",
    "[u]": "unreliable, because few women are counted",
    "[z]": "nobody in this group was counted",
}
TOO_FEW_PAIRS = {"[x]": "not given, since too few women were matched"}


def mark(status: str) -> str:
    """The symbol of a row: [c] in place of a rate, [u] beside it; '' of one that stands as it is."""
    return f"[{status}]" if status else ""


def marked(figure: str, symbol: str) -> str:
    """A figure with the symbol that stands beside it."""
    return f"{figure} {symbol}" if symbol else figure


def key(symbols: Iterable[str]) -> str:
    """What the symbols in a drawing mean, in sentences; '' where there is none."""
    found = set(symbols)
    return " ".join(f"{symbol}: {meaning}." for symbol, meaning in (SYMBOLS | TOO_FEW_PAIRS).items() if symbol in found)


def signed(figure: float, decimals: int = 1) -> str:
    """A figure with its sign, minus as it is printed: +10.3, −8.9."""
    return f"{figure + 0.0:+.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def rate_text(row: Row) -> str:
    """The rate as it is printed: 52.3% · 52.3% [u] · [c]."""
    return mark(row["status"]) if row["value"] is None else marked(f"{row['value']:.1f}%", mark(row["status"]))


def interval_text(row: Row) -> str:
    """The interval in %."""
    return mark(row["status"]) if row["value"] is None else f"{row['lower']:.1f} to {row['upper']:.1f}"


def corrected_text(row: Row) -> str:
    """The corrected rate and its interval: 53.1% (49.8 to 56.6); '' where the rate is not corrected."""
    if row["corrected"] is None:
        return mark(row["status"]) if row["value"] is None else ""
    return f"{row['corrected']:.1f}% ({row['corrected_lower']:.1f} to {row['corrected_upper']:.1f})"


def count_text(row: Row, name: str) -> str:
    """A rounded count."""
    return "[c]" if row[name] is None else f"{row[name]:,}"


def period_text(row: Row) -> str:
    """The period of a row in words."""
    return all_periods(row["period"])


def all_periods(period: str) -> str:
    """A period in words."""
    return "All periods" if period == ALL else period
