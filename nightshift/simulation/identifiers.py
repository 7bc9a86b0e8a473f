"""Made-up phone numbers, cards, accounts and addresses that look and check out like real ones.

Phones lie in ranges kept for fiction, cards are test numbers with a valid Luhn digit, IBANs have valid check digits
over a bank that does not exist, e-mail addresses end in example.com, .org or .net.
"""

from random import Random

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
    digits = [int(digit) for digit in f"4111111111{rng.randrange(100_000):05d}"]
    doubled = [digit * 2 - 9 * (digit > 4) if place % 2 == 0 else digit for place, digit in enumerate(digits)]
    number = "".join(map(str, digits)) + str(-sum(doubled) % 10)
    return rng.choice(("", " ", " ", "-")).join(number[place : place + 4] for place in range(0, 16, 4))


def iban(rng: Random) -> str:
    """'DE53 0001 2345 0000 0412 77': a German, Austrian or Belgian IBAN whose checksum is right."""
    country, length = rng.choice((("DE", 18), ("AT", 16), ("BE", 12)))
    account = f"000{rng.randrange(10 ** (length - 3)):0{length - 3}d}"
    letters = "".join(str(ord(letter) - 55) for letter in country)
    number = f"{country}{98 - int(account + letters + '00') % 97:02d}{account}"
    if rng.random() < 0.3:
        return number
    return " ".join(number[place : place + 4] for place in range(0, len(number), 4))


def email(rng: Random, name: str, domains: list[str]) -> str:
    """'amrei.oakeshott71@example.net' for 'Amrei Oakeshott'."""
    joined = rng.choice((".", "_", "")).join(name.lower().split())
    return f"{joined}{rng.randrange(10, 100)}@{rng.choice(domains)}"


def identifier(kind: str, rng: Random, name: str, domains: list[str]) -> str:
    """One of KINDS."""
    if kind == "email":
        return email(rng, name, domains)
    return {"phone": phone, "card": card, "iban": iban}[kind](rng)
