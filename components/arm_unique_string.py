"""ARM's `uniqueString`, bit for bit: what the default names of fine-tuning's resources end in."""

from typing import Final

_MASK: Final = 0xFFFFFFFF
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
_HASH_CHARACTERS: Final = 13


def unique_string(*parts: str) -> str:
    """ARM's `uniqueString`: 13 characters of base32 over a 64-bit hash of the parts; case matters.

    The hash is a two-lane, 64-bit cut of MurmurHash3_x86_128 with seed 0 over the parts joined by "-".
    """
    return _base32(_murmur64("-".join(parts).encode()))


def _murmur64(data: bytes) -> int:
    h1 = h2 = 0
    whole = len(data) - len(data) % 8
    for start in range(0, whole, 8):
        h1 ^= _mix(data[start : start + 4], 0x239B961B, 15, 0xAB0E9789)
        h1 = ((_rotate_left(h1, 19) + h2) * 5 + 0x561CCD1B) & _MASK
        h2 ^= _mix(data[start + 4 : start + 8], 0xAB0E9789, 17, 0x239B961B)
        h2 = ((_rotate_left(h2, 13) + h1) * 5 + 0x0BCAA747) & _MASK
    tail = data[whole:]
    h1 ^= _mix(tail[:4], 0x239B961B, 15, 0xAB0E9789)
    h2 ^= _mix(tail[4:], 0xAB0E9789, 17, 0x239B961B)
    h1 ^= len(data)
    h2 ^= len(data)
    h1 = (h1 + h2) & _MASK
    h2 = (h2 + h1) & _MASK
    h1, h2 = _finalise(h1), _finalise(h2)
    h1 = (h1 + h2) & _MASK
    h2 = (h2 + h1) & _MASK
    return (h2 << 32) | h1


def _mix(block: bytes, first: int, rotation: int, second: int) -> int:
    k = int.from_bytes(block, "little") * first & _MASK
    return _rotate_left(k, rotation) * second & _MASK


def _rotate_left(value: int, bits: int) -> int:
    return (value << bits | value >> (32 - bits)) & _MASK


def _finalise(value: int) -> int:
    value = (value ^ value >> 16) * 0x85EBCA6B & _MASK
    value = (value ^ value >> 13) * 0xC2B2AE35 & _MASK
    return value ^ value >> 16


def _base32(value: int) -> str:
    characters: list[str] = []
    for _ in range(_HASH_CHARACTERS):
        characters.append(_ALPHABET[value >> 59])
        value = value << 5 & 0xFFFFFFFFFFFFFFFF
    return "".join(characters)
