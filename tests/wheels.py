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
from concurrent.futures import ThreadPoolExecutor
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


def build(part: str, out: Path) -> Path:
    """Build a part's sdist, and from that its wheel."""
    run(sys.executable, "-m", "build", "--installer", "uv", "--outdir", out, f"packages/{part}")
    (wheel,) = out.glob(f"{PARTS[part][0].replace('-', '_')}-*-py3-none-any.whl")
    return wheel


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


def check_part(part: str, home: Path, constraints: Path) -> None:
    """A part's wheel installs with what it declares, imports, and does what its README shows."""
    distribution, module = PARTS[part]
    programs = environment(home)
    run(programs / "pip", "install", "--quiet", "--constraint", constraints, distribution)
    run(programs / "pip", "check")
    run(programs / "python", "-I", "-W", "error", "-c", f"import {module}")
    check_readme(programs, ROOT / "packages" / part / "README.md")
    if part == list(PARTS)[-1]:  # where all parts are installed
        check_readme(programs, ROOT / "README.md")


def check_folders(home: Path) -> None:
    """The parts install from a checkout too, all at once."""
    programs = environment(home)
    run(programs / "pip", "install", "--quiet", *(f"./packages/{part}" for part in PARTS))
    run(programs / "pip", "check")
    for _, module in PARTS.values():
        run(programs / "python", "-I", "-W", "error", "-c", f"import {module}")


def main(work: Path) -> None:
    """Check everything, two things at a time."""
    with ThreadPoolExecutor(2) as pool:
        built = pool.map(lambda part: build(part, work / "dist" / part), PARTS)
        wheels = dict(zip(PARTS, built, strict=True))
        check_contents(wheels)
        # By name, so that what a part needs comes from what it declares; constrained, so that ours comes from these wheels.
        ours = work / "constraints.txt"
        ours.write_text("".join(f"{PARTS[part][0]} @ {wheel.as_uri()}\n" for part, wheel in wheels.items()))
        checks = [pool.submit(check_folders, work / "folders")]
        checks += [pool.submit(check_part, part, work / part, ours) for part in PARTS]
        for check in checks:
            check.result()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
