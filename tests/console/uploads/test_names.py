"""Fields out of file names, by the page's own script and vocabulary."""

import pytest

from tests.console.browser import Browser
from tests.console.uploads.page import UploadPage

READ = """
const [file, done] = [arguments[0], arguments[arguments.length - 1]];
const settings = JSON.parse(document.getElementById("upload-settings").textContent);
const script = document.querySelector('script[src*="upload/start.js"]').src;
import(new URL("./names.js", script)).then(({ Names }) => done(new Names(settings).read(file)));
"""

CERTAIN = {
    "otelcol-contrib_0.119.0_linux_amd64.tar.gz": "otelcol-contrib 0.119.0 linux amd64",
    "node_exporter-1.8.2.linux-amd64.tar.gz": "node_exporter 1.8.2 linux amd64",
    "agent-v1.0.0-linux-amd64": "agent 1.0.0 linux amd64",
    "agent-linux-amd64-v1.0.0.tar.gz": "agent 1.0.0 linux amd64",
    "telegraf_1.32.3-1_amd64.deb": "telegraf 1.32.3 linux amd64",
    "telegraf-1.32.3-1.x86_64.rpm": "telegraf 1.32.3 linux amd64",
    "telegraf-1.32.3-1.fc40.x86_64.rpm": "telegraf 1.32.3 linux amd64",
    "grafana-agent_1.0.0~rc1-1_armhf.deb": "grafana-agent 1.0.0~rc1 linux arm",
    "windows_exporter-0.25.1-amd64.msi": "windows_exporter 0.25.1 windows amd64",
    "x_2.0.0-rc.1+build.5_macOS_aarch64.zip": "x 2.0.0-rc.1+build.5 darwin arm64",
}
ASKED = {
    "fluent-bit-3.1.9-win64.exe": ("fluent-bit 3.1.9 windows ", ["arch"]),
    "y_1.0_linux_armv7.tar.gz": ("y 1.0 linux arm", ["arch"]),
    "z_1.0_darwin_all.tar.gz": ("z 1.0 darwin any", ["arch"]),
    "javaagent-2.10.0.jar": ("javaagent 2.10.0  any", ["platform"]),
    "agent-1.0.0-static-linux-amd64.tar.gz": ("agent 1.0.0 linux amd64", ["version"]),
    "both-1.0.0-linux-darwin-amd64.zip": ("both 1.0.0 darwin amd64", ["platform"]),
    "otelcol_linux_amd64.tar.gz": ("otelcol  linux amd64", ["version"]),
    "notes.pdf": ("notes.pdf   ", ["arch", "platform", "version"]),
}


@pytest.fixture(scope="module")
def drawn(session_browser: Browser) -> Browser:
    """The page, once for all names."""
    return UploadPage(session_browser.be("publisher")).browser


def read(browser: Browser, file_name: str) -> tuple[str, list[str]]:
    """The fields, and what is asked for."""
    found = browser.chrome.execute_async_script(READ, file_name)
    fields = found["fields"]
    return " ".join(fields[name] for name in ("name", "version", "platform", "arch")), sorted(found["asks"])


@pytest.mark.parametrize("file_name", CERTAIN)
def test_certain(drawn: Browser, file_name: str) -> None:
    """What a name says for certain is not asked for."""
    assert read(drawn, file_name) == (CERTAIN[file_name], [])


@pytest.mark.parametrize("file_name", ASKED)
def test_asked(drawn: Browser, file_name: str) -> None:
    """What a name does not say, or says twice, is asked for; what is likely is suggested."""
    assert read(drawn, file_name) == ASKED[file_name]
