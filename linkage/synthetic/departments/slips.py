"""What a slip makes of one text, one number or one date. `pick`, from 0 to 1, chooses among what is possible."""

import datetime
import unicodedata

from linkage.synthetic.days import EPOCH, day

NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "ko", "m": "n", "n": "mb", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
ONE_LETTER_FOR_ANOTHER = str.maketrans("łŁđĐıİ", "lLdDiI")
SURNAME_INITIALS = "ABCDEFGHJKLMNPRSTW"


def slip(text: str, pick: float) -> str:
    """One slip of the keyboard that shows in capitals too; where its kind does not, as Aa for aA, the next kind."""
    if len(text) < 3:
        return text + text[-1]
    tries = (slip_of(text, (int(pick * 4) + turn) % 4, pick) for turn in range(4))
    return next(other for other in tries if other.upper() != text.upper())


def slip_of(text: str, kind: int, pick: float) -> str:
    """A slip by its kind: 0 a neighbouring key, 1 a letter left out, 2 twice, 3 two in the wrong order."""
    place = 1 + int(pick * 7919) % (len(text) - 1)
    letter = text[place]
    if kind == 0:
        near = NEIGHBOURS.get(letter.lower(), "e")
        return text[:place] + near[int(pick * 104_729) % len(near)] + text[place + 1 :]
    if kind == 1:
        return text[:place] + text[place + 1 :]
    if kind == 2:
        return text[:place] + letter + text[place:]
    return text[: place - 1] + letter + text[place - 1] + text[place + 1 :]


def turned_round(text: str, _: float) -> str:
    """A joined name with its parts in the other order."""
    return "-".join(reversed(text.split("-")))


def halved(text: str, pick: float) -> str:
    """One of the first two parts of a joined name; a hyphen typed twice has nothing in between."""
    return [part for part in text.split("-") if part][int(pick * 2) % 2]


def spaced(text: str, _: float) -> str:
    """A joined name without its hyphen."""
    return text.replace("-", " ")


def day_for_month(date: datetime.date, _: float) -> datetime.date:
    """Day and month in the other's place, where that is a date."""
    return date.replace(month=date.day, day=date.month) if date.day <= 12 else date


def one_digit(date: datetime.date, pick: float) -> datetime.date:
    """Another date with one digit of difference: in the day's or the year's last, or in the month's."""
    text = date.isoformat()
    for turn in range(30):
        number = int(pick * 1e6) + 7 * turn
        place = (3, 6, 9, 9)[number % 4]
        other = text[:place] + str((int(text[place]) + 1 + number // 4 % 9) % 10) + text[place + 1 :]
        try:
            return datetime.date.fromisoformat(other)
        except ValueError:
            continue
    return date


def day_for_month_of(number: int, pick: float) -> int:
    """`day_for_month` of a day's number."""
    return day(day_for_month(datetime.date.fromordinal(number + EPOCH), pick))


def one_digit_of(number: int, pick: float) -> int:
    """`one_digit` of a day's number."""
    return day(one_digit(datetime.date.fromordinal(number + EPOCH), pick))


def wrong_sector(postcode: str, pick: float) -> str:
    """The postcode with another sector."""
    return postcode[:-3] + str((int(postcode[-3]) + 1 + int(pick * 9)) % 10) + postcode[-2:]


def wrong_figure(number: str, pick: float, kept: int) -> str:
    """An identifier with one digit wrong after its first `kept` characters, which keep it in its reserved range."""
    at = [place for place, figure in enumerate(number) if place >= kept and figure.isdigit()]
    place = at[int(pick * len(at))]
    return number[:place] + str((int(number[place]) + 1 + int(pick * 1000) % 9) % 10) + number[place + 1 :]


def another_surname_initial(initials: str, pick: float) -> str:
    """The initials of somebody with another surname."""
    others = SURNAME_INITIALS.replace(initials[1], "")
    return initials[0] + others[int(pick * len(others))]


def without_century(pnc: str, _: float) -> str:
    """A PNC id with two digits of its year."""
    return pnc[2:]


def without_stroke(pnc: str, _: float) -> str:
    """A PNC id without its stroke."""
    return pnc.replace("/", "")


def plain_letters(text: str) -> str:
    """The text in ASCII, for a system that knows no more."""
    folded = unicodedata.normalize("NFKD", text.translate(ONE_LETTER_FOR_ANOTHER))
    return folded.encode("ascii", "ignore").decode()
