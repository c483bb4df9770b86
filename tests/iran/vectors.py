"""Invented identifiers: their checksums are right, and none belongs to a known person or account."""

VALID_IBANS = (
    "IR760170000000000000000001",
    "IR470120000000000000012345",
    "IR900560180000000000000007",
    "IR960620100000000000000099",
)
VALID_NATIONAL_CODES = ("0012345679", "1234567891", "0840000014", "0000123455")
VALID_LEGAL_IDS = ("10123456788", "14012345679", "10987654325", "10321456983")
VALID_CARDS = ("6037990000000006", "6104330000000003", "5022290000000000", "6219861900000000")
VALID_MOBILE = "09123456789"
VALID_POSTAL_CODE = "1345678901"
VALID_FIDA_CODE = "123456789012"

PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
ARABIC_INDIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def with_one_digit_changed(text: str) -> list[str]:
    """Every text that differs from this one in exactly one of its digits."""
    return [
        text[:place] + digit + text[place + 1 :]
        for place, old in enumerate(text)
        if old.isdigit()
        for digit in "0123456789"
        if digit != old
    ]
