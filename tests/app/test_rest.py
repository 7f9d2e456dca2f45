"""The service over HTTP."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from service_case import film, slowly, tell, until

pytest.importorskip("fastapi", reason="pip install 'smot-vlm[app]'")
from fastapi.testclient import TestClient

from smot_vlm.app.jobs import RUNNING, JobBoard
from smot_vlm.app.limits import Limits
from smot_vlm.app.rest import Service, make_application
from smot_vlm.app.users import Users
from smot_vlm.structures import Description

ANN = {"Authorization": "Bearer ann-has-a-long-secret"}
BOB = {"Authorization": "Bearer bob-has-a-long-secret"}
TOKENS = {"ann": "ann-has-a-long-secret", "bob": "bob-has-a-long-secret"}


@pytest.fixture
def serve(tmp_path) -> Iterator:
    clients = []

    def start(run=tell, tokens=TOKENS, **limits) -> TestClient:
        board = JobBoard(tmp_path / f"jobs{len(clients)}", run, Limits(**limits))
        service = Service(board, Users(tokens), [tmp_path / "shared"], ["videos.example"])
        client = TestClient(make_application(service), base_url="http://localhost")
        client.__enter__()
        clients.append(client)
        return client

    (tmp_path / "shared").mkdir()
    yield start
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> bytes:
    return film(tmp_path_factory.mktemp("clip") / "a.mp4").read_bytes()


def submit(client: TestClient, clip: bytes, name: str = "a.mp4", headers=ANN) -> dict:
    answer = client.post("/jobs", params={"name": name}, content=clip, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def finished(client: TestClient, number: str, headers=ANN) -> dict:
    until(lambda: client.get(f"/jobs/{number}", headers=headers).json()["state"] in ("done", "failed"))
    return client.get(f"/jobs/{number}", headers=headers).json()


def test_an_upload_is_described_and_its_files_can_be_had(serve, clip):
    client = serve()
    job = finished(client, submit(client, clip, "holiday.mp4")["id"])
    assert (job["state"], job["error"], job["name"]) == ("done", "", "holiday.mp4")
    assert [path.rpartition("/")[2] for path in job["files"]] == ["description.json", "report.html"]
    answer = client.get(job["files"][0], headers=ANN)
    assert answer.json()["caption"] == "Somebody is in holiday.mp4."
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_file_may_be_named_below_an_allowed_folder(serve, tmp_path):
    client, inside = serve(), film(tmp_path / "shared" / "in.mp4")
    job = client.post("/jobs", json={"path": str(inside)}, headers=ANN).json()
    assert finished(client, job["id"])["state"] == "done"
    assert inside.exists()
    assert client.delete(f"/jobs/{job['id']}", headers=ANN).status_code == 204
    assert inside.exists()


def test_events_tell_of_progress_until_the_end(serve, clip):
    client = serve(slowly(0.6))
    number = submit(client, clip)["id"]
    lines = client.get(f"/jobs/{number}/events", headers=ANN).text.strip().split("\n\n")
    told = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert told[-1]["state"] == "done"
    assert len(told) > 2
    assert any(one["seconds_left"] is not None for one in told)


def test_wrong_requests_are_one_line_and_the_service_goes_on(serve, clip, tmp_path):
    client = serve(megabytes=0.1, minutes=0.05)
    too_long = film(tmp_path / "long.mp4", frames=40, fps=10).read_bytes()
    outside = film(tmp_path / "outside.mp4")
    cases = [
        (client.post("/jobs", content=b"x" * 200_000, headers=ANN), 413, "larger than 0.1 MB"),
        (client.post("/jobs", content=iter([b"x" * 60_000] * 4), headers=ANN), 413, "larger than 0.1 MB"),
        (client.post("/jobs?name=a.mp4", content=b"plain text " * 50, headers=ANN), 415, "no video can be read"),
        (client.post("/jobs", content=b"", headers=ANN), 400, "upload is empty"),
        (client.post("/jobs", content=too_long, headers=ANN), 413, "minutes long"),
        (client.post("/jobs", json={"path": str(outside)}, headers=ANN), 403, "outside the folders"),
        (client.post("/jobs", json={"path": str(tmp_path / "shared" / "no.mp4")}, headers=ANN), 404, "no such file"),
        (client.post("/jobs", json={"url": "http://127.0.0.1/a.mp4"}, headers=ANN), 403, "not among the hosts"),
        (client.post("/jobs", json={"url": "http://videos.example/", "path": "/"}, headers=ANN), 400, "names no video"),
        (client.post("/jobs", json=["path"], headers=ANN), 400, "names no video"),
        (client.post("/jobs", content=b"{", headers={**ANN, "Content-Type": "application/json"}), 400, "no JSON"),
        (
            client.post("/jobs", content=b"[" * 70_000, headers={**ANN, "Content-Type": "application/json"}),
            413,
            "too large",
        ),
        (client.get("/jobs/nothing", headers=ANN), 404, "no such job"),
        (client.get("/jobs"), 401, "a token is wanted"),
        (client.get("/jobs", headers={"Authorization": "Bearer wrong"}), 401, "a token is wanted"),
        (client.get("/jobs", headers={"Authorization": "Basic ann-has-a-long-secret"}), 401, "a token is wanted"),
        (client.get("/jobs", headers={**ANN, "Origin": "https://evil.example"}), 403, "another site"),
        (client.get("/search", params={"question": " "}, headers=ANN), 200, ""),
    ]
    for answer, status, message in cases:
        assert answer.status_code == status, answer.text
        assert message in (answer.json()["error"] if status != 200 else "")
    assert client.get("/jobs", headers=ANN).json() == [], "nothing is left of refused jobs"
    assert finished(client, submit(client, clip)["id"])["state"] == "done"


def test_a_name_that_leads_here_from_elsewhere_is_refused(serve):
    """A page whose host name was made to mean this machine (DNS rebinding)."""
    assert serve().get("/health", headers={"Host": "evil.example"}).status_code == 400


def test_the_queue_has_an_end(serve, clip):
    client = serve(slowly(30), waiting=1)
    first = submit(client, clip)
    until(lambda: client.get(f"/jobs/{first['id']}", headers=ANN).json()["state"] == RUNNING)
    submit(client, clip)
    answer = client.post("/jobs", content=clip, headers=BOB)
    assert (answer.status_code, "wait already" in answer.json()["error"]) == (429, True)


def test_a_running_job_can_be_cancelled(serve, clip):
    client = serve(slowly(30))
    number = submit(client, clip)["id"]
    until(lambda: client.get(f"/jobs/{number}", headers=ANN).json()["done"] > 0)
    assert client.delete(f"/jobs/{number}", headers=ANN).status_code == 204
    until(lambda: client.get(f"/jobs/{number}", headers=ANN).status_code == 404)


def test_two_users_never_see_each_others_jobs_files_and_hits(serve, clip):
    client = serve()
    ann = finished(client, submit(client, clip, "ann.mp4")["id"])
    bob = finished(client, submit(client, clip, "bob.mp4", BOB)["id"], BOB)
    assert [job["name"] for job in client.get("/jobs", headers=ANN).json()] == ["ann.mp4"]
    for path in (f"/jobs/{ann['id']}", f"/jobs/{ann['id']}/events", *ann["files"]):
        assert client.get(path, headers=BOB).status_code == 404
    assert client.delete(f"/jobs/{ann['id']}", headers=BOB).status_code == 404
    for headers, own, number in ((ANN, "ann.mp4", ann["id"]), (BOB, "bob.mp4", bob["id"])):
        hits = client.get("/search", params={"question": "somebody mp4"}, headers=headers).json()
        assert {hit["video"] for hit in hits} == {own}
        assert hits[0]["description"] == f"/jobs/{number}/files/description.json"


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>.mp4", "../../up.mp4", "\u202eevil.mp4", "a'\"b.mp4", "\x1b[31m.mp4"]
)
def test_a_name_is_text_and_no_path(serve, clip, name):
    client = serve()
    job = finished(client, submit(client, clip, name)["id"])
    assert (job["state"], job["name"]) == ("done", name)


def test_hostile_captions_are_told_as_json_and_run_nowhere(serve, clip):
    """Answers are JSON or files that no browser takes for a page; what steers terminals is escaped in them."""
    caption = "</script><img src=x onerror=alert(1)> \"'& \u202egpj \x1b[31m \U0001f3be holiday"

    def tell_hostile(job, progress) -> None:
        tell(job, progress)
        told = Description.from_json(job.result / "description.json")
        told.with_captions(caption, {1: caption}).to_json(job.result / "description.json")

    client = serve(tell_hostile)
    job = finished(client, submit(client, clip)["id"])
    answers = [client.get(job["files"][0], headers=ANN), client.get("/search?question=holiday", headers=ANN)]
    assert [answer.headers["content-type"].partition(";")[0] for answer in answers] == ["application/json"] * 2
    assert not any("\x1b" in answer.text for answer in answers)
    assert answers[0].json()["caption"] == caption
    assert {hit["text"] for hit in answers[1].json()} == {caption}


@pytest.mark.parametrize("path", ["../description.json", "..%2f..%2fsource.mp4", "source.mp4", "description.json.tmp"])
def test_only_the_four_files_are_given(serve, clip, path):
    client = serve()
    job = finished(client, submit(client, clip)["id"])
    assert client.get(f"/jobs/{job['id']}/files/{path}", headers=ANN).status_code == 404


def test_without_tokens_this_machines_users_are_one(serve, clip):
    client = serve(tokens={})
    assert finished(client, submit(client, clip, headers={})["id"], {})["state"] == "done"


def test_short_tokens_are_refused():
    with pytest.raises(ValueError, match="is short"):
        Users({"ann": "1234"})


@pytest.mark.subprocess
def test_two_hundred_requests_at_twenty_at_a_time_lose_none(serve, clip):
    client = serve(waiting=500)
    lock, numbers = threading.Lock(), []

    def one(count: int) -> None:
        number = submit(client, clip, f"{count}.mp4", (ANN, BOB)[count % 2])["id"]
        with lock:
            numbers.append((count, number))

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(one, range(200)))
    for count, number in numbers:
        headers = (ANN, BOB)[count % 2]
        job = finished(client, number, headers)
        assert (job["state"], job["name"]) == ("done", f"{count}.mp4")
        told = client.get(job["files"][0], headers=headers).json()["caption"]
        assert told == f"Somebody is in {count}.mp4."
    assert len({number for _, number in numbers}) == 200


def test_the_interface_is_published(serve):
    paths = serve().get("/openapi.json").json()["paths"]
    assert {
        "/jobs",
        "/jobs/{number}",
        "/jobs/{number}/events",
        "/jobs/{number}/files/{name}",
        "/search",
        "/health",
        "/metrics",
    } == set(paths)


def numbers_of(client: TestClient, headers=ANN) -> dict[str, float]:
    """Of `/metrics`, by name and labels."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_metrics_count_jobs_of_all_users_and_what_was_refused(serve, clip):
    gate = threading.Event()

    def held(job, progress):
        assert gate.wait(20)
        if job.name == "bad.mp4":
            raise ValueError("no video")
        tell(job, progress)

    client = serve(held, waiting=2)
    first = submit(client, clip)["id"]
    until(lambda: client.get(f"/jobs/{first}", headers=ANN).json()["state"] == RUNNING)
    second, third = submit(client, clip, "bad.mp4", BOB)["id"], submit(client, clip)["id"]
    assert client.post("/jobs", content=clip, headers=BOB).status_code == 429
    numbers = numbers_of(client)
    assert numbers['smot_vlm_jobs{state="running"}'] == 1
    assert numbers['smot_vlm_jobs{state="waiting"}'] == 2
    assert (numbers["smot_vlm_queue_length"], numbers["smot_vlm_queue_limit"]) == (2, 2)
    assert numbers["smot_vlm_jobs_refused_total"] == 1
    assert numbers['smot_vlm_requests_refused_total{status="429"}'] == 1
    assert numbers["smot_vlm_job_seconds_total"] == 0
    assert client.delete(f"/jobs/{third}", headers=ANN).status_code == 204
    gate.set()
    assert finished(client, first)["state"] == "done"
    assert finished(client, second, BOB)["state"] == "failed"
    numbers = numbers_of(client, BOB)
    assert [numbers[f'smot_vlm_jobs_ended_total{{state="{state}"}}'] for state in ("done", "failed", "cancelled")] == [
        1,
        1,
        1,
    ]
    assert numbers['smot_vlm_jobs{state="done"}'] == 1
    assert numbers["smot_vlm_queue_length"] == 0
    assert numbers["smot_vlm_job_seconds_total"] > 0
    # Counters stay when the jobs are gone.
    assert client.delete(f"/jobs/{first}", headers=ANN).status_code == 204
    numbers = numbers_of(client)
    assert numbers['smot_vlm_jobs{state="done"}'] == 0
    assert numbers['smot_vlm_jobs_ended_total{state="done"}'] == 1


def test_metrics_want_a_token_where_one_is_set(serve):
    client = serve()
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert numbers_of(client)['smot_vlm_requests_refused_total{status="401"}'] == 2
    open_client = serve(tokens={})
    assert "smot_vlm_queue_length" in numbers_of(open_client, {})
