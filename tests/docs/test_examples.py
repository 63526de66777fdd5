"""Every command and block of code in README.md, CONTRIBUTING.md and docs/ does what the page says
it does.

Those of a page run one after the other in one folder, in which `photos/` has a few images; each is
a test, and where one fails the others run still. So that this takes seconds, `shortened` changes commands, by these rules alone:

- `semcomm run` sends two images, in one process;
- `semcomm train`, `design` and `context` take a few images, and `train` and `context` one epoch;
- what asks for CIFAR-10, or for generated channel matrices, gets a sample that ships with semcomm;
- `make`'s targets are looked up, not made; scripts of benchmarks/ and tools/ are compiled, not run;
  tests that a page names are looked up; `pip` is checked to ask for an extra that there is.

What cannot run at all has a comment above it that says why: `<!-- not run: ... -->`.
"""

import ast
import inspect
import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from command import cli, cli_ok
from images import save_images
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from pages import PAGES, PROGRAMS, ROOT, Block, blocks, program, spans, words_of
from ruamel.yaml import YAML

import semcomm as package
from semcomm.cli import main
from semcomm.data.choice import CSI_SAMPLE
from semcomm.data.sample import Sample
from semcomm.run.run_folder import folder_name
from semcomm.scenario.scenario import read_scenarios
from semcomm.scenario.schema import scenario_schema, training_schema
from semcomm.scenario.training import read_training

pytestmark = [pytest.mark.docs, pytest.mark.usefixtures("one_thread")]

MOST_EXCEPTIONS = 6
SAMPLE = ["--set", "data.name=sample"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the photos and the experiments that pages speak of."""
    monkeypatch.chdir(filled(tmp_path))
    return tmp_path


def filled(folder: Path) -> Path:
    (folder / "experiments").symlink_to(ROOT / "experiments")
    images = [image[: 32 - number] for number, image in enumerate(Sample().load(0, 8))]
    save_images(folder / "photos", images)
    return folder


class Reader:
    """Follows a page in a folder of its own, block by block."""

    def __init__(self, page: Path, folder: Path) -> None:
        self.folder = filled(folder)
        self._left, self._names = blocks(page), dict[str, object]()

    def reach(self, block: Block) -> None:
        """Do what the page has before the block; what fails there is for its own test to say."""
        while self._left and self._left[0].line < block.line:
            with suppress(Exception):
                self.follow(self._left[0])

    def follow(self, block: Block) -> None:
        self._left = [other for other in self._left if other.line > block.line]
        if block.file:
            Path(block.file).write_text(block.text)
        if not block.reason:
            CHECKS[block.language.partition("}")[0]](block, self._names)


@pytest.fixture(scope="module")
def reader_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Reader]:
    """The reader of a page, the same for all of its blocks."""
    return cache(lambda page: Reader(page, tmp_path_factory.mktemp(page.stem)))


@pytest.mark.parametrize(
    "block",
    [pytest.param(block, id=block.place) for page in PAGES for block in blocks(page)],
)
def test_block_does_what_its_page_says(
    block: Block, reader_of: Callable[[Path], Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = reader_of(block.page)
    monkeypatch.chdir(reader.folder)
    reader.reach(block)
    reader.follow(block)


def test_few_blocks_are_not_run_and_each_says_why() -> None:
    reasons = [
        f"{block.place}: {block.reason}" for page in PAGES for block in blocks(page) if block.reason
    ]
    print(*reasons, sep="\n")
    assert len(reasons) <= MOST_EXCEPTIONS, reasons


def test_what_is_only_to_be_looked_at_has_no_commands() -> None:
    looked_at = [block for page in PAGES for block in blocks(page) if block.language == "text"]
    assert looked_at
    for block in looked_at:
        assert PROGRAMS.isdisjoint(map(program, block.text.splitlines())), block.place


def test_the_pages_show_each_command_of_the_command_line() -> None:
    shown = {
        words_of(line)[1]
        for page in PAGES
        for block in blocks(page)
        for line in block.commands
        if "semcomm " in line
    }
    assert shown == set(main.commands)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_within_lines_have_only_options_that_there_are(page: Path) -> None:
    for span in spans(page):
        words = (
            words_of(span)
            if program(span) in ("semcomm", "pytest", "python") and " " in span
            else [""]
        )
        if words[0] == "semcomm":
            name = next(word for word in words[1:] if not word.startswith("-"))
            parameters = [*main.params, *main.commands[name].params]
            known = {option for parameter in parameters for option in parameter.opts} | {"--help"}
            assert {word for word in words if word.startswith("-")} <= known, span
        elif words[0]:
            PROGRAM_CHECKS[words[0]](words)


def test_the_demo_prints_what_the_page_says(folder: Path) -> None:
    (shown,) = [block for block in blocks(ROOT / "README.md") if "bits_per_image" in block.text]
    (target,) = re.findall(
        r"^demo:.*\n\t\$\(BIN\)/(semcomm .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    printed = cli_ok(*target.split()[1:]).stdout
    figures = dict(line.split(maxsplit=1) for line in printed.splitlines())
    for name, value in (line.split(maxsplit=1) for line in shown.text.splitlines()):
        try:
            # Another machine rounds otherwise, which changes an index here and there.
            assert float(figures[name]) == pytest.approx(float(value), rel=1e-4)
        except ValueError:
            assert figures[name] == value


def test_the_example_of_the_package_runs() -> None:
    tokens = MarkdownIt("commonmark").parse(inspect.cleandoc(package.__doc__ or ""))
    (example,) = [token.content for token in tokens if token.type == "code_block"]
    names: dict[str, Any] = {}
    exec(example, names)
    assert len(names["received"].samples) == 256
    assert names["results"]["images"].tolist() == [32]


def test_mistakes_are_told_as_the_page_says(folder: Path) -> None:
    (shown,) = [
        block for block in blocks(ROOT / "docs" / "scenarios.md") if "did you mean" in block.text
    ]
    Path("uplink.yaml").write_text(
        "name: uplink\ncodec: {modle: vq-n64}\nchannel: {model: binary_symmetric, crossover: 0.7}\n"
    )
    result = cli("run", "uplink.yaml")
    assert result.exit_code == 2 and result.stderr.splitlines() == shown.text.splitlines()


def commands(block: Block, names: dict[str, object]) -> None:
    for command in block.commands:
        words = words_of(command)
        print(f"{block.place}: {command.strip()}")
        PROGRAM_CHECKS[words[0]](words)


def semcomm(words: list[str]) -> None:
    """Run it here, with its redirections."""
    target = words.pop(words.index(">") + 1) if ">" in words else ""
    source = words.pop(words.index("<") + 1) if "<" in words else ""
    arguments = shortened([word for word in words[1:] if word not in "<>"])
    sent = Path(source).read_bytes() if source else b""
    result = cli_ok(*arguments, source=sent)
    if target:
        Path(target).write_bytes(result.stdout_bytes)


def shortened(arguments: list[str]) -> list[str]:
    """The same command on little work, with its results where it would leave them."""
    name, *rest = arguments
    sample = SAMPLE if "cifar10" in " ".join(rest) else []
    if "csi: umi" in " ".join(rest):
        sample = ["--set", "data={csi: sample}"]
    if name == "run":
        out = [] if "--out" in rest else ["--out", str(own_folder(rest))]
        images = "1" if "validation" in " ".join(rest) else "2"  # of eight photos, one is held out
        return [*arguments, *sample, "--images", images, "--workers", "1", *out]
    if name == "train":
        return [
            *arguments,
            "--set",
            "data={csi: sample}" if rest[0].startswith("csi-") else "data={name: sample}",
            "--images",
            "64",
            "--set",
            "training.epochs=1",
        ]
    if name == "context":
        data = str(CSI_SAMPLE) if "umi" in rest else "photos"
        return [*arguments, "--data", data, "--images", "1", "--epochs", "1"]
    return [*arguments, "--data", "photos", "--images", "8"] if name == "design" else arguments


def own_folder(rest: list[str]) -> Path:
    """Where a run writes that is not told where."""
    changes = [value for option, value in pairwise(rest) if option == "--set"]
    return Path("results") / folder_name(rest[0], read_scenarios(rest[0], changes), changes)


def make(words: list[str]) -> None:
    subprocess.run(
        [shutil.which("make") or "make", "-C", str(ROOT), "--dry-run", *words[1:]],
        check=True,
        capture_output=True,
    )


def script(words: list[str]) -> None:
    """It is there, and every name that it imports from semcomm is; a module can be run."""
    if words[1] == "-m":
        assert find_spec(f"{words[2]}.__main__"), words
        return
    tree = ast.parse((ROOT / words[1]).read_text())
    imports = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    exec("\n".join(line for line in imports if line.startswith("from semcomm")))


def named_tests(words: list[str]) -> None:
    """The file or folder is there, and has the test or the marker that is chosen."""
    where = ROOT / (words[1] if words[1].startswith("tests/") else "tests")
    assert where.exists(), words
    text = "\n".join(
        path.read_text() for path in ([where] if where.is_file() else where.rglob("test_*.py"))
    )
    if "-k" in words:
        assert re.search(rf"def test_\w*{words[words.index('-k') + 1]}", text), words
    if "-m" in words:
        assert f"pytest.mark.{words[words.index('-m') + 1]}" in text, words


def pip(words: list[str]) -> None:
    """It asks for semcomm, with extras that there are, or for dependencies of semcomm."""
    if "--index-url" in words:
        del words[words.index("--index-url") + 1]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    dependencies = {re.split("[<>=]", each)[0] for each in project["dependencies"]}
    for asked in [word for word in words[2:] if not word.startswith("-")]:
        matches = re.fullmatch(r"(semcomm|\.)(?:\[(\w+)\])?", asked)
        extra = matches[2] if matches else None
        assert matches or asked in dependencies, asked
        assert not extra or extra in project["optional-dependencies"], asked


PROGRAM_CHECKS: dict[str, Callable[[list[str]], None]] = {
    "semcomm": semcomm,
    "make": make,
    "python": script,
    "pytest": named_tests,
    "pip": pip,
}


def python(block: Block, names: dict[str, object]) -> None:
    exec(compile("\n" * block.line + block.text, str(block.page), "exec"), names)


def yaml(block: Block, names: dict[str, object]) -> None:
    """A scenario, or one for training: the checker and the schema take it."""
    path = Path(block.file or "block.yaml")
    path.write_text(block.text)
    training = bool(re.search("^(training|geometry):", block.text, re.MULTILINE))
    if training:
        assert read_training(path)
    else:
        assert read_scenarios(path)
    schema = training_schema() if training else scenario_schema()
    Draft202012Validator(schema).validate(YAML(typ="safe").load(block.text))


def looked_at(block: Block, names: dict[str, object]) -> None:
    """What is shown, or a directive, which the build of the site follows."""


CHECKS: dict[str, Callable[[Block, dict[str, object]], None]] = {
    "sh": commands,
    "python": python,
    "yaml": yaml,
    "json": lambda block, names: json.loads(block.text),
    "toml": lambda block, names: tomllib.loads(block.text),
    "text": looked_at,
    "{toctree": looked_at,
    "{literalinclude": looked_at,
    "{eval-rst": looked_at,
}
