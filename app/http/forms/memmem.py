"""memmem(3): searches a memoryview, where Python has `find` for bytes and bytearray only."""

import ctypes

_memmem = ctypes.CDLL(None).memmem
_memmem.restype = ctypes.c_void_p
_memmem.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]


def find(wanted: bytes, buffer: memoryview) -> int:
    """Where `wanted` begins in `buffer`, which is writable; -1 if it is not there. Other threads may run meanwhile."""
    if not buffer:
        return -1
    begin = ctypes.addressof(ctypes.c_char.from_buffer(buffer))
    found = _memmem(begin, len(buffer), wanted, len(wanted))
    return -1 if found is None else found - begin
