"""A device that is not there: tensors that say that they are on it and hold values of the CPU.

Operations that mix devices raise, as on a GPU. What makes the host wait for the device (a value read, positions of a mask,
a copy from memory that is not pinned) and what launches a kernel is counted, by the line of the package that causes it.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

NAME = "pretended"
# A host waits for these: the size or the value of what they return depends on the device's values.
WAITING = {
    "nonzero",
    "masked_select",
    "_local_scalar_dense",
    "_unique2",
    "unique_dim",
    "unique_consecutive",
    "bincount",
}
INDEXING = {"index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index"}
COPYING = {"copy_", "_to_copy", "_copy_from"}
# These make no kernel: another look at the same memory.
VIEWS = {
    "view", "_unsafe_view", "detach", "alias", "slice", "select", "expand", "permute", "transpose", "unsqueeze", "squeeze",
    "as_strided", "split", "split_with_sizes", "unbind", "t", "unfold", "diagonal", "empty", "empty_like", "new_empty",
    "empty_strided", "new_empty_strided", "lift_fresh", "is_same_size",
}  # fmt: skip

LIMITS = {"there": False, "no float64": False}


class _Backend(backend_registration._DummyBackendModule):
    """What torch asks of a device's module; outside `pretended_device` there is none, so that other tests see none."""

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16, torch.float16]

    def is_available(self) -> bool:
        return LIMITS["there"]

    def device_count(self) -> int:
        return int(LIMITS["there"])

    def current_device(self) -> int:
        return 0

    def _is_in_bad_fork(self) -> bool:
        return False

    def manual_seed_all(self, seed: int) -> None:
        """Its random numbers are the CPU's."""

    def get_rng_state(self, device: object) -> Tensor:
        return torch.get_rng_state()

    def set_rng_state(self, state: Tensor, device: object) -> None:
        """They are restored with the CPU's."""


backend_registration._setup_privateuseone_for_python_backend(NAME, backend_module=_Backend())
DEVICE = torch.device(f"{NAME}:0")


class Pretended(Tensor):
    """A tensor on DEVICE; `held` is its value."""

    held: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, held: Tensor) -> "Pretended":
        assert not (LIMITS["no float64"] and held.dtype == torch.float64), "this device has no float64"
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            held.size(),
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            layout=held.layout,
            device=DEVICE,
        )
        made.held = held
        return made

    def __init__(self, held: Tensor) -> None:
        pass

    def __repr__(self) -> str:
        return f"Pretended({tuple(self.shape)}, {self.dtype})"

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        copied: Tensor = Pretended(self.held.detach().clone())
        return nn.Parameter(copied, self.requires_grad) if isinstance(self, nn.Parameter) else copied

    def tolist(self) -> Any:
        _count("value read")
        return self.held.tolist()

    def __getitem__(self, index: Any) -> Tensor:
        return Tensor.__getitem__(self, _on_device(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        Tensor.__setitem__(self, _on_device(index), float(value) if isinstance(value, int) else value)

    def numpy(self, *_: Any, **__: Any) -> Any:
        raise TypeError("this tensor is on a device; use .cpu() first")

    __array__ = numpy

    @classmethod
    def __torch_dispatch__(cls, function: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(function, args, kwargs or {})


waits: Counter[tuple[str, str]] = Counter()
kernels: Counter[str] = Counter()


class _Mode(TorchDispatchMode):
    """Factories, which have no tensor among their arguments, are seen by the mode alone."""

    def __torch_dispatch__(self, function: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(function, args, kwargs or {})


@contextmanager
def pretended_device(*, float64: bool = True) -> Iterator[None]:
    """Inside the block DEVICE can be used, and counts begin at 0.

    float64: whether it has numbers of that width; Apple's GPUs have none.
    """
    waits.clear()
    kernels.clear()
    patches = [
        mock.patch.object(torch, "tensor", _made(torch.tensor)),
        mock.patch.object(torch, "as_tensor", _made(torch.as_tensor)),
        mock.patch.object(torch.Tensor, "new_tensor", _new_tensor),
        # Tensors of a subclass cannot be made in inference mode; decorated functions enter it anew in each call.
        mock.patch.object(torch.inference_mode, "__enter__", _without_gradient),
        mock.patch.object(torch.inference_mode, "__exit__", _with_gradient_as_before),
        mock.patch.object(torch, "save", _save),
        mock.patch.object(nn.Module, "to", _module_to),
        mock.patch.dict(LIMITS, {"there": True, "no float64": not float64}),
    ]
    for patch in patches:
        patch.start()
    try:
        with _Mode():
            yield
    finally:
        for patch in reversed(patches):
            patch.stop()


def _without_gradient(entered: Any) -> None:
    entered.gradient_before = torch.is_grad_enabled()
    torch.set_grad_enabled(False)


def _with_gradient_as_before(entered: Any, *_: Any) -> None:
    torch.set_grad_enabled(entered.gradient_before)


def move(module: nn.Module) -> nn.Module:
    """Put the parameters and buffers of a module on DEVICE, in place; shared ones stay shared."""
    moved: dict[int, Tensor] = {}
    for part in module.modules():
        for name, parameter in part._parameters.items():
            if parameter is not None:
                new = nn.Parameter(Pretended(parameter.data), requires_grad=parameter.requires_grad)
                part._parameters[name] = moved.setdefault(id(parameter), new)  # type: ignore[assignment]
        for name, buffer in part._buffers.items():
            if buffer is not None:
                part._buffers[name] = moved.setdefault(id(buffer), Pretended(buffer))
    return module


_plain_save, _plain_module_to = torch.save, nn.Module.to


def _save(content: Any, *places: Any, **options: Any) -> None:
    """A file holds values, wherever they were."""
    _plain_save(
        tree_map(lambda value: value.held if isinstance(value, Pretended) else value, content), *places, **options
    )


def _module_to(module: nn.Module, *wanted: Any, **options: Any) -> nn.Module:
    """To DEVICE every tensor stays the object that it is, as on a GPU: optimisers hold them."""
    if wanted and isinstance(wanted[0], str | torch.device) and torch.device(wanted[0]).type == NAME:
        tensors = {id(tensor): tensor for tensor in (*module.parameters(), *module.buffers())}
        for tensor in tensors.values():
            if not isinstance(tensor, Pretended):
                moved: Tensor = Pretended(tensor.data)
                torch.utils.swap_tensors(
                    tensor, nn.Parameter(moved, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else moved
                )
        return module
    if "memory_format" in options and any(isinstance(weight, Pretended) for weight in module.parameters()):
        return module  # how values lie in memory is not pretended
    return _plain_module_to(module, *wanted, **options)


def _run(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    flat, _ = tree_flatten((args, kwargs))
    name = str(function).removeprefix("aten.").split(".")[0]
    ours = [value for value in flat if isinstance(value, Pretended)]
    others = [value for value in flat if isinstance(value, Tensor) and not isinstance(value, Pretended) and value.dim()]
    wanted = kwargs.get("device")
    to_us = wanted is not None and torch.device(wanted).type == NAME
    if ours and name not in COPYING:
        _refuse_mixed(name, args, others)
    _note(name, args, ours, others, to_us=to_us, away=wanted is not None and not to_us)
    result_is_ours = to_us if wanted is not None else bool(ours)
    if wanted is not None:
        kwargs = {**kwargs, "device": torch.device("cpu")}
    result = function(*tree_map(_held, args), **tree_map(_held, kwargs))
    if name.endswith("_") and args and isinstance(args[0], Tensor) and isinstance(result, Tensor):
        return args[0]
    known = {id(_held(value)): value for value in ours}

    def wrap(value: Any) -> Any:
        if not (isinstance(value, Tensor) and result_is_ours) or isinstance(value, Pretended):
            return value
        return known.get(id(value)) if id(value) in known else Pretended(value)

    return tree_map(wrap, result)


def _refuse_mixed(name: str, args: Any, others: list[Tensor]) -> None:
    if "ctc_loss" in name:
        return  # the kernel wants lengths on the CPU
    if name in INDEXING and isinstance(args[0], Pretended):
        others = [value for value in args[2:] if isinstance(value, Tensor) and any(value is other for other in others)]
    if others:
        raise RuntimeError(
            f"Expected all tensors to be on the same device: {name} with {tuple(others[0].shape)} of the CPU at {_line()}"
        )


def _note(name: str, args: Any, ours: list[Any], others: list[Tensor], *, to_us: bool, away: bool) -> None:
    if ours and name in WAITING:
        _count(name)
    elif ours and name in INDEXING and any(_is_mask(index) for index in args[1] or []):
        _count("indexed by a mask")
    elif ours and name in INDEXING and others:
        _count("indexed from the CPU")
    elif (name == "_to_copy" and ((to_us and not ours) or (away and ours))) or (
        name in ("copy_", "_copy_from") and len(ours) == 1 and isinstance(args[1], Tensor)
    ):
        _count("copied")
    elif ours and "ctc_loss" in name and "backward" not in name:
        _count("ctc_loss")
    if (ours or to_us) and name not in VIEWS:
        kernels[_line()] += 1


def _made(make: Any) -> Any:
    """torch.tensor and torch.as_tensor, whose copy of the host's memory is waited for."""

    def made(data: Any, *, dtype: Any = None, device: Any = None, **options: Any) -> Tensor:
        if device is None or torch.device(device).type != NAME:
            return make(data, dtype=dtype, device=device, **options)
        if isinstance(data, Pretended):
            return data if dtype is None else data.to(dtype)
        held = make(data, dtype=dtype, **options)
        if held.numel():
            _count("copied")
        return Pretended(held)

    return made


_plain_new_tensor = torch.Tensor.new_tensor


def _new_tensor(self: Tensor, data: Any, *, dtype: Any = None, **options: Any) -> Tensor:
    if not isinstance(self, Pretended):
        return _plain_new_tensor(self, data, dtype=dtype, **options)
    _count("copied")
    return Pretended(self.held.new_tensor(data, dtype=dtype, **options))


def _on_device(index: Any) -> Any:
    """An index without lists, which torch would copy to the device below what can be seen here."""
    if isinstance(index, list):
        _count("copied")
        return Pretended(torch.as_tensor(index))
    return tuple(map(_on_device, index)) if isinstance(index, tuple) else index


def _held(value: Any) -> Any:
    return value.held if isinstance(value, Pretended) else value


def _is_mask(index: Any) -> bool:
    return isinstance(index, Pretended) and index.dtype in (torch.bool, torch.uint8)


def _count(kind: str) -> None:
    waits[kind, _line()] += 1


def _line() -> str:
    """The innermost line of the package, else of another library than torch."""
    frame, foreign = sys._getframe(), ""
    while frame is not None:
        path = frame.f_code.co_filename
        if "/smot_vlm/" in path:
            return f"{path.rpartition('/smot_vlm/')[2]}:{frame.f_lineno}"
        if not foreign and "site-packages/" in path and "/torch/" not in path:
            foreign = f"{path.rpartition('site-packages/')[2]}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return foreign or "elsewhere"


def report(most: int = 40) -> str:
    """The lines that wait most, for reading."""
    lines = [f"{sum(waits.values())} waits, {sum(kernels.values())} kernels"]
    lines += [f"{count:6d} {kind:24s} {line}" for (kind, line), count in waits.most_common(most)]
    lines += [f"{count:6d} kernels                  {line}" for line, count in kernels.most_common(most)]
    return "\n".join(lines)
