"""Invented phone numbers, cards, IBANs and addresses, valid in form and check digits.

Phones lie in ranges reserved for fiction, cards are test numbers, IBANs are of a bank that does not exist, and e-mail
addresses end in example.com, .org or .net.
"""

from random import Random

from stdnum import iban as iban_checks
from stdnum import luhn

KINDS = ("email", "phone", "card", "iban")


def phone(rng: Random) -> str:
    """'+44 7700 900142', '07700 900142' or '+49 30 23125071'."""
    last = f"{rng.randrange(1000):03d}"
    return rng.choice(
        (
            f"+44 7700 900{last}",
            f"+447700900{last}",
            f"07700 900{last}",
            f"+49 30 23125{last}",
            f"+49 (0)30 23125-{last}",
        )
    )


def card(rng: Random) -> str:
    """'4111 1111 1183 2047': sixteen digits that pass the Luhn check."""
    digits = f"4111111111{rng.randrange(100_000):05d}"
    number = digits + luhn.calc_check_digit(digits)
    return rng.choice(("", " ", " ", "-")).join(number[place : place + 4] for place in range(0, 16, 4))


def iban(rng: Random) -> str:
    """'DE53 0001 2345 0000 0412 77': a German, Austrian or Belgian IBAN with valid check digits."""
    country, length = rng.choice((("DE", 18), ("AT", 16), ("BE", 12)))
    account = f"000{rng.randrange(10 ** (length - 3)):0{length - 3}d}"
    number = f"{country}{iban_checks.calc_check_digits(f'{country}00{account}')}{account}"
    if rng.random() < 0.3:
        return number
    return " ".join(number[place : place + 4] for place in range(0, len(number), 4))


def email(rng: Random, name: str, domains: list[str]) -> str:
    """'amrei.oakeshott71@example.net' for 'Amrei Oakeshott'."""
    joined = rng.choice((".", "_", "")).join(name.lower().split())
    return f"{joined}{rng.randrange(10, 100)}@{rng.choice(domains)}"


def make_identifier(kind: str, rng: Random, name: str, domains: list[str]) -> str:
    """An identifier of one of KINDS; `name` and `domains` serve e-mail addresses."""
    if kind == "email":
        return email(rng, name, domains)
    return {"phone": phone, "card": card, "iban": iban}[kind](rng)
