"""Functions that are compiled to machine code at their first call, and kept for the next process.

numba keeps what it compiled beside a file and asks only whether that file changed, not whether one did
that it calls into. So the folder is named for the text of all of this room: changed code never meets old
machine code. And it is named for nothing else: a second clone finds what the first one compiled.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir
from numba import types
from numba.core import config
from numba.core.caching import UserProvidedCacheLocator
from numba.extending import intrinsic
from platformdirs import user_cache_path

BLOCK = 32
"""Bytes that are copied at once: what lies behind the end is written over by what follows."""

PREPARED = Path(sys.prefix) / "share" / "stafford"
"""What an image brings along: numba uses no folder that it cannot write to, so it is copied."""

_Function = TypeVar("_Function", bound=Callable[..., object])


def _find_folder() -> Path:
    digest = sha256(numba.__version__.encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    name = f"kernels-{digest.hexdigest()[:16]}"
    for place in (user_cache_path("stafford"), Path(tempfile.gettempdir()) / "stafford"):
        folder = place / name
        try:
            if not folder.exists() and (PREPARED / name).exists():
                shutil.copytree(PREPARED / name, folder)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ".writable").touch()
        except OSError:
            continue
        return folder
    return Path(tempfile.mkdtemp(prefix="stafford-"))


class TextLocator(UserProvidedCacheLocator):
    """Looks in the folder itself: numba would look in one below it that it names for where the code lies."""

    @classmethod
    def get_suitable_cache_subpath(cls, _py_file: str) -> str:
        """Nothing below the folder."""
        return ""


_settings: Any = config
if not _settings.CACHE_DIR:  # NUMBA_CACHE_DIR names another place
    _settings.CACHE_DIR = str(_find_folder())
    _settings.CACHE_LOCATOR_CLASSES = f"{__name__}.{TextLocator.__name__}"


def kernel(function: _Function) -> _Function:
    """Compile a function; wrapping integers and single IEEE 754 operations only, as ADR 10 says."""
    compiled: Any = numba.njit(cache=True, nogil=True, fastmath=False)(function)
    return cast("_Function", compiled)


# What numpy's arrays cannot say: several bytes at once, wherever they lie. Little-endian, as every machine is
# for which numba has wheels. None of these checks bounds; whoever calls them has made the room.


def _point(context: Any, builder: Any, array_type: Any, array: Any, at: Any, to: ir.Type) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [at]), to.as_pointer())


def _copy_block(_typing: Any, out: Any, _at: Any, pool: Any, _start: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        block = ir.VectorType(ir.IntType(8), BLOCK)
        target = _point(context, builder, signature.args[0], values[0], values[1], block)
        source = _point(context, builder, signature.args[2], values[2], values[3], block)
        builder.store(builder.load(source, align=1), target, align=1)
        return context.get_dummy_value()

    return types.void(out, types.int64, pool, types.int64), generate


def _put_word(_typing: Any, out: Any, _at: Any, _word: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        word = ir.IntType(64)
        target = _point(context, builder, signature.args[0], values[0], values[1], word)
        builder.store(values[2], target, align=1)
        return context.get_dummy_value()

    return types.void(out, types.int64, types.uint64), generate


copy_block: Callable[..., None] = intrinsic(_copy_block)
"""Copy BLOCK bytes: out, at, pool, start."""

put_word: Callable[..., None] = intrinsic(_put_word)
"""Write the eight bytes of an unsigned integer, the lowest first: out, at, word."""
