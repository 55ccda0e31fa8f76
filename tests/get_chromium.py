"""Installs Chromium for tests/report/test_in_browser.py, which is skipped without it."""

import shutil
import sys

from bench.doctor import install_packages
from bench.errors import BenchError

if __name__ == "__main__" and not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
    try:
        install_packages(["chromium"])
    except BenchError as error:
        print(f"Tests in a browser will be skipped. {error}", file=sys.stderr)
