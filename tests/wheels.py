"""What a user gets: build every part, install each with plain pip in a fresh environment, run what its README shows.

Run as `python tests/wheels.py FOLDER` (`tox run -e wheels`); FOLDER receives the wheels and the environments.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
# folder of packages/ -> distribution, import; each part needs those above it
PARTS = {
    "xparray": ("xparray", "xparray"),
    "autograd": ("catena-autograd", "catena.autograd"),
    "nn": ("catena-nn", "catena.nn"),
    "training": ("catena-training", "catena.training"),
    "chainer": ("catena-chainer", "chainer"),
}


def run(*command: str | Path, folder: Path = ROOT) -> None:
    """Run a command in a folder; its failure is ours."""
    print("$", *command, flush=True)
    subprocess.run(command, check=True, cwd=folder)


def build(out: Path) -> dict[str, Path]:
    """Build each part's sdist, and its wheel from that; the wheel by part."""
    wheels = {}
    for part, (distribution, _) in PARTS.items():
        run(sys.executable, "-m", "build", "--installer", "uv", "--outdir", out / part, f"packages/{part}")
        (wheels[part],) = (out / part).glob(f"{distribution.replace('-', '_')}-*-py3-none-any.whl")
    return wheels


def check_contents(wheels: dict[str, Path]) -> None:
    """Every wheel is typed and keeps to its own folder of the namespace."""
    contents = {}
    for part, (_, module) in PARTS.items():
        names = {name for name in zipfile.ZipFile(wheels[part]).namelist() if ".dist-info/" not in name}
        folder = module.replace(".", "/")
        strays = sorted(name for name in names if not name.startswith(f"{folder}/"))
        assert not strays, f"{wheels[part].name} holds files outside {folder}/: {strays}"
        assert f"{folder}/py.typed" in names, f"{wheels[part].name} ships no {folder}/py.typed"
        sources = {str(path.relative_to(ROOT / "packages" / part / "src")) for path in sources_of(part)}
        assert names == sources, f"{wheels[part].name} differs from src/: {sorted(names ^ sources)}"
        contents[part] = names
    for one, other in itertools.combinations(contents, 2):
        both = sorted(contents[one] & contents[other])
        assert not both, f"{wheels[one].name} and {wheels[other].name} both hold {both}"


def sources_of(part: str) -> list[Path]:
    """The files of a part, less what Python and numba cache beside them."""
    files = (ROOT / "packages" / part / "src").rglob("*")
    return [path for path in files if path.is_file() and path.parent.name != "__pycache__"]


def environment(home: Path) -> Path:
    """A fresh environment that holds pip and nothing else; its folder of programs."""
    venv.create(home, with_pip=True, clear=True)
    return home / "bin"


def check_readme(programs: Path, readme: Path) -> None:
    """The Python examples of a README print what they show."""
    examples = re.findall(r"^```python\n(.*?)^```", readme.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert any(">>> " in example for example in examples), f"{readme}: no example"
    text = programs.parent / "README.txt"
    text.write_text("\n".join(examples), encoding="utf-8")
    run(programs / "python", "-I", "-W", "error", "-m", "doctest", text, folder=programs.parent)


def main(work: Path) -> None:
    """Check everything, in the order of the parts."""
    wheels = build(work / "dist")
    check_contents(wheels)
    # By name, so that what a part needs comes from what it declares; constrained, so that ours comes from these wheels.
    ours = work / "constraints.txt"
    ours.write_text("".join(f"{PARTS[part][0]} @ {wheel.as_uri()}\n" for part, wheel in wheels.items()))
    for part, (distribution, module) in PARTS.items():
        programs = environment(work / part)
        run(programs / "pip", "install", "--quiet", "--constraint", ours, distribution)
        run(programs / "pip", "check")
        run(programs / "python", "-I", "-W", "error", "-c", f"import {module}")
        check_readme(programs, ROOT / "packages" / part / "README.md")
    check_readme(programs, ROOT / "README.md")

    programs = environment(work / "folders")
    run(programs / "pip", "install", "--quiet", *(f"./packages/{part}" for part in PARTS))
    run(programs / "pip", "check")
    for _, module in PARTS.values():
        run(programs / "python", "-I", "-W", "error", "-c", f"import {module}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
