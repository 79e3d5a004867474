"""What a certificate that was not trusted says of itself: for the person who must renew it.

Only called after verification has failed. Nothing is sent on its connection beyond the TLS greeting.
"""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

from cryptography import x509


def describe_certificate(url: str, timeout_seconds: float) -> str:
    """Return subject, issuer and dates of the certificate that the host of `url` shows, or an empty text."""
    parts = urlsplit(url)
    try:
        address = (parts.hostname or "", parts.port or 443)
        shown = x509.load_pem_x509_certificate(ssl.get_server_certificate(address, timeout=timeout_seconds).encode())
        dates = f"valid {shown.not_valid_before_utc:%Y-%m-%d} to {shown.not_valid_after_utc:%Y-%m-%d}"
        subject, issuer = shown.subject.rfc4514_string(), shown.issuer.rfc4514_string()
    except (OSError, ValueError):
        return ""
    return f"Subject {subject or 'not named'}, issuer {issuer or 'not named'}, {dates}."
