"""Ultralytics' checkpoints are pickles, and PyTorch executes pickles: nothing that could be executed reaches it."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest

from medical_telegram_warehouse.errors import ModelError
from medical_telegram_warehouse.vision.models.ultralytics_checkpoint import make_safe
from pytorch_files import EMPTY, archive, call, checkpoint, made, mapping, name, network, tensor, together, value

WARNS_OF_TWINS = pytest.mark.filterwarnings("ignore:Duplicate name")


def refusal(path: Path) -> str:
    target = path.with_name("safe.pt")
    with pytest.raises(ModelError) as caught:
        make_safe(path, target)
    assert not target.exists()
    return str(caught.value)


def accepted(path: Path) -> dict[str, bytes]:
    """The members of the archive that PyTorch would be given."""
    target = path.with_name("safe.pt")
    make_safe(path, target)
    with zipfile.ZipFile(target) as file:
        return {member: file.read(member) for member in file.namelist()}


class Touches:
    """What a hostile checkpoint holds: a call that leaves a mark where it is made."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._mark,)


def test_a_detector_s_checkpoint_is_written_anew_byte_for_byte(tmp_path: Path) -> None:
    content = checkpoint()
    members = accepted(archive(tmp_path / "good.pt", content, members={"archive/byteorder": b"little"}))
    assert members == {
        "checkpoint/data.pkl": b"\x80\x02" + content + b".",
        "checkpoint/version": b"3\n",
        "checkpoint/data/0": bytes(16),
        "checkpoint/byteorder": b"little",
    }


SCALAR = call(
    "numpy._core.multiarray",
    "scalar",
    together(
        call("numpy", "dtype", together(value("f8"), value(False), value(True)))
        + value((3, "<", None, None, None, -1, -1, 0))
        + b"b",
        call("_codecs", "encode", together(value("\0" * 8), value("latin1"))),
    ),
)


@pytest.mark.parametrize(
    "item",
    [
        call("torch", "Size", together(value([1, 2]))),
        name("torch", "float32"),
        call("torch", "device", together(value("cpu"))),
        call("torch._utils", "_rebuild_parameter", together(tensor(), value(True), EMPTY)),
        call("__builtin__", "set", together(value([1, 2]))),
        call("collections", "OrderedDict"),
        call("pathlib", "PosixPath", together(value("runs"), value("train"))),
        made("ultralytics.utils", "IterableSimpleNamespace", task=value("detect")),
        call("ultralytics.utils", "IterableSimpleNamespace") + mapping(task=value("detect")) + b"b",
        made("ultralytics.nn.modules.block", "C2f", cv1=made("ultralytics.nn.modules.conv", "Conv")),
        made("ultralytics.nn.modules.head", "v10Detect", nc=value(3)),
        made("ultralytics.nn.modules", "Conv", bn=value(None)),  # where the first releases had it
        made("ultralytics.utils.loss", "v8DetectionLoss", hyp=value(None)),
        made("ultralytics.utils.tal", "TaskAlignedAssigner", topk=value(10)),
        SCALAR,
    ],
)
def test_what_real_checkpoints_hold_is_let_through(tmp_path: Path, item: bytes) -> None:
    assert accepted(archive(tmp_path / "good.pt", checkpoint(extra=item)))


def test_a_call_in_a_checkpoint_is_refused_and_not_made(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    hostile = pickle.dumps({"model": Touches(mark)}, protocol=2)
    path = archive(tmp_path / "evil.pt", hostile[2:-1])
    assert "it names" in refusal(path)
    assert not mark.exists()
    with zipfile.ZipFile(path) as file:
        pickle.loads(file.read("archive/data.pkl"))  # noqa: S301 - it is no empty threat
    assert mark.exists()


NAMES = [
    ("os", "system"), ("posix", "system"), ("builtins", "eval"), ("__builtin__", "exec"), ("builtins", "getattr"),
    ("subprocess", "Popen"), ("torch", "load"), ("torch.hub", "load"), ("torch.nn.modules.module", "torch"),
    ("torch._tensor", "_rebuild_from_type_v2"), ("torch.jit", "load"), ("torch.nn.functional", "relu"),
    ("ultralytics.nn.tasks", "parse_model"), ("ultralytics.nn.tasks", "attempt_load_weights"),
    ("ultralytics.nn.autobackend", "AutoBackend"), ("ultralytics.utils.downloads", "Path"),
    ("ultralytics", "YOLO"), ("ultralytics.nn.modules.conv", "Conv.__init__.__globals__"),
    ("collections", "OrderedDict.__init__"), ("pathlib", "Path.touch"), ("_codecs", "decode"), ("functools", "partial"),
    ("numpy", "load"), ("numpy.core.multiarray", "_reconstruct"), ("copyreg", "_reconstructor"),
]  # fmt: skip


@pytest.mark.parametrize(("module", "attribute"), NAMES)
def test_a_name_that_no_detector_needs_is_refused_even_if_it_is_not_called(
    tmp_path: Path, module: str, attribute: str
) -> None:
    message = refusal(archive(tmp_path / "evil.pt", checkpoint(extra=name(module, attribute))))
    assert f"{module}.{attribute}" in message


def test_a_dotted_name_of_a_later_protocol_is_refused(tmp_path: Path) -> None:
    modern = b"\x80\x04" + value("ultralytics.nn.modules.conv") + value("Conv.forward") + b"\x93"
    assert "Conv.forward" in refusal(archive(tmp_path / "evil.pt", checkpoint(extra=modern)))


@pytest.mark.parametrize(
    "item",
    [
        call("ultralytics.nn.tasks", "DetectionModel", together(mapping(activation=value("__import__('os')")))),
        call("ultralytics.nn.modules.conv", "Conv", together(value(1), value(2))),
        call("ultralytics.utils", "IterableSimpleNamespace", together(value({"a": 1}))),
        name("ultralytics.nn.tasks", "DetectionModel") + together(mapping()) + b"\x81",
        b"(" + mapping() + b"i" + name("ultralytics.nn.tasks", "DetectionModel")[1:],
    ],
)
def test_a_constructor_is_never_called(tmp_path: Path, item: bytes) -> None:
    """Ultralytics' own model evaluates the text of its configuration when it is called with one."""
    refusal(archive(tmp_path / "evil.pt", checkpoint(extra=item)))


@pytest.mark.parametrize(
    "item",
    [
        network(forward=name("ultralytics.nn.tasks", "DetectionModel")),
        network(hooks=mapping(first=name("torch._utils", "_rebuild_tensor_v2"))),
        network(deep=together(together(name("collections", "OrderedDict")))),
        network(path=name("pathlib", "PosixPath")),
        network(kind=name("torch", "FloatStorage")),
    ],
)
def test_a_type_or_a_function_is_not_kept_as_a_value(tmp_path: Path, item: bytes) -> None:
    """A network calls what it finds under the names of its methods."""
    assert "as a value" in refusal(archive(tmp_path / "evil.pt", checkpoint(model=item)))


@pytest.mark.parametrize(
    "item",
    [
        tensor(count=5),
        tensor(size=(5,)),
        tensor(size=(2,), stride=(9,)),
        tensor(size=(-1,)),
        tensor(size=(2, 2), stride=(1,)),
        tensor(key="1"),
        tensor(key="../version"),
        value("storage") + b"Q",
        call("torch", "Size", together(value(["x"]))),
        call("torch", "device", together(value({"a": 1}))),
        call("pathlib", "PosixPath", together(value(1))),
        call("numpy", "dtype", together(value("O"))),
        call("_codecs", "encode", together(value("x"), value("zlib_codec"))),
        call("__builtin__", "set", together(value(1))),
        made("torch.nn.modules.conv", "Conv2d") + value((1, 2)) + b"b",
        call("torch", "device", together(value("cpu"))) + mapping(x=value(1)) + b"b",
    ],
)
def test_values_that_do_not_fit_together_are_refused(tmp_path: Path, item: bytes) -> None:
    refusal(archive(tmp_path / "evil.pt", checkpoint(extra=item)))


@pytest.mark.parametrize("content", [value({}), value([1]), value("text"), mapping(model=value({})), b"", b"\xff"])
def test_another_pickle_is_no_detector(tmp_path: Path, content: bytes) -> None:
    refusal(archive(tmp_path / "other.pt", content))


def test_a_network_for_another_task_is_refused_by_its_name(tmp_path: Path) -> None:
    other = made("ultralytics.nn.tasks", "SegmentationModel")
    assert "SegmentationModel" in refusal(archive(tmp_path / "seg.pt", checkpoint(model=other)))


@WARNS_OF_TWINS
def test_an_archive_with_two_pickles_is_refused(tmp_path: Path) -> None:
    """One reader would take the first, another the last."""
    path = archive(tmp_path / "twins.pt", checkpoint())
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("archive/data.pkl", pickle.dumps(Touches(tmp_path / "executed")))
    refusal(path)


def test_something_before_an_archive_is_refused(tmp_path: Path) -> None:
    """PyTorch takes a file that begins with a pickle for one in its oldest format, and executes that."""
    inner = archive(tmp_path / "inner.pt", checkpoint()).read_bytes()
    path = tmp_path / "outer.pt"
    path.write_bytes(pickle.dumps(Touches(tmp_path / "executed")) + inner)
    assert "archive" in refusal(path)


@pytest.mark.parametrize(
    "members",
    [
        {"archive/code/__torch__.py": b"import os"},
        {"archive/constants.pkl": b""},
        {"other/data.pkl": b"\x80\x02}."},
        {"archive/../../escape": b""},
        {"archive/data/x": b""},
        {"data.pkl": b""},
    ],
)
def test_members_that_no_checkpoint_has_are_refused(tmp_path: Path, members: dict[str, bytes]) -> None:
    """Constants and code make it a program of TorchScript."""
    assert "archive" in refusal(archive(tmp_path / "evil.pt", checkpoint(), members=members))


def test_a_packed_archive_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = archive(tmp_path / "bomb.pt", checkpoint(), members={"archive/data/1": bytes(50_000_000)}, packed=True)
    assert "packed" in refusal(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"words", pickle.dumps({"model": 1}), b"\0" * 1000])
def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.pt"
    path.write_bytes(content)
    refusal(path)


def test_a_cut_archive_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "cut.pt", checkpoint())
    path.write_bytes(path.read_bytes()[:-30])
    refusal(path)


def test_the_pickles_of_these_tests_are_pickles() -> None:
    """The plain parts of them read back."""
    content = b"\x80\x02" + mapping(a=value([1]), b=together(value("x"), EMPTY)) + b"."
    assert pickle.load(io.BytesIO(content)) == {"a": [1], "b": ("x", ())}  # noqa: S301
