"""The word lists that invented people, streets and companies are made of. Data only; no rule lives here."""

# ruff: noqa: SIM905  words read better than a column of quotes
from __future__ import annotations

from typing import NamedTuple

__all__ = ["FAMILY_NAMES", "FEMALE_NAMES", "MALE_NAMES", "NATIONS", "PLACES", "STREETS", "TRADES", "Place"]


class Place(NamedTuple):
    """A town: its province, its name, and degrees of latitude and longitude."""

    province: str
    district: str
    latitude: float
    longitude: float


FEMALE_NAMES = tuple(
    "زهرا فاطمه مریم سارا نرگس لیلا شیرین مینا الهام پریسا مهسا نازنین سمیرا آرزو شبنم نیلوفر هانیه ریحانه معصومه اعظم "
    "ژاله گلنار پروانه رویا سحر ترانه بهاره شهلا فرزانه منیژه".split()
)
MALE_NAMES = tuple(
    "محمد علی حسین رضا مهدی امیر حسن احمد سعید مسعود بهرام کاوه آرش سیاوش پویا فرهاد داریوش کیان نیما یاسر "
    "جواد کامران پیمان هومن ژوبین ایمان یعقوب کریم شاهین بابک".split()
)
FAMILY_NAMES = (
    *"محمدی احمدی حسینی رضایی کریمی موسوی جعفری صادقی قاسمی رحیمی مرادی اکبری یوسفی کاظمی نوری".split(),
    *"شریفی زارع طاهری میرزایی باقری سلیمانی فرهادی نجفی شکوهی پاکزاد گودرزی یزدانی کیانی ثابتی ژیان".split(),
    *("حاجی‌پور", "رحمان‌زاده", "خسروی نژاد", "ملک محمدی", "آقا بابایی", "نیک‌نام", "پور عباس", "شاه‌حسینی"),
)
PLACES = (
    Place("تهران", "تهران", 35.70, 51.40),
    Place("تهران", "ری", 35.59, 51.43),
    Place("البرز", "کرج", 35.83, 50.96),
    Place("اصفهان", "اصفهان", 32.65, 51.67),
    Place("فارس", "شیراز", 29.61, 52.54),
    Place("خراسان رضوی", "مشهد", 36.30, 59.60),
    Place("آذربایجان شرقی", "تبریز", 38.08, 46.29),
    Place("گیلان", "رشت", 37.28, 49.58),
    Place("خوزستان", "اهواز", 31.32, 48.68),
    Place("کرمان", "رفسنجان", 30.40, 55.99),
    Place("یزد", "یزد", 31.90, 54.37),
    Place("کردستان", "سنندج", 35.31, 47.00),
)
STREETS = tuple("گلستان بهار آزادگان لاله سعدی حافظ فردوسی مولوی ارغوان نسترن شقایق یاس سپیدار صنوبر چمران کاج".split())
NATIONS = ("افغانستان", "عراق", "پاکستان", "ترکیه", "ارمنستان", "هند")
TRADES = tuple("بازرگانی ساختمانی حمل‌ونقل داده‌پردازی کشاورزی غذایی دارویی پوشاک".split())
