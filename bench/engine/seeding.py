"""The one seed entry point: every random number of a trial comes from a generator made here."""

import hashlib

import numpy as np
import torch

WORDS = 624
"""Words of the state of a Mersenne Twister (MT19937), torch's generator on a CPU."""
_LEFT, _SEEDED, _NEXT, _STATE = slice(8, 12), slice(12, 16), slice(16, 24), slice(24, 24 + 8 * WORDS)
"""Places in `torch.Generator.get_state`: the count of words left, a flag, the next word's index, and the words."""


def generator(*key: str | int) -> torch.Generator:
    """Return a CPU generator that depends on the key alone: equal keys give equal streams, unlike keys unrelated ones.

    The key's digest is spread over the whole state. `manual_seed` would keep 32 bits of it, so that among some ten
    thousand keys two are expected to collide.
    """
    digest = hashlib.sha256("\x1f".join(str(part) for part in key).encode()).digest()
    words = np.random.SeedSequence(int.from_bytes(digest, "little")).generate_state(WORDS)
    words[0] |= 1 << 31  # the state's one bit that counts of this word: so it is never 0 as a whole
    made = torch.Generator()
    state = made.get_state().numpy().copy()
    state[_LEFT] = np.frombuffer(np.int32(1).tobytes(), np.uint8)  # the next draw makes the words anew
    state[_SEEDED] = np.frombuffer(np.int32(1).tobytes(), np.uint8)
    state[_NEXT] = 0
    state[_STATE] = np.frombuffer(words.astype(np.uint64).tobytes(), np.uint8)
    made.set_state(torch.from_numpy(state))
    return made
