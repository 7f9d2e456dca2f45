"""The container's files name commands, options, extras and files that are there. Docker itself is not run."""

import json
import re
import shlex
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".github" / "docker"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]


def instructions() -> list[tuple[str, str]]:
    """(keyword, rest) of each, without comments, its lines joined."""
    lines = [line for line in DOCKERFILE.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in joined.splitlines() if line.strip()]


def of(keyword: str) -> list[str]:
    return [rest for name, rest in instructions() if name == keyword]


def commands() -> list[list[str]]:
    """What is run of smot-vlm: by default, and by each service."""
    (default,) = of("CMD")
    return [json.loads(default), *(SERVICES[name]["command"] for name in OURS)]


def parsed(command: list[str]):
    """The parameters of a command, read by the command line itself."""
    from typer.main import get_command

    from smot_vlm.cli.main import app

    filled = [
        re.sub(r"\$\{\w+:([-?])(.*?)\}", lambda found: found[2] if found[1] == "-" else "filled", word)
        for word in command
    ]
    known = get_command(app).commands[filled[0]]
    return known.make_context(filled[0], filled[1:]).params


@pytest.mark.parametrize("command", commands(), ids=lambda command: command[0])
def test_every_command_is_right_usage(command):
    parameters = parsed(command)
    assert parameters.get("host", "0.0.0.0") == "0.0.0.0"  # or nobody outside of the container reaches it


def test_the_image_is_of_files_and_extras_that_are_there():
    copied = [name for rest in of("COPY") for name in rest.split()[:-1]]
    assert len(copied) >= 5
    assert all((ROOT / name).exists() for name in copied)
    (install,) = (rest for rest in of("RUN") if '".[' in rest)
    (extras,) = re.findall(r'pip install "\.\[(.*)\]"', install)
    stated = (ROOT / "pyproject.toml").read_text().partition("[project.optional-dependencies]")[2]
    assert all(re.search(rf"^{extra} = \[", stated, re.M) for extra in extras.split(","))
    # What each service needs beyond the core.
    assert set(extras.split(",")) == {"app", "app-page"}


def test_all_that_is_copied_and_all_that_the_package_is_made_of_is_sent_to_the_builder():
    rules = [line for line in (FOLDER / "Dockerfile.dockerignore").read_text().splitlines() if not line.startswith("#")]

    def is_sent(name: str) -> bool:
        sent = True
        for rule in rules:
            if fnmatch(name, rule.removeprefix("!").removeprefix("**/")):
                sent = rule.startswith("!")
        return sent

    copied = [name for rest in of("COPY") for name in rest.split()[:-1]]
    assert all(map(is_sent, copied))
    assert not any(map(is_sent, [".git", ".venv", "tests", "demo-output", "__pycache__"]))
    built = (ROOT / "pyproject.toml").read_text().partition("[tool.hatch.build")[2].partition("[tool.pytest")[0]
    needed = re.findall(r'^(\w+) = "smot_vlm/', built, re.M)
    assert set(needed) | {"smot_vlm", "pyproject.toml", "README.md", "LICENSE"} == set(copied)


def test_it_is_built_from_the_registry_alone():
    (index,) = (rest for rest in of("ARG") if rest.startswith("TORCH_INDEX="))
    assert index == "TORCH_INDEX=https://pypi.org/simple"
    assert all(
        SERVICES[name]["build"]["args"]["TORCH_INDEX"] == "${TORCH_INDEX:-https://pypi.org/simple}" for name in OURS
    )
    programs = {shlex.split(part)[0] for rest in of("RUN") for part in rest.split("&&")}
    assert programs == {"useradd", "pip", "rm"}
    assert not of("ADD")


def test_rules_of_good_images():
    """Those of hadolint that apply: a tag on the base, no latest, absolute WORKDIR, exec forms, one CMD, no sudo."""
    names = [name for name, _ in instructions()]
    assert names[0] == "FROM"
    (base,) = of("FROM")
    assert re.fullmatch(r"python:\d+\.\d+-slim", base)
    low, high = 10, 14
    assert low <= int(base.partition("3.")[2].partition("-")[0]) <= high
    assert all(rest.startswith("/") for rest in of("WORKDIR"))
    for keyword in ("CMD", "ENTRYPOINT", "HEALTHCHECK"):
        assert names.count(keyword) == 1
    assert json.loads(of("ENTRYPOINT")[0]) == ["smot-vlm"]
    assert "PIP_NO_CACHE_DIR=1" in of("ENV")[0]
    assert not re.search(r"\bsudo\b|:latest", DOCKERFILE)
    assert all(
        ":" in service["image"] and "latest" not in service["image"]
        for service in SERVICES.values()
        if "image" in service
    )


def test_it_does_not_run_as_root_and_is_asked_how_it_is():
    names = [name for name, _ in instructions()]
    (user,) = of("USER")
    assert user not in ("root", "0")
    assert f" {user}" in next(rest for rest in of("RUN") if rest.startswith("useradd"))
    assert not {"RUN", "COPY", "ADD"} & set(names[names.index("USER") :])


@pytest.mark.parametrize("server", ["serve", "app", "watch"])
def test_the_health_check_is_answered(server, tmp_path, monkeypatch):
    """The check's own code asks each kind of server; it fails where nobody answers."""
    command = json.loads(of("HEALTHCHECK")[0].partition("CMD ")[2])
    assert command[:2] == ["python", "-c"]
    with _answering(server, tmp_path) as port:
        monkeypatch.setenv("HEALTH_PORT", str(port))
        exec(command[2], {})
    with pytest.raises(OSError, match="refused"):
        exec(command[2], {})


def _answering(server: str, folder: Path):
    """A server of each kind on a free port, without a model."""
    import socket
    import threading
    from contextlib import contextmanager

    from smot_vlm.app.jobs import JobBoard
    from smot_vlm.app.limits import Limits
    from smot_vlm.system.metrics import MetricsServer

    @contextmanager
    def serving():
        if server == "watch":
            with MetricsServer("127.0.0.1", 0, list, lambda: True) as metrics:
                yield metrics.port
            return
        uvicorn = pytest.importorskip("uvicorn")
        board = JobBoard(folder / "jobs", lambda *_: None, Limits())
        tokens = {"ann": "ann-has-a-long-secret"}
        if server == "serve":
            from smot_vlm.app.rest import Service, make_application
            from smot_vlm.app.users import Users

            application = make_application(Service(board, Users(tokens)))
        else:
            pytest.importorskip("gradio", reason="pip install 'smot-vlm[app-page]'")
            from smot_vlm.app.choices import options_here
            from smot_vlm.app.page_service import PageService, make_page_application

            (folder / "uploads").mkdir()
            names = ("localhost", "127.0.0.1")
            application = make_page_application(
                PageService(board, options_here(), folder / "uploads", tokens, names, None, "")
            )
        with socket.create_server(("127.0.0.1", 0)) as listener:
            running = uvicorn.Server(uvicorn.Config(application, log_level="error"))
            thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
            thread.start()
            try:
                while not running.started:
                    threading.Event().wait(0.02)
                yield listener.getsockname()[1]
            finally:
                running.should_exit = True
                thread.join(20)

    return serving()


def test_ports_fit_each_other():
    """What a command listens at is what is exposed, published, scraped and asked for its health."""
    exposed = {int(port) for rest in of("EXPOSE") for port in rest.split()}
    defaults = dict(re.findall(r"(\w+)=(\S+)", " ".join(of("ENV"))))
    listens = {}
    for name in OURS:
        parameters = parsed(SERVICES[name]["command"])
        listens[name] = parameters.get("metrics_port") or parameters["port"]
        asked = SERVICES[name].get("environment", {}).get("HEALTH_PORT", defaults["HEALTH_PORT"])
        assert int(asked) == listens[name]
        for published in SERVICES[name].get("ports", ()):
            assert published == f"127.0.0.1:{listens[name]}:{listens[name]}"
    assert set(listens.values()) == exposed
    scraped = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())["scrape_configs"]
    targets = [target for job in scraped for fixed in job["static_configs"] for target in fixed["targets"]]
    assert targets == [f"watch:{listens['watch']}", f"server:{listens['server']}"]
    assert set(SERVICES["prometheus"]["depends_on"]) == {"watch", "server"}


def test_prometheus_shows_the_server_a_token_that_it_knows():
    server = next(
        job
        for job in yaml.safe_load((FOLDER / "prometheus.yaml").read_text())["scrape_configs"]
        if job["job_name"] == "server"
    )
    (secret,) = SERVICES["prometheus"]["secrets"]
    assert server["authorization"]["credentials_file"] == f"/run/secrets/{secret}"
    variable = COMPOSE["secrets"][secret]["environment"]
    assert f"metrics:${{{variable}:?" in SERVICES["server"]["environment"]["SMOT_VLM_TOKENS"]
    # By its name among the services, which the service must know.
    assert parsed(SERVICES["server"]["command"])["name"] == ["server"]


def test_volumes_and_files_are_there():
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert (FOLDER / source).is_file() if source.startswith(".") else source in COMPOSE["volumes"]
    for name in OURS:
        assert (ROOT / SERVICES[name]["build"]["dockerfile"]).is_file()
        assert (FOLDER / SERVICES[name]["build"]["context"]).resolve() == ROOT.resolve()
        (data,) = of("VOLUME")
        assert SERVICES[name]["volumes"] == [f"{name}:{data}"]


def test_gpus_are_for_services_that_describe():
    overlay = yaml.safe_load((FOLDER / "compose.cuda.yaml").read_text())["services"]
    assert sorted(overlay) == sorted(OURS)
    for service in overlay.values():
        (device,) = service["deploy"]["resources"]["reservations"]["devices"]
        assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
