from pathlib import Path

import pytest

from labelstream_training.cli import build_parser, main
from labelstream_training.shapes.bundles import ORIGIN
from labelstream_training.shapes.commands import command_shape_bundles


def test_the_command_that_the_bundles_name_is_one() -> None:
    options = build_parser().parse_args(ORIGIN["command"].split()[3:])
    assert options.run_command is command_shape_bundles
    assert (options.models, options.out) == (Path("../models"), Path("../packages/cli/shapes"))


def test_without_default_bundles_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        main(["shape-bundles", "--models", str(tmp_path / "models"), "--out", str(tmp_path / "shapes")])
    assert list(tmp_path.iterdir()) == []
