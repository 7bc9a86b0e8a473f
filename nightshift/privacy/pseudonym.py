"""Keyed pseudonyms for customer ids: equal ids have equal pseudonyms, and without the key no id can be recovered.

pseudonym("K-00042", "development-only") -> 'c_' and 16 hex digits
"""

import hashlib
import hmac


def pseudonym(raw_id: str, key: str) -> str:
    """The pseudonym of a customer: 'c_' and the first 16 hex digits of HMAC-SHA256. No customer ('') stays ''."""
    if not raw_id:
        return ""
    return "c_" + hmac.new(key.encode(), raw_id.encode(), hashlib.sha256).hexdigest()[:16]
