"""npm's clients, where node and a registry are at hand; fetched once into the user's cache."""

import os
import pathlib
import shutil
import subprocess
import unittest

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "respgate-tests" / "node"
PACKAGES = ["redis@6.3.1", "ioredis@6.0.0"]


def modules():
    """The folder whose node_modules holds PACKAGES; skips the test where that cannot be."""
    if not (shutil.which("node") and shutil.which("npm")):
        raise unittest.SkipTest("node and npm are not installed")
    CACHE.mkdir(parents=True, exist_ok=True)
    if not all((CACHE / "node_modules" / name.split("@")[0]).is_dir() for name in PACKAGES):
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(CACHE), *PACKAGES]
        install = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
        if install.returncode != 0:
            raise unittest.SkipTest(f"npm cannot install {PACKAGES}: {install.stderr[-300:]}")
    return CACHE
