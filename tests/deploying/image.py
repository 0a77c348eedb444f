"""Does what a Containerfile says in plain folders: no engine for containers is needed, but root.

A stage is a folder that `debootstrap` made; RUN and CMD are `chroot` in a mount namespace of their
own, with a root that can be made read-only as an engine would.
"""

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

# How this machine reaches packages.
HOST_NEEDS = ("/etc/apt", "/etc/pip.conf", "/etc/resolv.conf", "/etc/ssl/certs")
CHROOT = shutil.which("chroot") or "/usr/sbin/chroot"
_TRUSTED = "/etc/ssl/of-this-machine.crt"  # the stage's own list may be written anew


@dataclass
class Stage:
    """A folder, and what a Containerfile said of it so far."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0:0"
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def argv(
        self,
        command: list[str],
        *,
        read_only: bool = False,
        writable: dict[str, Path] | None = None,
    ) -> list[str]:
        """Return what runs a command in the stage, as its user, in its folder.

        `writable` are folders of this machine, by the place at which the stage finds them.
        """
        root = shlex.quote(str(self.root))
        script = [f"mount --bind {root} {root}", f"mount --rbind /dev {root}/dev"]
        script += [f"mount -t proc proc {root}/proc"]
        for place, folder in (writable or {}).items():
            at = shlex.quote(f"{self.root}{place}")
            script += [f"mkdir -p {at}", f"mount --bind {shlex.quote(str(folder))} {at}"]
        if read_only:
            script += [f"mount -o remount,ro,bind {root}", f"mount -t tmpfs tmpfs {root}/tmp"]
        inner = f"cd {shlex.quote(self.workdir)} && exec {shlex.join(command)}"
        outer = [CHROOT, f"--userspec={self.user}", str(self.root), "/bin/sh", "-c", inner]
        script.append(f"exec {shlex.join(outer)}")
        return ["unshare", "--mount", "--", "sh", "-ec", " && ".join(script)]


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the steps of a Containerfile, without comments, each on one line."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    steps = [line.split(None, 1) for line in joined.splitlines() if line.strip()]
    return [(step[0].upper(), step[1]) for step in steps]


def context(checkout: Path) -> list[str]:
    """Return the files that an engine would see: what is in the repository and not left out."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    )
    rules = (checkout / ".dockerignore").read_text().splitlines()
    return [name for name in listed.stdout.splitlines() if _is_seen(name, rules)]


def _is_seen(name: str, rules: list[str]) -> bool:
    seen = True
    parents = [name, *(str(parent) for parent in Path(name).parents)]
    for rule in rules:
        if not rule or rule.startswith("#"):
            continue
        wanted = rule.startswith("!")
        pattern = rule.lstrip("!").removeprefix("**/")
        if any(fnmatch.fnmatch(part, pattern) for part in parents):
            seen = wanted
    return seen


def build(file: Path, checkout: Path, base: Path, work: Path) -> Stage:
    """Do all steps, and return the last stage. Raises CalledProcessError where one fails."""
    stages: dict[str, Stage] = {}
    stage = Stage(base)
    for word, rest in instructions(file.read_text()):
        if word == "FROM":
            name = rest.partition(" AS ")[2] or "last"
            stage = stages[name] = Stage(work / name, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
            subprocess.run(["cp", "-a", str(base), str(stage.root)], check=True)
            _bring(stage.root)
        elif word == "RUN":
            kept = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
            if "PIP_CERT" in kept:
                kept["PIP_CERT"] = _TRUSTED
            subprocess.run(
                stage.argv(["/bin/sh", "-c", rest]),
                env={**kept, "DEBIAN_FRONTEND": "noninteractive", **stage.environment},
                check=True,
                stdout=subprocess.DEVNULL,
            )
        elif word == "COPY":
            _copy(shlex.split(rest), stage, stages, checkout)
        elif word == "ENV":
            stage.environment |= dict(part.split("=", 1) for part in shlex.split(rest))
        elif word == "WORKDIR":
            stage.workdir = rest
            (stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif word == "USER":
            stage.user = rest
        elif word == "CMD":
            stage.command = json.loads(rest)
        elif word == "HEALTHCHECK":
            stage.health = json.loads(rest.partition("CMD ")[2])
        elif word != "EXPOSE":
            raise ValueError(f"This step is not known here: {word}")
    return stage


def _bring(root: Path) -> None:
    """Let a stage reach packages as this machine does."""
    paths = {path: path for path in HOST_NEEDS}
    paths[os.environ.get("PIP_CERT", "")] = _TRUSTED
    for path, place in paths.items():
        if Path(path).exists() and path:
            at = Path(f"{root}{place}")
            at.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-aT", "--dereference", path, str(at)], check=True)


def _copy(parts: list[str], stage: Stage, stages: dict[str, Stage], checkout: Path) -> None:
    other = parts.pop(0).removeprefix("--from=") if parts[0].startswith("--from=") else ""
    *sources, target = parts
    into = stage.root / str(Path(stage.workdir, target)).lstrip("/")
    for source in sources:
        if other:
            subprocess.run(
                ["cp", "-aT", str(stages[other].root / source.lstrip("/")), str(into)], check=True
            )
            continue
        for name in context(checkout):
            if name == source or name.startswith(f"{source}/"):
                # A folder's content goes into the target; a file goes into it if it ends so.
                at = into / Path(name).name if name == source else into / name[len(source) + 1 :]
                at.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(checkout / name, at)
