"""Nobody else looks, and nobody else presses a button."""

import pytest
from starlette.testclient import TestClient

from itas.errors import SpecError
from itas.view.process import bind
from itas.view.reports import policy_of
from tests.view.conftest import HERE, KEY, PORT, press


def test_without_the_key_nothing_is_shown(stranger: TestClient):
    for path in ("/", "/runs/x", "/events", "/assets/view.css", "/compare", "/nowhere"):
        assert stranger.get(path).status_code == 403
    assert stranger.get("/?key=wrong").status_code == 403


def test_the_key_in_the_address_becomes_a_cookie_and_leaves_the_address(stranger: TestClient):
    found = stranger.get(f"/?key={KEY}")
    assert (found.status_code, found.headers["location"]) == (303, "/")
    cookie = found.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert stranger.get("/").status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        f"evil.example:{PORT}",
        "127.0.0.1:1",
        "127.0.0.1",
        f"localhost.evil.example:{PORT}",
        "",
    ],
)
def test_a_name_that_points_here_reads_nothing(browser: TestClient, host: str):
    assert browser.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", [f"localhost:{PORT}", f"[::1]:{PORT}", f"LOCALHOST:{PORT}"])
def test_the_names_of_this_machine_are_known(browser: TestClient, host: str):
    cookie = f"itas-view-{PORT}={KEY}"
    assert browser.get("/", headers={"host": host, "cookie": cookie}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": f"http://localhost:{PORT}"},
        {"origin": f"https://127.0.0.1:{PORT}"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
def test_a_button_pressed_from_elsewhere_does_nothing(browser: TestClient, headers: dict[str, str]):
    assert press(browser, "/runs/x/stop", **headers).status_code == 403


def test_a_button_needs_an_origin_and_the_token_of_this_start(browser: TestClient):
    assert browser.post("/runs/x/stop", data={"token": "token-of-this-start"}).status_code == 403
    assert press(browser, "/runs/x/stop", token="of another start").status_code == 403
    assert press(browser, "/runs/x/stop", token="").status_code == 403
    assert press(browser, "/runs/x/stop").status_code == 404  # through the wall; there is no such run


def test_a_button_is_a_post_and_other_methods_are_none(browser: TestClient):
    assert browser.get("/runs/x/stop").status_code == 405
    assert browser.put("/runs/x/stop", headers={"origin": HERE}).status_code == 405
    assert browser.options("/", headers={"origin": "http://evil.example"}).status_code == 405


def test_a_body_that_is_too_long_is_not_read(browser: TestClient):
    found = browser.post("/runs/x/stop", content=b"x" * 10_000, headers={"origin": HERE})
    assert found.status_code == 413


def test_every_reply_is_walled_in(browser: TestClient):
    for path in ("/", "/assets/view.js", "/nowhere", "/?key=wrong"):
        headers = browser.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in headers


def test_only_loopback_is_listened_at():
    for host in ("0.0.0.0", "::", "192.168.1.1", "example.com", ""):
        with pytest.raises(SpecError, match="for this machine only"):
            bind(host, 0)
    listener = bind("127.0.0.1", 0)
    assert listener.getsockname()[0] == "127.0.0.1"
    listener.close()


def test_a_report_is_shown_in_an_origin_of_its_own():
    policy = "default-src &#39;none&#39;; script-src &#39;sha256-x&#39;"
    page = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    assert policy_of(page) == (
        "default-src 'none'; script-src 'sha256-x'; sandbox allow-scripts; frame-ancestors 'none'"
    )
    assert policy_of("<p>") == "default-src 'none'; sandbox allow-scripts; frame-ancestors 'none'"
