"""Random words: Philox-4x32-10, word by word in Python integers."""

from __future__ import annotations

_MASK = (1 << 32) - 1


def random_word(seed: int, number: int) -> int:
    """Word `number` of a seed's stream, both modulo 2**64: word n % 4 of counter n // 4."""
    counter, lane = divmod(number % (1 << 64), 4)
    key = [seed & _MASK, seed >> 32 & _MASK]
    words = [counter & _MASK, counter >> 32, 0, 0]
    for _ in range(10):
        a, b = 0xD2511F53 * words[0], 0xCD9E8D57 * words[2]
        words = [b >> 32 ^ words[1] ^ key[0], b & _MASK, a >> 32 ^ words[3] ^ key[1], a & _MASK]
        key = [key[0] + 0x9E3779B9 & _MASK, key[1] + 0xBB67AE85 & _MASK]
    return words[lane]
