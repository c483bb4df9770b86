"""What may be shown of personal numbers."""

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from airflow_provider_iranpay.iran.digits import ascii_digits
from airflow_provider_iranpay.iran.masks import mask_card, mask_shape, mask_text
from tests.iran.vectors import (
    ARABIC_INDIC,
    PERSIAN,
    VALID_CARDS,
    VALID_FIDA_CODE,
    VALID_IBANS,
    VALID_LEGAL_IDS,
    VALID_MOBILE,
    VALID_NATIONAL_CODES,
    VALID_POSTAL_CODE,
)

NUMBERS = (
    *VALID_NATIONAL_CODES,
    *VALID_LEGAL_IDS,
    VALID_FIDA_CODE,
    VALID_POSTAL_CODE,
    VALID_MOBILE,
    "989123456789",
    "00989123456789",
    "12345679",
    "840000014",
    "0201234567000",
)
scripts = pytest.mark.parametrize("script", [{}, PERSIAN, ARABIC_INDIC], ids=["ascii", "persian", "arabic-indic"])


def digit_runs(text: str) -> list[str]:
    return re.findall(r"[0-9]+", ascii_digits(text))


# A card


def test_a_card_keeps_its_first_six_and_last_four_digits() -> None:
    assert mask_card("6037990000000006") == "603799******0006"


@pytest.mark.parametrize("card", ["6037-9900-0000-0006", "۶۰۳۷۹۹۰۰۰۰۰۰۰۰۰۶", "603799******0006"])
def test_a_card_in_any_form_is_masked_alike(card: str) -> None:
    assert mask_card(card) == "603799******0006"


@pytest.mark.parametrize("text", ["603799000000000", "60379900000000061", "6037990000000006x", "0012345679"])
def test_what_is_no_card_keeps_nothing(text: str) -> None:
    assert mask_card(text) == "*" * len(text)


# Inside a text


@scripts
@pytest.mark.parametrize("card", VALID_CARDS)
@pytest.mark.parametrize("form", ["{}{}{}{}", "{} {} {} {}", "{}-{}-{}-{}", "{}%20{}%20{}%20{}"])
def test_a_card_inside_a_text_is_masked(card: str, form: str, script: dict[int, int]) -> None:
    fours = [card[place : place + 4].translate(script) for place in range(0, 16, 4)]
    assert mask_text(f"کارت {form.format(*fours)}: رد شد") == f"کارت {card[:6]}******{card[-4:]}: رد شد"


@scripts
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("around", ["{}", "code={}&x=1", "«{}»", "کد{}است", '{{"a":"{}"}}', "/{}/", "_{}_", "100%{}%"])
def test_a_number_inside_a_text_becomes_stars(number: str, around: str, script: dict[int, int]) -> None:
    assert mask_text(around.format(number.translate(script))) == around.format("*" * len(number))


@scripts
@pytest.mark.parametrize("iban", VALID_IBANS)
@pytest.mark.parametrize("prefix", ["IR", "ir", "Ir"])
def test_an_iban_becomes_ir_and_stars(iban: str, prefix: str, script: dict[int, int]) -> None:
    digits = iban[2:].translate(script)
    grouped = " ".join((prefix + digits)[place : place + 4] for place in range(0, 26, 4))
    assert mask_text(f"شبا {prefix}{digits}, {grouped}.") == f"شبا IR{'*' * 24}, IR{'*' * 24}."


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("IR76017000000000000000000", 23),
        ("IR7601700000000000000000012", 25),
        ("IR76 0170 0000 0000 0000 0000", 22),
        ("IR76-0170-0000-0000-0000-0000", 22),
    ],
)
def test_an_iban_with_digits_too_many_or_too_few_is_masked_too(text: str, digits: int) -> None:
    assert mask_text(f"{text}: length") == f"IR{'*' * digits}: length"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("0912 345 6789", "***********"),
        ("0912-345-67-89", "***********"),
        ("+98 912 345 6789", "+************"),
        ("0098-912-3456789", "**************"),
        ("001-234567-9", "**********"),
        ("13456-78901", "**********"),
        ("۰۰۱\u200c۲۳۴۵۶۷۹", "**********"),
        ("mobile=%2B989123456789", "mobile=%2B************"),
        (r"line\n0012345679", r"line\n**********"),
        ("0012345679.0", "**********.0"),
        ("0012345679;0840000014", "**********;**********"),
        ("6037990000000006 6104330000000003", "603799******0006 610433******0003"),
    ],
)
def test_other_written_forms_are_masked(text: str, masked: str) -> None:
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HTTP 503 after 1234567 rows, 12 of 3456789",
        "2024-01-15T10:20:30+03:30",
        "2024-01-15 10:20:30.123456",
        "1403/05/01",
        "000708",
        "rows 10000-20000",
        "125,000,000 Rial",
        "127.0.0.1:8321",
        "IR and 24 digits",
        "603799******0006",
    ],
)
def test_short_numbers_days_and_words_stay(text: str) -> None:
    assert mask_text(text) == text


@given(st.uuids(version=4))
def test_a_track_id_survives(track_id) -> None:
    assume(not track_id.hex.isdigit())
    for text in (track_id.hex, str(track_id), track_id.hex.upper(), f'X-TRACK-ID "{track_id.hex}", {track_id}.'):
        assert mask_text(text) == text


@pytest.mark.parametrize("text", ["a0012345679", "0012345679b", "0012345679f0012345679", "x6037990000000006"])
def test_a_run_that_touches_letters_survives(text: str) -> None:
    assert mask_text(text) == text


pieces = st.one_of(
    st.sampled_from([*NUMBERS, *VALID_CARDS, *VALID_IBANS, "6037-9900-0000-0006", "603799******0006"]),
    st.text("0123456789", max_size=20),
    st.text("0123456789۰۱۲٣٤ -_*%\\nIRirabcf\u200c.,:2B", max_size=20),
    st.text(max_size=5),
)


@given(st.lists(pieces, max_size=8).map("".join))
@example("09123-6037990000000006")  # once the card is masked, what is left before the stars looks like a mobile
def test_masking_a_masked_text_changes_nothing(text: str) -> None:
    assert mask_text(mask_text(text)) == mask_text(text)


@given(st.lists(pieces, max_size=8).map("".join))
def test_no_long_run_stands_free_after_masking(text: str) -> None:
    free_run = r"(?<![0-9A-Za-z%\\])[0-9]{8,}(?![0-9A-Za-z])"
    assert not re.search(free_run, ascii_digits(mask_text(text)))


@given(st.sampled_from([*NUMBERS, *VALID_CARDS]), st.text(), st.text())
def test_a_number_set_off_in_any_text_never_comes_out_whole(number: str, before: str, after: str) -> None:
    assume(number not in before + after)
    assert number not in ascii_digits(mask_text(f"{before}: {number}, {after}"))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["1-", "1 ", "1", "12345678-", "IR1", "%20", "1\u200c", "6037990000000006 "])
def test_a_long_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    text = piece * (300_000 // len(piece))
    assert len(mask_text(text)) <= len(text)


# The shape of a value


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (None, "nothing"),
        (float("nan"), "nothing"),
        ("", "empty text"),
        (" \u200c", "empty text"),
        ("0012345679", "10 digits"),
        ("۰۰۱-۲۳۴۵۶۷-۹", "10 digits"),
        (12345679, "8 digits"),
        (12345679.0, "8 digits"),
        ("IR76 0170 0000 0000 0000 0000 01", "IR and 24 digits"),
        ("ir76017", "IR and 5 digits"),
        ("Sara Karimi", "text of 11 characters"),
        (-5, "a value of type int"),
        (10**40, "a value of type int"),
        (True, "a value of type bool"),
        (["0012345679"], "a value of type list"),
    ],
)
def test_a_value_is_described_by_its_shape(value: object, shape: str) -> None:
    assert mask_shape(value) == shape


@given(st.one_of(st.text(), st.integers(), st.floats(), st.binary(), st.lists(st.integers()), st.dates()))
def test_a_shape_shows_no_digit_run_of_the_value(value: object) -> None:
    shape = mask_shape(value)
    assert not [run for run in digit_runs(shape) if len(run) > 4]
