"""Certificates: ours for a demonstration, and the messages about wrong ones."""

import ssl
import stat
from datetime import UTC, datetime

import pytest

from gateway.errors import WrongUse
from gateway.ingest.tls import make_certificate, server_context


def test_a_made_certificate_serves_and_its_key_is_private(tmp_path):
    certificate, key = make_certificate(tmp_path / "tls", names=("localhost", "::1"), now=datetime.now(UTC))
    context = server_context(certificate, key)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    ssl.create_default_context(cafile=str(certificate))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WrongUse, match=r"nothing\.pem"):
        server_context(tmp_path / "nothing.pem", tmp_path / "nothing.pem")


def test_files_that_do_not_belong_together_are_named(tmp_path):
    one, _ = make_certificate(tmp_path / "a", names=("localhost",), now=datetime.now(UTC))
    _, other = make_certificate(tmp_path / "b", names=("localhost",), now=datetime.now(UTC))
    with pytest.raises(WrongUse, match=r"certificate\.pem"):
        server_context(one, other)
    with pytest.raises(WrongUse):
        server_context(other, other)
