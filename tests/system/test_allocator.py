"""The allocator's heaps: what is free goes back, and threads share a few."""

import subprocess
import sys

import pytest

from smot_vlm.system import allocator

GLIBC = allocator._glibc() is not None

# Frees pieces of 60 kB between others that stay, so that the heap keeps what is free, and prints resident megabytes.
FRAGMENTED = """
import ctypes, psutil
from smot_vlm.system.allocator import give_back_free_memory
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
pieces = [libc.malloc(60_000) for _ in range(4000)]
for piece in pieces:
    ctypes.memset(piece, 1, 60_000)
for piece in pieces[::2] + pieces[1:-1:2]:
    libc.free(ctypes.c_void_p(piece))
before = psutil.Process().memory_info().rss
give_back_free_memory()
print((before - psutil.Process().memory_info().rss) / 1e6)
"""

# Ten threads that allocate at once; prints how many heaps there are.
THREADS = """
import ctypes, re, sys, threading
from smot_vlm.system.allocator import share_arenas
if sys.argv[1] == "share":
    share_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
gate = threading.Barrier(10)
def work():
    gate.wait()
    kept = [libc.malloc(1000) for _ in range(1000)]
    gate.wait()
threads = [threading.Thread(target=work) for _ in range(10)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
print(len(re.findall("<heap nr", open(sys.argv[2]).read())))
"""


# A frame and something small that stays, in turn; prints megabytes that the heap then holds, without the small things.
FRAMES = """
import contextlib, ctypes, psutil, random, sys
from smot_vlm.system.allocator import large_blocks_apart
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free(ctypes.c_void_p(libc.malloc(30_000_000)))  # from here on all frames come from the heap
random.seed(0)
before = psutil.Process().memory_info().rss
with large_blocks_apart() if sys.argv[1] == "apart" else contextlib.nullcontext():
    waiting = []
    for _ in range(400):
        frame = libc.malloc(random.randrange(2_000_000, 5_000_000))
        ctypes.memset(frame, 1, 2_000_000)
        waiting.append(frame)
        libc.malloc(random.randrange(20_000, 40_000))
        if len(waiting) > 4:
            libc.free(ctypes.c_void_p(waiting.pop(random.randrange(len(waiting)))))
    for frame in waiting:
        libc.free(ctypes.c_void_p(frame))
again = libc.malloc(20_000_000)  # comes from the heap once more: its pages stay after it is freed
heap = psutil.Process().memory_info().rss - before
print(heap / 1e6)
"""


def run(script: str, *arguments: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return float(done.stdout)


@pytest.mark.skipif(not GLIBC, reason="the C library is not glibc")
def test_what_is_free_goes_back_to_the_system():
    assert run(FRAGMENTED) > 100


@pytest.mark.skipif(not GLIBC, reason="the C library is not glibc")
def test_frames_leave_no_holes():
    held, apart = run(FRAMES, "held"), run(FRAMES, "apart")
    assert apart < 14  # 400 small things are 12 MB
    assert held > 2 * apart


@pytest.mark.skipif(not GLIBC, reason="the C library is not glibc")
def test_threads_share_a_few_heaps(tmp_path):
    assert run(THREADS, "share", str(tmp_path / "info")) <= allocator.ARENAS
    assert run(THREADS, "own", str(tmp_path / "info")) > allocator.ARENAS


def test_other_allocators_are_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    allocator.share_arenas()
    allocator.give_back_free_memory()
    assert allocator._glibc() is None
