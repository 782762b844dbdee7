"""The server's RSA key: made once per process, and written in the two PEM forms that clients read."""

from __future__ import annotations

import base64
import functools

import rsa

# DER of `SEQUENCE { OID rsaEncryption, NULL }`.
_RSA_ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")
_SEQUENCE, _BIT_STRING = 0x30, 0x03


@functools.cache
def server_key() -> rsa.PrivateKey:
    """The private key of every server in this process."""
    return rsa.newkeys(2048)[1]


def public_pem() -> bytes:
    """The public key as PKCS#1 (`BEGIN RSA PUBLIC KEY`)."""
    return _pem("RSA PUBLIC KEY", _pkcs1())


def public_pem_spki() -> bytes:
    """The public key as SubjectPublicKeyInfo (`BEGIN PUBLIC KEY`)."""
    return _pem("PUBLIC KEY", _der(_SEQUENCE, _RSA_ALGORITHM + _der(_BIT_STRING, b"\0" + _pkcs1())))


def _pkcs1() -> bytes:
    key = server_key()
    return bytes(rsa.PublicKey(key.n, key.e).save_pkcs1("DER"))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content).to_bytes(2, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def _pem(name: str, der: bytes) -> bytes:
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN {name}-----\n{text}-----END {name}-----\n".encode()
